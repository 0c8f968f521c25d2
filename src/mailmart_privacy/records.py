"""Making a version's records, and proving that they can be made again: for whoever releases one."""

import datetime
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from . import _resources
from .errors import PrivacyError, RecordError
from .form import render_form
from .history import CLASSES
from .ledger import FORMAT, LEDGER, Ledger, entry_digest
from .parse import parse_policy
from .render import render_html, render_json

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = "policy.md"


def build_records(source: bytes, *, origin: str = SOURCE) -> dict[str, bytes]:
    """Make every file recorded for a version from its source.

    Args:
        source: the bytes of its `policy.md`.
        origin: what the messages call it.

    Returns:
        Bytes by file name, `policy.md` among them. The same source gives the same bytes on any
        machine.

    Raises:
        SourceError: the source has faults.
        FormError: the form cannot be made.
        MissingExtraError: WeasyPrint is not installed.
    """
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecordError(f"{origin} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    policy = parse_policy(text, origin=origin)
    return {
        SOURCE: source,
        "policy.txt": policy.text.encode(),
        "policy.html": f"{policy.html}\n".encode(),
        "policy.json": render_json(policy).encode(),
        "page.html": render_html(policy).encode(),
        "page.css": _resources.read_template("page.css"),
        "form-a4.pdf": render_form(policy, paper="a4"),
        "form-letter.pdf": render_form(policy, paper="letter"),
    }


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
        RecordError: the version does not move forward from the previous one, or its class or
            summary is missing.
    """
    policy = json.loads(records["policy.json"])
    version = policy["version"]
    if effective_at is None:
        effective_at = datetime.datetime.combine(datetime.date.fromisoformat(version), datetime.time(), datetime.UTC)
    stamp = effective_at.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if previous is not None and (version <= previous["version"] or stamp <= previous["effective_at"]):
        raise RecordError(
            f"version {version}, in force from {stamp}, does not come after "
            f"{previous['version']}, in force from {previous['effective_at']}"
        )
    if previous is not None and (change not in CLASSES or not summary):
        raise RecordError(f"version {version} needs a class ({' or '.join(CLASSES)}) and a summary of what changed")
    described = {} if previous is None else {"class": change, "summary": summary}
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


def compare_records(ledger: Ledger, read: "Callable[[str], bytes]") -> list[str]:
    """Hold every recorded file against the ledger, and the newest version against a new build.

    Args:
        ledger: the ledger.
        read: gives the bytes of a file by its path below `data/`.

    Returns:
        What is wrong, one line each; nothing where all is well. Older versions were made by older
        templates, so theirs are held against their digests only.
    """
    faults = []
    for version in ledger.versions:
        for name, _ in version.records:
            try:
                ledger.record(version.version, name)
            except RecordError as error:
                faults.append(str(error))
    if ledger.versions:
        newest = ledger.versions[-1]
        path = f"{newest.version}/{SOURCE}"
        try:
            built = build_records(read(path), origin=path)
        except (PrivacyError, OSError) as error:
            return [*faults, f"{newest.version} cannot be built anew: {error}"]
        recorded = dict(newest.records)
        for name in sorted(built.keys() | recorded.keys()):
            if name not in built or name not in recorded:
                faults.append(f"{newest.version}/{name} is not both recorded and built")
            elif sha256(built[name]).hexdigest() != recorded[name]:
                faults.append(f"{newest.version}/{name} is not what a new build makes")
    return faults
