"""The ledger's file: a chain of entries, each a version of the policy or the withdrawal of an announced one.

```json
{"format": 1,
 "entries": [
   {"kind": "version", "version": "2026-02-24", "last_updated": "2026-02-24", "released_at": "…Z", "effective_at": "…Z",
    "digest": "85591b98…", "records": {"policy.txt": "85591b98…", …},
    "verify_url": "https://…", "previous": null},
   {"kind": "version", "version": "2027-01-15", …, "change": "material", "summary": "…", "previous": "<entry digest>"},
   {"kind": "withdrawal", "version": "2027-01-15", "withdrawn_at": "…Z", "reason": "…", "previous": "<entry digest>"}],
 "head": "<digest of the last entry>"}
```

The rules:

1. Each entry carries the digest of the entry before it, and the file carries the digest of the last one.
2. The moments that entries record (`released_at`, `withdrawn_at`) never go back in time.
3. The names of versions are dates in ascending order; each is the date on which the version was last updated.
4. Every version but the first says how it differs from the one before it.
5. A withdrawal names a version that was announced, was not withdrawn before, and had not taken effect.
6. The moments at which versions take effect are in ascending order, without those of withdrawn versions.
"""

import datetime
import json
from hashlib import sha256
from itertools import pairwise

from ..errors import RecordError
from .kinds import CHANGE_KINDS
from .versions import Version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 1
LEDGER = "ledger.json"
VERSION, WITHDRAWAL = "version", "withdrawal"


def entry_digest(entry: "dict[str, Any]") -> str:
    """Take the digest of an entry: lowercase hex SHA-256 of its JSON, keys sorted, no blanks, UTF-8."""
    canonical = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()


def parse_ledger(content: bytes) -> "tuple[list[dict[str, Any]], tuple[Version, ...]]":
    """Parse the ledger's file, and verify the rules above.

    Args:
        content: its bytes.

    Returns:
        The entries, and the versions, both oldest first.

    Raises:
        RecordError: the file cannot be read, or breaks a rule; the message says which.
    """
    try:
        document = json.loads(content)
        if document["format"] != FORMAT:
            raise RecordError(f"{LEDGER} has format {document['format']!r}; this package reads format {FORMAT}")
        entries: list[dict[str, Any]] = document["entries"]
        _verify_chain(entries, document["head"])
        return entries, _read_versions(entries)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"{LEDGER} cannot be read ({error}); reinstall the package") from None


def _verify_chain(entries: "list[dict[str, Any]]", head: str) -> None:
    previous, last = None, None
    for entry in entries:
        if entry["previous"] != previous:
            raise RecordError(f"{LEDGER}: the entry of {entry['version']} does not chain to the one before it")
        previous = entry_digest(entry)
        moment = _moment(entry, "released_at" if entry["kind"] == VERSION else "withdrawn_at")
        if last is not None and moment < last:
            raise RecordError(f"{LEDGER}: the entry of {entry['version']} goes back in time")
        last = moment
    if head != previous:
        raise RecordError(f"{LEDGER}: its last entry has changed; reinstall the package")


def _read_versions(entries: "list[dict[str, Any]]") -> tuple[Version, ...]:
    released = [entry for entry in entries if entry["kind"] == VERSION]
    if not released:
        raise RecordError(f"{LEDGER} has no version; reinstall the package")
    if unknown := [entry["kind"] for entry in entries if entry["kind"] not in (VERSION, WITHDRAWAL)]:
        raise RecordError(f"{LEDGER} has an entry of the unknown kind {unknown[0]!r}")
    names = [entry["version"] for entry in released]
    if names != sorted(set(names)):
        raise RecordError(f"{LEDGER}: the dates of the versions are not in ascending order: {', '.join(names)}")
    for entry in released:
        _verify_version(entry, first=entry is released[0])
    withdrawn = _read_withdrawals(entries)
    kept = [entry for entry in released if entry["version"] not in withdrawn]
    starts = [_moment(entry, "effective_at") for entry in kept]
    for (before, entry), (sooner, later) in zip(pairwise(kept), pairwise(starts), strict=True):
        if later <= sooner:
            raise RecordError(
                f"{LEDGER}: {entry['version']}, in force from {entry['effective_at']}, does not come after "
                f"{before['version']}, in force from {before['effective_at']}"
            )
    return tuple(_make_version(entry, starts, withdrawn.get(entry["version"])) for entry in released)


def _verify_version(entry: "dict[str, Any]", *, first: bool) -> None:
    name = entry["version"]
    if entry["last_updated"] != name:
        raise RecordError(f"{LEDGER}: the entry of {name} says that it was last updated on {entry['last_updated']}")
    if not isinstance(entry["verify_url"], str) or not entry["verify_url"].startswith("https://"):
        raise RecordError(f"{LEDGER}: the entry of {name} does not say where its copies can be checked")
    summary = entry.get("summary")
    if not first and (entry.get("change") not in CHANGE_KINDS or not isinstance(summary, str) or not summary):
        raise RecordError(f"{LEDGER}: the entry of {name} has no change ({' or '.join(CHANGE_KINDS)}) or no summary")


def _read_withdrawals(entries: "list[dict[str, Any]]") -> "dict[str, dict[str, Any]]":
    announced: dict[str, datetime.datetime] = {}
    withdrawn: dict[str, dict[str, Any]] = {}
    for entry in entries:
        name = entry["version"]
        if entry["kind"] == VERSION:
            announced[name] = _moment(entry, "effective_at")
            continue
        if name not in announced or name in withdrawn:
            raise RecordError(f"{LEDGER} withdraws {name}, which was not announced or is withdrawn already")
        if _moment(entry, "withdrawn_at") >= announced[name]:
            raise RecordError(f"{LEDGER} withdraws {name}, which had taken effect")
        if not isinstance(entry["reason"], str) or not entry["reason"]:
            raise RecordError(f"{LEDGER} withdraws {name} without a reason")
        withdrawn[name] = entry
    return withdrawn


def _make_version(
    entry: "dict[str, Any]", kept: list[datetime.datetime], withdrawal: "dict[str, Any] | None"
) -> Version:
    starts = _moment(entry, "effective_at")
    later = () if withdrawal else (moment for moment in kept if moment > starts)
    return Version(
        version=entry["version"],
        last_updated=datetime.date.fromisoformat(entry["last_updated"]),
        released_at=_moment(entry, "released_at"),
        effective_at=starts,
        effective_until=min(later, default=None),
        digest=entry["digest"],
        records=tuple(sorted(entry["records"].items())),
        verify_url=entry["verify_url"],
        change=entry.get("change"),
        summary=entry.get("summary"),
        withdrawn_at=_moment(withdrawal, "withdrawn_at") if withdrawal else None,
        withdrawal_reason=withdrawal["reason"] if withdrawal else None,
    )


def _moment(entry: "dict[str, Any]", name: str) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(entry[name])
    if moment.utcoffset() is None:
        raise RecordError(f"{LEDGER}: {name} of {entry['version']} has no time zone")
    return moment
