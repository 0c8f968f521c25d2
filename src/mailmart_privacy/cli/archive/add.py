"""`archive init`, `add`, `anchor`, `renew` and `reindex`: what makes an archive grow."""

import datetime
from typing import TYPE_CHECKING, Any

import click

from ...archive.location import ArchiveLocation
from ...archive.register import read_register
from ...errors import ExitCode, UsageError
from ...policy.ledger import shipped
from ..authorities import AuthorityOptions, authority_values
from ..edge import now
from ..hints import explain_file, find_code
from ..output import print_json
from ..progress import Shown, show_progress
from ..reading import list_files
from ..times import moment_words, read_limit
from .options import (
    archive_location,
    archive_options,
    open_service,
    read_anchoring,
    read_location,
)

if TYPE_CHECKING:
    from ...archive.acts import Erasure
    from ...archive.adding import Added
    from ...archive.renewal import RenewalReport

witness_option = click.option(
    "--witness", multiple=True, metavar="VKEY=URL", help="Also have this witness sign the checkpoint."
)


@click.command()
@click.argument("place", metavar="DIR|s3://…")
@archive_options(place=False, key=True)
@click.option(
    "--retain",
    type=click.IntRange(1, 36_500),
    metavar="DAYS",
    help="Have the store lock archived files for so many days.",
)
@click.option(
    "--retain-mode",
    type=click.Choice(["governance", "compliance"]),
    default="compliance",
    show_default=True,
    help="Who may lift the lock: some people (governance), or nobody (compliance).",
)
def init(place: str, archive_key: str | None, retain: int | None, retain_mode: str) -> None:
    """Make an archive in DIR, with the published versions of the policy in it.

    The archive's key is stored outside of it; keep a copy of the key in a safe place. If the command was interrupted,
    run it again.
    """
    from ...archive.creation import create_archive
    from ...archive.storage.base import Retention

    if retain is not None and not place.startswith("s3://"):
        raise UsageError("a folder locks nothing; --retain is for a bucket with object lock")
    chosen = read_location(place, archive_key)
    chosen.make_folder()
    retention = None if retain is None else Retention(retain_mode.upper(), retain)
    made = create_archive(chosen.storage(), key=chosen.key_path, ledger=shipped(), clock=now, retention=retention)
    click.echo(f"{place}: archive of the log {made.metadata.origin}, {made.checkpoint().size} entries")
    click.echo(
        f"Its key is {chosen.key_path(made.metadata.origin)}; keep a copy of it apart from the archive.", err=True
    )


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="FILE|FOLDER...")
@archive_location(key=True, index=True)
@authority_values
@witness_option
@click.option("--same-reference", is_flag=True, help="Accept a reference that another customer already has.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def add(
    names: tuple[str, ...],
    location: ArchiveLocation,
    authorities: AuthorityOptions,
    witness: tuple[str, ...],
    same_reference: bool,
    as_json: bool,
) -> int:
    """Archive copies. Each one is verified first; one that does not verify is refused.

    A copy that is in the archive already is not verified or added again. With --tsa the log is anchored afterwards.
    With several files the exit code is the highest.
    """
    from ...batch.worker_pool import open_helpers

    service, paths = open_service(location, "indexing"), list_files(names)
    if not paths:
        raise UsageError(f"there is no PDF file in {', '.join(names)}")
    results: list[dict[str, Any]] = []
    try:
        with open_helpers(len(paths)) as helpers, show_progress("archiving", len(paths)) as progress:

            def report(added: "Added") -> None:
                results.append(_to_json(added))
                progress.advance()
                if not as_json:
                    click.echo(_describe(results[-1]), err=added.error is not None)

            service.add(
                paths,
                trust=authorities.trusted.read_with_own(),
                ledger=shipped(),
                same_reference=same_reference,
                anchoring=read_anchoring(authorities, witness),
                helpers=helpers,
                report=report,
            )
    finally:  # what was archived before an error is listed
        if as_json:
            print_json({"files": results})
    return int(max((result["exit_code"] for result in results), default=ExitCode.DONE))


