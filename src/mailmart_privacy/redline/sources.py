"""Texts that are compared: files in several formats, read as a policy, or as prose."""

import datetime
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .._limits import limited
from .._unicode import normalize, spell_out
from ..errors import SourceError, UnknownVersionError, UsageError, VerificationError
from ..policy.ledger import Ledger
from ..policy.model import Policy
from ..policy.read_json import policy_from_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..policy.prose import Prose
    from ..trust.anchors import Trust

CURRENT, UPCOMING = "current", "upcoming"
MAX_TEXT = 256 * 1024
MAX_LINES = 10_000
_RECORDED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(\.[0-9a-f]{16})?", re.ASCII)
_DIGEST_LINE = re.compile(r"<!-- SHA-256 of the canonical text: [0-9a-f]{64} -->\s*\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A text as it was read from a file.

    Attributes:
        text: the recorded policy if the text is that of a version, else the policy or prose that was read.
        notes: what the file turned out to be, one line each.
    """

    text: "Policy | Prose"
    notes: tuple[str, ...]


def find_recorded(name: str, *, ledger: Ledger, at: datetime.datetime) -> Policy | None:
    """Find the recorded text that a name stands for.

    Args:
        name: a version, a `Policy.text_id`, "current" for the text in force, or "upcoming" for the next one.
        ledger: the recorded versions.
        at: now (aware).

    Returns:
        The policy; None for any other name, which may be that of a file.

    Raises:
        UnknownVersionError: there is no such version, or none is announced.
        UnknownTextError, NewerVersionError: the text id names a text that is not known here.
    """
    if name == CURRENT:
        return ledger.in_force(at)
    if name == UPCOMING:
        announced = ledger.upcoming(at)
        if not announced:
            raise UnknownVersionError("no version is announced: the current one has no successor yet")
        return ledger.policy(announced[0].version)
    named = _RECORDED.fullmatch(name)
    if named is None:
        return None
    return ledger.policy(name) if named[1] is None else ledger.resolve(name)


def read_source(
    content: bytes, *, name: str, ledger: Ledger, trust: "Callable[[], Trust]", at: datetime.datetime
) -> Source:
    """Read a file: a copy that was issued, plain text, Markdown or JSON, whatever its name.

    Args:
        content: of the file.
        name: what messages call it.
        ledger: the recorded versions.
        trust: gives whom to trust; it is called for copies only.
        at: now (aware).

    Raises:
        UsageError: it contains no text, or one that is too long.
    """
    if content.startswith(b"%PDF-"):
        policy, verdict = _read_copy(content, name, ledger, trust, at)
        return _recorded(policy, f"{name}: {verdict}", ledger)
    return _recorded(*_read_words(content, name), ledger)


def _recorded(text: "Policy | Prose", said: str, ledger: Ledger) -> Source:
    """Give the recorded policy for a text that is a version's, and say which one it is."""
    if not isinstance(text, Policy):
        return Source(text=text, notes=(said,))
    for version in ledger.versions:
        if version.digest == text.digest:
            said = f"{said}: the recorded text of version {version.version}"
            return Source(text=ledger.policy(version.version), notes=(said,))
    said = f"{said}: dated {text.version}, but not the recorded text of any version"
    return Source(text=replace(text, history=ledger.versions), notes=(said,))


def _read_words(content: bytes, said: str) -> "tuple[Policy | Prose, str]":
    """Read JSON, Markdown or plain text, and say what it is."""
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
        return _read_json(text, said), said
    from ..policy.read_markdown import parse_policy
    from ..policy.read_text import parse_text, read_prose

    with limited():
        try:
            if start.startswith("#"):
                return parse_policy(_DIGEST_LINE.sub("", text), origin=said), said
            return parse_text(text, origin=said), said
        except SourceError as error:
            _, reason = error.faults[0]
            note = f"{said}: not laid out as a policy ({spell_out(reason)}); compared by its words alone"
            return read_prose(text, name=said), note


def _read_json(text: str, said: str) -> Policy:
    from ..policy.read_markdown import parse_policy

    try:
        with limited():
            policy = policy_from_json(json.loads(text))
            if parse_policy(policy.markdown) == policy:  # so all of it has the types and the rules of a policy
                return policy
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SourceError):
        pass
    raise UsageError(f"{said} contains JSON, but not a policy in the form of policy.json")


def _read_copy(
    content: bytes, said: str, ledger: Ledger, trust: "Callable[[], Trust]", at: datetime.datetime
) -> tuple[Policy, str]:
    """Read the policy that a PDF carries, and say how far it can be relied on."""
    from ..pdf.scan import find_attached_json, find_claimed_recipient
    from ..verifying.verify import verify

    trusted = trust()
    attached = find_attached_json(content)
    if attached is None:
        raise UsageError(
            f"{said} carries no policy (policy.json); save its text, for instance with pdftotext, and compare that"
        )
    policy = _read_json(attached.decode("utf-8", "replace"), said)
    try:
        with limited():
            verdict = verify(content, trust=trusted, at=at, ledger=ledger)
    except VerificationError as error:
        named = find_claimed_recipient(content)
        claim = f"it names {named} as its recipient, " if named else ""
        return policy, spell_out(f"NOT VERIFIED ({error}); {claim}what is compared is the text attached to it")
    return policy, spell_out(f"valid, issued to {verdict.recipient} on {verdict.issued_at:%Y-%m-%d}")
