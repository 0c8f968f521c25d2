"""The entries of the log: what was archived, as the in-toto Statement that the tree covers.

An entry is JSON as RFC 8785 writes it, so that it has one canonical form. It contains no name
of a recipient: a recipient is the digest of a record that can be erased (see `recipients`).
"""

import datetime
import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from .._time import format_iso
from ..errors import TamperedError, one_line

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:mailmart-privacy:archive-entry:1"
# Readers accept entries of other kinds, too: a newer release may have written them. They count and report those.
KINDS = ("archive", "published-version", "customer-copy", "anchor", "erasure", "act", "key-rotation")
MAX_SIZE = 65_535


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file of the archive.

    Attributes:
        name: its path below the archive.
        digest: its SHA-256, lowercase hex.
        size: in bytes.
    """

    name: str
    digest: str
    size: int

    @classmethod
    def of(cls, name: str, content: bytes) -> "File":
        """Describe a file."""
        return cls(name=name, digest=sha256(content).hexdigest(), size=len(content))


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What was archived.

    Attributes:
        kind: one of `KINDS`, or another one that a newer release has written.
        files: what it covers.
        recorded_at: when the archive says that it was added (aware, UTC).
        version: of the policy.
        policy_digest: of the version's text, lowercase hex SHA-256.
        effective_at: from when the version is in force (aware, UTC), as its publisher claims; of a relation that ended:
            when.
        issued_at: when a copy was issued (aware, UTC), as its signer claims.
        level: of a copy, "B-B" to "B-LTA".
        signer: of a copy: lowercase hex SHA-256 of the certificate that it was delivered with, in DER.
        recipient: the pseudonym of a copy's recipient, of the one that was erased, or of the one whom an act concerns.
        sealed: further details, encrypted; those of a copy can be read for as long as its recipient is not erased.
        renews: the digest of the copy that this one replaces.
        size: of the tree that an anchor's checkpoint covers.
        act: what was done: "hold", "release", "withdrawn", "erase-waiting", "erase-refused", "erase-certified",
            "relation-ended" and others; of an erasure "staff", where a member of staff was erased.
        about: the number of the entry that an act concerns.
        due_at: when an erasure that waits can be done (aware, UTC).
        actor: the pseudonym of the person who caused the entry.
        second: the pseudonym of a second person who confirmed it.
        key: the next public key of the log, of a "key-rotation".
        digest: of a document that was handed over and is not kept here, lowercase hex SHA-256.
    """

    kind: str
    files: tuple[File, ...] = ()
    recorded_at: datetime.datetime
    version: str | None = None
    policy_digest: str | None = None
    effective_at: datetime.datetime | None = None
    issued_at: datetime.datetime | None = None
    level: str | None = None
    signer: str | None = None
    recipient: str | None = None
    sealed: str | None = None
    renews: str | None = None
    size: int | None = None
    act: str | None = None
    about: int | None = None
    due_at: datetime.datetime | None = None
    actor: str | None = None
    second: str | None = None
    key: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry in its place.

    Attributes:
        number: its place in the log, from 0.
        content: its bytes, as the tree covers them.
        entry: what it says.
    """

    number: int
    content: bytes
    entry: Entry

    def __repr__(self) -> str:
        return f"<LogEntry {self.number}, {self.entry.kind}>"


_MOMENTS = ("recorded_at", "effective_at", "issued_at", "due_at")
_TEXTS = (
    *("version", "policy_digest", "level", "signer", "recipient", "sealed", "renews"),
    *("act", "actor", "second", "key", "digest"),
)
_NUMBERS = ("size", "about")
_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def write_entry(entry: Entry) -> bytes:
    """Write an entry."""
    predicate: dict[str, Any] = {"kind": entry.kind, "sizes": [file.size for file in entry.files]}
    for name in (*_MOMENTS, *_TEXTS, *_NUMBERS):
        value = getattr(entry, name)
        if value is not None:
            predicate[name] = format_iso(value) if name in _MOMENTS else value
    subject = [{"digest": {"sha256": file.digest}, "name": file.name} for file in entry.files]
    return write_json({"_type": STATEMENT, "predicate": predicate, "predicateType": PREDICATE, "subject": subject})


def read_entry(content: bytes) -> Entry:
    """Read an entry.

    Raises:
        TamperedError: it is not one as this package writes them.
    """
    try:
        if len(content) > MAX_SIZE:
            raise ValueError(f"{len(content):,} bytes are more than an entry has")
        scanned = scan_copy(content)
        if scanned is not None:
            return _make_copy(scanned)
        document = json.loads(content)
        if document["_type"] != STATEMENT or document["predicateType"] != PREDICATE:
            raise ValueError(f"it is a statement of another type: {document['predicateType']}")
        return _read_predicate(document["predicate"], document["subject"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TamperedError(f"an entry of the log is not one that this package reads ({one_line(error)})") from None


def _read_predicate(predicate: Any, subject: Any) -> Entry:
    files = tuple(
        File(name=_require(str, each["name"]), digest=_require(str, each["digest"]["sha256"]), size=_require(int, size))
        for each, size in zip(subject, predicate["sizes"], strict=True)
    )
    kind = _require(str, predicate["kind"])
    # Of a kind that this release does not know, no more is read than every entry has.
    known = kind in KINDS
    moments: dict[str, Any] = {
        name: datetime.datetime.fromisoformat(predicate[name])
        for name in (_MOMENTS if known else _MOMENTS[:1])
        if name in predicate
    }
    others: dict[str, Any] = {name: _require(str, predicate[name]) for name in _TEXTS if known and name in predicate}
    others |= {name: _require(int, predicate[name]) for name in _NUMBERS if known and name in predicate}
    return Entry(kind=kind, files=files, **moments, **others)


def _require(kind: type, value: Any) -> Any:
    """Refuse a value of another type: an entry comes from a file that anybody may have written."""
    if type(value) is not kind:
        raise TypeError(f"{value!r:.80} is not of the type {kind.__name__}")
    return value


class ScannedCopy(NamedTuple):
    """The words of a copy's entry, as written in it.

    They have the attributes' names of `Entry` and of its one `File`; only `actor` and `renews` may be missing.
    """

    actor: str | None
    effective_at: str
    issued_at: str
    level: str
    policy_digest: str
    recipient: str
    recorded_at: str
    renews: str | None
    sealed: str
    signer: str
    size: str
    version: str
    digest: str
    name: str


def _spell_copy() -> str:
    text, digest, moment = r"([ !#-\[\]-~]*)", "([0-9a-f]{64})", r"([-0-9T:.]{19,26}Z)"
    return (
        rf'\{{"_type":"{re.escape(STATEMENT)}","predicate":\{{(?:"actor":"{digest}",)?"effective_at":"{moment}","issued_at":"{moment}",'
        rf'"kind":"customer-copy","level":"{text}","policy_digest":"{digest}","recipient":"{digest}",'
        rf'"recorded_at":"{moment}",(?:"renews":"{digest}",)?"sealed":"{text}","signer":"{digest}",'
        rf'"sizes":\[(0|[1-9][0-9]{{0,8}})\],"version":"{text}"\}},"predicateType":"{re.escape(PREDICATE)}",'
        rf'"subject":\[\{{"digest":\{{"sha256":"{digest}"\}},"name":"(copies/[0-9/]{{1,32}}/[0-9a-f]{{64}}\.pdf)"\}}\]\}}'
    )


# Most entries are written like this; reading them so takes a fifth of the time of parsing.
_COPY = re.compile(_spell_copy())


def scan_copy(content: bytes) -> ScannedCopy | None:
    """Read a copy's entry in the usual form, or return None if it is another one; `read_entry` reads both.

    What its moments say is not looked at.
    """
    match = _COPY.fullmatch(content.decode("ascii", "replace"))  # the usual form is ASCII
    return None if match is None else ScannedCopy(*match.groups())


def _make_copy(scanned: ScannedCopy) -> Entry:
    read = datetime.datetime.fromisoformat
    return Entry(
        kind="customer-copy",
        files=(File(name=scanned.name, digest=scanned.digest, size=int(scanned.size)),),
        recorded_at=read(scanned.recorded_at),
        effective_at=read(scanned.effective_at),
        issued_at=read(scanned.issued_at),
        version=scanned.version,
        policy_digest=scanned.policy_digest,
        level=scanned.level,
        signer=scanned.signer,
        recipient=scanned.recipient,
        sealed=scanned.sealed,
        renews=scanned.renews,
        actor=scanned.actor,
    )


def write_json(document: object) -> bytes:
    """Write JSON as RFC 8785 does; its numbers must be whole, and its keys ASCII."""
    return _JSON.encode(document).encode()
