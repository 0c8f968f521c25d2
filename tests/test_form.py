"""The form: what is in the PDF, that it is the same everywhere, and what is refused.

Whether it is PDF/A-4f, PDF/UA-2 and WTPDF 1.0 is for veraPDF to say (conformance/), not for us.
"""

import dataclasses
import datetime
import logging
import os
import subprocess
import sys
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from pyhanko.pdf_utils.reader import PdfFileReader

from mailmart_privacy import _resources
from mailmart_privacy._time import format_date
from mailmart_privacy.errors import FormError, MissingExtraError, UsageError
from mailmart_privacy.form.notes import read_field_font
from mailmart_privacy.form.page import print_page
from mailmart_privacy.form.render import render_form
from mailmart_privacy.policy.blocks import Block
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.model import Policy
from mailmart_privacy.policy.render import render_json
from mailmart_privacy.policy.versions import VERIFY_URL
from mailmart_privacy.release.records import Release, make_entry

from .conftest import VERSION

PAPERS = ["a4", "letter"]

# WeasyPrint leaves its colour profile open.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


def recorded(paper: str) -> bytes:
    return shipped().record(VERSION, f"form-{paper}.pdf")


def root(paper: str) -> Any:
    return PdfFileReader(BytesIO(recorded(paper)), strict=True).root


def pages_of(paper: str) -> list[str]:
    command = ["pdftotext", "-layout", "-", "-"]
    result = subprocess.run(command, input=recorded(paper), capture_output=True, check=True)
    return result.stdout.decode().split("\f")[:-1]


@pytest.mark.parametrize("paper", PAPERS)
def test_a_new_build_is_the_recorded_form(paper: str) -> None:
    """Rendering the recorded policy again gives the recorded bytes."""
    assert sha256(render_form(shipped().policy(VERSION), paper)).hexdigest() == sha256(recorded(paper)).hexdigest()


@pytest.mark.parametrize("seed", ["0", "12345"])
def test_nothing_of_the_machine_is_in_the_form(seed: str, tmp_path: object) -> None:
    """Another hash seed, home, folder, time zone and locale give the same bytes."""
    code = (
        "import hashlib; from mailmart_privacy.form.render import render_form\n"
        "from mailmart_privacy.policy.ledger import shipped\n"
        f"print(hashlib.sha256(render_form(shipped().policy({VERSION!r}))).hexdigest())"
    )
    odd = {"PYTHONHASHSEED": seed, "HOME": str(tmp_path), "TZ": "Pacific/Chatham", "LC_ALL": "C", "LANG": "tr_TR.UTF-8"}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=str(tmp_path), env={**os.environ, **odd}, capture_output=True, check=True
    )
    assert result.stdout.decode().strip() == sha256(recorded("a4")).hexdigest()


@pytest.mark.parametrize("paper", PAPERS)
def test_the_fields_of_the_design(paper: str) -> None:
    """Three read-only text fields and two signature fields, empty, on page 1; `Delivery` locks them all."""
    catalog = root(paper)
    form = catalog["/AcroForm"]
    fields = {str(f.get_object()["/T"]): f.get_object() for f in form["/Fields"]}
    kinds = {name: str(field["/FT"]) for name, field in fields.items()}
    text, signature = "/Tx", "/Sig"
    assert kinds == {
        "Recipient": text,
        "Reference": text,
        "IssuedAt": text,
        "Publisher": signature,
        "Delivery": signature,
    }
    assert int(form["/SigFlags"]) == 3
    assert "/NeedAppearances" not in form
    first = catalog["/Pages"]["/Kids"][0]
    for field in fields.values():
        assert "/V" not in field
        assert field["/P"].get_object() == first
        assert field["/AP"]["/N"].data == b""
        left, bottom, right, top = (float(n) for n in field["/Rect"])
        assert left < right
        assert bottom < top
        assert str(field["/TU"]).strip() == str(field["/Contents"])
        assert int(field["/F"]) == 4
        assert field.get("/Ff") == (1 if field["/FT"] == text else None)
    lock = fields["Delivery"]["/Lock"]
    assert (str(lock["/Action"]), int(lock["/P"])) == ("/All", 1)
    assert "/Lock" not in fields["Publisher"]


def elements(element: Any) -> list[Any]:
    """All elements of the structure below one, and itself, in reading order."""
    if not isinstance(element, dict) or "/K" not in element:
        return []
    kids = element["/K"]
    below = [kid.get_object() for kid in kids] if isinstance(kids, list) else [kids]
    return [element, *(found for kid in below for found in elements(kid))]


