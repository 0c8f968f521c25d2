"""The signer: a certificate, its chain, and a key, wherever it is kept. An unfit one is refused.

Certificates follow RFC 5280; what a signer's certificate must allow follows PAdES (ETSI EN
319 142-1) and its CMS profile, RFC 5652. Nothing here depends on where keys are kept: a backend is one module with a
`SigningKey` and a function that opens it (`key_files`, `pkcs11`, `kms`).
"""

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from ..errors import IdentityError, MissingExtraError
from .certificates import (
    certificate_digest,
    common_name,
    find_extension,
    has_issued,
    is_self_signed,
    organisation_name,
    subject_name,
)
from .ecdsa import normalize_low_s
from .signature import MIN_AUTHORITY_RSA_BITS, find_weakness

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

_WEAK_HASHES = ("md5", "sha1")


class SigningKey(Protocol):
    """A private key, wherever it is kept: what kind of key it is, and that it signs."""

    @property
    def public_key(self) -> "PublicKey":
        """Its public half, which shows its kind and its strength."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign a message: ECDSA (DER) or RSASSA-PKCS1-v1_5, each over SHA-256.

        Raises:
            IdentityError: the key could not be reached, or refused.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """A private key and the certificate that names its holder; its chain is always fit.

    Attributes:
        certificate: the signer's certificate.
        chain: its issuers up to a self-signed root; given in any order, kept nearest first.
        key: the private key; never shown.
        name: the common name of the certificate's subject, or the whole subject if there is none.
        organisation: the organisation that the certificate names, or None.
        digest: lowercase hex SHA-256 of the certificate in DER.
        is_self_signed: whether no one but its holder vouches for the certificate.

    Raises:
        IdentityError: the key is weak, the certificate does not belong to it, was signed over a
            weak digest, or its chain is incomplete, wrong, or holds other certificates.
    """

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()
    key: SigningKey = field(repr=False)
    name: str = field(init=False)
    organisation: str | None = field(init=False)
    digest: str = field(init=False)
    is_self_signed: bool = field(init=False)

    def __repr__(self) -> str:
        return f"<Identity {self.name[:80]!r}, certificate {self.digest[:16]}>"

    def __post_init__(self) -> None:
        require_strong(self.key.public_key)
        if not _belongs(self.certificate, self.key.public_key):
            raise IdentityError(f"the certificate of {subject_name(self.certificate)!r} does not belong to its key")
        chain = order_chain(self.certificate, self.chain)
        if spare := [other for other in self.chain if other not in chain]:
            raise IdentityError(
                f"the certificate of {subject_name(spare[0])!r} does not belong to the chain of "
                f"{subject_name(self.certificate)!r}; leave it out"
            )
        object.__setattr__(self, "chain", chain)
        # Looked at for every copy, and none of them cheap.
        object.__setattr__(self, "name", subject_name(self.certificate))
        object.__setattr__(self, "organisation", organisation_name(self.certificate))
        object.__setattr__(self, "digest", certificate_digest(self.certificate))
        object.__setattr__(self, "is_self_signed", is_self_signed(self.certificate))

    def __reduce__(self) -> str:
        raise IdentityError(f"the key of {self.name!r} does not travel; give a function that opens it over there")

    def sign(self, message: bytes) -> bytes:
        """Sign a message: ECDSA (DER, with the lower s) or RSASSA-PKCS1-v1_5, each over SHA-256."""
        return normalize_low_s(self.key.sign(message), self.key.public_key)


def assemble(
    key: SigningKey, certificates: "Iterable[x509.Certificate]", *, origin: str, pool: "Sequence[x509.Certificate]" = ()
) -> Identity:
    """Put a key together with its certificate and its chain.

    Args:
        key: the key.
        certificates: its certificate and the issuers, in any order; all must be needed.
        origin: what the messages call where these came from.
        pool: certificates that may be needed, for instance all that a token holds.

    Raises:
        IdentityError: none of them belongs to the key, or see `Identity`.
    """
    try:
        require_strong(key.public_key)
        given = tuple(dict.fromkeys(certificates))
        own = next((c for c in (*given, *pool) if _belongs(c, key.public_key)), None)
        if own is None:
            raise IdentityError("none of its certificates belongs to its key")
        rest = tuple(c for c in given if c != own)
        useful = order_chain(own, (*rest, *pool))
        return Identity(certificate=own, chain=tuple(dict.fromkeys((*useful, *rest))), key=key)
    except IdentityError as error:
        raise IdentityError(f"{origin}: {error}") from None


def order_chain(certificate: x509.Certificate, pool: "Iterable[x509.Certificate]") -> tuple[x509.Certificate, ...]:
    """Find a certificate's issuers, nearest first, up to a self-signed root; `require_valid` checks the times.

    Raises:
        IdentityError: an issuer is missing, may not issue certificates, is weak, or did not sign the one below it.
    """
    chain: list[x509.Certificate] = []
    current, rest = certificate, [c for c in pool if c != certificate]
    while True:
        name = subject_name(current)
        if is_self_signed(current):
            if not chain:
                _require_strong_hash(current)  # nobody looks at the hash of a root above others
            return tuple(chain)
        _require_strong_hash(current)
        if current.issuer == current.subject:
            raise IdentityError(f"the certificate of {name!r} names itself as its issuer, but did not sign itself")
        named = [c for c in rest if c.subject == current.issuer]
        if not named:
            issuer = common_name(current.issuer)
            raise IdentityError(
                f"the chain is incomplete: {issuer!r}, which issued the certificate of {name!r}, is missing; "
                "add the certificates of all issuers, up to the root"
            )
        # Of an authority that is a root and was certified by another, too, the root ends the chain.
        signed = sorted((c for c in named if has_issued(c, current)), key=is_self_signed, reverse=True)
        if not signed:
            raise IdentityError(
                f"the chain is broken: the certificate of {name!r} names {subject_name(named[0])!r} as its issuer, "
                "but was not signed with that certificate's key"
            )
        current = signed[0]
        _require_authority(current, below=len(chain))
        rest.remove(current)
        chain.append(current)


def require_strong(public: object) -> None:
    """Refuse a key that validators do not accept.

    Raises:
        IdentityError: it is neither RSA nor elliptic-curve, too short, or on an unknown curve.
    """
    if weakness := find_weakness(public):
        raise IdentityError(weakness)


def require_valid(identity: Identity, at: datetime.datetime) -> None:
    """Refuse an identity that may not sign at a moment.

    Args:
        identity: the one whose certificates are checked.
        at: when it should sign (aware).

    Raises:
        IdentityError: the certificate or one of its issuers' is not yet valid or has expired, or
            the certificate does not allow signing.
    """
    for certificate in (identity.certificate, *identity.chain):
        own = certificate is identity.certificate
        whose = f"{identity.name!r}" if own else f"{subject_name(certificate)!r}, an issuer of {identity.name!r},"
        if at < certificate.not_valid_before_utc:
            raise IdentityError(
                f"the certificate of {whose} is not valid before {_day(certificate.not_valid_before_utc)}"
            )
        if at > certificate.not_valid_after_utc:
            raise IdentityError(
                f"the certificate of {whose} expired on {_day(certificate.not_valid_after_utc)}; use another"
            )
    usage = _extension(identity.certificate, x509.KeyUsage)
    if usage is None:
        raise IdentityError(f"the certificate of {identity.name!r} does not say what it may do (key usage)")
    if not (usage.digital_signature or usage.content_commitment):
        raise IdentityError(f"the certificate of {identity.name!r} does not allow signing (key usage); use another")


def dump_certificate(identity: Identity) -> bytes:
    """Write an identity's own certificate as PEM, for those who are to trust it."""
    return identity.certificate.public_bytes(Encoding.PEM)


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return find_extension(certificate, kind)
    except ValueError:
        raise IdentityError(f"the extensions of {subject_name(certificate)!r}'s certificate cannot be read") from None