def _to_json(added: "Added") -> dict[str, Any]:
    return {
        "file": added.file,
        "digest": added.digest,
        "entry": added.entry,
        "added": added.added,
        "exit_code": int(find_code(added.error)),
        "error": None if added.error is None else explain_file(added.error),
    }


def _describe(result: dict[str, Any]) -> str:
    if result["error"] is not None:
        return f"{result['file']}: refused: {result['error']}"
    done = "archived as" if result["added"] else "is archived already:"
    return f"{result['file']}: {done} entry {result['entry']}, {result['digest']}"


@click.command()
@archive_location(key=True)
@authority_values
@witness_option
def anchor(location: ArchiveLocation, authorities: AuthorityOptions, witness: tuple[str, ...]) -> None:
    """Have an authority stamp the log's checkpoint. After that, nothing can be removed from the log unnoticed."""
    anchoring = read_anchoring(authorities, witness)
    if anchoring is None:
        raise UsageError("name a timestamp authority with --tsa URL, and its root certificate with --trust CERT")
    service = open_service(location)
    # Not all that are there now: others may have added some since the authority was asked.
    click.echo(f"anchored: {service.anchor(anchoring).entry.size:,} entries")


@click.command()
@archive_location(key=True, index=True)
@authority_values
@click.option("--before", metavar="DATE", help="Renew what expires before that date [default: in 90 days].")
@click.option("--dry-run", is_flag=True, help="Show what is due and when, and renew nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def renew(
    location: ArchiveLocation, authorities: AuthorityOptions, before: str | None, dry_run: bool, as_json: bool
) -> int:
    """Renew what is due: the archive timestamps of copies, the anchor of the log, and erasures that waited.

    A renewed copy is added, and the former one stays. A new anchor covers everything that was logged before it. Copies
    that cannot be renewed are listed and left unchanged; the exit code is the highest of theirs.
    """
    limit = read_limit(before)
    anchoring = read_anchoring(authorities)
    service = open_service(location, "looking")
    waiting = bool(read_register(service.archive).waiting)
    if anchoring is None and not dry_run and not waiting:
        raise UsageError("name a timestamp authority with --tsa URL, or see what is due with --dry-run")
    renewal = service.renewal(trust=authorities.trusted.read_with_own(), limit=limit, ledger=shipped())
    erased, missed = list["Erasure"](), list[str]()
    if not dry_run and (waiting or (renewal.due and anchoring is not None)):
        erased, missed = service.renew(renewal, anchoring, advance=Shown("renewing"))
    report = _to_report(renewal.report(), limit, dry_run=dry_run)
    report |= {"erased": [each.entry.number for each in erased], "erasures_waiting": missed}
    if as_json:
        print_json(report)
    else:
        _print_renewal(report)
    return int(renewal.exit_code)


def _to_report(report: "RenewalReport", limit: datetime.datetime, *, dry_run: bool) -> dict[str, Any]:
    return {
        "before": moment_words(limit),
        "dry_run": dry_run,
        "looked_at": report.looked_at,
        "due": [{"what": due.what, "until": moment_words(due.until), "renewed": due.renewed} for due in report.due],
        "missed": [{"what": what, "error": error} for what, error in report.missed],
        "next": moment_words(report.next) if report.next else None,
    }


def _print_renewal(report: dict[str, Any]) -> None:
    for number in report["erased"]:
        click.echo(f"an erasure that waited is done; recorded as entry {number:,}")
    for words in report["erasures_waiting"]:
        click.echo(f"an erasure still waits: {words}", err=True)
    for due in report["due"]:
        click.echo(f"{due['what']}: {'renewed' if due['renewed'] else 'due'}; held until {due['until']}")
    for missed in report["missed"]:
        click.echo(f"{missed['what']}: left unchanged: {missed['error']}", err=True)
    click.echo(f"{len(report['due'])} due before {report['before']}, of {report['looked_at']} checked")
    if report["next"] is not None:
        click.echo(f"the next one is valid until {report['next']}")


@click.command()
@archive_location(index=True)
def reindex(location: ArchiveLocation) -> None:
    """Rebuild the index from the log. The index contains nothing that the log does not."""
    service = open_service(location, "indexing")
    with service.index() as index:
        index.rebuild(service.archive, service.advance)
        click.echo(f"indexed: {index.size:,} entries")
