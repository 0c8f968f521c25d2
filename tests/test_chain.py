"""Chains: which ones lead to a root, and which ones are refused before anything is signed."""

import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import mailmart_privacy as privacy
from mailmart_privacy import errors
from mailmart_privacy.errors import IdentityError
from mailmart_privacy.keys import identity as model
from mailmart_privacy.keys import key_files
from mailmart_privacy.keys.identity import Identity, require_valid
from mailmart_privacy.keys.key_files import FileKey, dump_identity, load_identity

from .chains import DAY, NOW, Authority, to_pem

KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
ROOT = Authority("Root")
MIDDLE = Authority("Middle", ROOT)
LEAF = MIDDLE.issue("Signer", KEY.public_key())
STRANGER = Authority("Stranger")


def test_the_order_in_the_file_does_not_matter() -> None:
    """Certificates are sorted from the signer to the root, wherever they and the key stand, and survive a file."""
    for content in (
        PEM + to_pem(LEAF, MIDDLE.certificate, ROOT.certificate),
        to_pem(ROOT.certificate, MIDDLE.certificate, LEAF) + PEM,
        to_pem(ROOT.certificate, LEAF) + PEM + to_pem(MIDDLE.certificate, ROOT.certificate),
    ):
        identity = load_identity(content)
        assert identity.certificate == LEAF
        assert identity.chain == (MIDDLE.certificate, ROOT.certificate)
        assert not identity.is_self_signed
        require_valid(identity, NOW)
        assert load_identity(dump_identity(identity)).chain == identity.chain


def test_a_chain_signs_and_its_root_verifies() -> None:
    """A copy that was signed with a chain verifies with only the root."""
    identity = load_identity(PEM + to_pem(LEAF, MIDDLE.certificate, ROOT.certificate))
    copy = privacy.issue(privacy.current(), recipient="Acme", issued_at=NOW, identity=identity)
    assert privacy.verify(copy, trust=[ROOT.certificate], at=NOW).recipient == "Acme"
    with pytest.raises(errors.UntrustedError):
        privacy.verify(copy, trust=[STRANGER.certificate], at=NOW)


def twin(name: str, **changes: Any) -> Authority:
    """Another authority that carries a name that is taken."""
    return Authority(name, ROOT if name != "Root" else None, **changes)


def under(middle: Authority, **changes: Any) -> bytes:
    """A signer under another authority than `MIDDLE`, as a file."""
    leaf = middle.issue("Signer", KEY.public_key(), **changes)
    return PEM + to_pem(leaf, middle.certificate, ROOT.certificate)


LIMITED = Authority("Limited", path_length=0)
BELOW = Authority("Below", LIMITED)
SHORT = rsa.generate_private_key(65537, 1024)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (to_pem(LEAF), "the chain is incomplete: 'Middle', which issued the certificate of 'Signer', is missing"),
        (to_pem(LEAF, MIDDLE.certificate), "'Root', which issued the certificate of 'Middle', is missing"),
        (to_pem(LEAF, ROOT.certificate), "'Middle', which issued the certificate of 'Signer', is missing"),
        (
            to_pem(LEAF, MIDDLE.certificate, ROOT.certificate, STRANGER.certificate),
            "'Stranger' does not belong to the chain of 'Signer'; leave it out",
        ),
        (
            to_pem(LEAF, twin("Middle").certificate, ROOT.certificate),
            "the chain is broken: the certificate of 'Signer' names 'Middle' as its issuer, but was not signed",
        ),
        (
            to_pem(LEAF, MIDDLE.certificate, twin("Root").certificate),
            "the chain is broken: the certificate of 'Middle' names 'Root'",
        ),
        (under(twin("No CA", authority=False, usage=None)), "'No CA' .* is not a certification authority"),
        (under(twin("No usage", usage=("crl_sign",))), "'No usage' .* is not a certification authority"),
        (
            to_pem(BELOW.issue("Signer", KEY.public_key()), BELOW.certificate, LIMITED.certificate),
            r"'Limited' may not have 1 authorities below it, as in this chain \(path length\)",
        ),
        (to_pem(STRANGER.certificate), "none of its certificates belongs to its key"),
        (
            to_pem(STRANGER.issue("Stranger", KEY.public_key())),
            "'Stranger' names itself as its issuer, but did not sign itself",
        ),
    ],
)
def test_a_chain_that_does_not_hold_is_refused(content: bytes, message: str) -> None:
    """Each possible fault of a chain has its own message, which names the file."""
    with pytest.raises(IdentityError, match=f"key.pem: .*{message}") as caught:
        load_identity(content if PEM in content else PEM + content, origin="key.pem")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "at", "message"),
    [
        (under(twin("Old", end=NOW + DAY)), NOW + 2 * DAY, "'Old', an issuer of 'Signer', expired on"),
        (under(twin("New", start=NOW + DAY)), NOW, "'New', an issuer of 'Signer', is not valid before"),
        (under(MIDDLE, end=NOW + DAY), NOW + 2 * DAY, "the certificate of 'Signer' expired on"),
        (under(MIDDLE, start=NOW + DAY), NOW, "the certificate of 'Signer' is not valid before"),
        (under(MIDDLE, usage=("key_agreement",)), NOW, "'Signer' does not allow signing"),
    ],
)
def test_a_chain_out_of_its_time_does_not_sign(content: bytes, at: datetime.datetime, message: str) -> None:
    """The certificates of the signer and every issuer are checked for the moment, before anything is written."""
    identity = load_identity(content)
    with pytest.raises(IdentityError, match=message):
        require_valid(identity, at)
    with pytest.raises(IdentityError, match=message):
        privacy.issue(privacy.current(), recipient="Acme", issued_at=at, identity=identity)