@pytest.mark.parametrize("paper", PAPERS)
def test_fields_are_tagged_so_that_they_can_be_filled(paper: str) -> None:
    """Each field is the kid of its Form element by itself: in a list of one, pyHanko calls every fill-in illegal."""
    catalog = root(paper)
    kids = [element["/K"] for element in elements(catalog["/StructTreeRoot"]) if element.get("/S") == "/Form"]
    assert not any(isinstance(kid, list) for kid in kids)
    fields = catalog["/AcroForm"]["/Fields"]
    assert [kid.raw_get("/Obj") for kid in kids] == [fields.raw_get(n) for n in range(len(fields))]


def bookmarks(parent: Any) -> list[str]:
    """The titles below an outline entry, in order, with those below each."""
    titles = []
    entry = parent["/First"] if "/First" in parent else None
    while entry is not None:
        titles += [str(entry["/Title"]), *bookmarks(entry)]
        entry = entry["/Next"] if "/Next" in entry else None
    return titles


@pytest.mark.parametrize("paper", PAPERS)
def test_what_a_reader_is_told(paper: str) -> None:
    """The title is shown, the language named, the sections bookmarked, the structure tagged."""
    catalog = root(paper)
    assert str(catalog["/Lang"]) == "en"
    assert bool(catalog["/ViewerPreferences"]["/DisplayDocTitle"])
    assert bool(catalog["/MarkInfo"]["/Marked"])
    titles = bookmarks(catalog["/Outlines"])
    sections = [f"{s.number}. {s.title}" for s in shipped().policy(VERSION).sections]
    assert titles == ["Signed copy", "Privacy Policy", *sections]


@pytest.mark.parametrize("paper", PAPERS)
def test_the_standards_are_claimed_in_one_description(paper: str) -> None:
    """The XMP packet has one rdf:RDF, with PDF/A-4f, PDF/UA-2, and WTPDF for accessibility and for reuse."""
    packet = root(paper)["/Metadata"].data.decode()
    assert packet.count("<rdf:RDF") == 1
    declared = [f"wtpdf#{part}1.0" for part in ("accessibility", "reuse")]
    for claim in ('pdfaid:part="4"', 'pdfaid:conformance="F"', 'pdfuaid:part="2"', *declared):
        assert packet.count(claim) == 1
    assert recorded(paper).startswith(b"%PDF-2.0")


def test_the_catalog_names_bookmarks_behind_the_structure() -> None:
    """EU DSS walks the catalog in order; the other way round it reports changes that nobody made."""
    keys = list(root("a4"))
    assert keys.index("/StructTreeRoot") < min(keys.index("/Outlines"), keys.index("/Names"))


@pytest.mark.parametrize("paper", PAPERS)
def test_the_policy_is_attached(paper: str) -> None:
    """`policy.md` is attached as the source and `policy.json` as data, dated by the policy, typed for any machine."""
    catalog = root(paper)
    found = {}
    assert len(catalog["/AF"]) == 2, "each stands once among the associated files"
    for reference in catalog["/AF"]:
        specification = reference.get_object()
        stream = specification["/EF"]["/F"]
        found[str(specification["/UF"])] = (
            str(specification["/AFRelationship"]),
            str(stream["/Subtype"]),
            str(stream["/Params"]["/ModDate"]),
            stream.data,
        )
    policy = shipped().policy(VERSION)
    date = f"D:{VERSION.replace('-', '')}000000Z"
    assert found == {
        "policy.md": ("/Source", "/text/markdown", date, policy.markdown.encode()),
        "policy.json": ("/Data", "/application/json", date, render_json(policy).encode()),
    }


@pytest.mark.parametrize("paper", PAPERS)
def test_every_page_says_what_it_is(paper: str) -> None:
    """The pages show the header, the digest, the page number, and the whole text in its order."""
    policy, pages = shipped().policy(VERSION), pages_of(paper)
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        if number > 1:
            assert f"Privacy Policy, version of {format_date(policy.last_updated)}" in page
        assert f"Text {policy.text_id}" in page
    assert "".join(pages[0].split()).count(policy.digest[:32]) == 1
    command = ["pdftotext", "-f", "2", "-raw", "-", "-"]
    raw = subprocess.run(command, input=recorded(paper), capture_output=True, check=True).stdout.decode()
    words = iter(raw.split())
    assert all(word in words for word in policy.text.split()), "the words of the text are in the PDF, in order"


