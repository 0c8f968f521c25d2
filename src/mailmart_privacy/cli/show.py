"""`show`, `versions`, `processors`, `schema`: what the package holds, printed."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from .._time import parse_moment
from .._unicode import spell_out
from ..errors import UsageError
from ..policy.ledger import shipped
from ..policy.versions import describe_versions
from .files import require_no_stylesheet, write_out, write_stylesheet
from .output import print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..policy.versions import Version

_PLACES = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT, ParameterSource.DEFAULT_MAP)
_BY_TEMPLATE = ("html", "pdf")
_RECORDS = {"text": "policy.txt", "json": "policy.json"}


def policy_options(command: "Callable[..., None]") -> "Callable[..., None]":
    """Add the two options that choose a version: `--policy` and `--at`."""
    command = click.option("--at", metavar="TIME", help="The version in force then: 2026-03-01T09:00:00Z.")(command)
    return click.option("--policy", metavar="VERSION", help="A version by its date [default: the one in force].")(
        command
    )


def choose_version(policy: str | None, at: str | None) -> "Version":
    """Find the version that the options name; the one in force now where they name none."""
    policy, at = choose_one("policy", policy, "at", at, why="--policy and --at both choose the version")
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


@click.command(short_help="Print a version of the policy.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "html", "json", "pdf"]),
    default="text",
    show_default=True,
)
@policy_options
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True, help="For the PDF.")
@click.option(
    "--template",
    metavar="PATH",
    type=click.Path(path_type=Path, exists=True),
    help="For HTML and PDF: a Jinja2 template of your own, or a folder that replaces ours.",
)
@click.option("-o", "--output", metavar="FILE|-", default="-", show_default=True)
@click.option("--force", is_flag=True, help="Replace an existing file.")
def show(
    form: str, policy: str | None, at: str | None, paper: str, template: Path | None, output: str, force: bool
) -> None:
    """Print a version of the policy. The PDF is the form as published: unsigned, without a recipient.

    With --template the PDF is printed anew, and is not a record. A page written to a file gets its style sheet,
    page.css, beside it.
    """
    from ..policy.render import read_style, render_html

    version = choose_version(policy, at).version
    if template is not None and form not in _BY_TEMPLATE:
        raise UsageError(f"a template makes {' or '.join(_BY_TEMPLATE)}, not {form}; give one of them with --format")
    if form == "html":
        require_no_stylesheet(output, "page.css")
    if form == "markdown":
        content = shipped().policy(version).markdown.encode()
    elif form == "html":
        content = render_html(shipped().policy(version), template or "page.html").encode()
    elif template is not None:
        from ..form.own_template import render_pdf

        content = render_pdf(shipped().policy(version), template, paper=paper)
    elif form == "pdf":
        content = shipped().record(version, f"form-{paper}.pdf")
    else:
        content = shipped().record(version, _RECORDS[form])
    if form == "text" and output == "-":
        content += b"\n"
    write_out(output, content, binary=form == "pdf", force=force)
    if form == "html" and output != "-":
        folder = template if template is not None and template.is_dir() else None
        write_stylesheet(output, "page.css", read_style("page", folder=folder), force=force)


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
@policy_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def processors(policy: str | None, at: str | None, as_json: bool) -> None:
    """List the third-party services that a version names (processors, GDPR Art. 4(8))."""
    listed = shipped().policy(choose_version(policy, at).version).processors
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
