"""Signers that issuing would refuse, and containers that it would not write: signatures are valid, and none passes."""

import datetime
import json
import unicodedata
from typing import Any
from unittest import mock

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

import mailmart_privacy as privacy
from mailmart_privacy import _der as der
from mailmart_privacy._time import format_second
from mailmart_privacy.copies import format_1
from mailmart_privacy.copies.container import Signatory, find_signatory
from mailmart_privacy.copies.forms import load_form
from mailmart_privacy.errors import AlteredError, UntrustedError
from mailmart_privacy.keys.ecdsa import normalize_low_s
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.trust.trust_list import shipped_trust_list
from mailmart_privacy.typesetting.fields import fill_field
from mailmart_privacy.web.checking import check_copy

from .conftest import NOW, VERSION

DAY = datetime.timedelta(days=1)


def make_certificate(key: Any, name: str = "MailMart") -> x509.Certificate:
    """A self-signed certificate that allows signing."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    ) | {"digital_signature": True, "content_commitment": True, "encipher_only": False, "decipher_only": False}
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + 30 * DAY)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .sign(key, hashes.SHA256())
    )


def sign(key: Any, message: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return normalize_low_s(key.sign(message, ec.ECDSA(hashes.SHA256())), key.public_key())


def forge(key: Any, certificate: x509.Certificate, deliverer: "tuple[Any, x509.Certificate] | None" = None) -> bytes:
    """Write a copy with any key, by the functions that issue, without what refuses a key."""
    form = load_form(shipped(), VERSION, "a4")
    notes, state, pdf = form.notes, form.state.copy(), form.pdf
    progress = format_1.begin(notes, len(pdf))
    fields = [fill_field(notes, "Recipient", "Acme GmbH"), fill_field(notes, "Reference", "C-1")]
    fields.append(fill_field(notes, "IssuedAt", format_second(NOW)))
    for write in (
        format_1.write_certification,
        lambda *given, **more: format_1.write_delivery(*given, fields=fields, **more),
    ):
        signatory = find_signatory(certificate.public_bytes(Encoding.DER))
        draft = write(notes, progress, signatory=signatory, moment=NOW, stamped=False)  # type: ignore[operator]
        digest = draft.digest(state)
        update = draft.seal(signatory.container(digest, sign(key, signatory.message(digest)), None))
        state.update(update)
        pdf, progress = pdf + update, draft.after
        key, certificate = deliverer or (key, certificate)
    return pdf


def test_what_is_forged_here_would_be_a_copy() -> None:
    """With a key that issuing accepts, the same steps make a genuine copy: nothing but the key is refused below."""
    key = ec.generate_private_key(ec.SECP384R1())
    certificate = make_certificate(key)
    assert privacy.verify(forge(key, certificate), trust=[certificate], at=NOW).recipient == "Acme GmbH"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), "an RSA key of 1024 bits is too weak"),
        (lambda: rsa.generate_private_key(65537, 2048), "an RSA key of 2048 bits is too weak"),
        (lambda: ec.generate_private_key(ec.SECP192R1()), "the curve secp192r1 is not one"),
        (lambda: ec.generate_private_key(ec.SECP224R1()), "the curve secp224r1 is not one"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), "the curve secp256k1 is not one"),
    ],
    ids=["RSA-1024", "RSA-2048", "P-192", "P-224", "secp256k1"],
)
def test_a_weak_key_is_refused(make: Any, words: str) -> None:
    """A key that issuing refuses is refused when verifying, though its certificate is trusted."""
    key = make()
    certificate = make_certificate(key)
    with pytest.raises(UntrustedError, match=words):
        privacy.verify(forge(key, certificate), trust=[certificate], at=NOW)


def test_a_weak_key_makes_no_other_document_of_a_copy() -> None:
    """The page says that nobody can tell who signed it, not that it is something else."""
    key = rsa.generate_private_key(65537, 2048)
    found = check_copy(forge(key, make_certificate(key)), ledger=shipped(), trust_list=shipped_trust_list(), at=NOW)
    assert (found.verdict, found.headline) == ("unknown signer", "We cannot confirm who signed this copy")
    assert found.facts is not None
    assert found.facts.recipient == "Acme GmbH"


def _without_ess(self: Signatory, digest: bytes) -> list[bytes]:
    return ATTRIBUTES(self, digest)[:2]


def _with_time(self: Signatory, digest: bytes) -> list[bytes]:
    when = der.encode(0x17, b"300101000000Z")
    return [*ATTRIBUTES(self, digest), der.encode(0x30, der.encode_oid("1.2.840.113549.1.9.5"), der.encode(0x31, when))]


def _of_another(self: Signatory, digest: bytes) -> list[bytes]:
    first, second, _ = ATTRIBUTES(self, digest)
    return [first, second, ANOTHER.identified]


ATTRIBUTES = Signatory.attributes
ANOTHER = find_signatory(make_certificate(ec.generate_private_key(ec.SECP256R1())).public_bytes(Encoding.DER))


@pytest.mark.parametrize("attributes", [_without_ess, _with_time, _of_another], ids=lambda each: each.__name__)
def test_other_signed_attributes_are_refused(attributes: Any) -> None:
    """No certificate named, a signing time beside /M (PAdES), another certificate named: none is a copy's container."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = make_certificate(key)
    with mock.patch.object(Signatory, "attributes", attributes):
        pdf = forge(key, certificate)
    with pytest.raises(AlteredError, match=r"the signature Publisher .*is not what issuing writes"):
        privacy.verify(pdf, trust=[certificate], at=NOW)


def test_a_stranger_of_the_same_name_does_not_deliver() -> None:
    """The publisher's certified form, delivered by somebody else whose certificate bears the publisher's name."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    certificates = [make_certificate(key) for key in keys]
    pdf = forge(keys[0], certificates[0], (keys[1], certificates[1]))
    for trusted in (certificates, certificates[:1], certificates[1:]):
        with pytest.raises(AlteredError, match="certified by one signer, and the copy was issued by another"):
            privacy.verify(pdf, trust=trusted, at=NOW)


@pytest.mark.parametrize(
    "name",
    [
        "MailMart\n  Issued to    Evil Corp",
        "MailMart\x9b31m",
        "MailMart\x85",
        "MailMart\u202eproC livE",
        "M" * 60 + "\x1b",
    ],
    ids=["line", "csi", "next-line", "override", "escape"],
)
def test_controls_in_a_signers_name_are_spelt_out(name: str) -> None:
    """A name in a certificate cannot add a line to the verdict, steer a terminal, or turn its direction."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = make_certificate(key, name)
    pdf = forge(key, certificate)
    verdict = privacy.verify(pdf, trust=[certificate], at=NOW)
    assert "\n  Issued to    Evil Corp" not in verdict.describe()
    with pytest.raises(UntrustedError) as caught:
        privacy.verify(pdf, trust=[make_certificate(key)], at=NOW)
    texts = [*verdict.describe().split("\n"), *_strings(verdict.to_json()), str(caught.value)]
    for text in texts:
        assert not {unicodedata.category(c) for c in text} & {"Cc", "Cf", "Zl", "Zp"}, text
    assert json.dumps(verdict.to_json())


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in _strings(each)]
    return [value] if isinstance(value, str) else []
