"""`archive prove`, `evidence` and `verify`: what convinces people who trust neither us nor our tools."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..._files import write_folder
from ...archive.location import ArchiveLocation
from ...errors import ExitCode, TamperedError
from ...policy.ledger import shipped
from ..edge import now
from ..files import write_out
from ..output import print_json
from ..reading import read_file
from ..times import moment_words
from .options import archive_location, open_service, read_location, read_trusted, warn_of_withdrawal

if TYPE_CHECKING:
    from ...archive.anchors import Anchor
    from ...archive.archive import Archive
    from ...archive.audit import Report
    from ...archive.log_audit import Root

_TRUST = click.option(
    "--trust", multiple=True, metavar="CERT", help="The root certificate of the authority that stamped the log."
)


@click.command()
@click.argument("digest")
@archive_location(index=True)
@click.option("-o", "--output", metavar="FILE|-", help="[default: DIGEST.tlog-proof]")
@click.option("--force", is_flag=True, help="Replace an existing file.")
def prove(digest: str, location: ArchiveLocation, output: str | None, force: bool) -> None:
    """Write the proof that a file is in the log, and print its path. Anybody can check it offline, with the log's key.

    Keep the proof outside of the archive: it also shows that no earlier entry was removed. If the copy was withdrawn,
    a note says so.
    """
    from ...archive.proofs import SUFFIX

    service = open_service(location, "indexing")
    row, proof = service.prove(digest)
    target = output or f"{Path(row.name).stem}{SUFFIX}"
    write_out(target, proof, binary=False, force=force)
    if target != "-":
        click.echo(target)
    warn_of_withdrawal(service, digest)


@click.command()
@click.argument("digest")
@archive_location(key=True, index=True)
@_TRUST
@click.option("--matter", metavar="M", default="", help="The matter that the evidence is for; the page names it.")
@click.option("-d", "--directory", metavar="DIR", help="The new folder of the bag [default: evidence-DIGEST].")
def evidence(
    digest: str, location: ArchiveLocation, trust: tuple[str, ...], matter: str, directory: str | None
) -> None:
    """Write a folder with all that shows what a copy is and when it was archived, and print its path.

    It is a BagIt bag: the copy, its entry, the proof, the timestamp with its certificates, the policy, a page that
    tells an auditor what to run, and a program that checks everything and needs only Python. If the archive's key is
    here, the page names the customer and the reference.
    """
    service = open_service(location, "indexing")
    row, files = service.evidence(digest, trust=read_trusted(trust), ledger=shipped(), matter=matter)
    target = Path(directory or f"evidence-{row.digest[:16]}")
    write_folder(target, files)
    click.echo(str(target))
    warn_of_withdrawal(service, digest)


@click.command()
@archive_location(key=True)
@_TRUST
@click.option(
    "--proof", "proofs", multiple=True, metavar="FILE", help="A proof that was kept elsewhere; may be repeated."
)
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    metavar="FILE",
    help="A checkpoint that was kept elsewhere; may be repeated.",
)
@click.option("--other", metavar="DIR|s3://…", help="Another copy of this archive: compare both, and find a fork.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def verify(
    location: ArchiveLocation,
    trust: tuple[str, ...],
    proofs: tuple[str, ...],
    checkpoints: tuple[str, ...],
    other: str | None,
    as_json: bool,
) -> int:
    """Audit the whole archive: every entry has its file, every file its entry, nothing was changed or removed.

    It writes nothing. Only something that was kept elsewhere can show whether entries were cut off at the end: give
    proofs or checkpoints. If the archive's key is on this machine, the log is also compared with what the key signed
    last. Anchors are judged by the certificates given with --trust.
    """
    from ...archive.anchors import require_holding, verify_anchors

    service = open_service(location, "verifying")
    opened = service.archive
    known = [*_read_known(opened, proofs, checkpoints), *service.known_roots()]
    try:
        compared = _compare(opened, other)
        report = service.verify(known)
        report.require_sound()
        judged = verify_anchors(opened, report.anchors, trust=read_trusted(trust), at=now())
    except TamperedError as error:
        if not as_json:
            raise
        _print_json({"origin": opened.metadata.origin, "whole": False, "faults": error.faults})
        return error.exit_code
    anchors = require_holding(judged)
    lapsed = len(judged) - len(anchors)
    if as_json:
        said = _spell(report, anchors, lapsed, known)
        _print_json({"origin": opened.metadata.origin, "whole": True, "faults": [], **said})
    else:
        but = ", but for those of erased customers" if report.erased else ""
        click.echo(f"{opened.storage.location}: unchanged; every entry has its files{but}")
        _describe(report, anchors, lapsed, known)
        _describe_notes(report)
        if compared:
            click.echo(f"  compared   {compared}")
    return ExitCode.DONE


def _spell(report: "Report", anchors: "list[Anchor]", lapsed: int, known: "list[Root]") -> dict[str, Any]:
    last = anchors[-1] if anchors else None
    return {
        "entries": report.entries,
        "published": report.checkpoint.size,
        "files": report.files,
        "erased": report.erased,
        "unfinished_files": report.staged,
        "anchors": len(anchors),
        "lapsed_anchors": lapsed,
        "anchored_entries": last.checkpoint.size if last else 0,
        "anchored_at": moment_words(last.moment) if last else None,
        "anchors_hold_until": moment_words(last.expires_at) if last else None,
        "known_elsewhere": max((root.size for root in known), default=0),
        "holds": len(report.register.holds),
        "withdrawn": len(report.register.withdrawn),
        "erasures": len(report.register.erased),
        "erasures_waiting": [
            moment_words(each.entry.due_at) if each.entry.due_at else None for each in report.register.waiting.values()
        ],
        "unknown_kinds": dict(report.register.unknown),
        "litter": report.litter,
    }


def _describe(report: "Report", anchors: "list[Anchor]", lapsed: int, known: "list[Root]") -> None:
    click.echo(
        f"  entries    {report.entries:,}, with {report.files:,} files"
        + (f", {report.erased:,} erased" if report.erased else "")
    )
    if report.unpublished or report.staged:
        click.echo(
            f"  unfinished {report.unpublished:,} entries to be published, {report.staged:,} staged files; "
            "the next writer finishes them"
        )
    if known:
        largest = max(known, key=lambda root: root.size)
        click.echo(f"  complete   up to {largest.size:,} entries at least, according to {largest.source}")
    else:
        click.echo(
            "  complete   not checked: only what was kept elsewhere can show that nothing was cut off at the end; "
            "give a checkpoint with --checkpoint, or a proof with --proof"
        )
    if anchors:
        last = anchors[-1]
        click.echo(f"  anchored   {last.checkpoint.size:,} entries, by {last.authority}, {moment_words(last.moment)}")
        click.echo(f"             valid until {moment_words(last.expires_at)}")
        if lapsed:
            click.echo(f"             {lapsed:,} lapsed before another one covered it; they no longer prove anything")
    else:
        click.echo("  anchored   never; nothing proves when its entries were made")


def _compare(archive: "Archive", other: str | None) -> str:
    """Compare the archive with another copy of it, and say how they relate."""
    if other is None:
        return ""
    from ...archive.forks import compare_logs

    there = read_location(other).open()
    found = compare_logs(archive, there)
    more = {archive.storage.location: sum(found.here.values()), there.storage.location: sum(found.there.values())}
    newer = next((f"; {place} continues with {count:,} more" for place, count in more.items() if count), "")
    return f"both have the same first {found.common:,} entries{newer}"


def _describe_notes(report: "Report") -> None:
    """Print what is worth knowing but is not a fault."""
    register = report.register
    left = "left behind by an operating system"
    counts = [
        (len(register.holds), "hold is in place", "holds are in place"),
        (len(register.withdrawn), "copy was withdrawn", "copies were withdrawn"),
        (len(report.litter), f"file was {left}; it does no harm", f"files were {left}; they do no harm"),
    ]
    for count, one, more in counts:
        if count:
            click.echo(f"  note       {count:,} {one if count == 1 else more}")
    for each in register.waiting.values():
        until = f" until {moment_words(each.entry.due_at)}" if each.entry.due_at else ""
        click.echo(f"  note       an erasure waits{until}; `archive renew` does it then")
    for kind, count in sorted(register.unknown.items()):
        click.echo(f"  note       {count:,} entries are of the kind {kind!r}, which this release does not know")


def _read_known(archive: "Archive", proofs: tuple[str, ...], checkpoints: tuple[str, ...]) -> "list[Root]":
    """Read the states of the log that proofs and checkpoints kept elsewhere show."""
    from ...archive.log_audit import Root
    from ...archive.proofs import MAX_SIZE, read_proof

    read = archive.keys.read_checkpoint
    states = [(name, read_proof(read_file(name, at_most=MAX_SIZE), read).checkpoint) for name in proofs]
    states += [(name, read(read_file(name, at_most=MAX_SIZE))) for name in checkpoints]
    return [Root(state.size, state.root, name) for name, state in states]


def _print_json(answer: dict[str, Any]) -> None:
    print_json(answer)
