"""Writers that are spoiled on purpose: each is caught before anybody gets a copy, and told apart."""

import dataclasses
import datetime
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils.generic import FloatObject

from mailmart_privacy.copies import issuing
from mailmart_privacy.copies.blank import find_fields
from mailmart_privacy.copies.certified import CertifiedForm, FormField
from mailmart_privacy.copies.certifying import certify
from mailmart_privacy.copies.issuing import Update, issue_copy
from mailmart_privacy.copies.reference import issue_by_pyhanko
from mailmart_privacy.copies.reproduced import require_reproduced
from mailmart_privacy.errors import SelfCheckError
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.key_files import FileKey, create_identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.trust.stamping import UndatedWriter
from mailmart_privacy.verifying.verify import verify

from .conftest import NOW
from .examples import bounded

VALUES: dict[str, Any] = {"recipient": "Acme", "reference": "C-1", "issued_at": NOW}
ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CONTENT_TYPE = bytes.fromhex("301806092a864886f70d010903310b06092a864886f70d010701")  # the attribute, in DER
SIGNING_TIME = bytes.fromhex("301c06092a864886f70d010905310f170d3236313132333132333030305a")

Patch = pytest.MonkeyPatch


@pytest.fixture(scope="module")
def theirs(certified: CertifiedForm, identity: Identity) -> bytes:
    """pyHanko's copy."""
    return issue_by_pyhanko(certified, identity=identity, dry=True, **VALUES)


def refuse(certified: CertifiedForm, ours: bytes, theirs: bytes, identity: Identity, words: str) -> None:
    """Hold that a copy is refused with these words, in one line."""
    with pytest.raises(SelfCheckError, match=words) as caught:
        require_reproduced(certified, ours, theirs, identity)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 400


def hexed(text: str) -> bytes:
    return b"<%s>" % text.encode().hex().encode()


