"""An archive in a folder: POSIX, on a disk of this machine.

One file appears whole or not at all: it is written in a corner of its writer, synced, and linked to
its place, which fails where something is. A corner is locked for as long as its writer lives.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..errors import TamperedError
from .folder_intake import FolderIntake, lock_corner, name_aside, name_inside, require_plain, sync_names
from .storage import INCOMING, Stored


class Folder:
    """An archive in a folder; see `Storage`.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.location = str(path)
        self._plain: set[str] = set()

    def read(self, name: str) -> bytes | None:
        """Read a file; see `Storage.read`."""
        content = self._read(name)
        if content is None:
            for corner in self._corners():
                content = self._read(f"{INCOMING}/{corner}/{name_aside(name)}")
                if content is not None:
                    return content
            content = self._read(name)  # it was settled meanwhile
        return content

    def find(self, folder: str = "") -> Iterator[Stored]:
        """Find files; see `Storage.find`."""
        waiting = [folder.rstrip("/")]
        while waiting:
            below = waiting.pop()
            if below == INCOMING:
                continue
            try:
                with os.scandir(self.path / below) as found:
                    entries = list(found)
            except FileNotFoundError:
                continue
            for each in entries:
                name = f"{below}/{each.name}" if below else each.name
                if each.is_dir(follow_symlinks=False):
                    waiting.append(name)
                elif each.is_file(follow_symlinks=False):
                    yield Stored(name, each.stat(follow_symlinks=False).st_size)
                else:
                    raise TamperedError(f"{self.location}: {name} is a link or a device; an archive holds files only")

    def staged(self) -> set[str]:
        """Name what was staged; see `Storage.staged`."""
        return {name for corner in self._corners() for name in self._held(corner)}

    @contextlib.contextmanager
    def intake(self, size: int) -> "Iterator[FolderIntake]":
        """Open a way in; see `Storage.intake`."""
        incoming = self.path / INCOMING
        require_plain(self.path, INCOMING)
        incoming.mkdir(exist_ok=True)
        while True:
            corner = incoming / f"{size}-{secrets.token_hex(8)}"
            corner.mkdir()
            lock = lock_corner(corner)
            if lock is not None:
                break
        try:
            sync_names(incoming)
            intake = FolderIntake(self.path, corner)
            yield intake
            intake.close()
        finally:
            os.close(lock)

    def recover(self, logged: Callable[[int], Iterable[str]]) -> None:
        """Finish for writers that were stopped; see `Storage.recover`."""
        for name in self._corners():
            corner = self.path / INCOMING / name
            lock = lock_corner(corner)
            if lock is None:
                continue
            try:
                held = set(self._held(name))
                intake = FolderIntake(self.path, corner)
                if held:
                    intake.adopt(held.intersection(logged(int(name.partition("-")[0]))))
                    intake.settle()
                intake.close()
            finally:
                os.close(lock)

    def _read(self, name: str) -> bytes | None:
        if not self._is_there(name.rpartition("/")[0]):
            return None
        try:
            descriptor = os.open(self.path / name, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise TamperedError(f"{self.location}: {name} is a link; an archive holds files only") from None
            raise
        with open(descriptor, "rb") as file:
            return file.read()

    def _is_there(self, folder: str) -> bool:
        """Tell whether a folder is there, and refuse one that lies elsewhere, by way of a link."""
        if folder not in self._plain and require_plain(self.path, folder):
            self._plain.add(folder)
        return folder in self._plain

    def _corners(self) -> list[str]:
        require_plain(self.path, INCOMING)
        try:
            return sorted(each for each in os.listdir(self.path / INCOMING) if each.partition("-")[0].isdecimal())
        except FileNotFoundError:
            return []

    def _held(self, corner: str) -> list[str]:
        require_plain(self.path, f"{INCOMING}/{corner}")
        try:
            found = os.listdir(self.path / INCOMING / corner)
        except FileNotFoundError:
            return []
        return [inside for name in found if (inside := name_inside(name)) is not None]
