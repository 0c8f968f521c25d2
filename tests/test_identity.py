"""Identities: what is loaded, and what is refused before anything is signed."""

import datetime
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from mailmart_privacy._unicode import show_name
from mailmart_privacy.errors import IdentityError, UsageError
from mailmart_privacy.keys.certificates import load_certificates, organisation_name, subject_name
from mailmart_privacy.keys.identity import Identity, dump_certificate, require_valid
from mailmart_privacy.keys.key_files import FileKey, create_identity, dump_identity, load_identity

NOW = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
PASSPHRASE = b"correct horse"


def pem(key: object, passphrase: bytes | None = None) -> bytes:
    encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    return key.private_bytes(*form)  # type: ignore[attr-defined]


def certificate(key: object, **usage: bool) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())  # type: ignore[attr-defined]
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + DAY)
    )
    if usage:
        rest = dict.fromkeys(
            [
                "digital_signature",
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "key_cert_sign",
                "crl_sign",
                "encipher_only",
                "decipher_only",
            ],
            False,
        )
        builder = builder.add_extension(x509.KeyUsage(**rest | usage), critical=True)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm)  # type: ignore[arg-type]


def certificate_pem(key: object, **usage: bool) -> bytes:
    return certificate(key, **usage).public_bytes(serialization.Encoding.PEM)


@cache
def authority_and_two() -> tuple[bytes, bytes]:
    """Two identities that the same authority vouches for, each as PEM with its key and the authority's certificate."""
    start = datetime.datetime.now(datetime.UTC) - DAY
    authority = ec.generate_private_key(ec.SECP256R1())

    def vouch(common_name: str, key: ec.EllipticCurvePrivateKey, *, ca: bool) -> bytes:
        names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, n)]) for n in (common_name, "Authority")]
        builder = x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1]).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(start).not_valid_after(start + 9 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        usage = [not ca, *[False] * 4, ca, ca, False, False]
        builder = builder.add_extension(x509.KeyUsage(*usage), critical=True)
        return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    root = vouch("Authority", authority, ca=True)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    ours, other = (pem(key) + vouch(f"Signer {n}", key, ca=False) + root for n, key in enumerate(keys))
    return ours, other


def test_a_local_identity_says_what_it_is() -> None:
    """A local identity is P-256, named as local, and valid from its making for ten years."""
    made = create_identity(created_at=NOW)
    assert made.name.startswith("Local identity ")
    assert made.is_self_signed
    assert isinstance(made.key.public_key, ec.EllipticCurvePublicKey)
    assert made.certificate.not_valid_before_utc == NOW - datetime.timedelta(minutes=5)
    require_valid(made, NOW)
    require_valid(made, NOW + 3650 * DAY)


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "Acme\x1b[2J", "a\nb"])
def test_a_name_that_no_certificate_can_hold_is_refused(name: str) -> None:
    """A name is visible and has at most 64 characters, so that it can be trusted where it is printed."""
    with pytest.raises(UsageError, match="the name"):
        create_identity(created_at=NOW, name=name)


def test_an_organisation_stands_in_the_certificate() -> None:
    """An identity names the organisation and the person or role; without one, no organisation."""
    made = create_identity(created_at=NOW, name="Legal", organisation="MailMart")
    assert (made.name, made.organisation) == ("Legal", "MailMart")
    assert made.certificate.subject.rfc4514_string() == "CN=Legal,O=MailMart"
    assert load_identity(dump_identity(made)).organisation == "MailMart"
    assert create_identity(created_at=NOW).organisation is None
    with pytest.raises(UsageError, match="the organisation's name"):
        create_identity(created_at=NOW, organisation="a\nb")


HOSTILE = "Evil\nIssued to Evil Corp\x9b2J\u0085\u202egnp.exe\u2028\u200b"


def test_a_hostile_name_is_spelt_out() -> None:
    """Line breaks, C1 and bidirectional controls in a certificate's names are shown as escapes, in one line."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, HOSTILE),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, HOSTILE),
        ]
    )
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    certificate = builder.sign(key, hashes.SHA256())
    shown = "Evil\\nIssued to Evil Corp\\x9b2J\\x85\\u202egnp.exe\\u2028\\u200b"
    assert subject_name(certificate) == shown
    assert organisation_name(certificate) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Müller & Söhne", "Müller & Söhne"),
        ("क्\u200dष", "क्\u200dष"),
        ("a\u200db", "a\\u200db"),
        ("x" * 60_000, "x" * 256 + "… (60,000 characters)"),
        ("\n" * 60_000, "\\n" * 150 + "… (60,000 characters)"),
    ],
)
def test_names_as_they_are_shown(name: str, shown: str) -> None:
    """A name is shown as it is, except for invisible characters, and up to a length."""
    assert show_name(name) == shown


@pytest.mark.parametrize("moment", [NOW.replace(tzinfo=None), NOW.date(), None])
def test_a_local_identity_begins_at_a_moment(moment: object) -> None:
    """A naive datetime would be read in the machine's own zone."""
    with pytest.raises(UsageError, match="time zone"):
        create_identity(created_at=moment)  # type: ignore[arg-type]


