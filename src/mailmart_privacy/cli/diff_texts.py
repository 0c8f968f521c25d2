"""What `diff` compares, as the user names it: a version, a text id, a copy, a file."""

import datetime
from typing import TYPE_CHECKING

import click

from .._unicode import spell_out
from ..errors import UnreadableFileError, UsageError
from ..policy.ledger import shipped
from ..redline.sources import CURRENT, UPCOMING, find_recorded, read_source
from .authorities import TrustOptions
from .files import read_file

if TYPE_CHECKING:
    from ..policy.model import Policy
    from ..policy.prose import Prose


def read_text(name: str, trust: TrustOptions) -> "Policy | Prose":
    """Find or read a text; what a file turned out to be is reported on standard error.

    Args:
        name: a version, "current", "upcoming", a `Policy.text_id`, a file, or "-" for standard input.
        trust: whom to trust when a copy is verified.

    Returns:
        The recorded policy where the text is that of a version, else the policy or prose that was read.

    Raises:
        UsageError: it is not one of these, or contains no text.
    """
    ledger = shipped()
    now = datetime.datetime.now(datetime.UTC)
    if (recorded := find_recorded(name, ledger=ledger, at=now)) is not None:
        return recorded
    said = spell_out(name)
    found = read_source(_read(name, said), name=said, ledger=ledger, trust=trust.read, at=now)
    for note in found.notes:
        click.echo(note, err=True)
    return found.text


def _read(name: str, said: str) -> bytes:
    from ..pdf.scan import MAX_SIZE

    try:
        return read_file(name, at_most=MAX_SIZE)
    except UnreadableFileError as error:
        raise UsageError(f"{said}: {error}") from None
    except (FileNotFoundError, ValueError):  # ValueError: a name that no file can have
        known = ", ".join(version.version for version in shipped().versions)
        raise UsageError(
            f"{said} is neither a file nor a version ({known}, {CURRENT}, {UPCOMING}) nor a text id"
        ) from None
