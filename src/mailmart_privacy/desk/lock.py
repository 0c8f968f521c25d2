"""Locks: only one desk works with a folder, and with an archive in a folder; another one is told which."""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from .._files import make_folder
from ..errors import UsageError

_LOCK = "desk.lock"


@contextlib.contextmanager
def locked(folder: Path, user: str) -> "Iterator[IO[str]]":
    """Keep a folder for one desk; another one is told where this one answers."""
    make_folder(folder, mode=0o700)
    if user:
        shutil.chown(folder, user)
    with (folder / _LOCK).open("a+", encoding="utf-8") as note:
        try:
            fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            note.seek(0)
            raise UsageError(f"a desk works with {folder} already; {_describe(note.read())}") from None
        note.truncate(0)
        yield note
        note.truncate(0)


def _describe(text: str) -> str:
    try:
        found = json.loads(text)
        return f"it answers at {found['origin']} (process {found['process']})"
    except (ValueError, KeyError, TypeError):
        return "it is just starting"


@contextlib.contextmanager
def archive_locked(archive: str, user: str) -> Iterator[None]:
    """Keep an archive in a folder for one desk, wherever that has its own folder; a bucket may have several.

    Args:
        archive: a folder, which is made where it is missing, or "s3://…".
        user: to whom a new folder is given; empty for the one who runs this.

    Raises:
        UsageError: another desk works with it.
    """
    if "://" in archive:
        yield
        return
    if not Path(archive).exists():
        make_folder(Path(archive), mode=0o700)
        if user:
            shutil.chown(archive, user)
    descriptor = os.open(archive, os.O_RDONLY)  # the lock is on the folder itself: no file is added to the archive
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _find_holder(os.fstat(descriptor).st_ino)
            raise UsageError(f"another desk{holder} works with the archive {archive}; end that one first") from None
        yield
    finally:
        os.close(descriptor)


def _find_holder(inode: int) -> str:
    """Name the process that has locked a file, where the system tells; see proc_locks(5)."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            fields = line.split()
            if fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(inode):
                return f" (process {fields[4]})"
    return ""


def find_running(folder: Path) -> str:
    """Find the address of the desk that works with a folder.

    Raises:
        UsageError: none does.
    """
    try:
        return str(json.loads((folder / _LOCK).read_text(encoding="utf-8"))["origin"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"no desk runs with {folder}; name its folder with --folder, or start one with: mailmart-privacy desk"
        ) from None
