"""Reading what the user names: a file, a folder of copies, or standard input."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from .._limits import MAX_SMALL, read_bounded
from ..errors import UnreadableFileError, UsageError


def read_file(name: str, *, at_most: int) -> bytes:
    """Read a file, or standard input where the name is "-".

    Raises:
        UsageError: standard input is closed.
        UnreadableFileError: it is larger than `at_most` bytes; no more of it was read.
        OSError: it cannot be read.
    """
    if name == "-" and sys.stdin is None:
        raise UsageError("standard input is closed; give the name of a file")
    if name == "-":
        return read_bounded(sys.stdin.buffer, at_most)
    with open(name, "rb") as file:
        return read_bounded(file, at_most)


def read_small(name: str) -> bytes:
    """Read a file with settings, certificates, a key or a passphrase, or standard input where the name is "-".

    Raises:
        UsageError: it is larger than any of these, or standard input is closed.
        OSError: it cannot be read.
    """
    try:
        return read_file(name, at_most=MAX_SMALL)
    except UnreadableFileError:
        raise UsageError(
            f"{name} has more than {MAX_SMALL:,} bytes; no settings, certificate or key have as many"
        ) from None


def list_files(names: Iterable[str]) -> list[Path]:
    """List files; for a folder, all PDF files in and below it."""
    paths = []
    for path in map(Path, names):
        paths += sorted(_find_pdfs(path), key=lambda found: found.parts) if path.is_dir() else [path]
    return paths


def _find_pdfs(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        for name in names:
            # Regular files alone: a pipe in a folder would be waited for without end.
            if os.path.splitext(name)[1].lower() == ".pdf" and os.path.isfile(os.path.join(place, name)):
                yield Path(place, name)
