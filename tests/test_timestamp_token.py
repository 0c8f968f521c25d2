"""Timestamp tokens: read from any encoding, written in canonical form, and refused in any other form."""

from typing import Any

import pytest
from asn1crypto import cms, core, tsp
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from mailmart_privacy.trust.timestamp_token import (
    Token,
    TokenError,
    _known,
    parse_token,
    read_token,
    require_stamped,
)

from .chains import NOW, Authority
from .tokens import TokenMaker

ROOT = Authority("Root")
MIDDLE = Authority("Middle", ROOT)
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


def name_settings(settings: dict[str, Any]) -> str:
    """Name a case the same in every process: keys are random, and go by their kind."""
    parts = {name: type(value).__name__ if name == "key" else value for name, value in settings.items()}
    return ",".join(f"{name}={value}" for name, value in parts.items()) or "plain"


def maker(key: Any = EC, **more: Any) -> TokenMaker:
    own = MIDDLE.issue("Stamper", key.public_key())
    return TokenMaker(key=key, **{"certificates": (own, ROOT.certificate, MIDDLE.certificate), **more})


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"ess": "v1"},
        {"nulls": False},
        {"protection": True},
        {"protection": True, "nulls": False},
        {"digest": "sha512"},
        {"key": RSA},
        {"key": RSA, "plain_rsa": True},
        {"key": RSA, "scheme": "pss"},
        {"key": RSA, "protection": True, "plain_rsa": True},
        {"key": ec.generate_private_key(ec.SECP384R1()), "digest": "sha384"},
    ],
    ids=name_settings,
)
def test_one_spelling(settings: dict[str, Any]) -> None:
    """A token of any kind is read; its canonical form is read as itself and by another library, and says the same."""
    content = maker(**settings).make(b"stamped")
    token = read_token(content)
    _known.clear()
    assert parse_token(token.content) == token
    with pytest.raises(TokenError, match="not written as copies carry it"):
        parse_token(content)
    require_stamped(token, b"stamped")
    with pytest.raises(TokenError, match="something else"):
        require_stamped(token, b"other")
    data = cms.ContentInfo.load(token.content, strict=True)["content"]
    said: Any = tsp.TSTInfo.load(bytes(data["encap_content_info"]["content"]))
    assert (token.moment, token.nonce, token.imprint) == (
        NOW,
        said["nonce"].native,
        said["message_imprint"]["hashed_message"].native,
    )
    assert len(data["certificates"]) == 2  # the root is given, not carried


def test_spellings_are_one() -> None:
    """The order of certificates, a root, a stranger's certificate and NULLs make no difference."""
    made = maker()
    content = made.make()
    data = cms.ContentInfo.load(content)

    def change(**fields: Any) -> bytes:
        changed = cms.ContentInfo.load(content)
        signer = changed["content"]["signer_infos"][0]
        for name, value in fields.items():
            (signer if name in ("digest_algorithm", "unsigned_attrs") else changed["content"])[name] = value
        return changed.dump(force=True)

    certificates = list(data["content"]["certificates"])
    stranger = cms.ContentInfo.load(maker(certificates=(Authority("Other").certificate,)).make())
    own = read_token(content).content
    others = (
        change(certificates=certificates[::-1]),
        change(certificates=certificates * 3),
        change(certificates=[*certificates, *stranger["content"]["certificates"]]),
        change(digest_algorithm={"algorithm": "sha256"}),
        change(digest_algorithms=[{"algorithm": "sha256"}, {"algorithm": "sha512"}]),
        change(version="v5"),
        change(unsigned_attrs=[cms.CMSAttribute({"type": "1.2.3.4", "values": [core.OctetString(b"")]})]),
    )
    assert len({content, *others}) >= 6
    for other in others:
        assert read_token(other).content == own


@pytest.mark.parametrize(
    "settings", [{}, {"key": RSA}, {"key": RSA, "scheme": "pss"}, {"protection": True}], ids=name_settings
)
def test_no_flipped_bit_passes(settings: dict[str, Any]) -> None:
    """No single flipped bit leaves a token that is read, but in the signature of a certificate above the signer's.

    Those are held by the path to a root, which is not asked for here.
    """
    token = read_token(maker(**settings).make())
    from mailmart_privacy.keys.certificates import has_issued

    passed = 0
    for place in range(len(token.content)):
        for bit in range(8):
            flipped = bytearray(token.content)
            flipped[place] ^= 1 << bit
            try:
                other: Token = parse_token(bytes(flipped))
            except TokenError:
                continue
            passed += 1
            # Another certificate in the place of the middle one: it has no valid signature by its issuer.
            assert other.certificates[0] == token.certificates[0]
            assert not has_issued(ROOT.certificate, other.certificates[1])
    assert passed < 8 * 300


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ess": ""}, "does not name its signer's certificate"),
        ({"ess": "wrong"}, "names another certificate"),
        ({"left_out": "message_digest"}, "lacks a signed attribute"),
        ({"certificates": (MIDDLE.certificate,)}, "signature does not hold|names another"),
        (
            {"more": {"extensions": [{"extn_id": "1.2.3", "critical": True, "extn_value": b"\x05\x00"}]}},
            "critical extension",
        ),
    ],
    ids=str,
)
def test_refused(settings: dict[str, Any], words: str) -> None:
    """A token that lacks what it must have is refused, and the message says what."""
    with pytest.raises(TokenError, match=words):
        read_token(maker(**settings).make())


@pytest.mark.parametrize("content", [b"", b"0", b"0\x80", b"0\x00", bytes(100), b"\x30\x84\xff\xff\xff\xff" + bytes(9)])
def test_rubbish(content: bytes) -> None:
    """What is not a token is refused with the module's error."""
    with pytest.raises(TokenError):
        read_token(content)


def test_size_is_bounded() -> None:
    """A token of megabytes is refused before it is read."""
    with pytest.raises(TokenError, match="more than"):
        read_token(bytes(10_000_000))
