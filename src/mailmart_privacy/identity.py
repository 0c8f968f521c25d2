"""Keys and certificates that sign: loaded once, described in words, refused when unfit.

Certificates follow RFC 5280; what a signer's certificate must allow follows PAdES (ETSI EN
319 142-1) and its CMS profile, RFC 5652.
"""

import datetime
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from .characters import is_refused, name_characters
from .errors import IdentityError, MissingExtraError, UsageError
from .moments import require_moment

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

LOCAL_NAME = "Self-signed local identity"
MIN_RSA_BITS = 3072
LOCAL_LIFETIME = datetime.timedelta(days=3653)


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """A private key and the certificate that names its holder.

    Attributes:
        certificate: the signer's certificate.
        chain: the certificates between it and its root, nearest first; roots may be left out.
        key: the private key; never shown.
        name: the common name of the certificate's subject, or the whole subject where there is none.
        digest: lowercase hex SHA-256 of the certificate in DER.
        is_self_signed: whether no one but its holder vouches for the certificate.
    """

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()
    key: "PrivateKey" = field(repr=False)
    name: str = field(init=False)
    digest: str = field(init=False)
    is_self_signed: bool = field(init=False)

    def __post_init__(self) -> None:
        # Looked at for every copy, and none of them cheap.
        object.__setattr__(self, "name", subject_name(self.certificate))
        object.__setattr__(self, "digest", certificate_digest(self.certificate))
        object.__setattr__(self, "is_self_signed", is_self_signed(self.certificate))

    def sign(self, message: bytes) -> bytes:
        """Sign a message: ECDSA (DER) or RSASSA-PKCS1-v1_5, each over SHA-256."""
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(message, ec.ECDSA(hashes.SHA256()))
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def create_identity(*, created_at: datetime.datetime, name: str | None = None) -> Identity:
    """Make a local identity: a P-256 key and a certificate that it signed itself.

    Args:
        created_at: the start of its validity (aware).
        name: the subject's common name; by default one that says that it is self-signed, with the
            first digits of the key's digest.

    Returns:
        The identity, valid for ten years.

    Raises:
        UsageError: `created_at` is naive, or the name cannot stand in a certificate (RFC 5280: 64 characters).
    """
    require_moment(created_at)
    if name is not None and (not name.strip() or len(name) > 64 or any(map(is_refused, name))):
        hidden = name_characters(filter(is_refused, name))
        what = f"holds control or invisible characters ({hidden})" if hidden else f"has {len(name.strip())} characters"
        raise UsageError(f"the name {what}; give 1 to 64 that can be seen")
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    common_name = name or f"{LOCAL_NAME} {sha256(spki).hexdigest()[:8]}"
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    start = created_at.astimezone(datetime.UTC).replace(microsecond=0)
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LOCAL_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_signing_usage(), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Identity(certificate=certificate, key=key)


def load_identity(content: bytes, *, passphrase: bytes | None = None, origin: str = "the identity") -> Identity:
    """Load an identity from PEM (key and certificates in one file) or PKCS#12 (RFC 7292).

    Args:
        content: the bytes of the file.
        passphrase: what the key is encrypted with, or None.
        origin: what the messages call it.

    Returns:
        The identity. `require_valid` says whether it may sign at a moment.

    Raises:
        IdentityError: no key, no certificate, a wrong passphrase, a key that does not belong to
            the certificate, or one that is too weak.
    """
    key, certificates = (
        _read_pem(content, passphrase, origin)
        if b"-----BEGIN" in content
        else _read_pkcs12(content, passphrase, origin)
    )
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise IdentityError(f"{origin}: the key is neither RSA nor elliptic-curve; use RSA-3072 or P-256")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < MIN_RSA_BITS:
        raise IdentityError(f"{origin}: an RSA key of {key.key_size} bits is too weak; use {MIN_RSA_BITS} or P-256")
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name not in ("secp256r1", "secp384r1", "secp521r1"):
        raise IdentityError(f"{origin}: the curve {key.curve.name} is not one that validators know; use P-256")
    own = [certificate for certificate in certificates if certificate.public_key() == key.public_key()]
    if not own:
        raise IdentityError(f"{origin}: none of its certificates belongs to its key")
    chain = tuple(certificate for certificate in certificates if certificate is not own[0])
    return Identity(certificate=own[0], chain=chain, key=key)


def dump_identity(identity: Identity) -> bytes:
    """Write an identity as PEM: the key (PKCS#8, not encrypted), then its certificates."""
    key = identity.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificates = (identity.certificate, *identity.chain)
    return key + b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def dump_certificate(identity: Identity) -> bytes:
    """Write an identity's own certificate as PEM, for those who are to trust it."""
    return identity.certificate.public_bytes(serialization.Encoding.PEM)


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


def require_valid(identity: Identity, at: datetime.datetime) -> None:
    """Refuse an identity that may not sign at a moment.

    Args:
        identity: whose certificate is looked at.
        at: when it is to sign (aware).

    Raises:
        IdentityError: the certificate is not yet valid, has expired, or does not allow signing.
    """
    certificate = identity.certificate
    if at < certificate.not_valid_before_utc:
        raise IdentityError(
            f"the certificate of {identity.name!r} is not valid before {_day(certificate.not_valid_before_utc)}"
        )
    if at > certificate.not_valid_after_utc:
        raise IdentityError(
            f"the certificate of {identity.name!r} expired on {_day(certificate.not_valid_after_utc)}; use another"
        )
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        raise IdentityError(f"the certificate of {identity.name!r} does not say what it may do (key usage)") from None
    if not (usage.digital_signature or usage.content_commitment):
        raise IdentityError(f"the certificate of {identity.name!r} does not allow signing (key usage); use another")


def subject_name(certificate: x509.Certificate) -> str:
    """Name a certificate's subject in words."""
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string() or "a certificate without a name"


def certificate_digest(certificate: x509.Certificate) -> str:
    """Take the lowercase hex SHA-256 of a certificate in DER."""
    return sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate was signed with its own key."""
    try:
        certificate.verify_directly_issued_by(certificate)
    except Exception:  # noqa: BLE001 - any refusal, whatever its class, means that it was not
        return False
    return True


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
        raise IdentityError(f"{origin}: the key is encrypted; give its passphrase")
    try:
        certificates = x509.load_pem_x509_certificates(content) if b"BEGIN CERTIFICATE" in content else []
        key = serialization.load_pem_private_key(content, passphrase if encrypted else None)
    except (ValueError, TypeError):
        what = "the passphrase is wrong, or the file is damaged" if encrypted else "no private key can be read from it"
        raise IdentityError(f"{origin}: {what}") from None
    if not certificates:
        raise IdentityError(f"{origin} holds a key but no certificate; put both into one file")
    return key, certificates


def _read_pkcs12(content: bytes, passphrase: bytes | None, origin: str) -> tuple[object, list[x509.Certificate]]:
    from cryptography.hazmat.primitives.serialization import pkcs12

    try:
        key, certificate, others = pkcs12.load_key_and_certificates(content, passphrase)
    except ValueError as error:
        if "password" in str(error).lower():
            raise IdentityError(f"{origin}: the passphrase is missing or wrong") from None
        raise IdentityError(f"{origin} is neither PEM nor PKCS#12") from None
    if key is None or certificate is None:
        raise IdentityError(f"{origin} holds no key with its certificate")
    return key, [certificate, *others]


def _day(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
