"""Certificates: loading, naming, and finding which one issued which. Slow results are cached.

A program that checks ten thousand copies meets the same few certificates each time. So what was parsed and which
signature held is kept, for a bounded number of certificates, none of them large.
"""

from functools import lru_cache, wraps
from hashlib import sha256
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from .. import _der
from .._unicode import show_name
from ..errors import IdentityError, MissingExtraError

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")
# What cryptography raises beside ValueError on certificates, lists and responses that it cannot read.
X509_ERRORS = (
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)
LOCAL_NAME = "Local identity"  # what the common name of an identity made on first use begins with
_REMEMBERED = 512
_MAX_SIZE = 32_768  # bytes; those of signers and authorities have 500 to 3,000


def remember(
    size: int, *, largest: int = _MAX_SIZE
) -> "Callable[[Callable[_Given, _Found]], Callable[_Given, _Found]]":
    """Remember what a function of certificates returned, as `functools.lru_cache` does, but by the objects themselves.

    cryptography reads a whole certificate for each hash of it, which takes longer than most of what is remembered here.
    The certificates are kept with what was found, so that no other object has the place of one of them in memory.

    Args:
        size: how many results are kept; then all are forgotten.
        largest: what the result is not kept for: bytes of which there are more than so many.
    """

    def decorate(function: "Callable[_Given, _Found]") -> "Callable[_Given, _Found]":
        known: dict[object, tuple[_Found, object]] = {}
        kind = x509.Certificate

        @wraps(function)
        def find(*given: _Given.args, **named: _Given.kwargs) -> _Found:
            parts: tuple[object, ...] = (*given, *named.items()) if named else given
            if len(parts) == 1:  # most calls
                key: object = id(parts[0]) if type(parts[0]) is kind else parts[0]
            else:
                key = tuple([id(each) if type(each) is kind else each for each in parts])
            found = known.get(key)
            if found is None:
                found = function(*given, **named), (given, named)
                if len(known) >= size:
                    known.clear()
                if all(len(each) <= largest for each in given if isinstance(each, bytes)):
                    known[key] = found
            return found[0]

        return find

    return decorate


def load_certificate(der: bytes) -> x509.Certificate:
    """Load one certificate from DER.

    Raises:
        ValueError: it is not a certificate, something follows it, it is larger than any real one, its serial number is
            not positive (RFC 5280, 4.1.2.2), or its signature is not a whole number of octets (no signature covers that
            count, and cryptography ignores it).
    """
    if len(der) > _MAX_SIZE:
        raise ValueError(f"a certificate has more than {_MAX_SIZE:,} bytes")
    return _load(der)


def load_certificates(content: bytes, *, origin: str) -> tuple[x509.Certificate, ...]:
    """Load certificates from PEM (one or more) or DER (one).

    Raises:
        IdentityError: there is none.
    """
    try:
        if b"-----BEGIN" in content:
            return tuple(x509.load_pem_x509_certificates(content))
        return (x509.load_der_x509_certificate(content),)
    except ValueError:
        raise IdentityError(f"{origin} holds no certificate; give one as PEM or DER") from None


@remember(_REMEMBERED)
def to_der(certificate: x509.Certificate) -> bytes:
    """Write a certificate in DER."""
    from cryptography.hazmat.primitives.serialization import Encoding  # imports much that few copies need

    return certificate.public_bytes(Encoding.DER)


def issuer_der(certificate: x509.Certificate) -> bytes:
    """Return the issuer's name as it is in a certificate, in DER.

    `certificate.issuer.public_bytes()` encodes the name again, which may differ from what an authority wrote.
    """
    return _read_parts(certificate)[0]


def subject_der(certificate: x509.Certificate) -> bytes:
    """Return the subject's name as it is in a certificate, in DER."""
    return _read_parts(certificate)[1]


def key_der(certificate: x509.Certificate) -> bytes:
    """Return the public key as it is in a certificate: SubjectPublicKeyInfo, in DER."""
    return _read_parts(certificate)[2]


def has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Tell whether a certificate names another one as its issuer, and was signed with that one's key."""
    return _verifies(issuer, certificate)


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate was signed with its own key."""
    return has_issued(certificate, certificate)


@remember(_REMEMBERED)
def read_key(certificate: x509.Certificate) -> "CertificatePublicKeyTypes | None":
    """Read the public key of a certificate; None if cryptography does not know its kind."""
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def find_extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    """Find an extension of a certificate; None if it has no such extension.

    Raises:
        ValueError: its extensions cannot be read.
    """
    found = _find_extension(certificate, kind)
    assert found is None or isinstance(found, kind)
    return found


def read_extensions(certificate: x509.Certificate) -> x509.Extensions:
    """Read the extensions of a certificate.

    Raises:
        ValueError: they cannot be read, or one appears twice.
    """
    try:
        return certificate.extensions
    except X509_ERRORS as error:
        raise ValueError(str(error)) from None


@remember(_REMEMBERED)
def subject_name(certificate: x509.Certificate) -> str:
    """Name a certificate's subject for people: control characters escaped, and not too long."""
    return common_name(certificate.subject)


def common_name(name: x509.Name) -> str:
    """Name a subject or an issuer in words; see `subject_name`."""
    names = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return show_name(str(names[0].value) if names else name.rfc4514_string()) or "a certificate without a name"


def organisation_name(certificate: x509.Certificate) -> str | None:
    """Name the organisation of a certificate's subject, or None where it names none; see `subject_name`."""
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    return show_name(str(names[0].value)) or None if names else None


@remember(_REMEMBERED)
def certificate_digest(certificate: x509.Certificate) -> str:
    """Take the lowercase hex SHA-256 of a certificate in DER."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def key_digest(certificate: x509.Certificate) -> str:
    """Take the lowercase hex SHA-256 of a certificate's public key: SubjectPublicKeyInfo, in DER."""
    return sha256(key_der(certificate)).hexdigest()


@lru_cache(_REMEMBERED)
def _load(der: bytes) -> x509.Certificate:
    outer = _der.read_only(der)
    fields = outer.enter()
    outer.enter()  # the signature algorithm
    if not outer.read(_der.BIT_STRING).startswith(b"\x00"):
        raise ValueError("the signature of a certificate is not of whole octets")
    outer.end()
    if fields.next_tag() == _der.tagged(0):
        fields.take()  # the version
    if fields.integer() <= 0:  # cryptography only warns of it
        raise ValueError("the serial number of a certificate is not positive")
    try:
        return x509.load_der_x509_certificate(der)
    except x509.InvalidVersion as error:
        raise ValueError(str(error)) from None


@remember(_REMEMBERED)
def _read_parts(certificate: x509.Certificate) -> tuple[bytes, bytes, bytes]:
    fields = _der.read_only(certificate.tbs_certificate_bytes)
    if fields.next_tag() == _der.tagged(0):
        fields.take()  # the version
    fields.integer()  # the serial number
    fields.take()  # the signature algorithm
    issuer = fields.take()
    fields.take()  # the validity
    return issuer, fields.take(), fields.take()


@remember(8 * _REMEMBERED)
def _find_extension(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> x509.ExtensionType | None:
    try:
        return read_extensions(certificate).get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


@remember(_REMEMBERED)
def _verifies(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)  # it compares the names first
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False  # another name, another key, or a kind of key or signature that cryptography does not know
    return True
