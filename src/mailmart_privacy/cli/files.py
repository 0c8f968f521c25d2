"""Reading and writing what the user names: a file, or standard input and output."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click

from .._files import open_whole, write_whole
from .._limits import MAX_SMALL
from ..errors import DestinationExistsError, UnreadableFileError, UsageError
from .values import as_value


def require_place(path: Path, *, force: bool) -> None:
    """Refuse a path at which no file may be written.

    Raises:
        DestinationExistsError: the file exists, and `force` is not set.
        UsageError: it is a folder or a device.
    """
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
        require_place(Path(target), force=force)
        write_whole(Path(target), content, force=force)
        return
    if binary and sys.stdout.isatty():
        raise UsageError("this is not for a terminal; give -o FILE, or send it to another program")
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetOptions:
    """The options that say where one file is written."""

    output: str
    force: bool

    def write(self, content: bytes, *, binary: bool) -> None:
        """Write it there; see `write_out`."""
        write_out(self.output, content, binary=binary, force=self.force)


target_options = as_value(
    "target",
    TargetOptions,
    click.option("-o", "--output", metavar="FILE|-", default="-", show_default=True),
    click.option("--force", is_flag=True, help="Replace an existing file."),
)


def open_output(target: str, *, force: bool) -> "AbstractContextManager[IO[bytes]]":
    """Open a file to be written whole or not at all, or standard output where the target is "-"."""
    return nullcontext(sys.stdout.buffer) if target == "-" else open_whole(Path(target), force=force)


def require_no_stylesheet(page: str, name: str) -> None:
    """Refuse a page whose own name is that of its style sheet; raises UsageError."""
    if Path(page).name == name:
        raise UsageError(f"{name} is the style sheet that is written beside the page; give the page another name")


def write_stylesheet(page: str, name: str, content: bytes, *, force: bool) -> None:
    """Write a style sheet beside a page; an existing one is kept, with a message if it differs."""
    path = Path(page).with_name(name)
    try:
        write_out(str(path), content, binary=False, force=force)
    except DestinationExistsError:
        if path.read_bytes() != content:
            click.echo(f"{path} exists and was kept; the page may look different with it", err=True)


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
        content = sys.stdin.buffer.read(at_most + 1)
    else:
        with open(name, "rb") as file:
            content = file.read(at_most + 1)
    if len(content) > at_most:
        raise UnreadableFileError(f"the file has more than {at_most:,} bytes; larger files are not read")
    return content


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


def _kept(path: Path) -> DestinationExistsError:
    return DestinationExistsError(f"{path} exists and was kept", argument="force")
