"""Verifying: which files are accepted, what the verdict says, and that no other file is accepted."""

import datetime
import json
import random
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import jsonschema
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

import mailmart_privacy as privacy
from mailmart_privacy import _resources, errors
from mailmart_privacy._time import format_date
from mailmart_privacy.copies import format_1
from mailmart_privacy.copies.certified import CertifiedForm
from mailmart_privacy.copies.reading import read_copy
from mailmart_privacy.errors import ExitCode, RecordError
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.key_files import FileKey, create_identity
from mailmart_privacy.policy.ledger import Ledger, shipped
from mailmart_privacy.verifying.verify import _name_other, verify

from .attacks import UPDATES, certify_again, refill, rewrite, update
from .conftest import NOW, VERSION
from .issuing import certify, issue_copy
from .test_ledger import two_versions
from .versions import FIRST

DAY = datetime.timedelta(days=1)


def judge(pdf: bytes, *roots: x509.Certificate, at: datetime.datetime = NOW) -> tuple[int, str]:
    """Verify, and return the exit code and the sentence."""
    try:
        privacy.verify(pdf, trust=roots, at=at)
    except privacy.VerificationError as error:
        code, sentence = int(error.exit_code), str(error)
    else:
        code, sentence = 0, ""
    assert len(sentence.splitlines()) == (code != 0)
    return code, sentence


def issue(form: CertifiedForm, identity: Identity) -> bytes:
    return issue_copy(form, recipient="Acme GmbH", reference="C-1", issued_at=NOW, identity=identity)


def make_certificate(
    name: str, key: object, issuer: tuple[str, object] | None = None, *, authority: bool = False
) -> x509.Certificate:
    """Make a certificate, signed by its own key or by an issuer's."""
    issuer_name, issuer_key = issuer or (name, key)

    def call(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    usage = x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(call(name))
        .issuer_name(call(issuer_name))
        .public_key(key.public_key())  # type: ignore[attr-defined]
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + 30 * DAY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)  # type: ignore[attr-defined]
        .sign(issuer_key, hashes.SHA256())  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def chained() -> tuple[Identity, x509.Certificate]:
    """An identity with an RSA key below an intermediate authority, and the root alone to trust."""
    root_key, middle_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    key = rsa.generate_private_key(65537, 3072)
    root = make_certificate("Root", root_key, authority=True)
    middle = make_certificate("Middle", middle_key, ("Root", root_key), authority=True)
    leaf = make_certificate("Compliance Desk", key, ("Middle", middle_key))
    return Identity(certificate=leaf, chain=(middle, root), key=FileKey(key)), root


def test_a_fresh_copy_says_what_it_is(copy: bytes, identity: Identity) -> None:
    """The verdict names version, recipient, reference, times, signers and digests."""
    verdict = privacy.verify(copy, trust=[identity.certificate], at=NOW)
    version = shipped().version(VERSION)
    assert (verdict.version, verdict.recipient, verdict.reference) == (VERSION, "Acme GmbH", "C-1")
    assert (verdict.issued_at, verdict.paper, verdict.level) == (NOW, "a4", "B-B")
    assert (verdict.effective_at, verdict.effective_until) == (version.effective_at, version.effective_until)
    assert verdict.policy_digest == version.digest
    assert verdict.digest == sha256(copy).hexdigest()
    for signature in (verdict.publisher, verdict.delivery):
        assert signature.certificate_digest == identity.digest
        assert signature.self_signed
        assert signature.signing_time == NOW
    words = verdict.describe()
    until = version.effective_until
    held = "no later version is known" if until is None else format_date(until.date())
    for fact in ("Acme GmbH", "C-1", VERSION, identity.name, identity.digest, held):
        assert fact in words


def test_the_verdict_as_json_follows_its_schema(copy: bytes, identity: Identity) -> None:
    """The JSON of a verdict is what the published schema says."""
    schema = json.loads(_resources.read_data("schemas/verification.schema.json"))
    verdict = privacy.verify(copy, trust=[identity.certificate], at=NOW).to_json()
    jsonschema.validate(verdict, {**schema["$defs"]["verification"], "$defs": schema["$defs"]})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(verdict | {"level": "B-X"}, {**schema["$defs"]["verification"], "$defs": schema["$defs"]})


