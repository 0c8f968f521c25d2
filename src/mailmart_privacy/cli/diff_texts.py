"""What `diff` compares, as the user names it: a version, a text id, a copy, a file."""

import datetime
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from .._limits import limited
from .._unicode import normalize, spell_out
from ..errors import SourceError, UnknownVersionError, UnreadableFileError, UsageError, VerificationError
from ..policy.ledger import policy_from_json, shipped
from ..policy.model import Policy
from .authorities import read_trust
from .files import read_file

if TYPE_CHECKING:
    from ..policy.prose import Prose

CURRENT, UPCOMING = "current", "upcoming"
MAX_TEXT = 256 * 1024
MAX_LINES = 10_000
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TEXT_ID = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.[0-9a-f]{16}", re.ASCII)
_DIGEST_LINE = re.compile(r"<!-- SHA-256 of the canonical text: [0-9a-f]{64} -->\s*\Z")


def read_text(name: str, trust: tuple[str, ...]) -> "Policy | Prose":
    """Find or read a text; what a file turned out to be is reported on standard error.

    Args:
        name: a version, "current", "upcoming", a `Policy.text_id`, a file, or "-" for standard input.
        trust: the certificates to verify copies by; none for the user's own.

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
    content = _read(name, said)
    if not content.startswith(b"%PDF-"):
        return _recorded(_read_words(content, said), said)
    policy, verdict = _read_copy(content, said, trust, now)
    return _recorded(policy, f"{said}: {verdict}")


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


def _recorded(text: "Policy | Prose", said: str) -> "Policy | Prose":
    """Give the recorded policy for a text that is a version's, and say which one it is."""
    if not isinstance(text, Policy):
        return text
    for version in shipped().versions:
        if version.digest == text.digest:
            click.echo(f"{said}: the recorded text of version {version.version}", err=True)
            return shipped().policy(version.version)
    click.echo(f"{said}: dated {text.version}, but not the recorded text of any version", err=True)
    return replace(text, history=shipped().versions)


def _read_words(content: bytes, said: str) -> "Policy | Prose":
    """Read JSON, Markdown or plain text, whatever the file's name."""
    if len(content) > MAX_TEXT:
        raise UsageError(f"{said} has {len(content):,} bytes; a text has {MAX_TEXT:,} at most")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{said} is neither a PDF nor text in UTF-8 (byte {error.start}); save it as UTF-8") from None
    if "\0" in text:
        raise UsageError(f"{said} is neither a PDF nor text: it contains zero bytes")
    text = normalize(re.sub(r"\r\n?|\f", "\n", text))
    if (lines := text.strip().count("\n") + 1) > MAX_LINES:
        raise UsageError(f"{said} has {lines:,} lines; a text has {MAX_LINES:,} at most")
    start = text.lstrip()[:15].lower()
    if not start:
        raise UsageError(f"{said} is empty")
    if start.startswith(("<!doctype html", "<html")):
        raise UsageError(f"{said} is an HTML page; save its text, and compare that")
    if start.startswith("{"):
        return _read_json(text, said)
    from ..policy.read_markdown import parse_policy
    from ..policy.read_text import parse_text, read_prose

    with limited():
        try:
            if start.startswith("#"):
                return parse_policy(_DIGEST_LINE.sub("", text), origin=said)
            return parse_text(text, origin=said)
        except SourceError as error:
            _, reason = error.faults[0]
            click.echo(f"{said}: not laid out as a policy ({spell_out(reason)}); compared by its words alone", err=True)
            return read_prose(text, name=said)


def _read_json(text: str, said: str) -> Policy:
    from ..policy.read_markdown import parse_policy

    try:
        with limited():
            policy = policy_from_json(json.loads(text))
            if parse_policy(policy.markdown) == policy:  # so all of it has the types and the rules of a policy
                return policy
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SourceError):
        pass
    raise UsageError(f"{said} contains JSON, but not a policy as `show --format json` writes it")


def _read_copy(content: bytes, said: str, trust: tuple[str, ...], now: datetime.datetime) -> tuple[Policy, str]:
    """Read the policy that a PDF carries, and say how far it can be relied on."""
    from ..pdf.scan import find_attached_json, find_claimed_recipient
    from ..verifying.verify import verify

    trusted = read_trust(trust)
    attached = find_attached_json(content)
    if attached is None:
        raise UsageError(
            f"{said} carries no policy (policy.json); save its text, for instance with pdftotext, and compare that"
        )
    policy = _read_json(attached.decode("utf-8", "replace"), said)
    try:
        with limited():
            verdict = verify(content, trust=trusted, at=now, ledger=shipped())
    except VerificationError as error:
        named = find_claimed_recipient(content)
        claim = f"it names {named} as its recipient, " if named else ""
        return policy, spell_out(f"NOT VERIFIED ({error}); {claim}what is compared is the text attached to it")
    return policy, spell_out(f"valid, issued to {verdict.recipient} on {verdict.issued_at:%Y-%m-%d}")
