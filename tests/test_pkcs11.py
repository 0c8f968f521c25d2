"""Keys in a PKCS#11 token: SoftHSM2, with real sessions. The keys are made in it, and never leave it."""

import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

import mailmart_privacy as privacy
from mailmart_privacy import keys
from mailmart_privacy.errors import IdentityError, UsageError
from mailmart_privacy.keys.key_files import dump_identity
from mailmart_privacy.keys.pkcs11 import key as backend
from mailmart_privacy.keys.pkcs11 import token as pkcs11_token
from mailmart_privacy.keys.pkcs11.uri import parse_pkcs11_uri

from .chains import NOW, Authority, to_pem
from .conftest import Run

MODULES = [
    *Path("/usr/lib").glob("*/softhsm/libsofthsm2.so"),
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
]
PIN = "s3cret-1234"


@dataclass
class Hsm:
    """Tokens "office" (with keys) and "spare" (empty), and two that are called "twin".

    Attributes:
        module: the path of SoftHSM2.
        configuration: the path of its settings.
        root: who issued the certificates.
        middle: the authority between it and them.
    """

    module: str
    configuration: str
    root: Authority
    middle: Authority

    def uri(self, label: str, *, token: str = "office", query: str = "") -> str:
        return f"pkcs11:token={token};object={label}?module-path={self.module}{query}"


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hsm]:
    """Real tokens with real keys. A missing SoftHSM2 is a failure, not a skip."""
    module = next((str(path) for path in MODULES if path.exists()), None)
    assert module, "SoftHSM2 is missing: apt-get install softhsm2"
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(configuration))
        for label in ("office", "spare", "twin", "twin"):
            command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "5678"]
            subprocess.run(command, check=True, capture_output=True)
        root = Authority("Test Root")
        middle = Authority("Test Middle", root)
        fill(pkcs11.lib(module).get_token(token_label="office"), root, middle)
        yield Hsm(module=module, configuration=str(configuration), root=root, middle=middle)


def fill(token: Any, root: Authority, middle: Authority) -> None:
    """Make keys in a token, and put certificates beside them."""
    with token.open(rw=True, user_pin=PIN) as session:
        made = {
            "rsa": make_rsa(session, "rsa", b"\x01"),
            "ec": make_ec(session, "ec", b"\x02"),
            "bare": make_ec(session, "bare", b"\x03"),
            "asks": make_ec(session, "asks", b"\x04", {Attribute.ALWAYS_AUTHENTICATE: True}),
            "mute": make_ec(session, "mute", b"\x05", {Attribute.SIGN: False, Attribute.DERIVE: True}),
            "weak": make_rsa(session, "weak", b"\x06", 2048),
            "wrong": make_ec(session, "wrong", b"\x07"),
            "p384": make_ec(session, "p384", b"", curve="secp384r1"),
            "double": make_ec(session, "double", b"\x0a"),
        }
        make_ec(session, "double", b"\x0b")
        for label, number in (("rsa", 1), ("ec", 2), ("asks", 4), ("mute", 5), ("weak", 6), ("p384", 0)):
            leaf = middle.issue(f"Signer {label}", made[label])
            store(session, leaf, label if label == "p384" else "another label", bytes([number]) if number else b"")
        store(session, middle.issue("Signer wrong", made["ec"]), "wrong", b"\x07")
        store(session, middle.certificate, "middle", b"\x20")
        store(session, root.certificate, "root", b"\x21")


def make_rsa(session: Any, label: str, number: bytes, bits: int = 3072) -> Any:
    public, _ = session.generate_keypair(KeyType.RSA, bits, label=label, id=number, store=True)
    return load_der_public_key(spki_of_rsa(public))


def spki_of_rsa(public: Any) -> bytes:
    from asn1crypto.keys import PublicKeyInfo, RSAPublicKey

    return bytes(PublicKeyInfo.wrap(RSAPublicKey.load(encode_rsa_public_key(public)), "rsa").dump())


def make_ec(
    session: Any, label: str, number: bytes, private: dict[Attribute, Any] | None = None, curve: str = "secp256r1"
) -> Any:
    domain = session.create_domain_parameters(
        KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}, local=True
    )
    public, _ = domain.generate_keypair(store=True, label=label, id=number, private_template=private or {})
    return load_der_public_key(encode_ec_public_key(public))


def store(session: Any, certificate: x509.Certificate, label: str, number: bytes) -> None:
    session.create_object(
        {
            Attribute.CLASS: ObjectClass.CERTIFICATE,
            Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
            Attribute.TOKEN: True,
            Attribute.LABEL: label,
            Attribute.ID: number,
            Attribute.SUBJECT: certificate.subject.public_bytes(),
            Attribute.VALUE: certificate.public_bytes(Encoding.DER),
        }
    )