def test_a_chain_leads_to_its_root(chained: tuple[Identity, x509.Certificate], identity: Identity) -> None:
    """A copy signed below an authority is trusted by those who trust the root, and by nobody else."""
    signer, root = chained
    form = certify(shipped().record(VERSION, "form-letter.pdf"), identity=signer, signing_time=NOW)
    copy = issue(form, signer)
    verdict = privacy.verify(copy, trust=[root], at=NOW)
    assert (verdict.paper, verdict.delivery.signer, verdict.delivery.self_signed) == (
        "letter",
        "Compliance Desk",
        False,
    )
    assert judge(copy, identity.certificate)[0] == ExitCode.UNDECIDED
    assert judge(copy)[0] == ExitCode.UNDECIDED


def test_a_superseded_version_is_not_passed_off_as_current(identity: Identity) -> None:
    """A copy of the former version says until when it was in force, and is refused if the current one is required."""
    first = certify(shipped().record(FIRST, "form-a4.pdf"), identity=identity, signing_time=NOW)
    copy = issue_copy(first, recipient="Acme GmbH", reference="C-1", issued_at=NOW, identity=identity)
    ledger, later = two_versions(), NOW + datetime.timedelta(days=100)
    verdict = verify(copy, trust=[identity.certificate], at=later, ledger=ledger)
    assert verdict.effective_until == datetime.datetime(2027, 2, 24, 12, tzinfo=datetime.UTC)
    assert "superseded by a later version on February 24, 2027" in verdict.describe()
    assert verify(copy, trust=[identity.certificate], at=later, ledger=ledger, version=FIRST) == verdict
    said = f"is of version {FIRST}, in force from 2026-02-24 .until 2027-02-24.; version 2027-02-24 was asked for"
    with pytest.raises(errors.VersionMismatchError, match=said) as caught:
        verify(copy, trust=[identity.certificate], at=later, ledger=ledger, version="2027-02-24")
    assert caught.value.exit_code == ExitCode.UNDECIDED
    with pytest.raises(errors.UnknownVersionError):
        privacy.verify(copy, trust=[identity.certificate], at=NOW, version="2020-01-01")


def test_unsigned_files(form: bytes, certified: CertifiedForm, identity: Identity) -> None:
    """A file that nobody signed, or that was not delivered to anybody, is unsigned."""
    for pdf, words in (
        (form, "as published"),
        (certified.pdf, "not issued to anyone"),
        (update(form, refill), "someone filled in"),
        (foreign(), "not signed, and is not a copy"),
    ):
        code, sentence = judge(pdf, identity.certificate)
        assert (code, words in sentence) == (ExitCode.UNSIGNED, True), sentence


@pytest.mark.parametrize("attack", UPDATES, ids=lambda attack: attack.__name__)
def test_an_update_after_delivery_is_found(copy: bytes, identity: Identity, attack: Callable[..., None]) -> None:
    """Whatever is appended to a copy, it is altered."""
    assert judge(update(copy, attack), identity.certificate)[0] == ExitCode.ALTERED


@pytest.mark.parametrize("attack", UPDATES[:-1], ids=lambda attack: attack.__name__)
def test_an_update_between_the_signatures_is_found(
    certified: CertifiedForm, identity: Identity, attack: Callable[..., None]
) -> None:
    """A change other than filling in is not accepted, even if the trusted signer signed it."""
    changed = certify_again(update(certified.pdf, attack), certified)
    code, sentence = judge(issue(changed, identity), identity.certificate)
    assert code == ExitCode.ALTERED, sentence  # a copy is filled in by its delivery, at once


@pytest.mark.parametrize(
    "arguments",
    [["--linearize"], ["--object-streams=generate", "--recompress-flate"], ["--pages", ".", "1-2", "--"]],
    ids=lambda arguments: arguments[0],
)
def test_a_copy_written_anew_is_altered(copy: bytes, identity: Identity, arguments: list[str]) -> None:
    """A program that writes the whole file again breaks the signatures, however little it changes."""
    code, sentence = judge(rewrite(copy, *arguments), identity.certificate)
    assert code == ExitCode.ALTERED, sentence


