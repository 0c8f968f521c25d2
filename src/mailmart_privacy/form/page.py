"""A whole HTML page → PDF/UA-1 (ISO 14289-1), by WeasyPrint, without fields."""

from ..policy.papers import require_paper
from .layout import require_weasyprint, typeset


def print_page(html: str, *, paper: str = "a4") -> bytes:
    """Print a page.

    Args:
        html: the page; what it links is looked up among the templates.
        paper: "a4" or "letter".

    Returns:
        The bytes of the PDF; the same for the same page, on any machine.

    Raises:
        UsageError: there is no such paper.
        FormError: the package's fonts lack a character of the page.
        MissingExtraError: WeasyPrint is not installed.
    """
    require_paper(paper)
    require_weasyprint()
    from .postprocess import finish_page

    return typeset(html, paper=paper, variant="pdf/ua-1", forms=False, finish=finish_page)
