"""`show`, `versions`, `processors`, `schema`: print what the package contains."""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from .._time import parse_moment
from .._unicode import spell_out
from ..errors import UsageError
from ..policy.ledger import shipped
from ..policy.papers import reading_name
from ..policy.versions import describe_versions
from .files import TargetOptions, require_no_stylesheet, target_options, write_out, write_stylesheet
from .output import print_json
from .values import as_value

if TYPE_CHECKING:
    from ..policy.versions import Version

_PLACES = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT, ParameterSource.DEFAULT_MAP)
_BY_TEMPLATE = ("html", "pdf")
_RECORDS = {"text": "policy.txt", "json": "policy.json"}


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionOptions:
    """The two options that choose a version of the policy."""

    policy: str | None
    at: str | None

    def find(self) -> "Version":
        """Find the version that they name; by default the one in force now."""
        policy, at = choose_one("policy", self.policy, "at", self.at, why="--policy and --at both choose the version")
        if policy is not None:
            return shipped().version(policy)
        return shipped().version_in_force(parse_moment(at) if at is not None else datetime.datetime.now(datetime.UTC))


def choose_one(
    first: str, its: str | None, second: str, other: str | None, *, why: str
) -> tuple[str | None, str | None]:
    """Choose between two options that exclude each other: a flag wins over a setting.

    Raises:
        UsageError: both were given in the same place.
    """
    if its is None or other is None:
        return its, other
    places = [click.get_current_context().get_parameter_source(name) for name in (first, second)]
    ranks = [_PLACES.index(place) if place in _PLACES else len(_PLACES) for place in places]
    if ranks[0] == ranks[1]:
        raise UsageError(f"{why}; give one of them")
    return (its, None) if ranks[0] < ranks[1] else (None, other)


version_options = as_value(
    "version",
    VersionOptions,
    click.option("--policy", metavar="VERSION", help="A version by its date [default: the one in force]."),
    click.option("--at", metavar="TIME", help="The version in force at that moment: 2026-03-01T09:00:00Z."),
)


@click.command(short_help="Print a version of the policy.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "html", "json", "pdf"]),
    default="text",
    show_default=True,
)
@version_options
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True, help="For the PDF.")
@click.option(
    "--template",
    metavar="PATH",
    type=click.Path(path_type=Path, exists=True),
    help="For HTML and PDF: your own Jinja2 template, or a folder of templates that replace ours.",
)
@target_options
def show(form: str, version: VersionOptions, paper: str, template: Path | None, target: TargetOptions) -> None:
    """Print a version of the policy. The PDF is the one to read and to print; `export` makes signed copies.

    With --template the PDF is rendered from it, and is not a record. A page written to a file gets its style sheet,
    page.css, beside it.
    """
    from ..policy.render import read_style, render_html

    name = version.find().version
    if template is not None and form not in _BY_TEMPLATE:
        raise UsageError(f"a template makes {' or '.join(_BY_TEMPLATE)}, not {form}; give one of them with --format")
    if form == "html":
        require_no_stylesheet(target.output, "page.css")
    if form == "markdown":
        content = shipped().policy(name).markdown.encode()
    elif form == "html":
        content = render_html(shipped().policy(name), template or "page.html").encode()
    elif template is not None:
        from ..form.own_template import render_pdf

        content = render_pdf(shipped().policy(name), template, paper=paper)
    elif form == "pdf":
        content = shipped().record(name, reading_name(paper))
    else:
        content = shipped().record(name, _RECORDS[form])
    if form == "text" and target.output == "-":
        content += b"\n"
    target.write(content, binary=form == "pdf")
    if form == "html" and target.output != "-":
        folder = template if template is not None and template.is_dir() else None
        write_stylesheet(target.output, "page.css", read_style("page", folder=folder), force=target.force)


@click.command(short_help="List the versions of the policy.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def versions(as_json: bool) -> None:
    """List the versions of the policy, oldest first."""
    known = shipped().versions
    if as_json:
        print_json(describe_versions(known))
        return
    for v in known:
        until = f"until {v.effective_until:%Y-%m-%d %H:%M} UTC" if v.effective_until else "no later version"
        click.echo(f"{v.version}  in force from {v.effective_at:%Y-%m-%d %H:%M} UTC, {until}  SHA-256 {v.digest}")
        if v.change is not None:
            click.echo(f"{'':<{len(v.version)}}  {v.change}: {spell_out(v.summary or '')}")


@click.command(short_help="List the third-party services that a version names.")
@version_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def processors(version: VersionOptions, as_json: bool) -> None:
    """List the third-party services that a version names (processors, GDPR Art. 4(8))."""
    listed = shipped().policy(version.find().version).processors
    if as_json:
        print_json([{"name": p.name, "purpose": p.purpose, "condition": p.condition, "entry": p.entry} for p in listed])
        return
    width = max(len(p.name) for p in listed)
    for p in listed:
        condition = f" ({p.condition})" if p.condition else ""
        click.echo(f"{p.name:<{width}}  {p.purpose}{condition}")


@click.command(short_help="Print the JSON Schema of a document.")
@click.argument("document", type=click.Choice(["policy", "processors", "redline", "verification"]))
def schema(document: str) -> None:
    """Print the JSON Schema of `show --format json` (policy), of `diff --json` (redline) or of `verify --json`."""
    from .._resources import read_data

    write_out("-", read_data(f"schemas/{document}.schema.json"), binary=False, force=False)
