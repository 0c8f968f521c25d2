"""What commands print: one document for programs, or lines for people."""

import json
import sys
from collections.abc import Iterable
from typing import Any

import click

from .._unicode import spell_out


def prepare_streams() -> None:
    """Write characters that a stream's encoding lacks as escapes, so that no character stops the output.

    On Windows a file or a pipe may be in Windows-1252, which lacks most letters of the world.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def print_json(document: Any) -> None:
    """Print one JSON document (RFC 8259); in ASCII alone where the stream's encoding is not UTF-8."""
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "").replace("_", "")
    click.echo(json.dumps(document, ensure_ascii=encoding != "utf8", indent=2))


def print_json_list(head: dict[str, Any], name: str, items: Iterable[Any]) -> None:
    """Print one JSON document whose last member is a list, item by item, so that a long one takes no memory."""
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "").replace("_", "")
    begun = json.dumps({**head, name: []}, ensure_ascii=encoding != "utf8", indent=2)
    click.echo(begun.removesuffix("]\n}"), nl=False)
    between = "\n"
    for item in items:
        text = json.dumps(item, ensure_ascii=encoding != "utf8", indent=2)
        click.echo(between + "\n".join(f"    {line}" for line in text.split("\n")), nl=False)
        between = ",\n"
    click.echo("\n  ]\n}" if between == ",\n" else "]\n}")


def report(document: Any, lines: Iterable[str], *, as_json: bool) -> None:
    """Print the result of a command: as one JSON document, or as lines without control characters.

    Args:
        document: for programs.
        lines: for people; they are not taken where the document is printed.
        as_json: whether to print the document.
    """
    if as_json:
        print_json(document)
        return
    for line in lines:
        click.echo(spell_out(line))


def paint(text: str, *, err: bool = False, **style: Any) -> str:
    """Colour a text, where standard output (or with `err` standard error) is a terminal that shows colours."""
    return click.style(text, **style) if shows_colour(err=err) else text


def shows_colour(*, err: bool = False) -> bool:
    """Tell whether a standard stream is a terminal that shows colours, and NO_COLOR is not set (no-color.org)."""
    import os

    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    stream = sys.stderr if err else sys.stdout
    return stream is not None and stream.isatty() and not plain
