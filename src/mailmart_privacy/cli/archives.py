"""The archive that the user names: where it lies, its key, its index."""

import datetime
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .._files import make_folder
from ..errors import TamperedError, UsageError
from .authorities import Authorities, read_authorities
from .state import state_path

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from ..archive.anchors import Anchor
    from ..archive.archive import Archive, LogEntry, Session
    from ..archive.index.index import Index, Row
    from ..archive.keyring import Keyring
    from ..archive.storage.base import Storage

_Command = TypeVar("_Command", bound="Callable[..., object]")


@dataclass(frozen=True, slots=True)
class Place:
    """An archive as the user names it.

    Attributes:
        name: a folder, or "s3://bucket/prefix".
        key: the file of its key, or None for where it is by default.
        index: a file or "postgresql://…", or None for where it is by default.
    """

    name: str
    key: str | None = None
    index: str | None = None

    def open(self) -> "Archive":
        """Open the archive, to be read."""
        from ..archive.archive import Archive

        return Archive(self.storage())

    def storage(self) -> "Storage":
        """Open where it lies."""
        if self.name.startswith("s3://"):
            from ..archive.storage.s3 import open_bucket

            return open_bucket(self.name)
        if "://" in self.name:
            raise UsageError(f"{self.name}: an archive lies in a folder, or in s3://BUCKET/PREFIX")
        from ..archive.storage.folder import Folder

        return Folder(Path(self.name))

    def keyring(self, archive: "Archive") -> "Keyring":
        """Load the archive's secrets."""
        from ..archive.keyring import load_keyring

        return load_keyring(self.key_path(archive.metadata.origin), archive.metadata.key)

    def key_path(self, origin: str) -> Path:
        """Name the file of the archive's secrets."""
        return Path(self.key) if self.key else _kept(origin, "key")

    def writing(self, archive: "Archive") -> "AbstractContextManager[Session]":
        """Open the archive, to be added to."""
        return archive.writing(self.keyring(archive), now)

    def indexed(self, archive: "Archive") -> "Index":
        """Open the archive's index, and bring it up to date."""
        from ..archive.index.index import open_index
        from .progress import show_progress

        if self.index is not None and "://" in self.index:
            index = open_index(self.index)
        else:
            path = Path(self.index) if self.index else _kept(archive.metadata.origin, "sqlite")
            if self.index:
                _require_index(path)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            index = open_index(path)
        with show_progress("indexing", archive.checkpoint().size) as progress:
            index.refresh(archive, lambda done, total: progress.reach(done))
        return index


def now() -> datetime.datetime:
    """Tell what time it is, in whole seconds."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def archive_options(*, place: bool = True, key: bool = False, index: bool = False) -> Callable[[_Command], _Command]:
    """Add `--archive`, and where they are needed `--archive-key` and `--archive-index`; read them with `read_place`."""

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


def read_place(archive: str | None, archive_key: str | None = None, archive_index: str | None = None) -> Place:
    """Read what `archive_options` gave.

    Raises:
        UsageError: no archive is named.
    """
    if not archive:
        raise UsageError("name the archive with --archive DIR, or once for all with MAILMART_PRIVACY_ARCHIVE")
    return Place(archive, archive_key, archive_index)


def read_trusted(trust: tuple[str, ...]) -> "tuple[Certificate, ...]":
    """Read the certificates to trust: those given, and the user's own."""
    return read_authorities((), (), trust).trusted()


def verified_anchors(archive: "Archive", index: "Index", roots: "tuple[Certificate, ...]") -> "list[Anchor]":
    """Verify the anchors that the index lists, also those that lapsed (see `require_holding` of archive/anchors.py).

    One that is not published yet proves nothing yet.
    """
    from ..archive.anchors import verify_anchors

    published = archive.checkpoint().size
    numbers = [number for number, *_ in index.anchors() if number < published]
    return verify_anchors(archive, [archive.read_entry(number) for number in numbers], roots=roots, at=now())


def anchor_batch(session: "Session", authorities: Authorities, witnesses: tuple[str, ...] = ()) -> None:
    """Anchor what was added, where an authority is configured."""
    from ..archive.anchors import anchor
    from ..archive.witnesses import cosign, parse_witness

    asked = tuple(map(parse_witness, witnesses))
    if authorities.urls:
        anchor(
            session,
            timestamps=authorities.client(),
            roots=authorities.roots,
            at=now(),
            cosign=lambda checkpoint: cosign(session.archive, checkpoint, asked),
        )


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


def _require_index(path: Path) -> None:
    """Refuse a file that the user names as an index, and that is none: it would be taken for one that was damaged.

    Raises:
        UsageError: it is another file.
    """
    from ..archive.index.sqlite import MAGIC

    try:
        with path.open("rb") as file:
            header = file.read(len(MAGIC))
    except FileNotFoundError:
        return
    if header and header != MAGIC:
        raise UsageError(f"{path} is a file of something else, no index; name another place, or remove it")


def _kept(origin: str, suffix: str) -> Path:
    return state_path() / "archives" / f"{origin.replace('/', '-')}.{suffix}"


def require_folder(name: str) -> None:
    """Make the folder of a new archive."""
    if "://" not in name:
        try:
            make_folder(Path(name))
        except NotADirectoryError as error:
            raise UsageError(f"{error.filename} is a file; an archive lies in a folder") from None
