"""Comparison → a whole HTML page, or a fragment for a page of your own."""

from .._unicode import spell_out
from ..diff.comparison import Comparison
from ..policy.markup import FragmentOptions
from ..policy.render import render_template
from . import wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE, FRAGMENT, STYLESHEET = "redline.html", "redline-fragment.html", "redline.css"


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
        policy=None,
        version=None,
        status=None,
        level=1,
        prefix="",
    )


def render_fragment(comparison: Comparison, *, heading_level: int = 2, id_prefix: str = "", full: bool = False) -> str:
    """Render a comparison as a fragment for a page of your own; `read_style("embedded")` is made for it.

    Args:
        comparison: what to render.
        heading_level: the level of the title, 1 to 4; sections are one level below it, their parts two.
        id_prefix: what every id begins with, so that none of the page's own ids is repeated.
        full: show the text of unchanged sections, too.

    Returns:
        One `<div class="privacy-redline">` of escaped text, without script or style.

    Raises:
        UsageError: the level or the prefix cannot be used.
    """
    options = FragmentOptions(heading_level=heading_level, id_prefix=id_prefix)
    return render_template(
        FRAGMENT,
        comparison=comparison,
        full=full,
        wording=wording,
        seen=spell_out,
        urls=None,
        level=options.heading_level,
        prefix=options.id_prefix,
    )
