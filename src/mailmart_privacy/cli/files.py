"""Writing what the user names: a file, or standard output."""

import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click

from .._files import open_whole, write_whole
from ..errors import DestinationExistsError, UsageError
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


def open_output(target: str, *, force: bool, claimed: bool = False) -> "AbstractContextManager[IO[bytes]]":
    """Open a file to be written whole or not at all (see `open_whole`), or standard output where the target is "-"."""
    return nullcontext(sys.stdout.buffer) if target == "-" else open_whole(Path(target), force=force, claimed=claimed)


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


def _kept(path: Path) -> DestinationExistsError:
    return DestinationExistsError(f"{path} exists and was kept", argument="force")
