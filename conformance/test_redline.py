"""What others' validators say about a redline: of the real text's versions, and of a text with nothing in common."""

from pathlib import Path

import pytest

from mailmart_privacy import redline
from mailmart_privacy.diff.compare import compare
from mailmart_privacy.diff.comparison import Comparison
from mailmart_privacy.policy.model import Policy
from mailmart_privacy.policy.read_text import read_prose
from mailmart_privacy.policy.render import read_style
from mailmart_privacy.redline.page import STYLESHEET
from tests.versions import FIRST, THIRD, three_version_ledger

from . import mutool, poppler, qpdf, verapdf, vnu


@pytest.fixture(scope="module")
def comparisons(policy: Policy) -> dict[str, Comparison]:
    """By what they are."""
    ledger = three_version_ledger()
    return {
        "versions": compare(ledger.policy(FIRST), ledger.policy(THIRD)),
        "same": compare(policy, policy),
        "prose": compare(policy, read_prose("Our notice\n\nWe use cookies.\n\n- one\n- two", name="theirs.txt")),
    }


@pytest.fixture(scope="module")
def printed(comparisons: dict[str, Comparison], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Their PDFs, folded and full, on both papers."""
    folder = tmp_path_factory.mktemp("redlines")
    paths = []
    for name, comparison in comparisons.items():
        for paper, full in (("a4", False), ("letter", True)):
            path = folder / f"{name}-{paper}.pdf"
            path.write_bytes(redline.render_pdf(comparison, full=full, paper=paper))
            paths.append(path)
    return paths


def test_verapdf_finds_no_failed_rule(printed: list[Path]) -> None:
    """Every redline is PDF/UA-2 and PDF/A-4."""
    for verdict in verapdf.validate(printed, (verapdf.PDF_UA_2, verapdf.PDF_A_4)):
        assert verdict.compliant, verapdf.describe(verdict)
        assert verdict.failed_rules == ()


def test_other_programs_read_them_without_complaint(printed: list[Path], tmp_path: Path) -> None:
    """Sound syntax, drawn in silence, and the head can be read."""
    for path in printed:
        assert qpdf.find_faults(path) == ()
        assert mutool.find_faults(path, tmp_path) == ()
        assert "What changed in the Privacy Policy" in poppler.read_text(path, page=1)


def test_nu_html_checker_says_nothing(comparisons: dict[str, Comparison], tmp_path: Path) -> None:
    """The pages and their style sheet give neither errors nor warnings."""
    (tmp_path / STYLESHEET).write_bytes(read_style("redline"))
    paths = [tmp_path / STYLESHEET]
    for name, comparison in comparisons.items():
        for full in (False, True):
            path = tmp_path / f"{name}-{full}.html"
            path.write_text(redline.render_html(comparison, full=full), encoding="utf-8")
            paths.append(path)
    assert vnu.validate(paths) == ()
