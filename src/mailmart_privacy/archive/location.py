"""Where an archive, its key and its index are."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .._files import make_folder
from .._user_dirs import state_path
from ..errors import UsageError

if TYPE_CHECKING:
    from .archive import Archive
    from .index.index import Index
    from .keyring import Keyring
    from .storage.base import Storage

Advance = Callable[[int, int], None]  # is told how many entries were read, and how many there are


def quiet(done: int, total: int) -> None:
    """Ignore the progress of the work."""


@dataclass(frozen=True, slots=True)
class ArchiveLocation:
    """An archive as its user names it.

    Attributes:
        name: a folder, or "s3://bucket/prefix".
        key: the file of its key, or None for the one in the user's state folder.
        index: a file or "postgresql://…", or None for the one in the user's state folder.
    """

    name: str
    key: str | None = None
    index: str | None = None

    def open(self) -> "Archive":
        """Open the archive to read it.

        Raises:
            ArchiveError: there is no archive, or one of a newer format.
            UsageError: the name is not one of a folder or of a place in S3.
        """
        from .archive import Archive

        return Archive(self.storage())

    def storage(self) -> "Storage":
        """Open the storage, whether or not an archive is in it."""
        if self.name.startswith("s3://"):
            from .storage.s3 import open_bucket

            return open_bucket(self.name)
        if "://" in self.name:
            raise UsageError(f"{self.name}: an archive is in a folder, or in s3://BUCKET/PREFIX")
        from .storage.folder import Folder

        return Folder(Path(self.name))

    def make_folder(self) -> None:
        """Make the folder of a new archive; a place in S3 needs none.

        Raises:
            ArchiveError: this system cannot write to an archive in a folder.
            UsageError: a file is in the way.
        """
        if "://" not in self.name:
            from .storage.folder_writer import require_locks

            require_locks()
            try:
                make_folder(Path(self.name))
            except NotADirectoryError as error:
                raise UsageError(f"{error.filename} is a file; an archive needs a folder") from None

    def keyring(self, archive: "Archive") -> "Keyring":
        """Load the archive's secrets.

        Raises:
            ArchiveError: they are not there, cannot be read, or are those of another archive.
        """
        from .keyring import load_keyring

        archive.keys.reload()
        return load_keyring(self.key_path(archive.metadata.origin), archive.keys.newest)

    def key_path(self, origin: str) -> Path:
        """Name the file of the archive's secrets."""
        return Path(self.key) if self.key else _default_path(origin, "key")

    def open_index(self, archive: "Archive", advance: Advance = quiet) -> "Index":
        """Open the archive's index, and bring it up to date."""
        from .index.index import open_index

        if self.index is not None and "://" in self.index:
            index = open_index(self.index)
        else:
            path = Path(self.index) if self.index else _default_path(archive.metadata.origin, "sqlite")
            if self.index:
                _require_index(path)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            index = open_index(path)
        index.refresh(archive, advance)
        return index


def _default_path(origin: str, suffix: str) -> Path:
    return state_path() / "archives" / f"{origin.replace('/', '-')}.{suffix}"


def _require_index(path: Path) -> None:
    """Refuse a file that the user names as an index but that is not one: it would be treated as a damaged index.

    Raises:
        UsageError: it is another file.
    """
    from .index.sqlite import MAGIC

    try:
        with path.open("rb") as file:
            header = file.read(len(MAGIC))
    except FileNotFoundError:
        return
    if header and header != MAGIC:
        raise UsageError(f"{path} is not an index but another file; name another place, or remove it")
