"""`diff`: a redline of two texts."""

import os
import shutil
import sys
from typing import TYPE_CHECKING

import click

from ..diff.compare import compare
from ..errors import ExitCode, UsageError
from ..redline.wording import is_same
from .diff_texts import read_text
from .files import require_no_stylesheet, write_out, write_stylesheet

if TYPE_CHECKING:
    from ..diff.comparison import Comparison

_WIDEST = 100
_STYLESHEET = "redline.css"


@click.command(short_help="Compare two texts.")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "html", "markdown", "json", "pdf"]),
    default="text",
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--full", is_flag=True, help="Show unchanged sections as well; JSON always has them.")
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True, help="For the PDF.")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colour of the text; auto is on a terminal, and not where NO_COLOR is set.",
)
@click.option("--trust", multiple=True, metavar="CERT", help="A certificate to trust, for copies [default: your own].")
@click.option("--exit-code", "tell", is_flag=True, help="Exit with 1 where the texts differ.")
@click.option("-o", "--output", metavar="FILE|-", default="-", show_default=True)
@click.option("--force", is_flag=True, help="Replace an existing file.")
def diff(
    old: str,
    new: str,
    form: str,
    as_json: bool,
    full: bool,
    paper: str,
    color: str,
    trust: tuple[str, ...],
    tell: bool,
    output: str,
    force: bool,
) -> int:
    """Compare two texts, and show what changed from OLD to NEW.

    Each is a version (2026-02-24), current, upcoming (the next one announced), a text id
    (2026-02-24.85591b988b6aa67c), or a file: a copy that was issued, plain text, Markdown, or JSON as `show` writes
    it. A file in another layout is compared by its words alone.

    A copy is also checked. The result is printed on standard error and does not change the exit code, which is 0
    whether or not the texts differ; with --exit-code it is 1 if they differ. A page written to a file gets its
    style sheet, redline.css, beside it.
    """
    if as_json and form not in ("text", "json"):
        raise UsageError(f"--json and --format {form} both choose the format; give one of them")
    form = "json" if as_json else form
    if form == "html":
        require_no_stylesheet(output, _STYLESHEET)
    before, after = read_text(old, trust), read_text(new, trust)
    comparison = compare(before, after)
    content = _render(comparison, form, full=full, paper=paper, color=color, terminal=output == "-" and _is_terminal())
    write_out(output, content, binary=form == "pdf", force=force)
    if form == "html" and output != "-":
        from ..policy.render import read_style

        write_stylesheet(output, _STYLESHEET, read_style("redline"), force=force)
    return ExitCode.FAILED if tell and not is_same(comparison) else ExitCode.DONE


def _render(comparison: "Comparison", form: str, *, full: bool, paper: str, color: str, terminal: bool) -> bytes:
    if form == "pdf":
        from ..redline.paper import render_pdf

        return render_pdf(comparison, full=full, paper=paper)
    if form == "html":
        from ..redline.page import render_html

        return render_html(comparison, full=full).encode()
    if form == "markdown":
        from ..redline.markdown import render_markdown

        return render_markdown(comparison, full=full).encode()
    if form == "json":
        from ..redline.data import render_json

        return render_json(comparison).encode()
    from ..redline.text import render_text

    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    width = min(shutil.get_terminal_size().columns, _WIDEST) if terminal else None
    painted = color == "always" or (color == "auto" and terminal and not plain)
    return render_text(comparison, color=painted, full=full, width=width).encode()


def _is_terminal() -> bool:
    return sys.stdout.isatty()
