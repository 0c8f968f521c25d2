"""Our copies say what pyHanko's say of the same rows; and what would not be found out, were it otherwise."""

import datetime
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

import mailmart_privacy as privacy
from mailmart_privacy import batch
from mailmart_privacy.copies import reference
from mailmart_privacy.copies.blank import read_blank
from mailmart_privacy.copies.certified import CertifiedForm
from mailmart_privacy.copies.certifying import certify
from mailmart_privacy.copies.issuing import complete_values, issue_copy
from mailmart_privacy.copies.reference import issue_by_pyhanko
from mailmart_privacy.copies.reproduced import require_reproduced
from mailmart_privacy.errors import RecipientError, SelfCheckError
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.key_files import FileKey, _signing_usage, create_identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.verifying.verify import verify

from .conftest import NOW, VERSION

EXAMPLES = 4 * int(os.environ.get("MAILMART_PRIVACY_FUZZ", "1"))
MOMENT = NOW + datetime.timedelta(hours=3)


def rsa_identity() -> Identity:
    """An identity with an RSA key of 3072 bits."""
    key = rsa.generate_private_key(65537, 3072)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Signer on RSA")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(NOW + datetime.timedelta(days=365))
        .add_extension(_signing_usage(), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Identity(certificate=certificate, key=FileKey(key))


@pytest.fixture(scope="module", params=["P-256 on A4", "RSA-3072 on Letter"])
def signed(request: pytest.FixtureRequest) -> tuple[CertifiedForm, Identity]:
    """A certified form with its identity: one of each kind of key, and of each paper."""
    curve = request.param.startswith("P")
    identity = create_identity(created_at=NOW - datetime.timedelta(days=1)) if curve else rsa_identity()
    form = shipped().record(VERSION, "form-a4.pdf" if curve else "form-letter.pdf")
    return certify(form, identity=identity, signing_time=NOW), identity


@cache
def alphabet() -> str:
    """All characters that a field can hold."""
    return "".join(sorted(read_blank(shipped().record(VERSION, "form-a4.pdf")).font.glyphs))


texts = st.deferred(lambda: st.text(st.sampled_from(alphabet()), min_size=1, max_size=60))


@pytest.mark.slow
@given(recipient=texts, name=texts)
@example(recipient="Công ty Ärzte & Söhne „Ωμέγα“ Щит", name="№ 7–8")
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_both_say_the_same(signed: tuple[CertifiedForm, Identity], tmp_path: Path, recipient: str, name: str) -> None:
    """For any name that fits, both copies verify alike, show the same pictures, and hold the same text."""
    form, identity = signed
    try:
        recipient, name = complete_values(form, recipient, name, MOMENT)
    except RecipientError:
        assume(False)
    values: dict[str, Any] = {"recipient": recipient, "reference": name, "issued_at": MOMENT, "identity": identity}
    ours, theirs = issue_copy(form, **values), issue_by_pyhanko(form, **values)
    require_reproduced(form, ours, theirs, identity)
    said = [_say(pdf, identity) for pdf in (ours, theirs)]
    assert said[0] == said[1]
    assert (said[0]["recipient"], said[0]["reference"]) == (recipient, name)
    for program in (("pdftotext", "-layout"), ("pdftoppm", "-r", "60", "-f", "1", "-l", "1")):
        assert _run(program, ours, tmp_path) == _run(program, theirs, tmp_path)


def test_all_pages_look_the_same(signed: tuple[CertifiedForm, Identity], tmp_path: Path) -> None:
    """Not the first page alone: each page of both copies gives the same picture."""
    form, identity = signed
    values: dict[str, Any] = {"recipient": "Công ty Ärzte & Söhne", "reference": "ΑΒΓ-1", "issued_at": MOMENT}
    pictures = [
        _run(("pdftoppm", "-r", "40"), make(form, **values, identity=identity), tmp_path)
        for make in (issue_copy, issue_by_pyhanko)
    ]
    assert pictures[0] == pictures[1]
    assert len(pictures[0]) > 100_000


def test_pyhanko_uses_no_key_to_be_held_against(
    signed: tuple[CertifiedForm, Identity], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy that ours is held against is not signed by the key: nobody gets it."""
    form, identity = signed
    values: dict[str, Any] = {"recipient": "Acme", "reference": "C-1", "issued_at": MOMENT, "identity": identity}
    ours = issue_copy(form, **values)

    def refuse(self: object, message: bytes) -> bytes:
        raise AssertionError("the key was used")

    monkeypatch.setattr(FileKey, "sign", refuse)
    require_reproduced(form, ours, issue_by_pyhanko(form, **values, dry=True), identity)


@pytest.mark.parametrize("name", ["þÿAcme", "ï»¿Acme"[:2] + "Acme", "Ähren"])
def test_names_that_look_like_marks_of_an_encoding(certified: CertifiedForm, identity: Identity, name: str) -> None:
    """A name that begins as a mark of an encoding does is the same name to all who read it."""
    values: dict[str, Any] = {"recipient": name, "reference": "C-1", "issued_at": NOW, "identity": identity}
    ours, theirs = issue_copy(certified, **values), issue_by_pyhanko(certified, **values)
    require_reproduced(certified, ours, theirs, identity)
    for pdf in (ours, theirs):
        verdict = verify(pdf, trust_roots=(identity.certificate,), at=NOW, ledger=shipped())
        assert verdict.recipient == name


def test_a_batch_stops_where_pyhanko_says_otherwise(
    identity: Identity, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Were pyHanko to write something else tomorrow, no copy of a batch would be put anywhere, and it is said why."""
    monkeypatch.setattr(reference, "REASON", "Something else")
    rows = [privacy.Row(number=n, recipient=f"Acme {n}") for n in (2, 3)]
    outcomes = list(privacy.issue_many(rows, identity=identity, into=str(tmp_path)))
    for outcome in outcomes:
        assert isinstance(outcome, batch.FailedCopy)
        assert isinstance(outcome.error, SelfCheckError)
        assert "/Reason: ours has Delivery of the privacy policy, pyHanko's Something else" in str(outcome.error)
    assert len(outcomes) == 2
    assert list(tmp_path.iterdir()) == []


def _say(pdf: bytes, identity: Identity) -> dict[str, Any]:
    """Say what our verifier and pyHanko's say of a copy, but for what is the file's own."""
    from io import BytesIO

    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    verdict = verify(pdf, trust_roots=(identity.certificate,), at=MOMENT, ledger=shipped()).to_json()
    del verdict["digest"]
    for signature in verdict["signatures"]:
        if signature["field"] == "Delivery":
            del signature["covered_bytes"]
    from asn1crypto import x509 as asn1
    from cryptography.hazmat.primitives.serialization import Encoding

    root = asn1.Certificate.load(identity.certificate.public_bytes(Encoding.DER))
    reader = PdfFileReader(BytesIO(pdf))
    for embedded in reader.embedded_signatures:
        context = ValidationContext(trust_roots=[root], moment=MOMENT, allow_fetching=False)
        status = validate_pdf_signature(embedded, context)
        verdict[embedded.field_name] = (
            status.bottom_line,
            status.intact,
            status.valid,
            status.docmdp_ok,
            str(status.coverage),
            str(status.modification_level),
        )
    return verdict


def _run(program: tuple[str, ...], pdf: bytes, folder: Path) -> bytes:
    path = folder / "copy.pdf"
    path.write_bytes(pdf)
    target = ("-",) if program[0] == "pdftotext" else ()
    return subprocess.run([*program, str(path), *target], capture_output=True, check=True).stdout