def flipped(pdf: bytes, place: int, bits: int) -> bytes:
    other = bytearray(pdf)
    other[place] ^= bits
    return bytes(other)


def test_any_flipped_byte_of_the_form_is_found(form: bytes, copy: bytes, identity: Identity) -> None:
    """A byte changed in the recorded part is found, and its place is named."""
    for place in random.Random(1).sample(range(len(form)), 200):
        code, sentence = judge(flipped(copy, place, 1), identity.certificate)
        assert (code, sentence.endswith(f"byte {place:,}")) == (ExitCode.ALTERED, True), (place, sentence)


@pytest.mark.parametrize("bits", [0x01, 0x20, 0x80])
def test_a_flipped_byte_of_the_updates_is_found(form: bytes, copy: bytes, identity: Identity, bits: int) -> None:
    """A changed byte after the form is found, wherever it is."""
    for place in random.Random(bits).sample(range(len(form), len(copy)), 25):
        assert judge(flipped(copy, place, bits), identity.certificate)[0] == ExitCode.ALTERED, place


def test_a_certification_that_was_read_before_does_not_pass_for_a_changed_one(
    certified: CertifiedForm, copy: bytes, identity: Identity
) -> None:
    """Copies of one certified form share what was read of it; one flipped bit, and it is read and refused."""
    recorded, length = certified.form, len(certified.form.pdf)
    other = issue_copy(certified, recipient="Other GmbH", reference="C-2", issued_at=NOW, identity=identity)
    assert read_copy(copy, recorded).publisher is read_copy(other, recorded).publisher
    places = random.Random(7).sample(range(length, len(certified.pdf)), 40)
    for place in (length, *places, len(certified.pdf) - 1):
        changed = bytearray(copy)
        changed[place] ^= 0x04
        assert judge(copy, identity.certificate) == (0, "")
        assert judge(bytes(changed), identity.certificate)[0] == ExitCode.ALTERED, place


def test_a_flipped_byte_of_the_container_is_found(copy: bytes, identity: Identity) -> None:
    """Every byte of the delivery signature's container counts, though no signature covers it."""
    start = copy.rindex(b"/Contents <")
    stop = copy.index(b"endobj", start)
    for place in range(start, stop, 97):
        for bits in (0x01, 0x20):
            code, sentence = judge(flipped(copy, place, bits), identity.certificate)
            assert code == ExitCode.ALTERED, (place, bits, sentence)


