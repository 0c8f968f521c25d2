"""What `diff` compares, as the user names it: a version, a text id, a copy, a file."""

import datetime
import re
from typing import TYPE_CHECKING

import click

from .._unicode import spell_out
from ..errors import UnknownVersionError, UnreadableFileError, UsageError
from ..policy.ledger import shipped
from ..redline.sources import read_source
from .authorities import TrustOptions
from .files import read_file

if TYPE_CHECKING:
    from ..policy.model import Policy
    from ..policy.prose import Prose

CURRENT, UPCOMING = "current", "upcoming"
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TEXT_ID = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.[0-9a-f]{16}", re.ASCII)


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
    if name == CURRENT:
        return ledger.in_force(now)
    if name == UPCOMING:
        announced = ledger.upcoming(now)
        if not announced:
            raise UnknownVersionError("no version is announced: the current one has no successor yet")
        return ledger.policy(announced[0].version)
    if _TEXT_ID.fullmatch(name):
        return ledger.resolve(name)
    if _VERSION.fullmatch(name):
        return ledger.policy(name)
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