def holds(identity: privacy.Identity, message: bytes = b"message") -> bool:
    """Verify a signature with nothing but the certificate."""
    public = identity.certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(identity.sign(message), message, padding.PKCS1v15(), hashes.SHA256())
    else:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(identity.sign(message), message, ec.ECDSA(hashes.SHA256()))
    return True


@pytest.mark.parametrize("label", ["rsa", "ec", "p384"])
def test_copies_signed_in_a_token_verify(hsm: Hsm, label: str) -> None:
    """A copy that an RSA or an EC key of a token signed verifies against the root, offline."""
    identity = keys.open_pkcs11(hsm.uri(label), pin=PIN)
    assert identity.chain == (hsm.middle.certificate, hsm.root.certificate)
    for number in range(3):
        copy = privacy.issue(privacy.current(), recipient=f"Acme {number}", issued_at=NOW, identity=identity)
        verdict = privacy.verify(copy, trust=[hsm.root.certificate], at=NOW)
        assert verdict.recipient == f"Acme {number}"


def test_the_key_is_found_once_a_process(hsm: Hsm, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many copies are signed, there is one login and one search for the key."""
    calls: list[str] = []
    find, opened = backend._find_key, pkcs11_token._sessions
    monkeypatch.setattr(backend, "_find_key", lambda *a: calls.append("find") or find(*a))
    identity = keys.open_pkcs11(hsm.uri("ec"), pin=PIN)
    for number in range(5):
        privacy.issue(privacy.current(), recipient=f"Acme {number}", issued_at=NOW, identity=identity)
    assert calls == ["find"]
    again = keys.open_pkcs11(hsm.uri("rsa"), pin=PIN)
    assert again.digest != identity.digest
    assert len(opened) == 1


def test_a_token_without_the_combined_mechanism_signs(hsm: Hsm, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the token knows only the raw mechanism, as many cards do, the digest for RSA is made here."""
    monkeypatch.setattr(backend, "Mechanism", RawOnly)
    identity = keys.open_pkcs11(hsm.uri("rsa"), pin=PIN)
    assert holds(identity)


class RawOnly:
    """The mechanisms, as a token has them that does not know RSA with SHA-256."""

    ECDSA, RSA_PKCS, SHA256_RSA_PKCS = Mechanism.ECDSA, Mechanism.RSA_PKCS, None


def test_a_key_that_always_asks_gets_its_pin(hsm: Hsm) -> None:
    """A key that wants the PIN at each signature (CKA_ALWAYS_AUTHENTICATE, as qualified cards have) signs."""
    identity = keys.open_pkcs11(hsm.uri("asks"), pin=PIN)
    assert holds(identity)
    assert holds(identity)
    assert PIN not in repr(identity)
    assert PIN not in repr(identity.key)


def test_the_certificate_may_come_from_a_file(hsm: Hsm) -> None:
    """A key without a certificate in its token takes one from a file; one with it takes the issuers there."""
    with pytest.raises(IdentityError, match=r"holds no certificate for its key 'bare'$"):
        keys.open_pkcs11(hsm.uri("bare"), pin=PIN)
    token = pkcs11.lib(hsm.module).get_token(token_label="office")
    with token.open() as session:  # this process is logged in already
        public = session.get_key(ObjectClass.PUBLIC_KEY, label="bare")
        leaf = hsm.middle.issue("From a file", load_der_public_key(encode_ec_public_key(public)))
    content = to_pem(hsm.root.certificate, leaf, hsm.middle.certificate)
    identity = keys.open_pkcs11(hsm.uri("bare"), pin=PIN, certificate=content)
    assert identity.certificate == leaf
    assert keys.open_pkcs11(hsm.uri("bare"), pin=PIN, certificate=to_pem(leaf)).chain == identity.chain
    issuers = to_pem(hsm.root.certificate, hsm.middle.certificate)
    assert keys.open_pkcs11(hsm.uri("ec"), pin=PIN, certificate=issuers).name == "Signer ec"
    unrelated = to_pem(leaf, hsm.root.certificate, hsm.middle.certificate, Authority("Stranger").certificate)
    with pytest.raises(IdentityError, match="'Stranger' does not belong to the chain"):
        keys.open_pkcs11(hsm.uri("bare"), pin=PIN, certificate=unrelated)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("mute", r"'mute' may not sign \(CKA_SIGN\)"),
        ("weak", "RSA key of 2048 bits is too weak"),
        ("wrong", "none of its certificates belongs to its key"),
        ("none", "holds no private key of 'none'; it holds: .*'ec'"),
        ("double", "holds 2 private keys of 'double'; name one by object or id"),
    ],
)
def test_a_key_that_cannot_sign_is_refused(hsm: Hsm, label: str, message: str) -> None:
    """Each possible fault of a key in a token has its own message."""
    with pytest.raises(IdentityError, match=message):
        keys.open_pkcs11(hsm.uri(label), pin=PIN)