# What the writer writes, what a spoiled one writes in its place, and what is said about it. Everything
# is spoiled before it is signed, so that digest and signature hold.
SPOILED = [
    (b"/V " + hexed("Acme"), b"/V " + hexed("Acmf"), "the field Recipient, /V: ours has Acmf, pyHanko's Acme$"),
    (b"/V " + hexed("C-1"), b"/V " + hexed("C-2"), "the field Reference, /V: ours has C-2, pyHanko's C-1$"),
    (b"/V " + hexed("C-1"), b"/V /C-1", "the field Reference, /V: ours has a name, pyHanko's a string$"),
    (b"/V " + hexed("C-1"), b"/DV " + hexed("C-1"), "the field Reference: ours has /DV, pyHanko's /V$"),
    (b"/V <3230", b"/V <3330", "the field IssuedAt, /V: ours has 3026-11-23 12:30:00 UTC, pyHanko's 2026-11-23"),
    (b"/V 414 0 R", b"/V 413 0 R", "cannot be read"),
    (b"/AP << /N 410 0 R", b"/AP << /D 410 0 R", "the field Recipient, /AP: ours has /D, pyHanko's /N$"),
    (b"/AP << /N 411 0 R", b"/AP << /N 410 0 R", "the field Reference, /AP, /N: ours has .*elsewhere"),
    (b"/AP << /N 411 0 R", b"/AP << /N 43 0 R", "/AP, /N: ours has a reference to an object of the form, .*update$"),
    (b"/AP << /N 411 0 R", b"/AP << /N << >>", "the field Reference, /AP, /N: ours has a dictionary, .*a reference$"),
    (b"/MailMartSans 10.5 Tf", b"/MailMartSans 11.5 Tf", "the field Recipient, /AP, /N, its content: ours has b"),
    (b"1 0 0 1 7 49.3 Tm", b"1 0 0 1 7 49.4 Tm", "the field Delivery, /AP, /N, its content: ours has b"),
    (b"/BBox [ 0 0 318.5 26 ]", b"/BBox [ 0 0 318.5 27 ]", "/AP, /N, /BBox, its value 4: ours has 27, pyHanko's 26"),
    (b"/BBox [ 0 0 193.2 67.2 ]", b"/BBox [ 0 0 193.2 ]", "the field Delivery, /AP, /N, /BBox: ours has 3 values"),
    (b"/BBox [ 0 0 193.2 67.2 ]", b"/BBox [ 0 0 193.21 67.2 ]", "the field Delivery, .* ours has 193.21, pyHanko's"),
    (b"/MailMartSans 43 0 R", b"/MailMartSans 44 0 R", "/Resources, /Font, /MailMartSans: .*object 44, .*object 43$"),
    (b"/MailMartSans 43 0 R", b"/MailMartSerif 43 0 R", "/Resources, /Font: ours has /MailMartSerif, pyHanko's /Mail"),
    (b"/Subtype /Form", b"/Subtype /Form /Filter /FlateDecode", "our copy cannot be read as it has to be"),
    (b"/V " + hexed("C-1"), b"/V " + hexed("C-1 "), "the field Reference, /V: ours has 'C-1 ', pyHanko's 'C-1'$"),
    (b"/Length 87", b"/Length 86", "our copy cannot be read as it has to be"),
    (b"/V " + hexed("C-1"), b"/V <>", "the field Reference, /V: ours has , pyHanko's C-1$"),
    (b"\n/ByteRange", b" /ByteRange [ 0 1 ] /Range", "the field Delivery, /V: ours has /Range, pyHanko's no other$"),
    (b"/Type /XObject", b"/Type /Object", "the field Recipient, /AP, /N, /Type: ours has /Object, pyHanko's /XObject$"),
    (b"/Subtype /Form /BBox", b"/Subtype /Form /Matrix [ 2 0 0 2 0 0 ] /BBox", "/AP, /N: ours has /Matrix, .*no other"),
    (b"/Rect [ 180.378 599.79", b"/Rect [ 180.378 589.79", "the field Recipient, /Rect, its value 2: ours has 589.79"),
    (b"/F 4\n/T (IssuedAt)", b"/F 6\n/T (IssuedAt)", "the field IssuedAt, /F: ours has 6, pyHanko's 4$"),
    (b"/StructParent 7", b"/StructParent 6", "the field Delivery, /StructParent: ours has 6, pyHanko's 7$"),
    (b"/P 7 0 R\n/F 4\n/T (Reference)", b"/P 8 0 R\n/F 4\n/T (Reference)", "the field Reference, /P: .*object 8"),
    (
        b"/Type /SigFieldLock\n/Action /All\n/P 1",
        b"/Type /SigFieldLock\n/Action /All",
        "the field Delivery, /Lock: .*/P$",
    ),
    (b"/Type /Sig ", b"", "the field Delivery, /V: ours has no other, pyHanko's /Type$"),
    (
        b"/Adobe.PPKLite",
        b"/Adobe.PPKMS",
        "the field Delivery, /V, /Filter: ours has /Adobe.PPKMS, pyHanko's /Adobe.PPK",
    ),
    (b"/ETSI.CAdES.detached", b"/adbe.pkcs7.detached", "the field Delivery, /V, /SubFilter: ours has /adbe.pkcs7"),
    (b"(D:20261123123000Z)", b"(D:20261123123001Z)", "the field Delivery, /V, /M: ours has D:20261123123001Z"),
    (b"(D:20261123123000Z)", b"(D:20261123123000+00'00')", "the field Delivery, /V, /M: ours has D:20261123123000[+]"),
    (
        hexed("Delivery of the privacy policy"),
        hexed("Delivery"),
        "the field Delivery, /V, /Reason: ours has Delivery, ",
    ),
    (b"/Name <53", b"/Name <73", "the field Delivery, /V, /Name: ours has self-signed .* pyHanko's Self-signed"),
    (
        b"/Type /Sig ",
        b"/Type /Sig /Location (Here) ",
        "the field Delivery, /V: ours has /Location, pyHanko's no other$",
    ),
    (b"/FieldMDP", b"/DocMDP", "the field Delivery, /V, /Reference, its value 1, /TransformMethod: ours has /DocMDP"),
    (b"/Data 2 0 R", b"/Data 3 0 R", "/Reference, its value 1, /Data: ours has .* object 3, .* object 2$"),
    (b"/Action /All /P 1", b"/Action /All /P 2", "/TransformParams, /P: ours has 2, pyHanko's 1$"),
    (b"/Action /All /P 1", b"/Action /Include /P 1", "/TransformParams, /Action: ours has /Include, pyHanko's /All$"),
    (b"/N 411 0 R >> >>", b"/N 411 0 R >> >i", "our copy is not plain PDF at byte [0-9]+: b'>i"),
    (b"/MailMartSans 43 0 R >>", b"/MailMartSans 43 0 R >+", "our copy is not plain PDF at byte [0-9]+: b'>[+] >>"),
    (b"/Reference [ <<", b"/Reference [ << >> <<", "the field Delivery, /V, /Reference: ours has 2 values, .* 1$"),
]


