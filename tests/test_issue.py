"""Issuing: what a copy contains and shows, what is refused, and which libraries are not needed."""

import asyncio
import datetime
import pickle
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from certomancer.registry import EntityLabel
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader

import mailmart_privacy as privacy
from mailmart_privacy.copies.certified import CertifiedForm
from mailmart_privacy.copies.form_cache import FormCache
from mailmart_privacy.copies.issuer import Issuer
from mailmart_privacy.copies.issuing import default_reference
from mailmart_privacy.errors import (
    AlteredError,
    ExitCode,
    FormError,
    IdentityError,
    NewerVersionError,
    PrivacyError,
    RecipientError,
    RecordError,
    SourceError,
    UnfinishedError,
    UnknownSectionError,
    UsageError,
)
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.key_files import create_identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.typesetting.fields import lay_out_field
from mailmart_privacy.verifying.verify import verify

from .conftest import NOW, VERSION
from .issuing import certify, issue_copy
from .pki import Authority

NAMES = [
    "Acme GmbH",
    "Société Générale d'Île-de-France",
    "Ελληνικά Πετρέλαια Α.Ε.",
    "ООО «Ромашка»",
    "Công ty Cổ phần Sữa Việt Nam",
]


def issue(certified: CertifiedForm, identity: Identity, **changes: object) -> bytes:
    arguments: dict[str, object] = {"recipient": "Acme GmbH", "reference": "C-1", "issued_at": NOW}
    return issue_copy(certified, identity=identity, **arguments | changes)  # type: ignore[arg-type]


def read_fields(pdf: bytes) -> dict[str, str]:
    root = PdfFileReader(BytesIO(pdf), strict=True).root
    return {str(f.get_object()["/T"]): str(f.get_object().get("/V", "")) for f in root["/AcroForm"]["/Fields"]}


def test_a_copy_begins_with_what_was_published(form: bytes, certified: CertifiedForm, copy: bytes) -> None:
    """The recorded form is a prefix of the certified form, and that of the copy."""
    assert certified.pdf.startswith(form)
    assert copy.startswith(certified.pdf)
    assert len(copy) - len(certified.pdf) < 8000


@pytest.mark.parametrize("name", NAMES)
def test_fields_hold_and_show_the_names_of_the_world(certified: CertifiedForm, identity: Identity, name: str) -> None:
    """Names in Latin, Greek, Cyrillic and Vietnamese are in the field, and are what is shown."""
    copy = issue(certified, identity, recipient=name)
    assert read_fields(copy)["Recipient"] == name
    root = PdfFileReader(BytesIO(copy)).root
    (field,) = (f.get_object() for f in root["/AcroForm"]["/Fields"] if f.get_object()["/T"] == "Recipient")
    assert field["/AP"]["/N"].data == lay_out_field(certified.form.notes, "Recipient", name).content


def test_poppler_reads_what_was_filled_in(certified: CertifiedForm, identity: Identity, tmp_path: object) -> None:
    """Another program finds the recipient, the reference and the date on page 1."""
    copy = issue(certified, identity, recipient=NAMES[4], reference="Ref 7/ä")
    result = subprocess.run(["pdftotext", "-f", "1", "-l", "1", "-", "-"], input=copy, capture_output=True, check=True)
    text = result.stdout.decode()
    for words in (NAMES[4], "Ref 7/ä", "November 23, 2026, 12:30:00 UTC", identity.name):
        assert words in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"recipient": ""}, "recipient is empty"),
        ({"recipient": " \u00a0 "}, "recipient is empty"),
        ({"recipient": "a\nb"}, "U\\+000A"),
        ({"recipient": "a\u202eb"}, "RIGHT-TO-LEFT OVERRIDE"),
        ({"recipient": "a\ud800"}, "U\\+D800"),
        ({"recipient": "株式会社"}, "株 U\\+682A"),
        ({"recipient": "Acme 🚀"}, "ROCKET"),
        ({"recipient": "W" * 100}, "too long for its field: 100 characters, room for about"),
        ({"reference": ""}, "reference is empty"),
        ({"reference": "שלום"}, "HEBREW"),
    ],
)
def test_what_cannot_stand_in_the_form_is_named(
    certified: CertifiedForm, identity: Identity, changes: dict[str, str], words: str
) -> None:
    """A value that is empty, too long or outside the font is refused with what is wrong about it."""
    with pytest.raises(RecipientError, match=words):
        issue(certified, identity, **changes)


def test_a_name_is_brought_into_nfc(certified: CertifiedForm, identity: Identity) -> None:
    """A name whose accents are typed apart is the same name."""
    assert read_fields(issue(certified, identity, recipient=" Cafe\u0301 "))["Recipient"] == "Café"


