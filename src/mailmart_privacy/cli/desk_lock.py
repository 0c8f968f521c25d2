"""One folder, one desk: a second one is told where the first one answers."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..errors import UsageError

_LOCK = "desk.lock"


@contextlib.contextmanager
def locked(folder: Path, user: str) -> "Iterator[IO[str]]":
    """Keep a folder for one desk; another one is told where this one answers."""
    import fcntl

    from .._files import make_folder

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


def find_running(folder: Path) -> str:
    """Find the address of the desk that works with a folder.

    Raises:
        UsageError: none does.
    """
    try:
        return str(json.loads((folder / _LOCK).read_text(encoding="utf-8"))["origin"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError("no desk runs here; start one with: mailmart-privacy desk") from None