def test_a_key_is_named_by_its_identifier(hsm: Hsm) -> None:
    """`id` is bytes, percent-encoded, and chooses among keys of one label."""
    uri = f"pkcs11:token=office;id=%02;type=private?module-path={hsm.module}"
    assert keys.open_pkcs11(uri, pin=PIN).name == "Signer ec"


def test_a_wrong_pin_is_tried_once(hsm: Hsm) -> None:
    """The message says whether a PIN is wrong, without repeating it, or missing."""
    with pytest.raises(IdentityError, match="PIN of the token 'spare' is wrong; it was tried once") as caught:
        keys.open_pkcs11(hsm.uri("x", token="spare"), pin="n0t-it")
    assert "n0t-it" not in str(caught.value)
    with pytest.raises(IdentityError, match="'spare' needs its PIN"):
        keys.open_pkcs11(hsm.uri("x", token="spare"))
    with pytest.raises(IdentityError, match="holds no private key of 'x'; it holds: none at all"):
        keys.open_pkcs11(hsm.uri("x", token="spare"), pin=PIN)


def test_the_last_try_is_left_to_its_owner() -> None:
    """A token that the next wrong PIN would lock, and one that is locked, are not tried at all."""

    class Token:
        label, slot = "card", type("Slot", (), {"slot_id": 99})
        flags = pkcs11.TokenFlag.LOGIN_REQUIRED | pkcs11.TokenFlag.USER_PIN_FINAL_TRY

    token: Any = Token()
    with pytest.raises(IdentityError, match="one more wrong PIN would lock the token 'card', so none was tried"):
        pkcs11_token.open_session("module", token, PIN)
    Token.flags |= pkcs11.TokenFlag.USER_PIN_LOCKED
    with pytest.raises(IdentityError, match="the token 'card' is locked"):
        pkcs11_token.open_session("module", token, PIN)


def test_what_is_not_there_is_said_so(hsm: Hsm, tmp_path: Path) -> None:
    """Module and token each have their own message."""
    text = tmp_path / "text.so"
    text.write_text("no library")
    for uri, message in (
        (f"pkcs11:object=x?module-path={tmp_path}/none.so", r"none\.so is not there"),
        (f"pkcs11:object=x?module-path={text}", "it is not a PKCS#11 module"),
        (hsm.uri("x", token="lost"), "no token is what the PKCS#11 URI says; there are: .*'office'"),
        (hsm.uri("x", token="twin"), "2 tokens are what the PKCS#11 URI says; name one by token or serial"),
    ):
        with pytest.raises(IdentityError, match=message):
            keys.open_pkcs11(uri, pin=PIN)


def test_a_forked_process_has_to_open_its_own(hsm: Hsm, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session does not survive a fork (PKCS#11 v2.40, 5.4); signing in the child says what to do."""
    identity = keys.open_pkcs11(hsm.uri("ec"), pin=PIN)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(IdentityError, match="opened by another process"):
        identity.sign(b"message")


def test_a_key_in_a_token_is_not_written_to_a_file(hsm: Hsm) -> None:
    """Only keys that came from a file are dumped."""
    with pytest.raises(IdentityError, match="stays where it is kept"):
        dump_identity(keys.open_pkcs11(hsm.uri("ec"), pin=PIN))


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("pkcs11:object=x", "does not say which module"),
        ("pkcs11:object=x?module-path=/m.so&pin-value=9876", r"holds a PIN \(pin-value\).*leave it out"),
        ("pkcs11:pin-value=9876;object=x?module-path=/m.so", "holds a PIN"),
        ("pkcs11:object=x?module-path=/m.so&pin-source=|cat 9876", "programs are not run"),
        ("pkcs11:object=x?module-path=/m.so&pin-source=https://9876", "nothing is fetched"),
        ("pkcs11:object=x?module-path=/m.so&PIN=9876", "says something that is not supported"),
        ("pkcs11:object=x?module-path=/m.so&9876", "says something that is not supported"),
        ("pkcs11:object=x?module-name=9876", "says 'module-name' that is not supported"),
        ("pkcs11:object=x;object=9876?module-path=/m.so", "gives 'object' twice"),
        ("pkcs11:object=9876%zz?module-path=/m.so", "'object' has a % without two hex digits"),
        ("pkcs11:object=x;type=cert?module-path=/m.so", "names no private key"),
        ("pkcs11:slot-id=0x9876?module-path=/m.so", "slot-id .* is not a number"),
        ("pkcs11:object=x?module-path=file://9876/m.so", "not the path of a file on this machine"),
        ("9876", "begins with 'pkcs11:'"),
    ],
)
def test_a_uri_that_cannot_be_used_is_refused(uri: str, message: str) -> None:
    """Each has its own message, which never repeats a value: it may be a PIN."""
    with pytest.raises(UsageError, match=message) as caught:
        parse_pkcs11_uri(uri)
    assert "9876" not in str(caught.value)


