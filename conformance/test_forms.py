"""The forms as others read them: standards at every level, bookmarks, the QR code."""

import html
import re
from pathlib import Path

import pypdfium2
import pytest

from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.model import Policy
from mailmart_privacy.policy.papers import PAPERS, form_name, reading_name
from mailmart_privacy.policy.versions import VERIFY_URL
from tests.golden import load_golden

from . import verapdf
from .programs import QUICK, run

_ABOVE = 12  # points by which a bookmark may lead above the letters of its heading


@pytest.fixture(scope="module")
def recorded(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All recorded PDFs, by their names."""
    folder = tmp_path_factory.mktemp("recorded")
    paths = {}
    for paper in PAPERS:
        for name in (form_name(paper), reading_name(paper)):
            paths[name] = folder / name
            paths[name].write_bytes(shipped().record(policy.version, name))
    return paths


def test_golden_copies_keep_the_standards(tmp_path: Path) -> None:
    """Every level and kind of key, both papers, renewed, and names in other scripts: no rule of any profile fails."""
    paths = []
    for golden in load_golden()[1][:: 4 if QUICK else 1]:
        paths.append(tmp_path / f"{golden.name}.pdf")
        paths[-1].write_bytes(golden.pdf)
    for verdict in verapdf.validate(paths):
        assert verdict.compliant, verapdf.describe(verdict)
        assert verdict.failed_rules == ()


def test_reading_editions_keep_the_standards(recorded: dict[str, Path]) -> None:
    """They are PDF/UA-2 and PDF/A-4."""
    paths = [recorded[reading_name(paper)] for paper in PAPERS]
    for verdict in verapdf.validate(paths, (verapdf.PDF_UA_2, verapdf.PDF_A_4)):
        assert verdict.compliant, verapdf.describe(verdict)


def expect_bookmarks(policy: Policy, name: str) -> list[str]:
    """The titles of all bookmarks."""
    first = ["Signed copy"] if name.startswith("form") else []
    return [*first, policy.title, *(f"{section.number}. {section.title}" for section in policy.sections)]


@pytest.mark.parametrize("name", [name(paper) for name in (form_name, reading_name) for paper in PAPERS])
def test_pdfium_finds_bookmarks_at_their_headings(name: str, recorded: dict[str, Path], policy: Policy) -> None:
    """Each bookmark leads to just above its heading, on its page."""
    document = pypdfium2.PdfDocument(recorded[name])
    bookmarks = list(document.get_toc())
    assert [bookmark.get_title() for bookmark in bookmarks] == expect_bookmarks(policy, name)
    for bookmark in bookmarks:
        target = bookmark.get_dest()
        page = document[target.get_index()].get_textpage()
        place, count = page.search(bookmark.get_title(), match_case=True).get_next()
        top = max(page.get_charbox(index)[3] for index in range(place, place + count))
        _, height, _ = target.get_view()[1]
        if bookmark.get_title() != "Signed copy":  # this one is named after the kind of document, below the title
            assert 0 <= height - top <= _ABOVE, bookmark.get_title()


@pytest.mark.parametrize("name", [name(paper) for name in (form_name, reading_name) for paper in PAPERS])
def test_poppler_finds_bookmarks_on_the_pages_of_their_headings(
    name: str, recorded: dict[str, Path], policy: Policy
) -> None:
    """The page that a bookmark leads to has its heading on it."""
    listed = run("pdftohtml", "-xml", "-stdout", "-i", recorded[name]).stdout
    found = [
        (int(page), html.unescape(title)) for page, title in re.findall(r'<item page="(\d+)">(.*?)</item>', listed)
    ]
    assert [title for _, title in found] == expect_bookmarks(policy, name)
    for page, title in found:
        text = run("pdftotext", "-f", str(page), "-l", str(page), "-raw", recorded[name], "-").stdout
        assert title in text.splitlines(), title


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("resolution", ["60", "150"])
def test_the_qr_code_leads_to_the_address(
    paper: str, resolution: str, recorded: dict[str, Path], tmp_path: Path
) -> None:
    """A QR code reader finds the address that is printed beside it, even in a coarse grey picture."""
    form = recorded[form_name(paper)]
    run("pdftoppm", "-r", resolution, "-gray", "-l", "1", "-singlefile", "-png", form, tmp_path / "page")
    assert run("zbarimg", "--quiet", "--raw", tmp_path / "page.png").stdout == f"{VERIFY_URL}\n"
