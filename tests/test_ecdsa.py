"""ECDSA signatures: of the two valid ones for a content, copies and tokens carry a certain one."""

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from mailmart_privacy.keys.ecdsa import _ORDERS, normalize_low_s
from mailmart_privacy.keys.key_files import create_identity
from mailmart_privacy.trust.timestamp_token import read_token

from .conftest import NOW
from .pki import Authority


def turn(signature: bytes, curve: str) -> bytes:
    """Make the other valid signature for the same content."""
    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, _ORDERS[curve] - s)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_both_signatures_become_one(curve: ec.EllipticCurve) -> None:
    """Both signatures hold, and the lower one is taken for each of them."""
    key = ec.generate_private_key(curve)
    signature = key.sign(b"content", ec.ECDSA(hashes.SHA256()))
    other = turn(signature, curve.name)
    assert other != signature
    key.public_key().verify(other, b"content", ec.ECDSA(hashes.SHA256()))
    assert normalize_low_s(signature, key.public_key()) == normalize_low_s(other, key.public_key())
    assert normalize_low_s(signature, key.public_key()) in (signature, other)


def test_what_is_not_ecdsa_stays() -> None:
    """An RSA signature has one encoding; bytes that are not a signature are refused."""
    assert normalize_low_s(b"any", rsa.generate_private_key(65537, 2048).public_key()) == b"any"
    with pytest.raises(ValueError, match=r"ASN\.1|asn1|parse"):
        normalize_low_s(b"any", ec.generate_private_key(ec.SECP256R1()).public_key())


def test_identities_sign_with_the_lower_one() -> None:
    """Whatever the key returns, the identity's signature is in canonical form."""
    identity = create_identity(created_at=NOW)
    for number in range(12):
        signature = identity.sign(b"%d" % number)
        assert normalize_low_s(signature, identity.certificate.public_key()) == signature


def test_tokens_carry_the_lower_one(authority: Authority) -> None:
    """A token with the other signature is brought into the same canonical form."""
    token = authority.client("bare-tsa").stamp(bytes(32))
    info = cms.ContentInfo.load(token.content)
    (signer,) = info["content"]["signer_infos"]
    signer["signature"] = turn(signer["signature"].native, "secp256r1")
    turned = info.dump(force=True)
    assert turned != token.content
    assert read_token(turned).content == token.content