def test_a_long_name_takes_two_lines_before_it_becomes_small(certified: CertifiedForm) -> None:
    """One line down to 15 points; then two lines, down to eight; a name that cannot be split stays on one line."""
    from mailmart_privacy.typesetting.fields import fill_field

    def sizes(recipient: str) -> set[str]:
        content = fill_field(certified.form.notes, "Recipient", recipient).content.decode()
        return {f"{content.count(' Tf')} of {line.split()[1]}" for line in content.splitlines() if "Tf" in line}

    assert certified.form.notes.fields["Recipient"].size == 18
    assert sizes("Acme") == {"1 of 18"}
    assert sizes("Sehr lange Gesellschaft für Beratung") == {"1 of 18"}
    assert sizes("Sehr lange Gesellschaft für Beratung mbH & C") == {"1 of 16.5"}
    assert sizes("Sehr lange Gesellschaft für Beratung mbH & Co. KG") == {"2 of 15"}
    assert sizes("Sehr lange Gesellschaft " * 6) == {"2 of 10.5"}
    assert sizes("n" * 60) == {"1 of 9.5"}


def test_an_identity_out_of_its_time_does_not_sign(certified: CertifiedForm, identity: Identity) -> None:
    """A certificate that is not valid at the issue date is refused, for certifying and for signing."""
    for years in (-1, 20):
        moment = NOW + datetime.timedelta(days=365 * years)
        with pytest.raises(IdentityError):
            issue(certified, identity, issued_at=moment)
        with pytest.raises(IdentityError):
            certify(shipped().record(VERSION, "form-a4.pdf"), identity=identity, signing_time=moment)


def test_a_form_certified_by_another_is_refused(certified: CertifiedForm) -> None:
    """The signature container is the certifier's; another identity has to certify first."""
    with pytest.raises(IdentityError, match="another identity"):
        issue(certified, create_identity(created_at=NOW))


@pytest.mark.parametrize("content", [b"", b"hello", b"%PDF-1.7\n"])
def test_only_a_form_is_certified(identity: Identity, content: bytes) -> None:
    """Bytes that are not a form of the policy are refused in one line."""
    with pytest.raises(FormError):
        certify(content, identity=identity, signing_time=NOW)


def test_a_certified_form_is_not_certified_again(certified: CertifiedForm, identity: Identity) -> None:
    """There is one certification."""
    with pytest.raises(FormError, match="all of them empty"):
        certify(certified.pdf, identity=identity, signing_time=NOW)


def test_notes_survive_their_file(certified: CertifiedForm, identity: Identity) -> None:
    """A certified form that was kept issues the same copies, but for the signature itself."""
    kept = CertifiedForm.from_bytes(certified.pdf, certified.form)
    assert kept == certified
    assert kept is not None
    ours, theirs = issue(certified, identity), issue(kept, identity)
    start = ours.rindex(b"/Contents <")
    assert ours[:start] == theirs[:start]
    assert len(ours) == len(theirs)


def test_the_api_issues_recorded_policies_only(identity: Identity) -> None:
    """`issue` takes a policy of the ledger, an existing paper and a moment with a time zone."""
    import dataclasses

    policy = privacy.current()
    arguments = {"recipient": "Acme", "issued_at": NOW, "identity": identity}
    copy = privacy.issue(policy, **arguments)  # type: ignore[arg-type]
    assert read_fields(copy)["Reference"] == default_reference("Acme", NOW)
    changed = dataclasses.replace(policy, title="Another Policy")
    with pytest.raises(RecordError, match="not the recorded one"):
        privacy.issue(changed, **arguments)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="a5"):
        privacy.issue(policy, paper="a5", **arguments)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="time zone"):
        privacy.issue(policy, **arguments | {"issued_at": NOW.replace(tzinfo=None)})  # type: ignore[arg-type]


