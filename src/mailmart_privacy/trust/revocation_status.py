"""Whether a certificate was revoked, judged by given lists and OCSP responses (RFC 5280, 6.3; RFC 6960).

The rules, for a certificate and the time that counts:

1. A list counts where the certificate's issuer signed it and it has no critical extension, but a plain issuing
   distribution point that covers this certificate. A response counts where it is about this certificate, and signed
   by its issuer, or by one whom the issuer made a responder and who was not revoked.
2. Nothing counts that is from later than the moment of validation.
3. A certificate that a list or response says was revoked by the time that counts is revoked, however old that list or
   response is.
4. That it was not revoked is shown by what is fresh: made at that time or later, or made before and good until then.
5. And by what still knows of it: made while the certificate was valid, or by one who says that those which expired are
   kept (expiredCertsOnCRL, X.509, 9.5.2.7; archive cutoff, RFC 6960, 4.4.4). A list from after its expiry no longer
   names a stolen key.
"""

import datetime
from dataclasses import dataclass
from hashlib import new as new_hash
from typing import TYPE_CHECKING

from .. import _der as der
from ..errors import MissingExtraError
from ..keys.certificates import (
    X509_ERRORS,
    find_extension,
    has_issued,
    key_der,
    load_certificate,
    remember,
    subject_der,
)
from .purposes import may_answer
from .revocation_data import (
    MAX_REMEMBERED,
    load_list,
    load_response,
    read_responders,
    signs_list,
    signs_response,
)
from .validation_data import ValidationData

try:
    from cryptography import x509
    from cryptography.x509 import ocsp
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXPIRED_CERTS = "2.5.29.60"
_ARCHIVE_CUTOFF = "1.3.6.1.5.5.7.48.1.6"
_HARMLESS = ("1.3.6.1.5.5.7.48.1.2",)  # an OCSP nonce


@dataclass(frozen=True, kw_only=True, slots=True)
class RevocationStatus:
    """What is known of a certificate.

    Attributes:
        revoked_at: when it was revoked (aware), if that was by the time that counts; else None.
        is_proven: whether it is shown that it was not revoked.
    """

    revoked_at: datetime.datetime | None = None
    is_proven: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """What one list or response says of a certificate, and when.

    Attributes:
        this_update: when it was made (aware).
        next_update: until when it is good (aware), or None.
        revoked_at: when the certificate was revoked (aware), or None.
        kept_since: since when those that expired are kept (aware), or None.
    """

    this_update: datetime.datetime
    next_update: datetime.datetime | None
    revoked_at: datetime.datetime | None
    kept_since: datetime.datetime | None

    def is_fresh(self, at: datetime.datetime, certificate: x509.Certificate) -> bool:
        """Apply rules 4 and 5."""
        current = self.this_update >= at or (self.next_update is not None and at <= self.next_update)
        expiry = certificate.not_valid_after_utc
        return current and (self.this_update <= expiry or (self.kept_since is not None and self.kept_since <= expiry))


def read_statements(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    data: ValidationData,
    validated_at: datetime.datetime | None = None,
) -> tuple[Statement, ...]:
    """Read what lists and responses say of a certificate (rules 1 and 2).

    Args:
        certificate: whose.
        issuer: who issued it.
        data: the lists and responses at hand, and certificates of responders.
        validated_at: the moment of validation (aware), or None where nothing can be from later.
    """
    said = [*_read_lists(certificate, issuer, data), *_read_responses(certificate, issuer, data, validated_at)]
    return tuple(each for each in said if validated_at is None or each.this_update <= validated_at)


def judge_statements(
    statements: tuple[Statement, ...], certificate: x509.Certificate, at: datetime.datetime
) -> RevocationStatus:
    """Judge by what was read whether a certificate was revoked by a time (aware; rules 3 to 5)."""
    revoked = [each.revoked_at for each in statements if each.revoked_at is not None and each.revoked_at <= at]
    if revoked:
        return RevocationStatus(revoked_at=min(revoked))
    return RevocationStatus(is_proven=any(each.is_fresh(at, certificate) for each in statements))


def _read_lists(certificate: x509.Certificate, issuer: x509.Certificate, data: ValidationData) -> "Iterator[Statement]":
    for content in data.crls:
        statement = _read_list(certificate, issuer, content)
        if statement is not None:
            yield statement


