"""`archive ended`, `proposals` and `certify`: how long copies are kept, and what is handed over after an erasure."""

import datetime

import click

from ...archive.location import ArchiveLocation
from ...errors import UsageError
from ..edge import now
from ..output import print_json
from ..times import moment_words, read_begin
from .options import archive_location, open_service, reason_options, retention_option


@click.command()
@click.argument("recipient", metavar="NAME")
@archive_location(key=True)
@click.option("--on", "moment", metavar="DATE|TIME", help="When the relation ended [default: now].")
@reason_options
def ended(recipient: str, location: ArchiveLocation, moment: str | None, reason: str, matter: str) -> None:
    """Record that the relation with a customer ended, by the exact name. Nothing is erased.

    From then on the retention period runs; `archive proposals` lists who may be erased after it. A copy that is issued
    to the customer later says that the relation goes on.
    """
    from ...archive.recipients import Details

    service = open_service(location)
    at = now() if moment is None else read_begin(moment)
    done = service.end_relation(recipient, ended_at=at, details=Details(reason=reason, matter=matter))
    click.echo(f"ended: {recipient}, {moment_words(at)}; recorded as entry {done.number:,}")


@click.command()
@archive_location(key=True)
@retention_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def proposals(location: ArchiveLocation, retention: int | None, as_json: bool) -> None:
    """List customers whose relation ended, and since when they may be erased. Nobody is erased by this.

    The period comes from --retention, or from the settings; there is none by default.
    """
    if retention is None:
        raise UsageError("say how long copies are kept after a customer relation ended: --retention DAYS")
    service = open_service(location)
    found = service.propose_erasures(datetime.timedelta(days=retention))
    at = now()
    if as_json:
        rows = [
            {
                "customer": each.name,
                "copies": each.copies,
                "ended_at": moment_words(each.ended_at),
                "due_at": moment_words(each.due_at),
                "due": each.due_at <= at,
                "held": each.held,
            }
            for each in found
        ]
        print_json({"at": moment_words(at), "retention_days": retention, "proposals": rows})
        return
    for each in found:
        when = "may be erased" if each.due_at <= at else "kept"
        words = f"{when} {'since' if each.due_at <= at else 'until'} {each.due_at:%Y-%m-%d}"
        held = "; a hold is in place" if each.held else ""
        copies = "1 copy" if each.copies == 1 else f"{each.copies:,} copies"
        click.echo(f"{each.name}: {words}, relation ended on {each.ended_at:%Y-%m-%d}, {copies}{held}")
    if not found:
        click.echo("nobody is proposed for erasure", err=True)


@click.command()
@click.argument("number", type=int)
@archive_location(key=True)
@click.option("-o", "--output", metavar="NAME", required=True, help="The page is NAME.html, the data are NAME.json.")
@click.option("--name", metavar="NAME", default="", help="Name who was erased; the archive does not know it any more.")
@click.option("--requested-by", metavar="WHO", default="", help="On whose request it was done.")
@click.option(
    "--elsewhere", multiple=True, metavar="PLACE", help="Another place to clean; may be repeated [default: a list]."
)
def certify(
    number: int, location: ArchiveLocation, output: str, name: str, requested_by: str, elsewhere: tuple[str, ...]
) -> None:
    """Write the certificate of an erasure, by the number of its entry, as a page and as JSON; once.

    It says what was erased, when, on whose request, and which other places have to be cleaned. It names nobody unless
    you type a name now. The archive keeps its digest only.
    """
    from ...archive.certificate import ELSEWHERE, write_certificate

    written = write_certificate(
        open_service(location),
        number,
        output,
        name=name,
        requested_by=requested_by,
        elsewhere=elsewhere or ELSEWHERE,
    )
    for each in written:
        click.echo(each)