def test_a_server_prepares_before_it_takes_requests(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `prepare` no request waits for a certification: of the same form, only the fields are filled and signed."""
    issuer = privacy.Issuer(identity)
    ready = issuer.prepare(privacy.current(), at=NOW)
    monkeypatch.setattr("mailmart_privacy.copies.issuer.certify", None)  # a second certification would call it
    for name in ("Acme GmbH", "Beta Ltd"):
        copy = issuer.issue(privacy.current(), recipient=name, issued_at=NOW)
        assert copy.pdf.startswith(ready.pdf)
    with pytest.raises(TypeError, match="not callable"):
        issuer.issue(privacy.current(), recipient="Acme GmbH", issued_at=NOW, paper="letter")


@pytest.mark.parametrize("moment", [None, NOW.date(), NOW.replace(tzinfo=None)])
def test_the_api_asks_for_moments(identity: Identity, copy: bytes, moment: object) -> None:
    """Neither a bare date nor a naive datetime is taken for a moment, when issuing or verifying."""
    with pytest.raises(UsageError, match="time zone"):
        privacy.issue(privacy.current(), recipient="Acme", issued_at=moment, identity=identity)  # type: ignore[arg-type]
    if moment is not None:  # which stands for now
        with pytest.raises(UsageError, match="time zone"):
            privacy.verify(copy, trust=[identity.certificate], at=moment)  # type: ignore[arg-type]


def test_a_service_with_an_event_loop_issues_and_verifies() -> None:
    """In a coroutine, too, a copy is issued, and a good one is not called altered."""
    own = create_identity(created_at=NOW)  # nothing was certified by it before

    async def serve() -> str:
        copy = privacy.issue(privacy.current(), recipient="Acme", issued_at=NOW, identity=own)
        return privacy.verify(copy, trust=[own.certificate], at=NOW).recipient

    assert asyncio.run(serve()) == "Acme"


def test_errors_pass_from_one_process_to_another() -> None:
    """Every error survives pickling, with its message and what it carries."""
    for error in (
        SourceError("policy.md", ((1, "no title"), (2, "no date"))),
        privacy.MissingExtraError("pdf", "pyHanko"),
        UnknownSectionError("x", "2026-02-24", ("intro",)),
        NewerVersionError("2027-01-01", "2026-02-24"),
        UnfinishedError("stopped", ExitCode.INTERRUPTED),
        PrivacyError("no font", argument="fonts"),
        AlteredError("changed"),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_cryptography_is_all_that_is_needed(tmp_path: object) -> None:
    """A copy is issued and verified even if no PDF library, no ASN.1 library and no layout engine can be imported."""
    code = """
import sys
for name in ("pyhanko", "pyhanko_certvalidator", "asn1crypto", "pypdf", "weasyprint", "cffi.api", "pango", "markdown",
             "jinja2", "fontTools", "tinycss2"):
    sys.modules[name] = None
import datetime, mailmart_privacy as privacy
from mailmart_privacy import keys
now = datetime.datetime.now(datetime.UTC)
me = keys.create_identity(created_at=now)
copy = privacy.issue(privacy.current(), recipient="Acme", issued_at=now, identity=me)
print(privacy.verify(copy, trust=[me.certificate]).recipient)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert result.stdout == b"Acme\n", result.stderr.decode()


@settings(max_examples=25)
@given(st.data())
def test_any_name_that_is_accepted_verifies(certified: CertifiedForm, identity: Identity, data: st.DataObject) -> None:
    """Whatever the form's font can show makes a copy that verifies and says that name; all else is refused."""
    alphabet = st.sampled_from(sorted(certified.form.notes.font.glyphs)) | st.characters()
    name = data.draw(st.text(alphabet, min_size=1, max_size=30))
    try:
        copy = issue(certified, identity, recipient=name)
    except RecipientError:
        return
    verdict = privacy.verify(copy, trust=[identity.certificate], at=NOW)
    import unicodedata

    assert verdict.recipient == unicodedata.normalize("NFC", name.strip())


def test_an_identity_whose_chain_was_replaced(form: bytes, authority: Authority, tmp_path: Path) -> None:
    """A form that was certified with another certificate of the same issuer is certified again, not used."""
    before = authority.identity()
    intermediate, root = before.chain
    key = serialization.load_der_private_key(
        authority.architecture.key_set.get_private_key(EntityLabel("root")).dump(), None
    )
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    builder = x509.CertificateBuilder(
        intermediate.issuer, intermediate.subject, intermediate.public_key(), x509.random_serial_number(),
        intermediate.not_valid_before_utc, intermediate.not_valid_after_utc, list(intermediate.extensions),
    )  # fmt: skip
    after = replace(before, chain=(builder.sign(key, hashes.SHA256()), root))
    certified = certify(form, identity=before, signing_time=NOW)
    with pytest.raises(IdentityError, match="with other certificates above the same one"):
        issue_copy(certified, recipient="Acme GmbH", reference="C-1", issued_at=NOW, identity=after)
    for identity in (before, after):
        issuer = Issuer(identity, cache=FormCache(tmp_path), clock=lambda: NOW)
        issued = issuer.issue(shipped().policy(VERSION), recipient="Acme GmbH", issued_at=NOW)
        assert verify(issued.pdf, trust=authority.trust, at=NOW, ledger=shipped()).recipient == "Acme GmbH"