@pytest.mark.parametrize(("written", "spoiled", "words"), SPOILED)
def test_a_spoiled_object_is_found(
    certified: CertifiedForm,
    identity: Identity,
    theirs: bytes,
    monkeypatch: Patch,
    written: bytes,
    spoiled: bytes,
    words: str,
) -> None:
    """Each entry of fields, appearances and the signature dictionary is compared."""
    add, found = Update._add, []

    def spoil(self: Update, number: int, content: bytes, *, end: bytes = b"\nendobj\n") -> None:
        if written in content:
            found.append(number)
        add(self, number, content.replace(written, spoiled, 1), end=end)

    monkeypatch.setattr(Update, "_add", spoil)
    ours = issue_copy(certified, identity=identity, **VALUES)
    assert found, "the writer writes this"
    refuse(certified, ours, theirs, identity, words)


@pytest.mark.parametrize("name", ["Recipient", "Reference", "IssuedAt", "Delivery"])
def test_what_any_field_shows_is_compared(
    certified: CertifiedForm, identity: Identity, theirs: bytes, monkeypatch: Patch, name: str
) -> None:
    """The last glyph of what a field shows counts, whichever field it is."""
    add, own = Update._add_appearance, certified.fields[name]

    def spoil(self: Update, field: FormField, content: bytes, resources: str = "") -> int:
        glyph = content.rindex(b"> Tj") - 4
        spoiled = content[:glyph] + b"0007" + content[glyph + 4 :]
        return add(self, field, spoiled if field is own else content, resources)

    monkeypatch.setattr(Update, "_add_appearance", spoil)
    ours = issue_copy(certified, identity=identity, **VALUES)
    refuse(certified, ours, theirs, identity, f"the field {name}, /AP, /N, its content: ours has b")


def add_object(update: Update) -> None:
    update._add(update._number(), b"<< >>")


def change_another(update: Update) -> None:
    update._add(403, b"<< /Title (Another) >>")


def leave_out_a_field(update: Update) -> None:
    del update.offsets[update.form.fields["Reference"].number]


def look_elsewhere(update: Update) -> None:
    update.offsets[update.form.fields["Reference"].number] += 1


def swap_places(update: Update) -> None:
    update.offsets[410], update.offsets[411] = update.offsets[411], update.offsets[410]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (add_object, "ours has an object that nothing uses: 415$"),
        (change_another, "what is changed: ours has object 403 of the form, the field .*, pyHanko's the field"),
        (leave_out_a_field, "our copy cannot be read .*more than the object that the cross-references name"),
        (look_elsewhere, "our copy cannot be read .*the cross-references look for object 9 at byte"),
        (swap_places, "our copy cannot be read .*the cross-references look for object 41[01] at byte"),
    ],
)
def test_spoiled_cross_references_are_found(
    certified: CertifiedForm,
    identity: Identity,
    theirs: bytes,
    monkeypatch: Patch,
    spoil: Callable[[Update], None],
    words: str,
) -> None:
    """Each object stands where it is looked for, and no object is there that pyHanko does not write."""
    write = Update._add_cross_references
    monkeypatch.setattr(Update, "_add_cross_references", lambda self: (spoil(self), write(self)))
    refuse(certified, issue_copy(certified, identity=identity, **VALUES), theirs, identity, words)


