"""`archive report` and `due`: what happened in a period, and what has to be done when."""

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from ...archive.location import ArchiveLocation
from ...errors import UntrustedError
from ...policy.ledger import shipped
from ..edge import now
from ..files import write_out
from ..output import print_json
from ..times import moment_words, read_begin, read_end
from ..trusted import TrustOptions, read_own_certificate, trust_values
from ..values import as_value
from .options import archive_location, open_service, output_options, retention_option

if TYPE_CHECKING:
    from ...archive.report import ReportFormat


@dataclass(frozen=True, slots=True)
class Period:
    """The period that a report is on.

    Attributes:
        since: its first day (UTC), or moment.
        until: its last day (UTC), or the moment after it.
    """

    since: str
    until: str


@click.command()
@as_value(
    "period",
    Period,
    click.option("--from", "since", required=True, metavar="DATE|TIME", help="The first day (UTC), or moment."),
    click.option(
        "--to", "until", required=True, metavar="DATE|TIME", help="The last day (UTC), or the moment after it."
    ),
)
@archive_location(key=True, index=True)
@trust_values
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "pdf", "xlsx", "csv", "json"]),
    default="html",
    show_default=True,
    help="A page that prints well; PDF needs the extra `form`, XLSX the extra `xlsx`.",
)
@output_options
def report(
    period: Period, location: ArchiveLocation, trusted: TrustOptions, form: "ReportFormat", output: str, force: bool
) -> None:
    """Report on a period: copies by version and person, outdated customers, erasures, holds, withdrawals, anchors.

    It ends with what expires when, as `archive due` has it; for that, give the authorities' roots with --trust.
    """
    from ...archive.due import DueItem, find_due
    from ...archive.report import make_report

    service = open_service(location)
    try:
        due = find_due(service, trust=trusted.read_with_own(), certificates=read_own_certificate(), ledger=shipped())
    except UntrustedError as error:
        due = [DueItem(what="anchor", at=None, about=f"what expires when cannot be told: {error}")]
    made = make_report(service, since=read_begin(period.since), until=read_end(period.until), ledger=shipped(), due=due)
    write_out(output, made.render(form), binary=form in ("pdf", "xlsx"), force=force)


@click.command()
@archive_location(key=True, index=True)
@trust_values
@retention_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def due(location: ArchiveLocation, trusted: TrustOptions, retention: int | None, as_json: bool) -> None:
    """List what is due and when: timestamps, the anchor, the signing certificate, erasures, announced versions.

    With --retention, or a period in the settings, also customers who are proposed for erasure.
    """
    from ...archive.due import find_due

    service = open_service(location, "looking")
    period = None if retention is None else datetime.timedelta(days=retention)
    found = find_due(
        service,
        trust=trusted.read_with_own(),
        certificates=read_own_certificate(),
        ledger=shipped(),
        retention=period,
    )
    if as_json:
        rows = [{"what": each.what, "at": moment_words(each.at), "about": each.about} for each in found]
        print_json({"at": moment_words(now()), "due": rows})
        return
    for each in found:
        days = "" if each.at is None else f" ({(each.at - now()).days:,} days)"
        click.echo(f"{'now' if each.at is None else moment_words(each.at)}  {each.about}{days}")
    if not found:
        click.echo("nothing is due", err=True)
