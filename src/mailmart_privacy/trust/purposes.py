"""What a certificate must allow: to sign copies, to make timestamps, to issue others (RFC 5280, 4.2.1)."""

import datetime
from typing import TYPE_CHECKING, TypeVar

from ..errors import MissingExtraError
from ..keys.certificates import find_extension, read_extensions, read_key
from ..keys.signature import MIN_AUTHORITY_RSA_BITS, MIN_RSA_BITS, find_weakness

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from collections.abc import Sequence

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

# Of these, one is enough for signing a document. emailProtection is among them since many authorities issue nothing
# else to organisations; below a public root it lets any owner of a mailbox sign, so a pinned certificate is better.
_SIGNING = frozenset(
    {
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string,
        ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string,
        "1.3.6.1.5.5.7.3.36",  # documentSigning (RFC 9336)
        "1.3.6.1.4.1.311.10.3.12",  # Microsoft's document signing
        "1.2.840.113583.1.1.5",  # Adobe's authentic documents
    }
)
_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
_UNDERSTOOD = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.CERTIFICATE_POLICIES,  # any policy is accepted
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
    ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
    ExtensionOID.OCSP_NO_CHECK,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
}
_WEAK_HASHES = ("md5", "sha1")
_MIN_CURVE_BITS = 256


class NotTrustedError(Exception):
    """A certificate could not be trusted at a moment; the message completes "the certificate …"."""


def require_purpose(certificate: x509.Certificate, purpose: str) -> None:
    """Require that a certificate may sign copies ("sign") or make timestamps ("stamp"), and that its key is strong.

    Raises:
        NotTrustedError: it may not, or its key is weak.
    """
    bits = MIN_RSA_BITS if purpose == "sign" else MIN_AUTHORITY_RSA_BITS
    if weakness := find_weakness(read_key(certificate), min_rsa_bits=bits):
        raise NotTrustedError(f"has a weak key: {weakness}")
    usage = _find(certificate, x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise NotTrustedError("does not allow signing (key usage)")
    extended = _find(certificate, x509.ExtendedKeyUsage)
    if purpose == "sign":
        if extended is not None and not _SIGNING & {each.dotted_string for each in extended}:
            raise NotTrustedError("is not for signing documents (extended key usage)")
    elif extended is None or list(extended) != [_STAMPING]:
        raise NotTrustedError("is not for timestamps alone (extended key usage; RFC 3161, 2.3)")
    elif not certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).critical:
        raise NotTrustedError("does not say critically that it is for timestamps alone (RFC 3161, 2.3)")


def require_authority(certificate: x509.Certificate, *, below: int, purpose: str) -> None:
    """Require that a certificate may issue others (RFC 5280, 6.1.4), and that its key is strong.

    Args:
        certificate: the issuer's.
        below: how many other authorities are below it on this path.
        purpose: what the certificate at the end is for, "sign" or "stamp"; an authority that is limited to other
            purposes does not vouch for it.

    Raises:
        NotTrustedError: it may not.
    """
    constraints, usage = _find(certificate, x509.BasicConstraints), _find(certificate, x509.KeyUsage)
    if constraints is None or not constraints.ca or (usage is not None and not usage.key_cert_sign):
        raise NotTrustedError("was issued by one that is not an authority's")
    if constraints.path_length is not None and constraints.path_length < below:
        raise NotTrustedError("has more authorities above it than one of them allows (path length)")
    extended = _find(certificate, x509.ExtendedKeyUsage)
    wanted = _SIGNING if purpose == "sign" else {_STAMPING.dotted_string}
    allowed = {each.dotted_string for each in extended or ()}
    if extended is not None and not allowed & {*wanted, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string}:
        raise NotTrustedError("was issued by an authority for other purposes (extended key usage)")
    if weakness := _find_issuer_weakness(certificate):
        raise NotTrustedError(f"was issued with a weak key: {weakness}")


def require_understood(certificate: x509.Certificate) -> None:
    """Require that no critical extension is unknown (RFC 5280, 4.2), and that it was not signed over a weak digest.

    Constraints on names and policies, which few authorities use, are among the unknown ones: everything below them is
    refused, even what they would allow.

    Raises:
        NotTrustedError: an extension is unknown, or the digest is weak.
    """
    for extension in _extensions(certificate):
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise NotTrustedError(f"has a critical extension that is not known here ({extension.oid.dotted_string})")
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return  # nothing can have checked its signature either
    if algorithm is not None and algorithm.name in _WEAK_HASHES:
        raise NotTrustedError(f"was signed over {algorithm.name.upper()}, which can be forged")


def require_dates(certificate: x509.Certificate, at: datetime.datetime) -> None:
    """Require that a certificate is valid at a moment.

    Raises:
        NotTrustedError: it is not.
    """
    if at < certificate.not_valid_before_utc:
        raise NotTrustedError(f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}")
    if at > certificate.not_valid_after_utc:
        raise NotTrustedError(f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}")


def may_answer(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is for signing OCSP responses (RFC 6960, 4.2.2.2)."""
    try:
        extended = _find(certificate, x509.ExtendedKeyUsage)
    except NotTrustedError:
        return False
    return extended is not None and ExtendedKeyUsageOID.OCSP_SIGNING in extended


def _find_issuer_weakness(certificate: x509.Certificate) -> str | None:
    key = read_key(certificate)
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < MIN_AUTHORITY_RSA_BITS:
        return f"RSA of {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < _MIN_CURVE_BITS:
        return f"the curve {key.curve.name}"
    return "an unknown kind of key" if key is None or isinstance(key, dsa.DSAPublicKey) else None


def _find(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return find_extension(certificate, kind)
    except ValueError:
        raise NotTrustedError("has extensions that cannot be read") from None


def _extensions(certificate: x509.Certificate) -> "Sequence[x509.Extension[x509.ExtensionType]]":
    try:
        return list(read_extensions(certificate))
    except ValueError:
        raise NotTrustedError("has extensions that cannot be read") from None