@pytest.mark.parametrize(
    ("written", "spoiled", "words"),
    [
        (b"/Root 2 0 R", b"/Root 3 0 R", "our copy cannot be read"),
        (b"/Info 403 0 R", b"/Info 402 0 R", "the trailer, /Info: ours has .* object 402, .* object 403$"),
        (b"/Info 403 0 R", b"", "the trailer: ours has no other, pyHanko's /Info$"),
        (b"/Prev 1", b"/Prev 2", "our copy cannot be read"),
        (b"/Type /XRef", b"/Type /XRef /Encrypt 2 0 R", "our copy cannot be read .*/Encrypt"),
        (b"/Size 416", b"/Size 417", "our copy cannot be read .*its trailer counts other objects than there are"),
        (b"/ID [ <", b"/ID [ <00", "the trailer, /ID: ours has parts of .17, 16. bytes, .*16, 16"),
        (b"/ID [ <", b"/ID [ <00> <", "the trailer, /ID: ours has parts of .1, 16, 16. bytes"),
        (b"startxref\n", b"startxref\n1", "our copy cannot be read"),
        (b"%%EOF\n", b"%%EOF", "our copy cannot be read .*no update of the certified form$"),
    ],
)
def test_a_spoiled_trailer_is_found(
    certified: CertifiedForm,
    identity: Identity,
    theirs: bytes,
    monkeypatch: Patch,
    written: bytes,
    spoiled: bytes,
    words: str,
) -> None:
    """The trailer says what pyHanko's says, and leads to what was before."""
    write = Update._add_cross_references

    def spoil(self: Update) -> None:
        start = len(self.body)
        write(self)
        assert written in self.body[start:]
        self.body[start:] = self.body[start:].replace(written, spoiled, 1)

    monkeypatch.setattr(Update, "_add_cross_references", spoil)
    refuse(certified, issue_copy(certified, identity=identity, **VALUES), theirs, identity, words)


def test_the_files_identifier_is_compared(certified: CertifiedForm, identity: Identity, theirs: bytes) -> None:
    """The first part is the form's, in every copy of it."""
    other = dataclasses.replace(certified, id=certified.id[::-1])
    ours = issue_copy(other, identity=identity, **VALUES)
    refuse(certified, ours, theirs, identity, "the trailer, /ID, its first part")


def change_certificate(form: CertifiedForm, identity: Identity) -> dict[str, bytes]:
    other = create_identity(created_at=NOW - datetime.timedelta(days=1), name=identity.name).certificate
    written, spoiled = (c.public_bytes(Encoding.DER) for c in (identity.certificate, other))
    assert len(form.cms.head.replace(written, b"")) == len(form.cms.head) - len(written)
    return {"head": form.cms.head.replace(written, spoiled.ljust(len(written), b"\0")[: len(written)])}


def change_part(part: str, written: bytes, spoiled: bytes) -> Callable[[CertifiedForm, Identity], dict[str, bytes]]:
    def change(form: CertifiedForm, identity: Identity) -> dict[str, bytes]:
        content: bytes = getattr(form.cms, part)
        assert written in content
        return {part: content.replace(written, spoiled, 1)}

    return change


def change_ess(form: CertifiedForm, identity: Identity) -> dict[str, bytes]:
    return change_part("after", bytes.fromhex(identity.digest), sha256(b"another").digest())(form, identity)


def swap_attributes(form: CertifiedForm, identity: Identity) -> dict[str, bytes]:
    head = form.cms.before.removeprefix(CONTENT_TYPE)
    return {"before": head, "after": CONTENT_TYPE + form.cms.after}


def change_serial_number(form: CertifiedForm, identity: Identity) -> dict[str, bytes]:
    number = identity.certificate.serial_number
    size = (number.bit_length() + 8) // 8
    return change_part("signer", number.to_bytes(size, "big"), (number ^ 1).to_bytes(size, "big"))(form, identity)


