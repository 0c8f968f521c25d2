"""Keys in files: PEM and PKCS#12, and the local identity that is made on first use."""

import datetime
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from .._time import require_moment
from .._unicode import is_refused, name_characters
from ..errors import IdentityError, MissingExtraError, UsageError
from .certificates import LOCAL_NAME
from .identity import Identity, assemble

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from .identity import PublicKey

_SLACK = datetime.timedelta(minutes=5)
LOCAL_LIFETIME = datetime.timedelta(days=3653)


@dataclass(frozen=True, slots=True)
class FileKey:
    """A private key in memory, read from a file.

    Attributes:
        private: the key; never shown.
        public_key: its public half.
    """

    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)
    public_key: "PublicKey" = field(init=False)
    _scheme: tuple[Any, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "public_key", self.private.public_key())
        elliptic = isinstance(self.private, ec.EllipticCurvePrivateKey)
        # Made once: to make it for each signature takes a sixth of the time of one.
        scheme = (ec.ECDSA(hashes.SHA256()),) if elliptic else (padding.PKCS1v15(), hashes.SHA256())
        object.__setattr__(self, "_scheme", scheme)

    def sign(self, message: bytes) -> bytes:
        """Sign a message: ECDSA (DER) or RSASSA-PKCS1-v1_5, each over SHA-256."""
        return self.private.sign(message, *self._scheme)


def create_identity(
    *, created_at: datetime.datetime, name: str | None = None, organisation: str | None = None
) -> Identity:
    """Make a local identity: a P-256 key and a certificate that it signed itself.

    Args:
        created_at: now (aware); it is valid from five minutes before, since authorities' clocks differ.
        name: the subject's common name: a person, or a role such as "Legal"; by default "Local identity"
            and the first digits of the key's digest.
        organisation: whom that person acts for, or None.

    Returns:
        The identity, valid for ten years.

    Raises:
        UsageError: `created_at` is naive, or a name cannot be in a certificate (RFC 5280: 64 characters).
    """
    require_moment(created_at)
    for given, what in ((name, "name"), (organisation, "organisation's name")):
        if given is not None:
            _require_name(given, what)
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    common_name = name or f"{LOCAL_NAME} {sha256(spki).hexdigest()[:8]}"
    attributes = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)]
    if organisation is not None:
        attributes.insert(0, x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organisation))
    subject = x509.Name(attributes)
    start = created_at.astimezone(datetime.UTC).replace(microsecond=0)
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - _SLACK)
        .not_valid_after(start + LOCAL_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_signing_usage(), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Identity(certificate=certificate, key=FileKey(key))


def load_identity(content: bytes, *, passphrase: bytes | None = None, origin: str = "the identity") -> Identity:
    """Load an identity from PEM (key and certificates in one file) or PKCS#12 (RFC 7292).

    Args:
        content: the bytes of the file: the key, its certificate and all of its issuers, in any order.
        passphrase: what the key is encrypted with, or None.
        origin: what the messages call it.

    Returns:
        The identity. `require_valid` says whether it may sign at a moment.

    Raises:
        IdentityError: no key, no certificate, a wrong passphrase, a key that does not belong to
            the certificate, one that is too weak, or a chain that is incomplete or wrong.
    """
    key, certificates = (
        _read_pem(content, passphrase, origin)
        if b"-----BEGIN" in content
        else _read_pkcs12(content, passphrase, origin)
    )
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise IdentityError(f"{origin}: the key is neither RSA nor elliptic-curve; use RSA-3072 or P-256")
    return assemble(FileKey(key), certificates, origin=origin)


def dump_identity(identity: Identity) -> bytes:
    """Write an identity as PEM: the key (PKCS#8, not encrypted), then its certificates.

    Raises:
        IdentityError: its key is not in a file, and cannot be exported.
    """
    if not isinstance(identity.key, FileKey):
        raise IdentityError(f"the key of {identity.name!r} stays where it is kept; it cannot be written to a file")
    key = identity.key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificates = (identity.certificate, *identity.chain)
    return key + b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def _require_name(name: str, what: str) -> None:
    if not name.strip() or len(name) > 64 or any(map(is_refused, name)):
        hidden = name_characters(filter(is_refused, name))
        why = f"holds control or invisible characters ({hidden})" if hidden else f"has {len(name.strip())} characters"
        raise UsageError(f"the {what} {why}; give 1 to 64 that can be seen")


def _signing_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _read_pem(content: bytes, passphrase: bytes | None, origin: str) -> tuple[object, list[x509.Certificate]]:
    encrypted = b"ENCRYPTED" in content
    if encrypted and passphrase is None:
        raise IdentityError(f"{origin}: the key is encrypted; give its passphrase", argument="passphrase")
    try:
        certificates = x509.load_pem_x509_certificates(content) if b"BEGIN CERTIFICATE" in content else []
        key = serialization.load_pem_private_key(content, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        what = "the passphrase is wrong, or the file is damaged" if encrypted else "no private key can be read from it"
        raise IdentityError(f"{origin}: {what}") from None
    if not certificates:
        raise IdentityError(f"{origin} holds a key but no certificate; put both into one file")
    return key, certificates


def _read_pkcs12(content: bytes, passphrase: bytes | None, origin: str) -> tuple[object, list[x509.Certificate]]:
    from cryptography.hazmat.primitives.serialization import pkcs12

    try:
        key, certificate, others = pkcs12.load_key_and_certificates(content, passphrase)
    except (ValueError, UnsupportedAlgorithm) as error:
        if "password" in str(error).lower():
            raise IdentityError(f"{origin}: the passphrase is missing or wrong", argument="passphrase") from None
        raise IdentityError(f"{origin} is neither PEM nor PKCS#12") from None
    if key is None or certificate is None:
        raise IdentityError(f"{origin} holds no key with its certificate")
    return key, [certificate, *others]