def test_what_is_cut_short_cannot_be_decided(
    form: bytes, certified: CertifiedForm, copy: bytes, identity: Identity
) -> None:
    """A file that ends too early is not decidable, except where an update ends: there it is unsigned."""
    ends = [len(form) // 2, len(form) - 1, len(form) + 100, len(certified.pdf) - 3, len(certified.pdf) + 50]
    for end in [*ends, *range(len(copy) - 2000, len(copy) - 1, 111), len(copy) - 2]:
        code, sentence = judge(copy[:end], identity.certificate)
        assert (code, "cut short" in sentence) == (ExitCode.UNDECIDED, True), (end, sentence)


@pytest.mark.parametrize("junk", [b" ", b"\n\n", b"%", b"junk", b"\0" * 100, b"%%EOF\n", b"1 0 obj\n<<>>\nendobj\n"])
def test_nothing_may_follow(copy: bytes, identity: Identity, junk: bytes) -> None:
    """Bytes behind a copy, even blanks, are found."""
    assert judge(copy + junk, identity.certificate)[0] in (ExitCode.ALTERED, ExitCode.UNDECIDED)


def test_the_container_has_one_spelling(copy: bytes, identity: Identity) -> None:
    """The hex digits of the container cannot be written in another case, nor with blanks."""
    start = copy.rindex(b"/Contents <") + len(b"/Contents <")
    stop = copy.index(b">", start)
    digits = copy[start:stop]
    for other in (digits.upper()[:40] + digits[40:], digits[:-2] + b"  ", b"\n" + digits[:-1]):
        assert judge(copy[:start] + other + copy[stop:], identity.certificate)[0] == ExitCode.ALTERED


def test_others_signatures_are_not_trusted(
    form: bytes, copy: bytes, certified: CertifiedForm, identity: Identity
) -> None:
    """A copy by someone else is whole, but not trusted; one whose delivery alone is someone else's is altered."""
    import dataclasses

    other = create_identity(created_at=NOW - DAY)
    theirs = certify(form, identity=other, signing_time=NOW)
    code, sentence = judge(issue(theirs, other), identity.certificate)
    assert (code, "leads to none" in sentence) == (ExitCode.UNDECIDED, True)
    mixed = dataclasses.replace(certified, signatory=theirs.signatory)
    code, sentence = judge(issue(mixed, other), other.certificate, identity.certificate)
    assert (code, "certified by one signer, and the copy was issued by another" in sentence) == (ExitCode.ALTERED, True)
    code, sentence = judge(copy)
    assert (code, "no certificate to trust" in sentence) == (ExitCode.UNDECIDED, True)


def test_an_expired_signer_is_not_trusted(copy: bytes, identity: Identity) -> None:
    """At a moment when the certificate is not valid, a B-B copy is not accepted."""
    for years in (-2, 20):
        at = NOW + datetime.timedelta(days=365 * years)
        assert judge(copy, identity.certificate, at=at)[0] == ExitCode.UNDECIDED


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (b"<feff0043202e0031>", "it holds control or invisible characters (U+202E RIGHT-TO-LEFT OVERRIDE)"),
        (b"<430a31>", "it holds control or invisible characters (U+000A)"),
        (b"<feffd800>", "what it holds is not a text"),
        (b"<feff00650301>", "it is not in the form in which values are filled in"),
        (b"<>", "it is not in the form in which values are filled in"),
    ],
)
def test_what_a_trusted_signer_wrote_into_a_field_is_named(
    certified: CertifiedForm, identity: Identity, monkeypatch: pytest.MonkeyPatch, written: bytes, words: str
) -> None:
    """The verdict says what is wrong with the value, and gives no advice on how to issue a copy."""
    write = format_1.write_string
    with monkeypatch.context() as patched:
        patched.setattr(format_1, "write_string", lambda text: written if text == "C-1" else write(text))
        pdf = issue(certified, identity)
    sentence = f"the field Reference is not filled in as in a copy: {words}"
    assert judge(pdf, identity.certificate) == (ExitCode.ALTERED, sentence)


@pytest.mark.parametrize(
    ("part", "changed", "sentence"),
    [
        (b"/M (D:202611", b"/M (D:202613", "the signature Delivery cannot be read (its moment does not exist)"),
        (
            b"/Contents <3",
            b"/Contents <g",
            "the signature container of Delivery cannot be read (it is not in hex digits)",
        ),
        (b"/Contents <3", b"/Contents {3", "the signature container of Delivery cannot be read (it has no container)"),
    ],
)
def test_what_cannot_be_read_of_a_signature_is_named(
    copy: bytes, identity: Identity, part: bytes, changed: bytes, sentence: str
) -> None:
    """The verdict says it in words of its own, not in Python's."""
    before, found, after = copy.rpartition(part)
    assert found
    assert judge(before + changed + after, identity.certificate) == (ExitCode.ALTERED, sentence)


def test_a_delivery_before_its_publication_is_not_believed(certified: CertifiedForm, identity: Identity) -> None:
    """A copy that claims to be older than its form's certification is back-dated."""
    import dataclasses

    earlier = NOW - datetime.timedelta(hours=1)
    arguments = {"recipient": "Acme", "reference": "C-1", "issued_at": earlier, "identity": identity}
    with pytest.raises(privacy.UsageError, match="older than its form"):
        issue_copy(certified, **arguments)  # type: ignore[arg-type]
    copy = issue_copy(dataclasses.replace(certified, signing_time=earlier), **arguments)  # type: ignore[arg-type]
    code, sentence = judge(copy, identity.certificate)
    assert (code, "before its form was certified" in sentence) == (ExitCode.ALTERED, True)


