"""ECDSA signatures in canonical form.

Anybody who has an ECDSA signature (r, s) can write another one for the same content, (r, n - s), without the key. No
signature covers the container of a signature, so copies carry the lower s of the two.
"""

from ..errors import MissingExtraError

try:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

# The orders n of the curves (NIST SP 800-186, 3.2.1).
_ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": int("F" * 48 + "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16),
    "secp521r1": int("1FF" + "F" * 63 + "A51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409", 16),
}


def normalize_low_s(signature: bytes, key: object) -> bytes:
    """Bring a signature into canonical form.

    Args:
        signature: any signature; ECDSA's in DER (RFC 3279, 2.2.3).
        key: the public key; only signatures by ECDSA keys on known curves have more than one form.

    Returns:
        The signature with the lower s; the same bytes if it has that already.

    Raises:
        ValueError: the key is an ECDSA key, and the signature cannot be read.
    """
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _ORDERS:
        return signature
    order = _ORDERS[key.curve.name]
    r, s = decode_dss_signature(signature)
    return signature if s <= order // 2 else encode_dss_signature(r, order - s)
