"""Comparison → a whole HTML page."""

from .._unicode import spell_out
from ..diff.compare import Comparison
from ..policy.render import environment
from . import wording

TEMPLATE, STYLESHEET = "redline.html", "redline.css"


def render_redline(comparison: Comparison, *, stylesheet: str = STYLESHEET, full: bool = False) -> str:
    """Render a comparison as a whole HTML page, with `<del>` and `<ins>`.

    Args:
        comparison: what to render.
        stylesheet: the URL that the page links as its style sheet; `redline.css` among the templates is
            made for it.
        full: show the text of unchanged sections, too.

    Returns:
        The page. It holds no script and no inline style, so it works under a strict
        Content-Security-Policy.
    """
    template = environment().get_template(TEMPLATE)
    return template.render(comparison=comparison, stylesheet=stylesheet, full=full, wording=wording, seen=spell_out)
