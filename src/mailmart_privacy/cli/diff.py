"""`diff`: a redline of two texts."""

import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from .._unicode import spell_out
from ..diff.compare import compare
from ..errors import ExitCode, UnreadableFileError, UsageError
from ..policy.ledger import shipped
from ..redline.sources import CURRENT, UPCOMING, find_recorded, read_source
from ..redline.wording import is_same
from .edge import exact_now
from .files import TargetOptions, require_no_stylesheet, target_options, write_stylesheet
from .output import shows_colour
from .reading import read_file
from .trusted import TrustOptions
from .values import as_value

if TYPE_CHECKING:
    from ..diff.comparison import Comparison
    from ..policy.model import Policy
    from ..policy.prose import Prose

_WIDEST = 100
_STYLESHEET = "redline.css"


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewOptions:
    """The options that say how the comparison is shown."""

    form: str
    as_json: bool
    full: bool
    paper: str
    color: str

    def read_format(self) -> str:
        """Read the format; raises UsageError if two were given."""
        if self.as_json and self.form not in ("text", "json"):
            raise UsageError(f"--json and --format {self.form} both choose the format; give one of them")
        return "json" if self.as_json else self.form


@click.command(short_help="Compare two texts.")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@as_value(
    "view",
    ViewOptions,
    click.option(
        "--format",
        "form",
        type=click.Choice(["text", "html", "markdown", "json", "pdf"]),
        default="text",
        show_default=True,
    ),
    click.option("--json", "as_json", is_flag=True, help="The same as --format json."),
    click.option("--full", is_flag=True, help="Show unchanged sections as well; JSON always has them."),
    click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True, help="For the PDF."),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Colour the text; auto means on a terminal, unless NO_COLOR is set.",
    ),
)
@click.option("--trust", multiple=True, metavar="CERT", help="A certificate to trust, for copies [default: your own].")
@click.option("--exit-code", "tell", is_flag=True, help="Exit with 1 if the texts differ.")
@target_options
def diff(old: str, new: str, view: ViewOptions, trust: tuple[str, ...], tell: bool, target: TargetOptions) -> int:
    """Compare two texts, and show what changed from OLD to NEW.

    Each is a version (2026-02-24), current, upcoming (the next one announced), a text id
    (2026-02-24.85591b988b6aa67c), or a file: a copy that was issued, plain text, Markdown, or JSON as `show` writes
    it. A file in another layout is compared by its words alone.

    A copy is also checked; the result is printed on standard error and does not change the exit code. That is 0
    whether or not the texts differ, unless --exit-code is given. A page written to a file gets its
    style sheet, redline.css, beside it.
    """
    form = view.read_format()
    if form == "html":
        require_no_stylesheet(target.output, _STYLESHEET)
    before, after = _read_text(old, TrustOptions(trust=trust)), _read_text(new, TrustOptions(trust=trust))
    comparison = compare(before, after)
    content = _render(comparison, form, view, terminal=target.output == "-" and sys.stdout.isatty())
    target.write(content, binary=form == "pdf")
    if form == "html" and target.output != "-":
        from ..policy.render import read_style

        write_stylesheet(target.output, _STYLESHEET, read_style("redline"), force=target.force)
    return ExitCode.FAILED if tell and not is_same(comparison) else ExitCode.DONE


def _render(comparison: "Comparison", form: str, view: ViewOptions, *, terminal: bool) -> bytes:
    if form == "pdf":
        from ..redline.paper import render_pdf

        return render_pdf(comparison, full=view.full, paper=view.paper)
    if form == "html":
        from ..redline.page import render_html

        return render_html(comparison, full=view.full).encode()
    if form == "markdown":
        from ..redline.markdown import render_markdown

        return render_markdown(comparison, full=view.full).encode()
    if form == "json":
        from ..redline.data import render_json

        return render_json(comparison).encode()
    from ..redline.text import render_text

    width = min(shutil.get_terminal_size().columns, _WIDEST) if terminal else None
    painted = view.color == "always" or (view.color == "auto" and terminal and shows_colour())
    return render_text(comparison, color=painted, full=view.full, width=width).encode()


def _read_text(name: str, trust: TrustOptions) -> "Policy | Prose":
    """Find or read a text; what a file turned out to be is reported on standard error.

    Args:
        name: a version, "current", "upcoming", a `Policy.text_id`, a file, or "-" for standard input.
        trust: whom to trust when a copy is verified.

    Returns:
        The recorded policy where the text is that of a version, else the policy or prose that was read.

    Raises:
        UsageError: it is not one of these, or contains no text.
    """
    ledger = shipped()
    at = exact_now()
    if (recorded := find_recorded(name, ledger=ledger, at=at)) is not None:
        return recorded
    said = spell_out(name)
    found = read_source(_read_content(name, said), name=said, ledger=ledger, trust=trust.read, at=at)
    for note in found.notes:
        click.echo(note, err=True)
    return found.text


def _read_content(name: str, said: str) -> bytes:
    from .._limits import MAX_FILE

    try:
        return read_file(name, at_most=MAX_FILE)
    except UnreadableFileError as error:
        raise UsageError(f"{said}: {error}") from None
    except (FileNotFoundError, ValueError):  # ValueError: a name that no file can have
        known = ", ".join(version.version for version in shipped().versions)
        raise UsageError(
            f"{said} is neither a file nor a version ({known}, {CURRENT}, {UPCOMING}) nor a text id"
        ) from None
