"""Writes to an archive in a folder: files are staged in a folder of their own, then linked to their places."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from ..._sync import sync_file, sync_files
from ...errors import ArchiveError, TamperedError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_OPEN = 256  # files that are written and not synced yet
_BARS = "+"  # for the slashes of a name, in a staging folder


def staging_name(name: str) -> str:
    """Name a file in a staging folder by its name in the archive."""
    return name.replace("/", _BARS)


def name_inside(aside: str) -> str | None:
    """Name a file in the archive by its name in a staging folder, or None if it has none."""
    return aside.replace(_BARS, "/") if _BARS in aside else None


class FolderWriter:
    """A staging folder of a writer; see `StorageWriter`."""

    def __init__(self, root: Path, staging: Path) -> None:
        self._root, self._staging = root, staging
        self._staged: dict[str, None] = {}
        self._touched: dict[Path, None] = {}
        self._known = {root}  # folders whose names are synced
        self._prepared: dict[str, Path] = {}
        self._count = 0

    @property
    def is_unused(self) -> bool:
        """Whether nothing was written yet."""
        return not self._count

    def put(self, files: Iterable[tuple[str, bytes]]) -> list[bool]:
        """Put files; see `StorageWriter.put`."""
        names, done = [], []
        with _Written() as written:
            for name, content in files:
                names.append((name, self._name_beside()))
                written.write(names[-1][1], content)
        for name, beside in names:
            path = self._prepare(name)
            try:
                os.link(beside, path)
                done.append(True)
            except FileExistsError:
                done.append(False)
            os.unlink(beside)
        self._sync()
        return done

    def stage(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Stage files; see `StorageWriter.stage`."""
        names = []
        with _Written() as written:
            for name, content in files:
                names.append((name, self._name_beside()))
                written.write(names[-1][1], content)
        # Only what is whole has a name: another entry may name it, too, and find it here.
        for name, beside in names:
            os.replace(beside, f"{self._staging}/{staging_name(name)}")
            self._staged[name] = None
        sync_names(self._staging)

    def commit_staged(self) -> None:
        """Move staged files to their places; see `StorageWriter.commit_staged`."""
        for name in list(self._staged):
            os.replace(f"{self._staging}/{staging_name(name)}", self._prepare(name))
            del self._staged[name]

    def adopt(self, names: set[str], held: set[str]) -> None:
        """Take over from an interrupted writer.

        Args:
            names: the files of all entries that it may have committed.
            held: what it had staged but not committed.
        """
        # What it had settled, it may not have synced.
        for folder in sorted({name.rpartition("/")[0] for name in names}):
            if require_plain(self._root, folder):
                self._sync_name(self._root / folder)
                self._touched[self._root / folder] = None
        self._staged.update(dict.fromkeys(sorted(names & held)))

    def exchange(self, name: str, old: bytes | None, new: bytes) -> bool:
        """Replace a file; see `StorageWriter.exchange`."""
        target = Path(self._prepare(name))
        lock = os.open(target.parent, os.O_RDONLY)
        try:
            _lock(lock, wait=True)
            try:
                found: bytes | None = target.read_bytes()
            except FileNotFoundError:
                found = None
            if found != old:
                return False
            beside = self._name_beside()
            with _Written() as written:
                written.write(beside, new)
            os.replace(beside, target)
            self._sync()
        finally:
            os.close(lock)
        return True

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; see `StorageWriter.remove`."""
        for name in names:
            require_plain(self._root, name.rpartition("/")[0])
            path = self._root / name
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                self._touched[path.parent] = None
        self._sync()

    def close(self) -> None:
        """Sync what was committed, and remove the staging folder."""
        self._sync()
        for each in os.listdir(self._staging):
            os.unlink(self._staging / each)
        os.rmdir(self._staging)

    def _name_beside(self) -> str:
        self._count += 1
        return f"{self._staging}/{self._count}"

    def _prepare(self, name: str) -> str:
        """Find the place of a file, and make its folder."""
        below = name.rpartition("/")[0]
        folder = self._prepared.get(below)
        if folder is None:
            folder = self._root / below
            if folder not in self._known:
                require_plain(self._root, below)
                folder.mkdir(parents=True, exist_ok=True)
                # Before anything is moved into it, which would be lost with the folder.
                self._sync_name(folder)
            self._prepared[below] = folder
        self._touched[folder] = None
        return f"{self._root}/{name}"

    def _sync_name(self, folder: Path) -> None:
        """Sync the name of a folder, and of those above it, even if it existed: its creator may have been
        interrupted."""
        while folder not in self._known:
            self._known.add(folder)
            folder = folder.parent
            sync_names(folder)

    def _sync(self) -> None:
        for folder in self._touched:
            sync_names(folder)
        self._touched.clear()


class _Written:
    """Writes files, and syncs all of them before it closes them."""

    def __init__(self) -> None:
        self._open: list[int] = []

    def __enter__(self) -> "_Written":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._close(sync=kind is None)

    def write(self, path: str, content: bytes) -> None:
        if len(self._open) == _OPEN:
            self._close(sync=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        self._open.append(descriptor)
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        except OSError as error:  # it names no file, and the disk that is full may be another one than that of the copy
            raise OSError(error.errno, error.strerror, os.path.dirname(path)) from error

    def _close(self, *, sync: bool) -> None:
        try:
            if sync:
                sync_files(self._open)
        finally:
            for descriptor in self._open:
                os.close(descriptor)
            self._open.clear()


def require_locks() -> None:
    """Refuse to write to a folder if the system has no POSIX locks, as on Windows; raises ArchiveError."""
    if fcntl is None:
        raise ArchiveError("an archive in a folder needs POSIX locks, which this system lacks; keep the archive in S3")


def require_plain(root: Path, folder: str) -> bool:
    """Refuse a folder of an archive that is a link, or is reached through one; tell whether it exists.

    Raises:
        TamperedError: it leads out of the archive.
    """
    path = root
    for part in folder.split("/") if folder else ():
        path = path / part
        try:
            mode = os.lstat(path).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return False
        if stat.S_ISLNK(mode):
            raise TamperedError(f"{root}: {folder} is a link, or is reached through one; an archive has no links")
    return True


def sync_names(folder: Path) -> None:
    """Sync the names in a folder; an error is raised if that fails."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        sync_file(descriptor)
    finally:
        os.close(descriptor)


def lock_staging(staging: Path) -> int | None:
    """Lock a staging folder; None if another process has locked or removed it."""
    try:
        descriptor = os.open(staging, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            raise TamperedError(f"{staging} is a link or a file; writers have folders there") from None
        raise
    try:
        _lock(descriptor, wait=False)
        if os.path.samestat(os.fstat(descriptor), os.stat(staging)):
            return descriptor
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.ENOENT):
            os.close(descriptor)
            raise
    os.close(descriptor)
    return None


def _lock(descriptor: int, *, wait: bool) -> None:
    require_locks()
    assert fcntl is not None
    fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