@pytest.mark.parametrize("paper", PAPERS)
def test_page_1_asks_nothing_of_a_recipient_but_a_browser(paper: str) -> None:
    """It names the address at which a copy can be checked, on one line, and no command or package."""
    first = pages_of(paper)[0]
    assert [line for line in first.splitlines() if VERIFY_URL in line]
    facts = ("MailMart", "Privacy Policy", "Signed copy", "Issued to", "Reference", "Issued on", "Version", "In force")
    places = [first.index(words) for words in (*facts, "Issuer", "How to check this copy", VERIFY_URL, "SHA-256")]
    assert places == sorted(places)
    for word in ("mailmart-privacy", "run ", "install", "names its recipient here"):
        assert word not in first, word


def test_the_address_is_a_setting_of_the_release() -> None:
    """Another address is shown in the text, the link and the QR code, and step 1 names its beginning."""
    address = "https://example.org/policy/check"
    form = render_form(shipped().policy(VERSION), verify_url=address)
    text = subprocess.run(
        ["pdftotext", "-l", "1", "-", "-"], input=form, capture_output=True, check=True
    ).stdout.decode()
    assert address in text
    assert "begins with https://example.org/." in " ".join(text.split())
    assert VERIFY_URL not in text
    catalog = PdfFileReader(BytesIO(form)).root
    page = catalog["/Pages"]["/Kids"][0]
    links = [a.get_object() for a in page["/Annots"] if a.get_object()["/Subtype"] == "/Link"]
    assert [str(link["/A"]["/URI"]) for link in links] == [address]
    alternatives = [str(e["/Alt"]) for e in elements(catalog["/StructTreeRoot"]) if e.get("/S") == "/Figure"]
    assert alternatives == [f"QR code of {address}"]


@pytest.mark.parametrize("paper", PAPERS)
def test_only_the_package_s_fonts_are_embedded(paper: str) -> None:
    """The form contains no font of the machine, and lacks none."""
    result = subprocess.run(["pdffonts", "-"], input=recorded(paper), capture_output=True, check=True)
    lines = result.stdout.decode().splitlines()[2:]
    assert len(lines) == 4
    for line in lines:
        name, *_, embedded, _subset, unicode, _number, _generation = line.split()
        assert name.partition("+")[2].startswith(("MailMartSerif", "MailMartSans"))
        assert (embedded, unicode) == ("yes", "yes")


@pytest.mark.parametrize("paper", PAPERS)
def test_the_fields_font_has_all_its_characters(paper: str) -> None:
    """Every character of the committed font can be filled in, Latin to Vietnamese, and has its width."""
    font = read_field_font(root(paper)["/AcroForm"])
    committed = TTFont(BytesIO(_resources.read_template("fonts/MailMartSans-Regular.ttf")))
    glyphs = set(committed.getBestCmap().values())
    shown = {committed.getGlyphName(glyph) for glyph in font.glyphs.values()}
    assert shown == glyphs
    assert set("Az09ßŁőΑωἀЖяђĐệữ€№ﬁ·") <= set(font.glyphs)
    for character, glyph in font.glyphs.items():
        assert font.widths[glyph] == committed["hmtx"][committed.getGlyphName(glyph)][0], character


@pytest.mark.parametrize("face", ["Serif-Regular", "Serif-Semibold", "Sans-Regular", "Sans-Semibold"])
def test_fonts_bear_the_date_of_their_makers(face: str) -> None:
    """A subset does not contain the time at which it was made, so that it can be made again."""
    font = TTFont(BytesIO(_resources.read_template(f"fonts/MailMart{face}.ttf")))
    since_1904 = datetime.timedelta(seconds=font["head"].modified)
    assert (datetime.datetime(1904, 1, 1, tzinfo=datetime.UTC) + since_1904).year < 2020


def with_text(text: str) -> Policy:
    policy = shipped().policy(VERSION)
    first = dataclasses.replace(policy.sections[0], blocks=(Block(type="paragraph", text=text),))
    return dataclasses.replace(policy, sections=(first, *policy.sections[1:]))


def test_a_character_that_no_font_has_is_named() -> None:
    """A text that would need a font of the machine is refused before it is laid out."""
    with pytest.raises(FormError, match="株 U\\+682A"):
        render_form(with_text("We are 株式会社."))


