"""A whole HTML page → PDF/UA-2 (ISO 14289-2) and PDF/A-4 (ISO 19005-4), by WeasyPrint, without fields."""

from collections.abc import Mapping
from functools import partial

from ..policy.papers import require_paper
from .layout import require_weasyprint, typeset


def print_page(
    html: str,
    *,
    paper: str = "a4",
    spoken: Mapping[str, tuple[str, str]] | None = None,
    marked: bool = False,
    machine_fonts: bool = False,
) -> bytes:
    """Print a page.

    Args:
        html: the page; what it links is looked up among the templates.
        paper: "a4" or "letter".
        spoken: what screen readers say before and after the text of an element, by its tag: "del" or "ins".
        marked: whether each item of a list begins with a bullet or number (`li::before`), to be tagged as its label.
        machine_fonts: take the fonts of this machine for characters that the package's fonts lack: people's names are
            in any script.

    Returns:
        The bytes of the PDF; the same for the same page, on any machine unless it takes fonts from there.

    Raises:
        UsageError: the paper size is unknown.
        FormError: the fonts lack a character of the page.
        MissingExtraError: WeasyPrint is not installed.
    """
    require_paper(paper)
    require_weasyprint()
    from .postprocess import finish_page

    finish = partial(finish_page, spoken=spoken or {}, marked=marked)
    return typeset(html, paper=paper, forms=False, finish=finish, machine_fonts=machine_fonts)