def _belongs(certificate: x509.Certificate, public: "PublicKey") -> bool:
    try:
        return certificate.public_key() == public
    except (ValueError, UnsupportedAlgorithm):
        return False


def _require_authority(certificate: x509.Certificate, *, below: int) -> None:
    """Refuse an issuer that may not issue (RFC 5280, 4.2.1.9 and 4.2.1.3); `below` it are other authorities."""
    name = subject_name(certificate)
    constraints, usage = _extension(certificate, x509.BasicConstraints), _extension(certificate, x509.KeyUsage)
    if constraints is None or not constraints.ca or (usage is not None and not usage.key_cert_sign):
        raise IdentityError(f"{name!r} issued a certificate of the chain, but is not a certification authority")
    if constraints.path_length is not None and constraints.path_length < below:
        raise IdentityError(f"{name!r} may not have {below} authorities below it, as in this chain (path length)")
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < MIN_AUTHORITY_RSA_BITS:
        raise IdentityError(f"the key of the issuer {name!r} is too weak: RSA of {public.key_size} bits")


def _require_strong_hash(certificate: x509.Certificate) -> None:
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return  # what nobody here knows was not signed by a key that anybody here can try
    if algorithm is not None and algorithm.name in _WEAK_HASHES:
        raise IdentityError(
            f"the certificate of {subject_name(certificate)!r} was signed over {algorithm.name.upper()}, "
            "which can be forged; use another"
        )


def _day(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
