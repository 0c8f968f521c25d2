"""Comparison → a whole HTML page."""

from .._unicode import spell_out
from ..diff.comparison import Comparison
from ..policy.render import render_template
from . import wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE, STYLESHEET = "redline.html", "redline.css"


def render_html(
    comparison: Comparison,
    *,
    stylesheet: str = STYLESHEET,
    full: bool = False,
    urls: object = None,
    address: str | None = None,
    templates: "Path | str | None" = None,
) -> str:
    """Render a comparison as a whole HTML page, with `<del>` and `<ins>`.

    Args:
        comparison: what to render.
        stylesheet: the URL that the page links as its style sheet; `read_style("redline")` is made for it.
        full: show the text of unchanged sections, too.
        urls: the addresses of a site, for the links of a served page; None for a page by itself.
        address: the path at which the page is served.
        templates: a folder whose templates replace those of this package that have the same name, or None.

    Returns:
        The page. It holds no script and no inline style, so it works under a strict
        Content-Security-Policy.
    """
    return render_template(
        TEMPLATE,
        folder=templates,
        comparison=comparison,
        stylesheet=stylesheet,
        full=full,
        wording=wording,
        seen=spell_out,
        urls=urls,
        address=address,
        version=None,
    )
