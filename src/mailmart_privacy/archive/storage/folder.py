"""An archive in a folder: POSIX, on a disk of this machine.

A file appears completely or not at all: it is written to its writer's staging folder, synced, and linked to its place,
which fails if the name is taken. A staging folder is locked for as long as its writer runs.
"""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ...errors import TamperedError
from ..layout import ANCHORS, COPIES, VERSIONS, limit_of
from .base import INCOMING, Lock, Retention, Stored, TooLargeError
from .folder_writer import (
    FolderWriter,
    lock_staging,
    name_inside,
    require_locks,
    require_plain,
    staging_name,
    sync_names,
)

_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
# Bytes that are asked for beyond a file's size. So many that malloc keeps room for the next file, and need not get it
# from the system each time.
_BEYOND = 1 << 20
_NO_NAMES = {"", ".", ".."}
_STAGED = (f"{ANCHORS}/", f"{COPIES}/", f"{VERSIONS}/")  # what entries name, and so may be staged


class Folder:
    """An archive in a folder; see `Storage`.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.location = str(path)
        self.retention: Retention | None = None
        self._plain: set[str] = set()

    def read(self, name: str, at_most: int | None = None) -> bytes | None:
        """Read a file; see `Storage.read`."""
        limit = limit_of(name) if at_most is None else at_most
        content = self._read(name, limit)
        if content is None and name.startswith(_STAGED):
            for staging in self._staging_folders():
                content = self._read(f"{INCOMING}/{staging}/{staging_name(name)}", limit)
                if content is not None:
                    return content
            content = self._read(name, limit)  # it was settled meanwhile
        return content

    def find(self, folder: str = "") -> Iterator[Stored]:
        """Find files; see `Storage.find`."""
        waiting = [folder.rstrip("/")]
        while waiting:
            below = waiting.pop()
            if below == INCOMING:
                continue
            try:
                with os.scandir(f"{self.location}/{below}") as found:
                    entries = list(found)
            except (FileNotFoundError, NotADirectoryError):
                continue
            for each in entries:
                name = f"{below}/{each.name}" if below else each.name
                try:
                    status = each.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # another writer has removed it meanwhile
                if stat.S_ISDIR(status.st_mode):
                    waiting.append(name)
                elif stat.S_ISREG(status.st_mode):
                    yield Stored(name, status.st_size)
                else:
                    raise self._no_file(name)

    def staged(self) -> set[str]:
        """Name what was staged; see `Storage.staged`."""
        return {name for staging in self._staging_folders() for name in self._held(staging)}

    def shadowed(self) -> Iterator[tuple[str, str]]:
        """A folder has one version of each file; see `Storage.shadowed`."""
        return iter(())

    def hold(self, name: str, *, on: bool) -> bool:
        """A folder cannot hold files; only the entry in the log does; see `Storage.hold`."""
        return False

    def lock(self, name: str) -> Lock:
        """A folder cannot lock files; see `Storage.lock`."""
        return Lock()

    @contextlib.contextmanager
    def writer(self, size: int) -> "Iterator[FolderWriter]":
        """Open it for writing; see `Storage.writer`."""
        require_locks()
        incoming = self.path / INCOMING
        require_plain(self.path, INCOMING)
        incoming.mkdir(exist_ok=True)
        while True:
            staging = incoming / f"{size}-{secrets.token_hex(8)}"
            staging.mkdir()
            lock = lock_staging(staging)
            if lock is not None:
                break
        writer = FolderWriter(self.path, staging)
        try:
            sync_names(incoming)
            yield writer
            writer.close()
        finally:
            if writer.is_unused:  # of a writer that has failed before it wrote anything
                with contextlib.suppress(OSError):
                    staging.rmdir()
            os.close(lock)

    def recover(self, logged: Callable[[int], Iterable[str]]) -> None:
        """Finish for interrupted writers; see `Storage.recover`."""
        for name in self._staging_folders():
            staging = self.path / INCOMING / name
            lock = lock_staging(staging)
            if lock is None:
                continue
            try:
                writer = FolderWriter(self.path, staging)
                writer.adopt(set(logged(int(name.partition("-")[0]))), set(self._held(name)))
                writer.commit_staged()
                writer.close()
            finally:
                os.close(lock)

    def _read(self, name: str, limit: int) -> bytes | None:
        if "\0" in name or not _NO_NAMES.isdisjoint(name.split("/")):
            raise TamperedError(f"{self.location}: {name!r} has no place in an archive")
        if not self._is_there(name.rpartition("/")[0]):
            return None
        try:
            # Not to wait: a pipe would hold the reader up until somebody writes into it.
            descriptor = os.open(f"{self.location}/{name}", _READ)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise self._no_file(name) from None
            raise
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise self._no_file(name)
            content = _read_to_end(descriptor, status.st_size, limit)
        finally:
            os.close(descriptor)
        if len(content) > limit:
            raise TooLargeError(name, limit)
        return content

    def _no_file(self, name: str) -> TamperedError:
        return TamperedError(f"{self.location}: {name} is a link or a device; an archive holds files only")

    def _is_there(self, folder: str) -> bool:
        """Tell whether a folder exists, and refuse one that is reached through a link."""
        if folder not in self._plain and require_plain(self.path, folder):
            self._plain.add(folder)
        return folder in self._plain

    def _staging_folders(self) -> list[str]:
        require_plain(self.path, INCOMING)
        try:
            return sorted(each for each in os.listdir(self.path / INCOMING) if each.partition("-")[0].isdecimal())
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _held(self, staging: str) -> list[str]:
        require_plain(self.path, f"{INCOMING}/{staging}")
        try:
            found = os.listdir(self.path / INCOMING / staging)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [inside for name in found if (inside := name_inside(name)) is not None]


def _read_to_end(descriptor: int, size: int, at_most: int) -> bytes:
    """Read a file to its end, or one byte more than it may have.

    Without a file object: to open one takes longer than to read a tile.
    """
    content = os.read(descriptor, min(size, at_most) + 1)
    while more := os.read(descriptor, min(_BEYOND, at_most + 1 - len(content))):
        content += more
    return content