SHA256, SHA512 = bytes.fromhex("0609608648016503040201"), bytes.fromhex("0609608648016503040203")
PARTS = [
    (change_part("head", b"\x02\x01\x01\x31", b"\x02\x01\x03\x31"), "the container's version"),
    (change_part("head", SHA256, SHA512), "the container's digest_algorithms"),
    (change_certificate, "the container's certificates: ours has .* bytes of SHA-256"),
    (change_part("signer", b"\x02\x01\x01", b"\x02\x01\x03"), "the signer's version"),
    (change_part("signer", SHA256, SHA512), "the signer's digest_algorithm"),
    (change_serial_number, "the signer's sid"),
    (change_part("algorithm", b"\x04\x03\x02", b"\x04\x03\x03"), "the signer's signature_algorithm"),
    (change_ess, "the signed attribute signing_certificate_v2"),
    (change_part("before", CONTENT_TYPE, b""), "the signed attributes: ours has .'message_digest'"),
    (change_part("before", CONTENT_TYPE, CONTENT_TYPE + SIGNING_TIME), "the signed attributes: .*'signing_time'"),
    (swap_attributes, "the signed attributes: ours has .'message_digest', 'content_type'"),
    (change_part("before", b"\x0d\x01\x07\x01", b"\x0d\x01\x07\x02"), "the signed attribute content_type"),
]


@pytest.mark.parametrize(("change", "words"), PARTS)
def test_a_spoiled_container_is_found(
    certified: CertifiedForm,
    identity: Identity,
    theirs: bytes,
    change: Callable[[CertifiedForm, Identity], dict[str, bytes]],
    words: str,
) -> None:
    """Certificates, algorithms and signed attributes are pyHanko's, in its order."""
    parts: dict[str, Any] = {"size": certified.cms.size + 64} | change(certified, identity)
    spoiled = dataclasses.replace(certified, cms=dataclasses.replace(certified.cms, **parts))
    ours = issue_copy(spoiled, identity=identity, **VALUES)
    refuse(certified, ours, theirs, identity, words)


def test_a_signature_by_another_key_is_found(
    certified: CertifiedForm, identity: Identity, theirs: bytes, monkeypatch: Patch
) -> None:
    """The signature is the identity's, over our own attributes."""
    other = FileKey(ec.generate_private_key(ec.SECP256R1()))
    monkeypatch.setattr(Identity, "sign", lambda self, message: other.sign(message))
    ours = issue_copy(certified, identity=identity, **VALUES)
    refuse(certified, ours, theirs, identity, "the signature does not hold under the identity's certificate")


def test_the_higher_value_of_a_signature_is_found(
    certified: CertifiedForm, identity: Identity, theirs: bytes, monkeypatch: Patch
) -> None:
    """Of the two ECDSA values that hold, the lower one is written."""
    sign = Identity.sign

    def raise_value(self: Identity, message: bytes) -> bytes:
        r, s = decode_dss_signature(sign(self, message))
        return encode_dss_signature(r, ORDER_P256 - s)

    monkeypatch.setattr(Identity, "sign", raise_value)
    ours = issue_copy(certified, identity=identity, **VALUES)
    refuse(certified, ours, theirs, identity, "the higher one of two values that hold")


def test_a_digest_of_something_else_is_found(certified: CertifiedForm, identity: Identity, theirs: bytes) -> None:
    """The message digest is that of what the byte range covers."""
    spoiled = dataclasses.replace(certified)
    object.__setattr__(spoiled, "state", sha256(b"another form"))
    ours = issue_copy(spoiled, identity=identity, **VALUES)
    refuse(certified, ours, theirs, identity, "the message digest in the container is not that")


def test_a_range_that_leaves_something_out_is_found(
    certified: CertifiedForm, identity: Identity, theirs: bytes
) -> None:
    """The byte range covers all but the container."""
    ours = issue_copy(certified, identity=identity, **VALUES)
    place = ours.rindex(b"/ByteRange [") + len(b"/ByteRange [0 ")
    for change in (-1, 1):
        length = int(ours[place : place + 10]) + change
        spoiled = ours[:place] + b"%010d" % length + ours[place + 10 :]
        refuse(certified, spoiled, theirs, identity, "the signature covers")


def test_a_container_in_another_spelling_is_found(certified: CertifiedForm, identity: Identity, theirs: bytes) -> None:
    """What nothing covers is held to its one spelling: lower-case hex, DER, zeros behind it."""
    ours = issue_copy(certified, identity=identity, **VALUES)
    start = ours.rindex(b"/Contents <") + len(b"/Contents <")
    stop = ours.index(b">", start)
    upper = ours[:start] + ours[start:stop].upper() + ours[stop:]
    refuse(certified, upper, theirs, identity, "not written as one string of hex digits")
    padded = ours[: stop - 2] + b"01" + ours[stop:]
    refuse(certified, padded, theirs, identity, "followed by other data")