def test_an_identity_survives_its_file() -> None:
    """What is dumped is loaded again, whichever of key and certificate comes first."""
    made = create_identity(created_at=NOW)
    content = dump_identity(made)
    start = content.index(b"-----BEGIN CERTIFICATE")
    for order in (content, content[start:] + content[:start]):
        assert load_identity(order).digest == made.digest
    assert load_certificates(dump_certificate(made), origin="x") == (made.certificate,)
    der = made.certificate.public_bytes(serialization.Encoding.DER)
    assert load_certificates(der, origin="x") == (made.certificate,)


def test_the_key_is_never_shown() -> None:
    """Neither `repr` nor `str` of an identity shows its key."""
    made = create_identity(created_at=NOW)
    assert "key=" not in repr(made)
    assert "PRIVATE" not in f"{made!r}{made}"


@pytest.mark.parametrize(
    "make", [lambda: rsa.generate_private_key(65537, 3072), lambda: ec.generate_private_key(ec.SECP256R1())]
)
def test_keys_of_both_kinds_sign(make: object) -> None:
    """RSA-3072 and P-256 keys are loaded from PEM and PKCS#12, with a passphrase and without."""
    key = make()  # type: ignore[operator]
    cert = certificate(key)
    plain = pem(key) + cert.public_bytes(serialization.Encoding.PEM)
    locked = pem(key, PASSPHRASE) + cert.public_bytes(serialization.Encoding.PEM)
    p12 = pkcs12.serialize_key_and_certificates(
        b"x", key, cert, None, serialization.BestAvailableEncryption(PASSPHRASE)
    )
    for content, passphrase in ((plain, None), (plain, PASSPHRASE), (locked, PASSPHRASE), (p12, PASSPHRASE)):
        assert load_identity(content, passphrase=passphrase).certificate == cert
    assert load_identity(plain).sign(b"message")


KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
WEAK = rsa.generate_private_key(65537, 2048)
EDWARDS = ed25519.Ed25519PrivateKey.generate()
CURVE = ec.generate_private_key(ec.SECP256K1())


@pytest.mark.parametrize(
    ("content", "passphrase", "message"),
    [
        (b"", None, "neither PEM nor PKCS#12"),
        (b"hello", None, "neither PEM nor PKCS#12"),
        (pem(KEY), None, "no certificate"),
        (certificate_pem(KEY), None, "no private key"),
        (pem(KEY) + certificate_pem(OTHER), None, "none of its certificates belongs"),
        (pem(KEY, PASSPHRASE) + certificate_pem(KEY), None, "give its passphrase"),
        (pem(KEY, PASSPHRASE) + certificate_pem(KEY), b"wrong", "passphrase is wrong"),
        (pem(WEAK) + certificate_pem(WEAK), None, "2048 bits is too weak"),
        (pem(EDWARDS) + certificate_pem(EDWARDS), None, "neither RSA nor elliptic"),
        (pem(CURVE) + certificate_pem(CURVE), None, "secp256k1"),
        (pem(KEY)[:90] + b"\n" + certificate_pem(KEY), None, "no private key"),
    ],
)
def test_what_cannot_sign_is_refused(content: bytes, passphrase: bytes | None, message: str) -> None:
    """Each possible fault of a key file has its own message, which never shows the passphrase."""
    with pytest.raises(IdentityError, match=message) as caught:
        load_identity(content, passphrase=passphrase, origin="key.pem")
    assert "key.pem" in str(caught.value)
    assert "wrong" not in str(caught.value).replace("passphrase is wrong", "")


@pytest.mark.parametrize(
    ("usage", "at", "message"),
    [
        ({}, NOW - DAY, "not valid before"),
        ({}, NOW + 2 * DAY, "expired on"),
        ({"key_encipherment": True}, NOW, "does not allow signing"),
    ],
)
def test_a_certificate_that_may_not_sign_is_refused(
    usage: dict[str, bool], at: datetime.datetime, message: str
) -> None:
    """A certificate out of its time, or without the key usage, does not sign."""
    with pytest.raises(IdentityError, match=message):
        require_valid(Identity(certificate=certificate(KEY, **usage), key=FileKey(KEY)), at)


def test_no_certificate_is_said_so() -> None:
    """A file without a certificate cannot be trusted, and is named."""
    for content in (b"", b"hello", pem(KEY)):
        with pytest.raises(IdentityError, match=r"trust\.pem holds no certificate"):
            load_certificates(content, origin="trust.pem")
