"""`archive init`, `add`, `anchor`, `renew` and `forget`: what changes an archive."""

import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .._limits import limited
from ..errors import ArchiveError, ExitCode, PrivacyError, UsageError
from ..policy.ledger import shipped
from .archives import (
    archive_options,
    find_row,
    moment_words,
    open_index,
    read_anchoring,
    read_location,
)
from .authorities import authority_options, read_authorities
from .edge import now
from .files import list_files, read_file
from .progress import show_progress

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from ..archive.archive import Session
    from ..archive.index.index import Index
    from ..archive.renewal import RenewalReport

_AHEAD = datetime.timedelta(days=90)
witness_option = click.option(
    "--witness", multiple=True, metavar="VKEY=URL", help="Have the checkpoint signed by this witness, too."
)


@click.command()
@click.argument("place", metavar="DIR|s3://…")
@archive_options(place=False, key=True)
@click.option("--retain", type=click.IntRange(1, 36_500), metavar="DAYS", help="Lock what has an entry in the store.")
@click.option(
    "--retain-mode",
    type=click.Choice(["governance", "compliance"]),
    default="compliance",
    show_default=True,
    help="Who may lift the lock: some (governance), or nobody.",
)
def init(place: str, archive_key: str | None, retain: int | None, retain_mode: str) -> None:
    """Make an archive in DIR, with the published versions of the policy in it.

    Its key is kept apart from it; keep a copy of the key in a safe location.
    Where it was stopped, repeat it.
    """
    from ..archive.creation import create_archive
    from ..archive.storage.base import Retention

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
@archive_options(key=True, index=True)
@authority_options
@witness_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def add(
    names: tuple[str, ...],
    archive: str | None,
    archive_key: str | None,
    archive_index: str | None,
    tsa: tuple[str, ...],
    tsa_certificate: tuple[str, ...],
    trust: tuple[str, ...],
    witness: tuple[str, ...],
    as_json: bool,
) -> int:
    """Archive copies. Each one is verified before; one that does not verify is refused.

    A copy that is there already is not added again. With --tsa the log is anchored afterwards. With several
    files the exit code is the highest.
    """
    location = read_location(archive, archive_key, archive_index)
    authorities = read_authorities(tsa, tsa_certificate, trust)
    opened, paths = location.open(), list_files(names)
    if not paths:
        raise UsageError(f"there is no PDF file in {', '.join(names)}")
    results: list[dict[str, Any]] = []
    known: dict[str, int] = {}
    roots = authorities.trusted()
    with open_index(location, opened) as index, opened.writing(location.keyring(opened), now) as session:
        with show_progress("archiving", len(paths)) as progress:
            for path in paths:
                results.append(_add(path, session, index, known, roots))
                progress.advance()
                if not as_json:
                    click.echo(_describe(results[-1]), err=results[-1]["error"] is not None)
        anchoring = read_anchoring(authorities, witness)
        if anchoring is not None and any(result["added"] for result in results):
            anchoring.anchor(session, now())
    if as_json:
        click.echo(json.dumps({"files": results}, ensure_ascii=False, indent=2))
    return int(max((result["exit_code"] for result in results), default=ExitCode.DONE))


def _add(
    path: Path, session: "Session", index: "Index", known: dict[str, int], roots: "tuple[Certificate, ...]"
) -> dict[str, Any]:
    """Archive one copy, unless the index or this run knows it."""
    from hashlib import sha256

    from ..archive.admission import admit
    from ..verifying.origin import MAX_SIZE

    result: dict[str, Any] = {"file": str(path), "exit_code": 0, "error": None, "added": False, "entry": None}
    try:
        content = read_file(str(path), at_most=MAX_SIZE)
        with limited():
            copy = admit(content, trust_roots=roots, at=now(), ledger=shipped())
        digest = sha256(content).hexdigest()
        if digest not in known and (found := index.find(digest)) is not None:
            if found.erased:
                raise ArchiveError(
                    "its recipient was erased from the archive, and so was this copy; it is not taken again"
                )
            known[digest] = found.number
        if digest in known:
            return result | {"entry": known[digest], "digest": digest}
        known[digest] = session.add_copies([copy], shipped())[0].number
        return result | {"added": True, "entry": known[digest], "digest": digest}
    except (PrivacyError, OSError) as error:
        code = error.exit_code if isinstance(error, PrivacyError) else ExitCode.FAILED
        message = str(error) if isinstance(error, PrivacyError) else error.strerror or str(error)
        return result | {"exit_code": int(code), "error": message}


def _describe(result: dict[str, Any]) -> str:
    if result["error"] is not None:
        return f"{result['file']}: refused: {result['error']}"
    done = "archived as" if result["added"] else "is there already:"
    return f"{result['file']}: {done} entry {result['entry']}, {result['digest']}"


