"""The article on paper, in the form and in the reading edition: where it breaks, what is drawn, what is read out."""

import subprocess
from io import BytesIO
from typing import Any

import pytest
import uharfbuzz
from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont
from pyhanko.pdf_utils.reader import PdfFileReader

from mailmart_privacy import _resources
from mailmart_privacy._time import format_moment
from mailmart_privacy.form.reading import render_reading
from mailmart_privacy.form.render import render_form
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.release.records import Release, find_faults_of_description

from .conftest import NOW, VERSION
from .versions import THIRD, THIRD_SUMMARY, three_version_ledger

EDITIONS = [f"{kind}-{paper}.pdf" for kind in ("form", "reading") for paper in ("a4", "letter")]
POLICY = shipped().policy(VERSION)

# WeasyPrint leaves its colour profile open.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


def read_pages(name: str) -> list[str]:
    return split_pages(shipped().record(VERSION, name))


def split_pages(pdf: bytes) -> list[str]:
    """The text of each page."""
    result = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True)
    return result.stdout.decode().split("\f")[:-1]


def find_page(pages: list[str], text: str) -> int:
    """The page that has the whole text, whatever its lines."""
    (found,) = [number for number, page in enumerate(pages) if text in " ".join(page.split())]
    return found


@pytest.mark.parametrize("name", EDITIONS)
def test_no_list_and_no_heading_is_broken(name: str) -> None:
    """A list is on one page with the paragraph before it, and a heading is on the page of what follows it."""
    pages = read_pages(name)
    for section in POLICY.sections:
        heading = find_page(pages, f"{section.number}. {section.title} ")
        for before, block in zip((None, *section.blocks), section.blocks, strict=False):
            if block.type != "list":
                assert before is None or before.type != "heading" or find_page(pages, before.text) == heading
                continue
            items = {find_page(pages, f"• {item}") for item in block.items}
            assert before is not None
            assert items == {find_page(pages, before.text)}


@pytest.mark.parametrize("name", EDITIONS)
def test_no_last_line_is_one_word(name: str) -> None:
    """The last two words of each paragraph and item are on one line."""
    text = "\n".join(read_pages(name))
    for section in POLICY.sections:
        for block in section.blocks:
            for words in block.items if block.type == "list" else (block.text,):
                assert " ".join(words.split()[-2:]) in text, words


@pytest.mark.parametrize("name", EDITIONS)
def test_what_is_read_out_is_the_text_itself(name: str) -> None:
    """Quotation marks and apostrophes are drawn curly, and read out as they are in the text."""
    article = " ".join(" ".join(read_pages(name)[name.startswith("form") :]).split())
    assert '("we," "our," or "us")' in article
    assert "9. Children's Privacy" in article
    assert not set("\u2018\u2019\u201c\u201d") & set(article)


def draw(font: TTFont, glyph: str) -> list[Any]:
    pen = RecordingPen()
    font.getGlyphSet()[glyph].draw(pen)
    return pen.value


@pytest.mark.parametrize("ending", ["ttf", "woff2"])
@pytest.mark.parametrize("face", ["Serif-Regular", "Serif-Semibold", "Sans-Semibold"])
def test_straight_marks_are_drawn_curly(face: str, ending: str) -> None:
    """Quotation marks open at the start, after blanks and after brackets; all others close; also on the web."""
    font, unpacked = TTFont(BytesIO(_resources.read_template(f"fonts/MailMart{face}.{ending}"))), BytesIO()
    font.flavor = None
    font.save(unpacked)
    shaper = uharfbuzz.Font(uharfbuzz.Face(unpacked.getvalue()))
    order, characters = font.getGlyphOrder(), font.getBestCmap()
    for straight, curly in (('"we," ("our") it\'s \'so\'', "“we,” (“our”) it’s ‘so’"), ("'\"x\"'", "‘“x”’")):
        buffer = uharfbuzz.Buffer()
        buffer.add_str(straight)
        buffer.guess_segment_properties()
        uharfbuzz.shape(shaper, buffer)
        drawn = [draw(font, order[info.codepoint]) for info in buffer.glyph_infos]
        assert drawn == [draw(font, characters[ord(c)]) for c in curly]


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_the_reading_edition(paper: str) -> None:
    """Anybody may print it; it has no field, no signature and no file in it; a new build is what was recorded."""
    pdf = shipped().record(VERSION, f"reading-{paper}.pdf")
    assert render_reading(POLICY, paper) == pdf
    reader = PdfFileReader(BytesIO(pdf), strict=True)
    root: Any = reader.root
    assert not {"/AcroForm", "/AF"} & set(root)
    assert "/EmbeddedFiles" not in root["/Names"]
    assert not reader.encrypted
    assert {str(page.get_object().get("/Annots")) for page in root["/Pages"]["/Kids"]} == {"None"}
    first = read_pages(f"reading-{paper}.pdf")[0]
    since = format_moment(shipped().version(VERSION).effective_at)
    assert first.index(f"{POLICY.dateline} · In force from {since}\n1. {POLICY.sections[0].title}") > 0


@pytest.mark.parametrize("name", EDITIONS)
def test_a_later_version_says_what_changed(name: str) -> None:
    """The first page of the form and of the reading edition has the moment, the kind of change and its summary."""
    page = " ".join(split_pages(three_version_ledger().record(THIRD, name))[0].split())
    assert f"Material change. {THIRD_SUMMARY}" in page
    assert "In force from February 1, 2027, 09:00 UTC" in page


def test_page_1_has_room_for_the_longest_summary() -> None:
    """A summary of 300 wide letters leaves all of page 1 on page 1; a longer one is refused."""
    summary = "Wonderful " * 30
    release = Release(released_at=NOW, change="editorial", summary=summary)
    for paper in ("a4", "letter"):
        first, second, *_ = split_pages(render_form(release.add_to(POLICY), paper))
        assert "as data (policy.json)" in first
        assert second.startswith("Privacy Policy\nLast updated:")
    assert find_faults_of_description("editorial", summary) == []
    assert find_faults_of_description("editorial", f"{summary}W")[0].startswith("has a summary of 301 characters")
