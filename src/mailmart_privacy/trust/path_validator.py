"""Which certificate could be trusted at which moment, from given data alone (RFC 5280, 6)."""

import asyncio
import datetime
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ..errors import MissingExtraError, one_line
from ..keys.certificates import subject_name
from .path_building import find_paths

try:
    from asn1crypto import crl, ocsp
    from asn1crypto import x509 as asn1_x509
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import ocsp as x509_ocsp
    from pyhanko_certvalidator import ValidationContext
    from pyhanko_certvalidator.authority import CertTrustAnchor
    from pyhanko_certvalidator.path import ValidationPath
    from pyhanko_certvalidator.policy_decl import (
        NO_REVOCATION,
        REQUIRE_REVINFO,
        CertRevTrustPolicy,
    )
    from pyhanko_certvalidator.validate import async_validate_path, validate_usage
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

if TYPE_CHECKING:
    from collections.abc import Iterable


class NotTrustedError(Exception):
    """A certificate could not be trusted at a moment; says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidationData:
    """What certificates are judged by, each in DER.

    Attributes:
        certificates: the certificates, none of them trusted for being here.
        ocsps: OCSP responses (RFC 6960).
        crls: certificate revocation lists (RFC 5280).
    """

    certificates: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.certificates or self.ocsps or self.crls)

    def __add__(self, other: "ValidationData") -> "ValidationData":
        return ValidationData(
            certificates=tuple(dict.fromkeys(self.certificates + other.certificates)),
            ocsps=tuple(dict.fromkeys(self.ocsps + other.ocsps)),
            crls=tuple(dict.fromkeys(self.crls + other.crls)),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PathValidator:
    """Judges certificates by trust roots and validation data.

    Attributes:
        roots: the certificates that a path may lead to.
        data: everything else that is known.
    """

    roots: tuple[x509.Certificate, ...]
    data: ValidationData = ValidationData()

    def find_path(
        self,
        certificate: x509.Certificate,
        others: "Iterable[x509.Certificate]" = (),
        *,
        at: datetime.datetime,
        purpose: str = "sign",
        proven: bool,
    ) -> tuple[x509.Certificate, ...]:
        """Find the way from a certificate to a trust root.

        Revocation data count whenever they were made: what is good later was good before, too.

        Args:
            certificate: whose.
            others: certificates that may lie on the way.
            at: the moment at which all of them have to be valid (aware).
            purpose: "sign" or "stamp".
            proven: whether, but for the root, each one must be shown not to be revoked; a certificate
                that is itself trusted needs no proof (RFC 5280, 6.1). If not, data are heeded where
                there are any.

        Returns:
            The certificates on the way, beginning with the one given, ending with the root.

        Raises:
            NotTrustedError: there is no such way; the message completes "the certificate …".
        """
        if not self.roots:
            raise NotTrustedError("cannot be trusted: no certificate to trust was given")
        # Asked here, since a trust root's own dates are asked by nobody else.
        if at < certificate.not_valid_before_utc:
            raise NotTrustedError(f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}")
        if at > certificate.not_valid_after_utc:
            raise NotTrustedError(f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}")
        pool = (*others, *map(x509.load_der_x509_certificate, self.data.certificates))
        refusal = NotTrustedError("leads to none of the certificates trusted here")
        for path in find_paths(certificate, pool, self.roots):
            try:
                self._validate(path, pool, at=at, purpose=purpose, proven=proven)
            except NotTrustedError as error:
                refusal = error
            else:
                return path
        raise refusal

    def _validate(
        self,
        path: tuple[x509.Certificate, ...],
        pool: tuple[x509.Certificate, ...],
        *,
        at: datetime.datetime,
        purpose: str,
        proven: bool,
    ) -> None:
        """Validate one way (RFC 5280, 6.1)."""
        try:
            context = ValidationContext(
                trust_roots=[_convert(path[-1])],
                other_certs=list(map(_convert, pool)),
                moment=at,
                allow_fetching=False,
                ocsps=[ocsp.OCSPResponse.load(content) for content in self.data.ocsps],
                crls=[crl.CertificateList.load(content) for content in self.data.crls],
                revinfo_policy=CertRevTrustPolicy(
                    REQUIRE_REVINFO if proven else NO_REVOCATION, retroactive_revinfo=True
                ),
            )
            own, *between = map(_convert, path[:-1] or path)
            anchor = CertTrustAnchor(_convert(path[-1]))
            way = ValidationPath(anchor, reversed(between), own) if path[1:] else ValidationPath(anchor, [], None)
            asyncio.run(async_validate_path(context, way))
            if purpose == "stamp":
                validate_usage(own, set(), {"time_stamping"}, extended_optional=False)
        except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on damaged certificates
            raise NotTrustedError(_explain(error)) from None
        if purpose == "sign":
            _require_usage(path[0])
        for certificate, issuer in pairwise(path):
            if self._is_revoked(certificate, issuer, at):
                raise NotTrustedError(f"was revoked ({describe_certificate(certificate)} is)")

    def _is_revoked(self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime.datetime) -> bool:
        """Tell whether data of any age say that a certificate was revoked at a moment."""
        for listed in map(x509.load_der_x509_crl, self.data.crls):
            entry = listed.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if listed.issuer == issuer.subject and entry is not None and entry.revocation_date_utc <= at:
                return True
        for response in map(x509_ocsp.load_der_ocsp_response, self.data.ocsps):
            revoked = response.revocation_time_utc if response.serial_number == certificate.serial_number else None
            if revoked is not None and revoked <= at:
                return True
        return False


def describe_certificate(certificate: x509.Certificate) -> str:
    """Name a certificate for a message."""
    return f"the certificate of {subject_name(certificate)!r}"


def _require_usage(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not (usage.digital_signature or usage.content_commitment):
        raise NotTrustedError("does not allow signing (key usage)")


def _convert(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _explain(error: Exception) -> str:
    name, words = type(error).__name__, one_line(error)
    if "Revoked" in name:
        return f"was revoked ({words})"
    if "PathBuilding" in name or "self-signed" in words:
        return "leads to none of the certificates trusted here"
    if "Expired" in name:
        return f"leads over one that has expired ({words})"
    return f"cannot be accepted: {words}"