def test_a_flood_behind_a_copy_is_not_parsed(copy: bytes, identity: Identity) -> None:
    """Megabytes after the form are refused by their number alone."""
    code, sentence = judge(copy + bytes(9_000_000), identity.certificate)
    assert (code, "bytes follow the recorded form" in sentence) == (ExitCode.ALTERED, True)


def foreign() -> bytes:
    """A PDF that has nothing to do with the policy."""
    from io import BytesIO

    from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

    from .attacks import stream

    writer = PdfFileWriter()
    page = PageObject(contents=writer.add_object(stream(b"0 0 10 10 re f")), media_box=(0, 0, 100, 100))
    writer.insert_page(page)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def test_a_foreign_signed_file(identity: Identity) -> None:
    """A signed file that is not a copy is untrusted, whatever happened to it afterwards."""
    from io import BytesIO

    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner

    from .oracle import CmsSigner

    signer = PdfSigner(PdfSignatureMetadata(field_name="Any", md_algorithm="sha256"), signer=CmsSigner(identity))
    signed = signer.sign_pdf(IncrementalPdfFileWriter(BytesIO(foreign()))).getvalue()
    code, sentence = judge(signed, identity.certificate)
    assert (code, "not a copy of a recorded policy" in sentence) == (ExitCode.UNDECIDED, True)
    changed = signed.replace(b"0 0 10 10 re f", b"0 0 99 99 re f")
    assert judge(changed, identity.certificate) == (code, sentence)


def test_what_is_no_pdf(copy: bytes, form: bytes, identity: Identity) -> None:
    """Text, nothing, noise and encrypted files are one line each, and not decidable."""
    noise = random.Random(2).randbytes(5000)
    key = ["--encrypt", "", "owner", "256", "--"]
    for pdf, words in (
        (b"", "empty"),
        (b"hello\n", "not a PDF"),
        (noise, "not a PDF"),
        (bytes(1000), "not a PDF"),
        (b"%PDF-1.7\n", "cannot be read"),
        (b"%PDF-1.7\n" + noise, "cannot be read"),
        (rewrite(copy, *key), "encrypted"),
        (rewrite(foreign(), "--encrypt", "secret", "owner", "256", "--"), "encrypted"),
        (b"%PDF-1.7\n" + bytes(70_000_000), "70,000,009 bytes"),
    ):
        code, sentence = judge(pdf, identity.certificate)
        assert (code, words in sentence) == (ExitCode.UNDECIDED, True), (pdf[:20], sentence)


def test_a_changed_record_is_not_the_copys_fault(copy: bytes, identity: Identity) -> None:
    """If a recorded form has changed, the package says so, and does not call a copy altered."""

    def read(path: str) -> bytes:
        content = _resources.read_data(path)
        return content[:-1] + b" " if path.endswith("form-a4.pdf") else content

    with pytest.raises(RecordError, match=r"form-a4\.pdf"):
        verify(copy, trust=[identity.certificate], at=NOW, ledger=Ledger(read))


@settings(max_examples=60)
@given(st.data())
def test_noise_is_never_accepted(copy: bytes, identity: Identity, data: st.DataObject) -> None:
    """However pieces of a copy are cut, moved, repeated and mixed, the result is refused, and without a crash."""
    pieces = []
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(copy)))
        pieces.append(copy[start : data.draw(st.integers(start, len(copy)))])
        pieces.append(data.draw(st.binary(max_size=20)))
    for pdf in (b"".join(pieces), copy[: len(copy) - 15_000] + b"".join(pieces)):
        if pdf != copy:
            assert judge(pdf, identity.certificate)[0] != 0


def test_a_withdrawn_version_is_not_called_in_force() -> None:
    """Of a version that was withdrawn before its moment it is said that it was, not from when it was in force."""
    known = shipped().versions[0]
    withdrawn = replace(known, version="2026-12-24", withdrawn_at=NOW)
    words = _name_other(withdrawn, known)
    assert "withdrawn on 2026-11-23, before it took effect" in words
    assert "in force" not in words
