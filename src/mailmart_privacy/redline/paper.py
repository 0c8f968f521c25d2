"""Comparison → PDF, by WeasyPrint."""

from ..diff.comparison import Comparison
from ..form.lines import keep_last_words
from ..form.page import print_page
from .page import render_html

_STYLESHEET = "redline-paper.css"
_SPOKEN = {"del": ("[deleted: ", "]"), "ins": ("[inserted: ", "]")}


def render_pdf(comparison: Comparison, *, full: bool = False, paper: str = "a4") -> bytes:
    """Render a comparison as a PDF (PDF/UA-2, ISO 14289-2, and PDF/A-4, ISO 19005-4).

    Screen readers, and programs that extract or copy text, get "[deleted: …]" and "[inserted: …]".

    Args:
        comparison: what to render.
        full: show the text of unchanged sections, too.
        paper: "a4" or "letter".

    Returns:
        The bytes of the PDF; the same for the same comparison, on any machine.

    Raises:
        UsageError: the paper size is unknown.
        FormError: the package's fonts lack a character of the texts.
        MissingExtraError: WeasyPrint is not installed.
    """
    page = keep_last_words(render_html(comparison, stylesheet=_STYLESHEET, full=full))
    return print_page(page, paper=paper, spoken=_SPOKEN)