@pytest.mark.parametrize("field", ["recipient", "reference", "issued_at"])
def test_a_copy_of_other_inputs_is_found(
    certified: CertifiedForm, identity: Identity, theirs: bytes, field: str
) -> None:
    """A writer that fills in the values of another row does not pass."""
    other = VALUES["issued_at"] + datetime.timedelta(seconds=1) if field == "issued_at" else "Other"
    ours = issue_copy(certified, identity=identity, **VALUES | {field: other})
    refuse(certified, ours, theirs, identity, "the field (Recipient|Reference|IssuedAt), /(V|AP)")


def test_a_field_of_any_width_is_reproduced(form: bytes, identity: Identity) -> None:
    """Widths have up to four decimals, and are written with all of them."""
    writer, changed = UndatedWriter(BytesIO(form)), BytesIO()
    field = find_fields(writer.root)["Recipient"]
    field["/Rect"][0] = FloatObject("80.3781")
    writer.update_container(field)
    writer.write(changed)  # type: ignore[no-untyped-call]
    certified = certify(changed.getvalue(), identity=identity, signing_time=NOW)
    assert certified.fields["Recipient"].width == 418.4999
    ours = issue_copy(certified, identity=identity, **VALUES)
    require_reproduced(certified, ours, issue_by_pyhanko(certified, identity=identity, dry=True, **VALUES), identity)


def test_a_copy_of_another_form_is_found(certified: CertifiedForm, identity: Identity, theirs: bytes) -> None:
    """Both begin with the certified form."""
    ours = issue_copy(certified, identity=identity, **VALUES)
    for spoiled in (ours[1:], ours[: len(certified.pdf)], b""):
        refuse(certified, spoiled, theirs, identity, "our copy cannot be read .*no update of the certified form")
    with pytest.raises(SelfCheckError, match="pyHanko's copy cannot be read"):
        require_reproduced(certified, ours, ours[:-1], identity)


@bounded(60)
@given(data=st.data())
def test_any_byte_that_is_spoiled_after_signing_is_found(
    certified: CertifiedForm, identity: Identity, theirs: bytes, data: st.DataObject
) -> None:
    """In a finished copy, no byte of the update can be another one, in its container or elsewhere."""
    ours = issue_copy(certified, identity=identity, **VALUES)
    start = len(certified.pdf)
    hole = ours.index(b"\n/ByteRange", start)
    place = data.draw(st.integers(start, len(ours) - 1) | st.integers(hole, hole + 2200))
    byte = bytes((ours[place] ^ data.draw(st.integers(1, 255)),))
    with pytest.raises(SelfCheckError):
        require_reproduced(certified, ours[:place] + byte + ours[place + 1 :], theirs, identity)


@bounded(120)
@given(data=st.data())
def test_any_spoiled_byte_is_found_or_means_the_same(
    certified: CertifiedForm, identity: Identity, theirs: bytes, data: st.DataObject
) -> None:
    """Whatever byte the writer spoils before it signs is told; where not, the copy says what it said before."""
    write, spoiled = Update._add_cross_references, []

    def spoil(self: Update) -> None:
        write(self)
        hole = range(self.body.rindex(issuing._RANGE % (0, 0, 0), 0, self.hole), self.hole + 2 * self.room)
        place = data.draw(st.integers(0, len(self.body) - 1).filter(lambda n: n not in hole))
        before = self.body[place]
        self.body[place] ^= data.draw(st.integers(1, 255))
        spoiled.append(bytes((before, self.body[place])))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Update, "_add_cross_references", spoil)
        ours = issue_copy(certified, identity=identity, **VALUES)
    try:
        require_reproduced(certified, ours, theirs, identity)
    except SelfCheckError:
        pass
    else:
        (pair,) = spoiled  # one blank for another, or a digit in the other case or of the copy's own identifier
        assert not pair.strip(b"\0\t\n\f\r ") or not pair.strip(b"0123456789ABCDEFabcdef")
        verdict = verify(ours, trust_roots=[identity.certificate], at=NOW, ledger=shipped())
        assert (verdict.recipient, verdict.reference, verdict.issued_at) == tuple(VALUES.values())
