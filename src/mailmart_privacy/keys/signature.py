"""One check of RSA and ECDSA signatures, and of how strong a key is; used for copies, timestamps and OCSP responses."""

from typing import TYPE_CHECKING

from ..errors import MissingExtraError
from .ecdsa import normalize_low_s

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

MIN_RSA_BITS = 3072
MIN_AUTHORITY_RSA_BITS = 2048  # an authority's key is not ours to choose; below this, validators refuse it
CURVES = ("secp256r1", "secp384r1", "secp521r1")
DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class SignatureError(ValueError):
    """A signature is invalid, or cannot be checked; the message completes "the signature …"."""


def require_signature(
    key: object, signature: bytes, message: bytes, digest: str = "sha256", *, pss_salt: int | None = None
) -> None:
    """Require that a signature holds: RSASSA-PKCS1-v1_5, RSASSA-PSS, or ECDSA in DER.

    Args:
        key: the public key.
        signature: the signature.
        message: what was signed.
        digest: "sha256", "sha384" or "sha512".
        pss_salt: how many bytes of salt an RSASSA-PSS signature has (RFC 4055); None for any other signature.

    Raises:
        SignatureError: it does not hold, the key is neither RSA nor elliptic-curve, or the digest is another one.
    """
    algorithm = DIGESTS.get(digest)
    if algorithm is None:
        raise SignatureError(f"is made with {digest}, not with SHA-256 or better")
    try:
        if isinstance(key, rsa.RSAPublicKey) and pss_salt is not None:
            key.verify(signature, message, padding.PSS(mgf=padding.MGF1(algorithm), salt_length=pss_salt), algorithm)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and pss_salt is None:
            key.verify(signature, message, ec.ECDSA(algorithm))
        else:
            raise SignatureError("is made with an algorithm that is not known here")
    except (InvalidSignature, ValueError, OverflowError) as error:
        raise error if isinstance(error, SignatureError) else SignatureError("does not hold") from None


def has_low_s(signature: bytes, key: object) -> bool:
    """Tell whether a signature is in canonical form; see `ecdsa.normalize_low_s`."""
    try:
        return normalize_low_s(signature, key) == signature
    except ValueError:
        return False


def find_weakness(key: object, *, min_rsa_bits: int = MIN_RSA_BITS) -> str | None:
    """Tell why a public key is too weak to be accepted; None if it is strong enough.

    Args:
        key: the public key, or None where its kind is unknown.
        min_rsa_bits: the fewest bits of an RSA key: `MIN_RSA_BITS` for signers of copies,
            `MIN_AUTHORITY_RSA_BITS` for authorities.
    """
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < min_rsa_bits:
            return f"an RSA key of {key.key_size} bits is too weak; use {min_rsa_bits} or P-256"
        return None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return "the key is neither RSA nor elliptic-curve; use RSA-3072 or P-256"
    if key.curve.name not in CURVES:
        return f"the curve {key.curve.name} is not one that validators know; use P-256"
    return None
