"""The options that name an archive, and what its answers look like."""

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .._user_dirs import state_path
from ..archive.location import ArchiveLocation
from ..errors import TamperedError, UsageError
from .authorities import Authorities, read_authorities

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from ..archive.anchoring import Anchoring
    from ..archive.archive import Archive, LogEntry
    from ..archive.index.index import Index, Row

_Command = TypeVar("_Command", bound="Callable[..., object]")


def archive_options(*, place: bool = True, key: bool = False, index: bool = False) -> Callable[[_Command], _Command]:
    """Add `--archive`, and where needed `--archive-key` and `--archive-index`; read them with `read_location`."""

    def add(command: _Command) -> _Command:
        if index:
            command = click.option(
                "--archive-index", metavar="FILE|URL", help="Its index: SQLite or postgresql://… [default: your own]."
            )(command)
        if key:
            command = click.option(
                "--archive-key", metavar="FILE", help="The archive's key [default: where `init` put it]."
            )(command)
        if place:
            command = click.option("-a", "--archive", metavar="DIR|s3://…", help="The archive.")(command)
        return command

    return add


def read_location(
    archive: str | None, archive_key: str | None = None, archive_index: str | None = None
) -> ArchiveLocation:
    """Read what `archive_options` gave.

    Raises:
        UsageError: no archive is named.
    """
    if not archive:
        raise UsageError("name the archive with --archive DIR, or once for all with MAILMART_PRIVACY_ARCHIVE")
    return ArchiveLocation(archive, archive_key, archive_index, state_path() / "archives")


def read_trusted(trust: tuple[str, ...]) -> "tuple[Certificate, ...]":
    """Read the certificates to trust: those given, and the user's own."""
    return read_authorities((), (), trust).trusted()


def read_anchoring(authorities: Authorities, witnesses: tuple[str, ...] = ()) -> "Anchoring | None":
    """Read how the log is to be anchored, or None where no authority is configured."""
    if not authorities.urls:
        return None
    from ..archive.anchoring import Anchoring
    from ..archive.witnesses import parse_witness

    return Anchoring(
        timestamps=authorities.client(), roots=authorities.roots, witnesses=tuple(map(parse_witness, witnesses))
    )


def open_index(location: ArchiveLocation, archive: "Archive") -> "Index":
    """Open the archive's index and bring it up to date; show how far that has come."""
    from .progress import show_progress

    with show_progress("indexing", archive.checkpoint().size) as progress:
        return location.open_index(archive, lambda done, total: progress.reach(done))


def find_row(index: "Index", digest: str) -> "Row":
    """Find a file by its digest, or the beginning of it.

    Raises:
        UsageError: the archive has none, or several.
    """
    row = index.find(digest)
    if row is None:
        raise UsageError(f"the archive has no file with the digest {digest}")
    return row


def find_entry(archive: "Archive", row: "Row") -> "LogEntry":
    """Find the entry of a row in the log itself, and hold the row to it.

    Raises:
        ArchiveError: it is not published yet.
        TamperedError: the index was made from commits that say something else than the log.
    """
    found = archive.read_entry(row.number)
    said = (found.entry.kind, found.entry.version, found.entry.policy_digest, found.entry.effective_at)
    if row.file not in found.entry.files or said != (row.kind, row.version, row.policy_digest, row.effective_at):
        raise TamperedError(
            f"entry {row.number:,} is another one in the log; see what was changed with: archive verify"
        )
    return found


def moment_words(moment: datetime.datetime | None) -> str:
    """Spell a moment for people and programs alike."""
    return (
        "-" if moment is None else moment.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    )


def row_to_json(row: "Row") -> dict[str, Any]:
    """Spell a row of the index in JSON."""
    from ..archive.index.rows import SHOWN

    return {
        name: moment_words(value) if isinstance(value := getattr(row, name), datetime.datetime) else value
        for name in SHOWN
    }
