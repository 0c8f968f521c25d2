"""Files written whole or not at all, and never over an existing one unasked."""

import contextlib
import errno
import os
import secrets
import shutil
import stat
from pathlib import Path

from ._sync import sync_file, sync_files, sync_folder
from .errors import DestinationExistsError, UsageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import IO

_BESIDE = ".mailmart-privacy-{}.tmp"
_CLAIMED = "claimed-"  # begins the names of those that `find_abandoned` looks for


def write_whole(path: Path, content: bytes, *, force: bool = False, mode: int = 0o666) -> None:
    """Write a file beside its place, sync it, and put it there.

    Args:
        path: its place.
        content: its bytes.
        force: replace a file that is there.
        mode: its permissions, less the user's mask.

    Raises:
        DestinationExistsError: a file is there, and `force` is not set.
        OSError: it cannot be written; nothing is left behind. It names the place, not the file beside it.
    """
    with open_whole(path, force=force, mode=mode) as file:
        file.write(content)


@contextlib.contextmanager
def open_whole(path: Path, *, force: bool = False, mode: int = 0o666, claimed: bool = False) -> "Iterator[IO[bytes]]":
    """Open a file for writing, and for reading that again, beside its place; put it there, synced, in the end.

    Arguments and errors are those of `write_whole`; where the writing itself raises, nothing is left behind. If this
    process is killed, `find_abandoned` finds a `claimed` file beside its place.
    """
    beside = path.with_name(_BESIDE.format((_CLAIMED if claimed else "") + secrets.token_hex(8)))
    claim = None
    try:
        with open(_create(beside, mode), "w+b") as file:
            if claimed and _claim(file.fileno()):
                claim = os.dup(file.fileno())  # keeps the lock until the file is in its place
            yield file
            file.flush()
            sync_file(file.fileno())
        if not _put(beside, path, force=force):
            raise DestinationExistsError(f"{path} exists and was kept", argument="force")
        if claimed:
            sync_folder(path.parent)  # so that a loss of power leaves one of the two names at least
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        _remove(beside)
        if claim is not None:
            os.close(claim)
    sync_folder(path.parent)


def write_many(
    folder: Path,
    files: "Iterable[tuple[str, bytes]]",
    *,
    head: bytes = b"",
    force: bool = False,
    ready: "Callable[[], None]" = lambda: None,
) -> list[bool]:
    """Write files beside their places, sync them all, and put them there in their order.

    Syncing them together takes a fraction of what it takes one by one.

    Args:
        folder: where.
        files: their names and bytes; they are taken one after the other.
        head: bytes that each of them begins with, before those.
        force: replace files that are there; without it, they are kept.
        ready: is called when all were written and synced, and none is in its place yet. Where it raises, none of them
            is put there.

    Returns:
        For each of them, whether it was put there.

    Raises:
        OSError: one cannot be written; of the others, some may be there, each of them whole.
    """
    written: list[tuple[Path, Path, int]] = []
    descriptors: list[int] = []
    try:
        for name, content in files:
            beside = folder / _BESIDE.format(secrets.token_hex(8))
            descriptor = _create(beside, 0o666)
            descriptors.append(descriptor)
            written.append((beside, folder / name, descriptor))
            _write(descriptor, head, content)
        sync_files(descriptors)
        while descriptors:  # Windows moves no file that is open
            os.close(descriptors.pop())
        ready()
        put = [_put(beside, path, force=force) for beside, path, _ in written]
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
        for beside, _, _ in written:
            _remove(beside)
    sync_folder(folder)
    return put


def write_folder(target: Path, files: "Mapping[str, bytes]") -> None:
    """Write a new folder beside its place, and put it there when it is complete.

    Args:
        target: its place.
        files: names, with "/" between folders, and contents.

    Raises:
        DestinationExistsError: something is there.
        UsageError: there is no folder for it.
        OSError: it cannot be written; nothing is left behind.
    """
    if target.exists():
        raise DestinationExistsError(f"{target} exists and was kept", argument="directory")
    above = target.absolute().parent
    if not above.is_dir():
        raise UsageError(f"there is no folder {above}; make it first", argument="directory")
    beside = above / _BESIDE.format(secrets.token_hex(8))
    beside.mkdir()
    try:
        for name, content in files.items():
            path = beside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        beside.rename(target)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    sync_folder(above)


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make a folder, and those above it that are missing, so that their names last as what is synced in them does.

    Args:
        folder: its place; it may be there.
        mode: the permissions of those that are made, less the user's mask.

    Raises:
        OSError: one cannot be made; NotADirectoryError where a file is in its place.
    """
    missing = []
    for each in (folder, *folder.parents):
        if each.is_dir():
            break
        missing.append(each)
    for each in reversed(missing):
        try:
            each.mkdir(mode=mode, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(each)) from None
        sync_folder(each.parent)


def remove_leftovers(folder: Path) -> None:
    """Remove what a process that was killed has left beside the places of its files, but for claimed ones."""
    for path in folder.glob(_BESIDE.format("*")):
        if not path.match(_BESIDE.format(f"{_CLAIMED}*")):
            _remove(path)


def find_abandoned(folder: Path) -> "Iterator[tuple[Path, IO[bytes]]]":
    """Find the claimed files that killed processes have left beside their places: paths, and files open to be read.

    A file that was put into its place before its process was killed has a second name there: it loses the first one,
    and is not among them. A running process locks its files. Where there are no such locks, none is found.

    Args:
        folder: the folder of their places.
    """
    for path in sorted(folder.glob(_BESIDE.format(f"{_CLAIMED}*"))):
        # Nothing that waits, and no link: anybody may have put a file of this name there.
        with contextlib.suppress(OSError), open(path, "rb", opener=_open_plain) as file:
            status = os.fstat(file.fileno()) if _claim(file.fileno()) else None
            if status is None or not stat.S_ISREG(status.st_mode):
                continue
            if status.st_nlink > 1:
                _remove(path)
            else:
                yield path, file


def _claim(descriptor: int) -> bool:
    """Lock an open file until it is closed; tell whether that was possible: nobody else has locked it."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _open_plain(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _create(path: Path, mode: int) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)


def _write(descriptor: int, *parts: bytes) -> None:
    """Write parts one after the other, in one call where the system can: they are not joined, for one may be large."""
    rest = [memoryview(part) for part in parts if part]
    while rest:
        done = os.writev(descriptor, rest) if hasattr(os, "writev") else os.write(descriptor, rest[0])
        while rest and done >= len(rest[0]):
            done -= len(rest.pop(0))
        if rest:
            rest[0] = rest[0][done:]


def _put(beside: Path, path: Path, *, force: bool) -> bool:
    if force:
        os.replace(beside, path)
        return True
    try:
        os.link(beside, path)  # unlike a rename, this fails where a file has appeared meanwhile
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if path.exists():
            return False
        os.rename(beside, path)
    return True


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
