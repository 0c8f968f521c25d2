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

from ..errors import ArchiveError, TamperedError

from .storage import INCOMING, Stored

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_BARS = "+"  # for the slashes of a name, in a corner


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
                content = self._read(f"{INCOMING}/{corner}/{name.replace('/', _BARS)}")
                if content is not None:
                    return content
            content = self._read(name)  # it was settled meanwhile
        return content

    def list(self, folder: str = "") -> Iterator[Stored]:
        """List files; see `Storage.list`."""
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
        incoming.mkdir(exist_ok=True)
        while True:
            corner = incoming / f"{size}-{secrets.token_hex(8)}"
            corner.mkdir()
            lock = _lock(corner)
            if lock is not None:
                break
        try:
            _fsync_folder(incoming)
            intake = FolderIntake(self.path, corner)
            yield intake
            intake.close()
        finally:
            os.close(lock)

    def recover(self, logged: Callable[[int], Iterable[str]]) -> None:
        """Finish for writers that were stopped; see `Storage.recover`."""
        for name in self._corners():
            corner = self.path / INCOMING / name
            lock = _lock(corner)
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
        self._require_plain(name.rpartition("/")[0])
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

    def _require_plain(self, folder: str) -> None:
        """Refuse a folder that lies elsewhere, by way of a link."""
        if folder not in self._plain:
            path = self.path / folder
            if path.exists() and path.resolve() != self.path.resolve() / folder:
                raise TamperedError(f"{self.location}: {folder} is a link, or lies behind one; an archive holds none")
            if path.exists():
                self._plain.add(folder)

    def _corners(self) -> "list[str]":
        try:
            return sorted(each for each in os.listdir(self.path / INCOMING) if each.partition("-")[0].isdigit())
        except FileNotFoundError:
            return []

    def _held(self, corner: str) -> "list[str]":
        try:
            found = os.listdir(self.path / INCOMING / corner)
        except FileNotFoundError:
            return []
        return [name.replace(_BARS, "/") for name in found if _BARS in name]


class FolderIntake:
    """A corner of a writer; see `Intake`."""

    def __init__(self, root: Path, corner: Path) -> None:
        self._root, self._corner = root, corner
        self._staged: list[str] = []
        self._touched: set[Path] = set()
        self._count = 0

    def put(self, files: Iterable[tuple[str, bytes]]) -> list[bool]:
        """Put files; see `Intake.put`."""
        beside = []
        for name, content in files:
            self._count += 1
            beside.append((name, self._write(str(self._count), content)))
        for _, descriptor in beside:
            os.fsync(descriptor)
        done, count = [], self._count - len(beside)
        for number, (name, descriptor) in enumerate(beside, count + 1):
            os.close(descriptor)
            target = self._prepare(name)
            try:
                os.link(self._corner / str(number), target)
                done.append(True)
            except FileExistsError:
                done.append(False)
            os.unlink(self._corner / str(number))
        self._sync()
        return done

    def stage(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Take files in; see `Intake.stage`."""
        descriptors = []
        for name, content in files:
            descriptors.append(self._write(name.replace("/", _BARS), content))
            self._staged.append(name)
        for descriptor in descriptors:
            os.fsync(descriptor)
            os.close(descriptor)
        _fsync_folder(self._corner)

    def settle(self) -> None:
        """Put what was staged into its place; see `Intake.settle`."""
        for name in self._staged:
            os.replace(self._corner / name.replace("/", _BARS), self._prepare(name))
        self._staged.clear()

    def adopt(self, names: Iterable[str]) -> None:
        """Take over what a writer that was stopped had staged."""
        self._staged.extend(names)

    def exchange(self, name: str, old: bytes | None, new: bytes) -> bool:
        """Replace a file; see `Intake.exchange`."""
        target = self._prepare(name)
        lock = os.open(target.parent, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                found: bytes | None = target.read_bytes()
            except FileNotFoundError:
                found = None
            if found != old:
                return False
            self._count += 1
            descriptor = self._write(str(self._count), new)
            os.fsync(descriptor)
            os.close(descriptor)
            os.replace(self._corner / str(self._count), target)
            self._sync()
        finally:
            os.close(lock)
        return True

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; see `Intake.remove`."""
        for name in names:
            path = self._root / name
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                self._touched.add(path.parent)
        self._sync()

    def close(self) -> None:
        """Sync what was settled, and clear the corner away."""
        self._sync()
        for each in os.listdir(self._corner):
            os.unlink(self._corner / each)
        os.rmdir(self._corner)

    def _write(self, name: str, content: bytes) -> int:
        descriptor = os.open(self._corner / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        return descriptor

    def _prepare(self, name: str) -> Path:
        """Find the place of a file, and make its folder."""
        path = self._root / name
        if path.parent not in self._touched:
            above = path.parent
            while not above.exists():
                self._touched.add(above.parent)
                above = above.parent
            path.parent.mkdir(parents=True, exist_ok=True)
        self._touched.add(path.parent)
        return path

    def _sync(self) -> None:
        for folder in self._touched:
            _fsync_folder(folder)
        self._touched.clear()


def _lock(corner: Path) -> int | None:
    """Lock a corner, or tell with None that another one holds it, or has cleared it away."""
    if fcntl is None:
        raise ArchiveError("an archive in a folder needs POSIX locks, which this system lacks; keep it in a store (S3)")
    try:
        descriptor = os.open(corner, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.stat(corner)):
            return descriptor
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.ENOENT):
            os.close(descriptor)
            raise
    os.close(descriptor)
    return None


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
