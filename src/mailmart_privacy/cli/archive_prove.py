"""`archive prove`, `evidence` and `verify`: what convinces people who trust neither us nor our tools."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import FileKeptError
from ..filing import write_whole
from .archives import archive_options, find_row, moment_words, now, read_place, read_trusted, verified_anchors
from .files import read_file, write_out
from .progress import show_progress

if TYPE_CHECKING:
    from ..archive.archive import Archive, Numbered
    from ..archive.index import Index

_TRUST = click.option("--trust", multiple=True, metavar="CERT", help="The root of the authority that stamps.")


@click.command()
@click.argument("digest")
@archive_options(index=True)
@click.option("-o", "--output", metavar="FILE|-", help="[default: DIGEST.tlog-proof]")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def prove(digest: str, archive: str | None, archive_index: str | None, output: str | None, force: bool) -> None:
    """Write the proof that a file is in the log, and print its path. Anybody can check it offline, with the log's key.

    Keep it apart from the archive: it also shows that nothing before it was removed.
    """
    from ..archive.proofs import SUFFIX, write_proof

    place = read_place(archive, None, archive_index)
    opened = place.open()
    with place.indexed(opened) as index:
        found, name = _find(opened, index, digest)
    target = output or f"{Path(name).stem}{SUFFIX}"
    write_out(target, write_proof(opened, found.number), binary=False, force=force)
    if target != "-":
        click.echo(target)


@click.command()
@click.argument("digest")
@archive_options(index=True)
@_TRUST
@click.option("-d", "--directory", metavar="DIR", help="The new folder of the bag [default: evidence-DIGEST].")
def evidence(
    digest: str, archive: str | None, archive_index: str | None, trust: tuple[str, ...], directory: str | None
) -> None:
    """Write a folder with all that shows what a copy is and when it was archived, and print its path.

    It is a BagIt bag: the copy, its entry, the proof, the timestamp and what it is judged by, the policy, a page
    that tells an auditor what to run, and a program that checks it with nothing but Python.
    """
    from ..archive.anchors import require_holding
    from ..archive.evidence import gather_evidence

    place = read_place(archive, None, archive_index)
    opened = place.open()
    with place.indexed(opened) as index:
        found, name = _find(opened, index, digest)
        anchors = require_holding(verified_anchors(opened, index, read_trusted(trust)))
    file = next(each for each in found.entry.files if each.name == name)
    files = gather_evidence(opened, found, file, anchors=anchors, at=now())
    target = Path(directory or f"evidence-{file.digest[:16]}")
    _write_folder(target, files)
    click.echo(str(target))


def _find(archive: "Archive", index: "Index", digest: str) -> "tuple[Numbered, str]":
    row = find_row(index, digest)
    return archive.read_entry(row.number), row.name


def _write_folder(target: Path, files: dict[str, bytes]) -> None:
    """Write a new folder beside its place, and put it there when it is whole."""
    import shutil
    import tempfile

    if target.exists():
        raise FileKeptError(f"{target} exists and was kept; give another name with -d")
    beside = Path(tempfile.mkdtemp(prefix=".mailmart-privacy-", dir=target.absolute().parent))
    try:
        for name, content in files.items():
            path = beside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        beside.chmod(0o755)
        beside.rename(target)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


@click.command()
@archive_options()
@_TRUST
@click.option("--proof", "proofs", multiple=True, metavar="FILE", help="A proof that was kept apart; may be repeated.")
@click.option(
    "--checkpoint", "checkpoints", multiple=True, metavar="FILE", help="A checkpoint that was kept apart, likewise."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def verify(
    archive: str | None,
    trust: tuple[str, ...],
    proofs: tuple[str, ...],
    checkpoints: tuple[str, ...],
    as_json: bool,
) -> None:
    """Audit the whole archive: every entry has its file, every file its entry, nothing was changed or removed.

    It writes nothing. That nothing was cut off at the end can only be told by what lies outside: give proofs or
    checkpoints that were kept apart. Anchors are judged by the certificates given with --trust.
    """
    from ..archive.anchors import require_holding, verify_anchors
    from ..archive.archive import Archive
    from ..archive.audit import audit
    from ..archive.log_audit import Root
    from ..archive.notes import read_checkpoint
    from ..archive.proofs import read_proof

    opened: Archive = read_place(archive).open()
    known = []
    for name in proofs:
        checkpoint = read_proof(read_file(name, at_most=1 << 20), opened.facts.key).checkpoint
        known.append(Root(checkpoint.size, checkpoint.root, name))
    for name in checkpoints:
        checkpoint = read_checkpoint(read_file(name, at_most=1 << 20), opened.facts.key)
        known.append(Root(checkpoint.size, checkpoint.root, name))
    with show_progress("verifying", opened.checkpoint().size) as progress:
        report = audit(opened, roots=known, advance=lambda done, total: progress.reach(done))
    report.require_sound()
    judged = verify_anchors(opened, report.anchors, roots=read_trusted(trust), at=now())
    anchors = require_holding(judged)
    lapsed = len(judged) - len(anchors)
    last = anchors[-1] if anchors else None
    answer: dict[str, Any] = {
        "origin": opened.facts.origin,
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
    }
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    click.echo(f"{opened.storage.location}: whole; nothing was changed")
    click.echo(
        f"  entries    {report.entries:,}, with {report.files:,} files"
        + (f", {report.erased:,} erased" if report.erased else "")
    )
    if report.unpublished or report.staged:
        click.echo(
            f"  unfinished {report.unpublished:,} entries to be published, {report.staged:,} files on their way in; "
            "the next writer goes on with them"
        )
    if last:
        click.echo(f"  anchored   {last.checkpoint.size:,} entries, by {last.authority}, {moment_words(last.moment)}")
        click.echo(f"             holds until {moment_words(last.expires_at)}")
        if lapsed:
            click.echo(f"             {lapsed:,} lapsed before another one covered it, and proves nothing any longer")
    else:
        click.echo("  anchored   never: that nothing was cut off at the end rests on this archive's word")
