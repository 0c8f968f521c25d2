"""Reading and writing of files: whole or not at all, and never over an existing one unasked."""

import contextlib
import os
import secrets
import sys
from pathlib import Path

from ..errors import PrivacyError, UsageError


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
        OSError: it cannot be written; nothing is left behind.
    """
    if not force and path.exists():
        raise FileKeptError(f"{path} exists and was kept; give another name with -o, or --force to replace it")
    beside = path.with_name(f".{path.name[:80]}.{secrets.token_hex(4)}.tmp")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _put(beside, path, force=force)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()
    _sync_folder(path.parent)


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


def read_file(name: str) -> bytes:
    """Read a file, or standard input where the name is "-"."""
    if name == "-":
        return sys.stdin.buffer.read()
    return Path(name).read_bytes()


def _put(beside: Path, path: Path, *, force: bool) -> None:
    if force:
        os.replace(beside, path)
        return
    try:
        os.link(beside, path)  # unlike a rename, this fails where a file has appeared meanwhile
    except FileExistsError:
        raise FileKeptError(
            f"{path} exists and was kept; give another name with -o, or --force to replace it"
        ) from None
    except OSError:  # a file system without links
        os.rename(beside, path)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every system can sync a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