@click.command()
@archive_options(key=True)
@authority_options
@witness_option
def anchor(
    archive: str | None,
    archive_key: str | None,
    tsa: tuple[str, ...],
    tsa_certificate: tuple[str, ...],
    trust: tuple[str, ...],
    witness: tuple[str, ...],
) -> None:
    """Have an authority stamp the log's checkpoint: what is in the log cannot be removed unseen from then on."""
    anchoring = read_anchoring(read_authorities(tsa, tsa_certificate, trust), witness)
    if anchoring is None:
        raise UsageError("name a timestamp authority with --tsa URL, and its root certificate with --trust CERT")
    location = read_location(archive, archive_key)
    opened = location.open()
    with opened.writing(location.keyring(opened), now) as session:
        anchoring.anchor(session, now())
    click.echo(f"anchored: {opened.checkpoint().size - 1:,} entries")


@click.command()
@archive_options(key=True, index=True)
@authority_options
@click.option("--before", metavar="DATE", help="Renew what holds no longer than that [default: in 90 days].")
@click.option("--dry-run", is_flag=True, help="Say what is due when, and renew nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def renew(
    archive: str | None,
    archive_key: str | None,
    archive_index: str | None,
    tsa: tuple[str, ...],
    tsa_certificate: tuple[str, ...],
    trust: tuple[str, ...],
    before: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Renew what is due: the archive timestamps of copies, and the anchor of the log.

    A renewed copy is added; the one before stays. A new anchor covers all that was logged before it. What cannot
    be renewed, or not any longer, is left alone and named; the exit code is the highest.
    """
    from .renew import read_date

    if not dry_run and not tsa:
        raise UsageError("name a timestamp authority with --tsa URL, or see what is due with --dry-run")
    limit = now() + _AHEAD if before is None else read_date(before)
    location = read_location(archive, archive_key, archive_index)
    authorities = read_authorities(tsa, tsa_certificate, trust)
    opened, roots = location.open(), authorities.trusted()
    from ..archive.renewal import Renewal

    anchoring = read_anchoring(authorities)
    with open_index(location, opened) as index:
        with show_progress("looking", index.size) as progress:
            renewal = Renewal(
                opened,
                index,
                roots=roots,
                limit=limit,
                ledger=shipped(),
                clock=now,
                guard=limited,
                advance=lambda done, total: progress.reach(done),
            )
        if not dry_run and renewal.due and anchoring is not None:
            with (
                opened.writing(location.keyring(opened), now) as session,
                show_progress("renewing", len(renewal.copies)) as progress,
            ):
                renewal.renew(session, anchoring, advance=lambda done, total: progress.reach(done))
    _print_renewal(renewal.report(), limit, dry_run=dry_run, as_json=as_json)
    return int(renewal.exit_code)


def _print_renewal(report: "RenewalReport", limit: datetime.datetime, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        answer = {
            "before": moment_words(limit),
            "dry_run": dry_run,
            "looked_at": report.looked_at,
            "due": [{"what": due.what, "until": moment_words(due.until), "renewed": due.renewed} for due in report.due],
            "missed": [{"what": what, "error": error} for what, error in report.missed],
            "next": moment_words(report.next) if report.next else None,
        }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    for due in report.due:
        click.echo(f"{due.what}: {'renewed' if due.renewed else 'due'}; held until {moment_words(due.until)}")
    for what, error in report.missed:
        click.echo(f"{what}: left unchanged: {error}", err=True)
    click.echo(f"{len(report.due)} due before {moment_words(limit)}, of {report.looked_at} looked at")
    if report.next is not None:
        click.echo(f"the next one holds until {moment_words(report.next)}")


@click.command()
@click.argument("digest")
@archive_options(index=True)
@click.option("--release", is_flag=True, help="Lift the hold.")
def hold(digest: str, archive: str | None, archive_index: str | None, release: bool) -> None:
    """Put a file under legal hold: the store removes it for nobody, whatever its retention, until it is released."""
    location = read_location(archive, None, archive_index)
    opened = location.open()
    with open_index(location, opened) as index:
        row = find_row(index, digest)
    opened.storage.hold(row.name, on=not release)
    click.echo(f"{row.name}: {'released' if release else 'held'}")


@click.command()
@click.argument("recipient")
@archive_options(key=True, index=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(recipient: str, archive: str | None, archive_key: str | None, archive_index: str | None, yes: bool) -> None:
    """Erase a recipient: their name, and the copies addressed to them. The log stays whole.

    That they were erased (Art. 17 GDPR), and when, is logged by their pseudonym. It cannot be undone.
    """
    location = read_location(archive, archive_key, archive_index)
    opened = location.open()
    keyring = location.keyring(opened)
    found = opened.find_recipient(keyring.names_key, recipient)
    if found is None:
        raise UsageError(f"the archive has no recipient {recipient!r}, or no longer")
    with open_index(location, opened) as index:
        rows = list(index.rows(recipients=[found.pseudonym]))
    if not yes:
        click.confirm(f"Erase {found.name} and {len(rows)} copies for good?", abort=True, err=True)
    with opened.writing(location.keyring(opened), now) as session:
        done = session.erase(found, [row.file for row in rows])
    click.echo(f"erased: {len(rows)} copies and the name; logged as entry {done.number}")
