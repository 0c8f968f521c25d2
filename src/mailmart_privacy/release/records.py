"""Making a version's source, its records and its entry in the ledger: for whoever releases one."""

import datetime
import json
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from .._time import require_moment
from .._unicode import find_refused, name_characters
from ..errors import RecordError, UsageError
from ..form.render import render_form
from ..policy.ledger import FORMAT, LEDGER, Ledger, entry_digest
from ..policy.model import digest_comment
from ..policy.read_markdown import parse_policy
from ..policy.render import render_json
from ..policy.versions import CHANGE_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..policy.model import Policy

SOURCE = "policy.md"
# What is recorded beside the source: the name of each file, and what makes it.
_RECORDS: "dict[str, Callable[[Policy], bytes]]" = {
    "policy.txt": lambda policy: policy.text.encode(),
    "policy.json": lambda policy: render_json(policy).encode(),
    "form-a4.pdf": lambda policy: render_form(policy, paper="a4"),
    "form-letter.pdf": lambda policy: render_form(policy, paper="letter"),
}


def read_source(source: bytes, *, origin: str = SOURCE) -> "Policy":
    """Parse the bytes of a `policy.md`.

    Args:
        source: its bytes.
        origin: what the messages call it.

    Raises:
        RecordError: it is not UTF-8.
        SourceError: it has faults.
    """
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecordError(f"{origin} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    return parse_policy(text, origin=origin)


def date_source(source: bytes, day: datetime.date, *, origin: str = SOURCE) -> bytes:
    """Give a source another date, to begin the next version with.

    Args:
        source: the bytes of a `policy.md`.
        day: the date that its text is to name.
        origin: what the messages call it.

    Returns:
        The same lines but for the date's; a comment with the digest of the old text is left out.

    Raises:
        RecordError: it is not UTF-8, or the line of its date is not written plainly.
        SourceError: it has faults.
    """
    policy = read_source(source, origin=origin)
    dated = replace(policy, last_updated=day)
    text = source.decode().replace(policy.dateline, dated.dateline, 1)
    made = text.replace(f"{digest_comment(policy.digest)}\n", "").encode()
    if read_source(made, origin=origin) != dated:
        raise RecordError(f"{origin} has no plain line {policy.dateline!r}; write it so, without markup")
    return made


def build_records(source: bytes, *, origin: str = SOURCE) -> dict[str, bytes]:
    """Make every file recorded for a version from its source: the text, as Markdown and as JSON, and the PDFs.

    Args:
        source: the bytes of its `policy.md`.
        origin: what the messages call it.

    Returns:
        Bytes by file name, `policy.md` among them. The same source gives the same bytes on any machine.

    Raises:
        SourceError: the source has faults.
        FormError: the form cannot be made.
        MissingExtraError: WeasyPrint is not installed.
    """
    policy = read_source(source, origin=origin)
    return {name: make(policy) for name, make in _RECORDS.items()} | {SOURCE: source}


def find_faults_of_description(change: str | None, summary: str | None) -> list[str]:
    """List what is wrong with the change and the summary of a later version; empty if nothing is wrong.

    Args:
        change: has to be "material" or "editorial".
        summary: has to be one line of text without controls or invisible characters.

    Returns:
        One line for each fault; an empty list if there is none.
    """
    faults = []
    if change not in CHANGE_KINDS:
        faults.append(f"does not say how it differs from the one before it: {' or '.join(CHANGE_KINDS)}")
    if summary is None or not summary.strip():
        faults.append("has no summary; say in a sentence or two what changed")
    elif len(summary.splitlines()) > 1:
        faults.append("has a summary of several lines; write it in one")
    elif refused := find_refused(summary):
        faults.append(f"has a summary that cannot hold {name_characters(refused)}; remove it")
    return faults


def make_entry(
    records: dict[str, bytes],
    *,
    effective_at: datetime.datetime | None,
    previous: dict[str, Any] | None,
    change: str | None = None,
    summary: str | None = None,
) -> dict[str, Any]:
    """Make the ledger's entry of a version.

    Args:
        records: what `build_records` returned.
        effective_at: from when it is in force (aware), or None for midnight UTC of the date that
            the policy names.
        previous: the entry before it, or None for the first.
        change: "material" or "editorial"; the first version has none.
        summary: what changed, in a sentence or two for people; the first version has none.

    Returns:
        The entry.

    Raises:
        RecordError: the version does not move forward from the previous one, or its change or
            summary cannot be used.
        UsageError: `effective_at` is not aware, or lies in no year of UTC.
    """
    policy = json.loads(records["policy.json"])
    version = policy["version"]
    if effective_at is None:
        effective_at = datetime.datetime.combine(datetime.date.fromisoformat(version), datetime.time(), datetime.UTC)
    require_moment(effective_at)
    try:
        stamp = effective_at.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except OverflowError:
        raise UsageError(f"{effective_at.isoformat()} lies in no year of UTC; give another moment") from None
    if previous is not None and (version <= previous["version"] or stamp <= previous["effective_at"]):
        raise RecordError(
            f"version {version}, in force from {stamp}, does not come after "
            f"{previous['version']}, in force from {previous['effective_at']}"
        )
    faults = [] if previous is None else find_faults_of_description(change, summary)
    if faults:
        raise RecordError(f"version {version} {faults[0]}")
    described = {} if previous is None else {"change": change, "summary": summary}
    return {
        "version": version,
        "last_updated": policy["last_updated"],
        "effective_at": stamp,
        "digest": policy["digest"],
        **described,
        "records": {name: sha256(content).hexdigest() for name, content in sorted(records.items())},
        "previous": None if previous is None else entry_digest(previous),
    }


def write_ledger(entries: list[dict[str, Any]]) -> bytes:
    """Write the ledger's file from its entries, oldest first."""
    document = {"format": FORMAT, "versions": entries, "head": entry_digest(entries[-1]) if entries else None}
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def read_entries(read: "Callable[[str], bytes]") -> list[dict[str, Any]]:
    """Read the ledger's entries for adding one; none where there is no ledger yet.

    Raises:
        RecordError: there is a ledger, but it cannot be used.
    """
    try:
        content = read(LEDGER)
    except OSError:
        return []
    Ledger(read)  # refuses a ledger that does not verify
    entries: list[dict[str, Any]] = json.loads(content)["versions"]
    return entries
