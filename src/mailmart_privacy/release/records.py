"""Make a version's source, its records and its entry in the ledger, for its release."""

import datetime
import json
import re
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from .._time import format_iso, midnight, require_in_utc, require_moment
from .._unicode import find_refused, name_characters
from ..errors import RecordError, UsageError
from ..form.reading import render_reading
from ..form.render import render_form
from ..policy.entries import FORMAT, LEDGER, VERSION, WITHDRAWAL, entry_digest, parse_ledger
from ..policy.kinds import CHANGE_KINDS, Change
from ..policy.model import digest_comment
from ..policy.papers import PAPERS, form_name, notes_name, reading_name
from ..policy.read_markdown import parse_policy
from ..policy.render import render_json
from ..policy.versions import VERIFY_URL, Version

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..policy.model import Policy

SOURCE = "policy.md"
_ADDRESS = re.compile(r"https://[a-z0-9.-]+/[A-Za-z0-9/._~-]*")
_MAX_ADDRESS, _MAX_SUMMARY = 60, 300  # characters; page 1 of the form has room for these


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """What is known of a version when it is released.

    Attributes:
        released_at: the moment of its release (aware); recorded in whole seconds, as is `effective_at`.
        effective_at: from when it is in force (aware), or None for midnight UTC of the date that the policy names.
        change: "material" or "editorial"; the first version has none.
        summary: what changed, in a sentence or two for people; the first version has none.
        verify_url: where copies of it can be checked; page 1 of each one says so.

    Raises:
        UsageError: a moment is naive, or too early or late for UTC; or the address is not a short https address.
    """

    released_at: datetime.datetime
    effective_at: datetime.datetime | None = None
    change: Change | None = None
    summary: str | None = None
    verify_url: str = VERIFY_URL

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.verify_url) or len(self.verify_url) > _MAX_ADDRESS:
            raise UsageError(
                f"{self.verify_url!r:.80} cannot be on copies; give an address like {VERIFY_URL}, of at most "
                f"{_MAX_ADDRESS} characters"
            )
        for moment in (self.released_at, self.effective_at):
            if moment is not None:
                require_moment(moment)
                require_in_utc(moment)

    def add_to(self, policy: "Policy") -> "Policy":
        """Give a policy a history that holds what is known of it now, and nothing else."""
        known = Version(
            version=policy.version,
            last_updated=policy.last_updated,
            released_at=self.released_at.astimezone(datetime.UTC).replace(microsecond=0),
            effective_at=(self.effective_at or midnight(policy.last_updated))
            .astimezone(datetime.UTC)
            .replace(microsecond=0),
            effective_until=None,
            digest=policy.digest,
            records=(),
            change=self.change,
            summary=self.summary,
            verify_url=self.verify_url,
        )
        return replace(policy, history=(known,))


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
    """Change the date of a source, to begin the next version with it.

    Args:
        source: the bytes of a `policy.md`.
        day: the date that its text is to name.
        origin: what the messages call it.

    Returns:
        The same text with the new date; a comment with the digest of the old text is left out.

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


def build_records(source: bytes, release: Release, *, origin: str = SOURCE) -> dict[str, bytes]:
    """Make every file recorded for a version from its source: the text, as Markdown and as JSON, and the PDFs.

    Args:
        source: the bytes of its `policy.md`.
        release: what is known of it at its release; the JSON and the PDFs say so.
        origin: what the messages call it.

    Returns:
        Bytes by file name, `policy.md` among them. The same arguments give the same bytes on any machine.

    Raises:
        SourceError: the source has faults.
        FormError: the form cannot be made.
        MissingExtraError: WeasyPrint is not installed.
    """
    from ..form.notes import make_notes  # here, since reading a release needs no extra

    policy = release.add_to(read_source(source, origin=origin))
    texts = {"policy.txt": policy.text.encode(), "policy.json": render_json(policy).encode(), SOURCE: source}
    forms = {paper: render_form(policy, paper, verify_url=release.verify_url) for paper in PAPERS}
    notes = {notes_name(paper): make_notes(form).to_bytes() for paper, form in forms.items()}
    readings = {reading_name(paper): render_reading(policy, paper) for paper in PAPERS}
    return texts | {form_name(paper): form for paper, form in forms.items()} | notes | readings


def find_faults_of_description(change: str | None, summary: str | None) -> list[str]:
    """List what is wrong with the change and the summary of a later version; empty if nothing is wrong.

    Args:
        change: has to be "material" or "editorial".
        summary: has to be one line of text, of at most 300 characters, without controls or invisible characters.

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
    elif len(summary) > _MAX_SUMMARY:
        faults.append(f"has a summary of {len(summary):,} characters; copies have room for {_MAX_SUMMARY}")
    elif refused := find_refused(summary):
        faults.append(f"has a summary with control or invisible characters ({name_characters(refused)}); remove them")
    return faults


def make_entry(records: dict[str, bytes], release: Release, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Make the ledger's entry of a version.

    Args:
        records: what `build_records` returned.
        release: what it was given.
        entries: all entries before it, oldest first.

    Returns:
        The entry.

    Raises:
        RecordError: the entry would break a rule of the ledger; the message says which.
    """
    policy = json.loads(records["policy.json"])
    name = policy["version"]
    first = not any(entry["kind"] == VERSION for entry in entries)
    faults = [] if first else find_faults_of_description(release.change, release.summary)
    if faults:
        raise RecordError(f"version {name} {faults[0]}")
    described = {} if first else {"change": release.change, "summary": release.summary}
    return _chain(
        entries,
        {
            "kind": VERSION,
            "version": name,
            "last_updated": policy["last_updated"],
            "released_at": policy["released_at"],
            "effective_at": policy["effective_at"],
            "digest": policy["digest"],
            **described,
            "records": {name: sha256(content).hexdigest() for name, content in sorted(records.items())},
            "verify_url": release.verify_url,
        },
    )


def make_withdrawal(
    version: str, *, reason: str, withdrawn_at: datetime.datetime, entries: list[dict[str, Any]]
) -> dict[str, Any]:
    """Make the ledger's entry that withdraws an announced version before it takes effect.

    Args:
        version: for instance "2027-01-15".
        reason: why, in a sentence or two for people.
        withdrawn_at: the moment (aware).
        entries: all entries before it, oldest first.

    Raises:
        RecordError: the version was not announced, has taken effect, or is withdrawn already; or the reason cannot
            be used.
    """
    require_moment(withdrawn_at)
    if len(reason.splitlines()) != 1 or not reason.strip() or find_refused(reason):
        raise RecordError("the reason of a withdrawal has to be one line of text")
    stamp = format_iso(withdrawn_at.replace(microsecond=0))
    return _chain(entries, {"kind": WITHDRAWAL, "version": version, "withdrawn_at": stamp, "reason": reason})


def _chain(entries: list[dict[str, Any]], entry: dict[str, Any]) -> dict[str, Any]:
    """Chain an entry to those before it, and verify the rules of the ledger that it makes."""
    chained = entry | {"previous": entry_digest(entries[-1]) if entries else None}
    parse_ledger(write_ledger([*entries, chained]))
    return chained


def write_ledger(entries: list[dict[str, Any]]) -> bytes:
    """Write the ledger's file from its entries, oldest first."""
    document = {"format": FORMAT, "entries": entries, "head": entry_digest(entries[-1]) if entries else None}
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
    return parse_ledger(content)[0]