def test_a_weak_digest_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that was signed over SHA-1 or MD5 is refused, at the signer and at an issuer, but not at a root."""
    content = PEM + to_pem(LEAF, MIDDLE.certificate, ROOT.certificate)
    # No library signs with these digests now; so SHA-256 plays the part of one of them.
    monkeypatch.setattr(model, "_WEAK_HASHES", ("sha256",))
    with pytest.raises(IdentityError, match="'Signer' was signed over SHA256, which can be forged"):
        load_identity(content)
    strong = MIDDLE.issue("Signer", KEY.public_key())
    monkeypatch.setattr(model, "_require_strong_hash", lambda c: None if c == strong else require_hash(c))
    with pytest.raises(IdentityError, match="'Middle' was signed over SHA256"):
        load_identity(PEM + to_pem(strong, MIDDLE.certificate, ROOT.certificate))
    monkeypatch.setattr(model, "_require_strong_hash", lambda c: require_hash(c) if c == ROOT.certificate else None)
    load_identity(content)


require_hash = model._require_strong_hash


def test_an_issuers_weak_key_is_refused() -> None:
    """An authority with an RSA key that validators refuse is refused."""
    weak = Authority("Weak")
    weak.key = SHORT  # type: ignore[assignment]
    weak.certificate = weak.issue("Weak", SHORT.public_key(), authority=True, usage=("key_cert_sign",))
    content = PEM + to_pem(weak.issue("Signer", KEY.public_key()), weak.certificate)
    with pytest.raises(IdentityError, match="key of the issuer 'Weak' is too weak: RSA of 1024 bits"):
        load_identity(content)


def test_no_identity_is_made_of_what_does_not_fit() -> None:
    """An identity that is assembled by hand is refused for the same reasons."""
    with pytest.raises(IdentityError, match="the certificate of 'Stranger' does not belong to its key"):
        Identity(certificate=STRANGER.certificate, key=FileKey(KEY))
    with pytest.raises(IdentityError, match="incomplete"):
        Identity(certificate=LEAF, key=FileKey(KEY))
    assert "private" not in repr(FileKey(KEY)).lower()


def test_another_backend_is_one_class() -> None:
    """Any object with a public key and a `sign` method is a key: here, one that counts its signatures."""

    class Counting:
        def __init__(self) -> None:
            self.public_key, self.count = KEY.public_key(), 0

        def sign(self, message: bytes) -> bytes:
            self.count += 1
            return FileKey(KEY).sign(message)

    key = Counting()
    leaf = MIDDLE.issue("Counted", KEY.public_key())
    identity = Identity(certificate=leaf, chain=(ROOT.certificate, MIDDLE.certificate), key=key)
    for number in range(5):
        privacy.issue(privacy.current(), recipient=f"Acme {number}", issued_at=NOW, identity=identity)
    assert key.count == 5 + 1  # the form's signature; none for the template of the copies'


def test_a_key_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many copies are signed, the private key is loaded once."""
    calls: list[str] = []
    load = key_files.serialization.load_pem_private_key
    monkeypatch.setattr(key_files.serialization, "load_pem_private_key", lambda *a: calls.append("load") or load(*a))
    identity = load_identity(PEM + to_pem(LEAF, MIDDLE.certificate, ROOT.certificate))
    for number in range(5):
        privacy.issue(privacy.current(), recipient=f"Acme {number}", issued_at=NOW, identity=identity)
    assert calls == ["load"]
