"""Reading and writing of files: whole or not at all, and never over an existing one unasked."""

import contextlib
import os
import secrets
import sys
from pathlib import Path

from ..errors import PrivacyError, UndecidableError, UsageError


class FileKeptError(PrivacyError):
    """There is a file in this place already, and it was kept."""


def write_whole(path: Path, content: bytes, *, force: bool = False, mode: int = 0o666) -> None:
    """Write a file beside its place, sync it, and put it there.

    Args:
        path: its place.
        content: its bytes.
        force: replace a file that is there.
        mode: its permissions, less the user's mask.

    Raises:
        FileKeptError: a file is there, and `force` is not set.
        UsageError: a folder is there, or a device.
        OSError: it cannot be written; nothing is left behind. It names the place, not the file beside it.
    """
    require_place(path, force=force)
    beside = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _put(beside, path, force=force)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()
    _sync_folder(path.parent)


def require_place(path: Path, *, force: bool) -> None:
    """Refuse a place that a file must not take; raises as `write_whole` does."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; give the name of a file in it")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is a device or a pipe; for standard output give -o -")
    if not force and path.exists():
        raise _kept(path)


def write_out(target: str, content: bytes, *, binary: bool, force: bool) -> None:
    """Write to a file, or to standard output where the target is "-".

    Raises:
        UsageError: binary data would go to a terminal.
    """
    if target != "-":
        write_whole(Path(target), content, force=force)
        return
    if binary and sys.stdout.isatty():
        raise UsageError("this is not for a terminal; give -o FILE, or send it to another program")
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def read_file(name: str, *, at_most: int | None = None) -> bytes:
    """Read a file, or standard input where the name is "-".

    Raises:
        UsageError: standard input is closed.
        UndecidableError: it is larger than `at_most` bytes; no more of it was read.
        OSError: it cannot be read.
    """
    if name == "-" and sys.stdin is None:
        raise UsageError("standard input is closed; give the name of a file")
    limit = -1 if at_most is None else at_most + 1
    if name == "-":
        content = sys.stdin.buffer.read(limit)
    else:
        with open(name, "rb") as file:
            content = file.read(limit)
    if at_most is not None and len(content) > at_most:
        raise UndecidableError(f"the file has more than {at_most:,} bytes; such files are not looked at")
    return content


def _kept(path: Path) -> FileKeptError:
    return FileKeptError(f"{path} exists and was kept; give another name with -o, or --force to replace it")


def _put(beside: Path, path: Path, *, force: bool) -> None:
    if force:
        os.replace(beside, path)
        return
    try:
        os.link(beside, path)  # unlike a rename, this fails where a file has appeared meanwhile
    except FileExistsError:
        raise _kept(path) from None
    except OSError:  # a file system without links
        os.rename(beside, path)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every system can sync a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