def test_a_page_with_names_in_any_script(tmp_path: Path) -> None:
    """A page that names people takes the machine's fonts for what the package's fonts lack, and they are embedded."""
    page = '<html lang="en"><title>Names</title><p style="font-family: MailMart Sans">Acme 山田商事 شركة ❤\ufe0f</html>'
    with pytest.raises(FormError, match=r"the package.s fonts lack characters of the text: .*山"):
        print_page(page)
    (tmp_path / "names.pdf").write_bytes(print_page(page, machine_fonts=True))
    shown = subprocess.run(["pdffonts", tmp_path / "names.pdf"], capture_output=True, check=True).stdout.decode()
    fonts = [line.split() for line in shown.splitlines()[2:]]
    assert any("MailMartSans" in font[0] for font in fonts)
    assert len(fonts) >= 2, "the package's own, and another one"
    assert all("yes" in font for font in fonts)


@pytest.mark.parametrize("lists", ["", "#!/bin/sh\necho '20-7e a0'\n"])
def test_a_character_that_no_font_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lists: str) -> None:
    """A name that no font of this machine can show is refused in one line; no boxes are printed."""
    if lists:
        (tmp_path / "fc-list").write_text(lists)
        (tmp_path / "fc-list").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep if lists else None)
    with pytest.raises(FormError, match=r"no font on this machine has 株 U\+682A .*; install a font that has them"):
        print_page('<html lang="en"><title>Names</title><p>Acme 株</html>', machine_fonts=True)


def test_what_is_left_out_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A style sheet or font that cannot be read is an error, not a form in another font."""
    read = _resources.read_template

    def fail(name: str) -> bytes:
        if name == "fonts/MailMartSerif-Regular.ttf":
            raise FileNotFoundError(name)
        return read(name)

    monkeypatch.setattr("mailmart_privacy.form.layout._require_characters", lambda html, machine_fonts: None)
    monkeypatch.setattr(_resources, "read_template", fail)
    with pytest.raises(FormError, match="MailMart Serif"):
        render_form(shipped().policy(VERSION))


def add_style(monkeypatch: pytest.MonkeyPatch, rule: bytes) -> None:
    read = _resources.read_template
    monkeypatch.setattr(_resources, "read_template", lambda name: read(name) + (rule if name == "form.css" else b""))


@pytest.mark.parametrize("url", ["https://example.org/a.png", "file:///etc/hostname"])
def test_nothing_is_read_from_elsewhere(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """A template that asks for the network or for the machine's files is refused."""
    add_style(monkeypatch, f"body {{ background: url({url}) }}".encode())
    with pytest.raises(FormError, match="the package's own files only"):
        render_form(shipped().policy(VERSION))


@pytest.mark.parametrize("disabled", [False, True])
def test_a_silenced_logger_hides_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, disabled: bool
) -> None:
    """A service that does not want WeasyPrint's messages gets no other form, and keeps its setting."""
    logger = logging.getLogger("weasyprint")
    caplog.set_level(logging.CRITICAL, "weasyprint")
    monkeypatch.setattr(logger, "disabled", disabled)
    add_style(monkeypatch, b"p { colour: red }")
    with pytest.raises(FormError, match="colour"):
        render_form(shipped().policy(VERSION))
    assert (logger.level, logger.disabled) == (logging.CRITICAL, disabled)


def test_a_missing_weasyprint_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without WeasyPrint the error names the extra."""
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(MissingExtraError, match="needs the extra `form`; see Installing"):
        render_form(shipped().policy(VERSION))


def test_an_unknown_paper_is_refused() -> None:
    """There are two sizes of paper."""
    with pytest.raises(UsageError, match="a4, letter"):
        render_form(shipped().policy(VERSION), paper="a5")


@pytest.mark.parametrize(
    "address",
    ["http://example.org/verify", "https://example.org", "https://example.org/" + "x" * 60, "https://ex ample/"],
)
def test_an_address_that_cannot_stand_on_page_1_is_refused(address: str) -> None:
    """It is an address of https with a path, and short enough for its line."""
    with pytest.raises(UsageError, match="cannot be on copies"):
        Release(released_at=datetime.datetime(2026, 2, 24, tzinfo=datetime.UTC), verify_url=address)


def test_the_address_is_recorded_in_the_ledger() -> None:
    """The entry of a version says where its copies are checked, and a ledger whose entry does not is refused."""
    release = Release(
        released_at=datetime.datetime(2026, 2, 24, tzinfo=datetime.UTC), verify_url="https://example.org/check"
    )
    records = {"policy.json": shipped().record(VERSION, "policy.json")}
    assert make_entry(records, release, [])["verify_url"] == "https://example.org/check"
    assert shipped().version(VERSION).verify_url == VERIFY_URL