@remember(256, largest=MAX_REMEMBERED)  # a copy is judged before it is renewed, and after
def _read_list(certificate: x509.Certificate, issuer: x509.Certificate, content: bytes) -> Statement | None:
    try:
        listed = load_list(content)
        if not (signs_list(issuer, content) and _may_sign_lists(issuer) and _covers(listed, certificate)):
            return None
    except (ValueError, *X509_ERRORS):
        return None
    entry = listed.get_revoked_certificate_by_serial_number(certificate.serial_number)
    return Statement(
        listed.last_update_utc,
        listed.next_update_utc,
        entry.revocation_date_utc if entry else None,
        _find_moment(listed.extensions, _EXPIRED_CERTS),
    )


def _may_sign_lists(issuer: x509.Certificate) -> bool:
    usage = find_extension(issuer, x509.KeyUsage)
    return usage is None or usage.crl_sign


def _covers(listed: x509.CertificateRevocationList, certificate: x509.Certificate) -> bool:
    """Tell whether a list is complete for a certificate: not a partial list, not a delta list, not one for other
    issuers."""
    for extension in listed.extensions:
        point = extension.value
        if isinstance(point, x509.IssuingDistributionPoint):
            if point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs:
                return False
            constraints = find_extension(certificate, x509.BasicConstraints)
            is_authority = constraints is not None and constraints.ca
            if (is_authority and point.only_contains_user_certs) or (not is_authority and point.only_contains_ca_certs):
                return False
            if point.relative_name or (point.full_name and not _is_named(point.full_name, certificate)):
                return False
        elif extension.critical:
            return False
    return True


def _is_named(names: list[x509.GeneralName], certificate: x509.Certificate) -> bool:
    """Tell whether a certificate says that it is to be looked for in a list of that name (RFC 5280, 6.3.3, b, 2)."""
    points = find_extension(certificate, x509.CRLDistributionPoints) or ()
    return any(name in names for point in points for name in point.full_name or ())


def _read_responses(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    data: ValidationData,
    validated_at: datetime.datetime | None,
) -> "Iterator[Statement]":
    for content in data.ocsps:
        try:
            response = load_response(content)
            if not _is_about(response, certificate, issuer) or _has_critical(response):
                continue
            status, kept = response.certificate_status, _find_moment(response.single_extensions, _ARCHIVE_CUTOFF)
            if status is ocsp.OCSPCertStatus.UNKNOWN or not _is_signed(content, response, issuer, data, validated_at):
                continue
        except (ValueError, *X509_ERRORS):
            continue
        revoked = response.revocation_time_utc if status is ocsp.OCSPCertStatus.REVOKED else None
        yield Statement(response.this_update_utc, response.next_update_utc, revoked, kept)


def _is_about(response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Compare a response's CertID (RFC 6960, 4.1.1)."""
    if response.serial_number != certificate.serial_number:
        return False
    name = response.hash_algorithm.name

    def digest(content: bytes) -> bytes:
        return new_hash(name, content, usedforsecurity=False).digest()

    key = der.read_only(key_der(issuer))
    key.take()  # the algorithm
    bits = key.read(der.BIT_STRING)[1:]
    return response.issuer_name_hash == digest(subject_der(issuer)) and response.issuer_key_hash == digest(bits)


def _has_critical(response: ocsp.OCSPResponse) -> bool:
    extensions = (*response.extensions, *response.single_extensions)
    return any(each.critical and each.oid.dotted_string not in _HARMLESS for each in extensions)


def _is_signed(
    content: bytes,
    response: ocsp.OCSPResponse,
    issuer: x509.Certificate,
    data: ValidationData,
    validated_at: datetime.datetime | None,
) -> bool:
    """Tell whether the issuer signed a response, or whom it made a responder (RFC 6960, 4.2.2.2)."""
    if signs_response(issuer, content):
        return True
    produced = response.produced_at_utc
    for responder in (*read_responders(content), *map(load_certificate, data.certificates)):
        if not may_answer(responder) or not has_issued(issuer, responder) or not signs_response(responder, content):
            continue
        if not responder.not_valid_before_utc <= produced <= responder.not_valid_after_utc:
            continue
        if find_extension(responder, x509.OCSPNoCheck) is not None:
            return True
        listed = read_statements(responder, issuer, ValidationData(crls=data.crls), validated_at)
        if judge_statements(listed, responder, produced).is_proven:
            return True
    return False


def _find_moment(extensions: x509.Extensions, dotted: str) -> datetime.datetime | None:
    """Read an extension that holds one GeneralizedTime."""
    for extension in extensions:
        if extension.oid.dotted_string == dotted and isinstance(extension.value, x509.UnrecognizedExtension):
            return der.Reader(extension.value.value).moment()
    return None