def test_a_file_without_a_pin_is_not_read_whole(tmp_path: Path) -> None:
    """The PIN is the first line of its file; a line that is longer than any PIN is refused before the token is used."""
    (tmp_path / "disk.img").write_bytes(bytes(1025))
    uri = f"pkcs11:object=x?module-path=/m.so&pin-source=file:{tmp_path}/disk.img"
    with pytest.raises(IdentityError, match=r"^the first line of .*disk\.img has more than 1,024 bytes; no PIN has"):
        keys.open_pkcs11(uri)


def test_a_uri_is_read() -> None:
    """Every attribute is read, percent-decoded (RFC 7512, 2.3)."""
    found = parse_pkcs11_uri(
        "pkcs11:token=The%20office;manufacturer=M;model=O;serial=S;slot-id=7;object=a%3Bb;id=%00%ff;type=private"
        "?module-path=file:///m.so&pin-source=file:/etc/pin"
    )
    assert (found.token, found.manufacturer, found.model, found.serial) == ("The office", "M", "O", "S")
    assert (found.slot_id, found.object, found.id) == (7, "a;b", b"\x00\xff")
    assert (found.module, found.pin_source, found.key_name) == ("/m.so", "/etc/pin", "'a;b'")


def test_the_command_line_signs_in_a_token(hsm: Hsm, process: Run, environment: dict[str, str], tmp_path: Path) -> None:
    """`export` and `identity show` take a URI; the PIN comes from a file, the URI's file or the environment."""
    own = {**environment, "SOFTHSM2_CONF": hsm.configuration}
    (tmp_path / "pin.txt").write_text(PIN + "\n")
    variable = "MAILMART_PRIVACY_PASSPHRASE"
    for number, (uri, flags, settings) in enumerate(
        (
            (hsm.uri("rsa"), ("--passphrase-file", "pin.txt"), {variable: "unused"}),
            (hsm.uri("ec", query=f"&pin-source=file:{tmp_path}/pin.txt"), (), {variable: "unused"}),
            (hsm.uri("asks"), (), {variable: PIN}),
        )
    ):
        name = f"{number}.pdf"
        made = process("export", "--to", "Acme", "-o", name, "--identity", uri, *flags, env=own | settings)
        assert (made.returncode, made.stderr) == (0, b"")
        assert privacy.verify((tmp_path / name).read_bytes(), trust=[hsm.root.certificate])
    shown = process("identity", "show", "--identity", hsm.uri("ec"), env={**own, variable: PIN})
    assert b"Name         Signer ec" in shown.stdout, shown.stderr
    assert b"Issuer       Test Middle\nIssuer       Test Root\nKey          pkcs11:" in shown.stdout
    for arguments, code, message in (
        (("export", "--to", "Acme", "-o", "x.pdf", "--identity", hsm.uri("rsa")), 1, b"the token needs its PIN"),
        (("identity", "import", hsm.uri("rsa")), 2, b"cannot be imported; to sign with it, name it"),
    ):
        refused = process(*arguments, env=own)
        assert refused.returncode == code
        assert message in refused.stderr
    wrong = process(
        "export", "--to", "Acme", "-o", "x.pdf", "--identity", hsm.uri("rsa"), env={**own, variable: "n0t-it"}
    )
    assert (wrong.returncode, wrong.stderr.count(b"\n")) == (1, 1)
    assert b"is wrong" in wrong.stderr
    assert b"n0t-it" not in wrong.stderr
    assert not (tmp_path / "x.pdf").exists()


def test_the_pin_is_asked_for(hsm: Hsm, environment: dict[str, str]) -> None:
    """On a terminal, the PIN is asked for, once, and not shown."""
    terminal, other = pty.openpty()
    command = [sys.executable, "-m", "mailmart_privacy", "identity", "show", "--json", "--identity", hsm.uri("ec")]
    own = {**environment, "SOFTHSM2_CONF": hsm.configuration}
    with subprocess.Popen(
        command, stdin=other, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=own, start_new_session=True
    ) as process:
        os.close(other)
        guard = threading.Timer(60, process.kill)
        guard.start()
        assert process.stderr
        shown = b""
        while not shown.endswith(b"': ") and (more := os.read(process.stderr.fileno(), 1)):
            shown += more  # what is typed before the prompt is there is thrown away
        os.write(terminal, PIN.encode() + b"\n")
        out, err = process.communicate()
        guard.cancel()
    os.close(terminal)
    assert process.returncode == 0, err
    assert b"Signer ec" in out
    assert shown == b"PIN of the token 'office': "
    assert PIN.encode() not in out + err
