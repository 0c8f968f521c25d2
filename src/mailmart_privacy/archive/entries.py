"""The entries of the log: what was archived, as the in-toto Statement that the tree covers.

An entry is JSON as RFC 8785 writes it, so that it has one spelling. No name of a recipient stands in
one: a recipient is the digest of a record that can be erased (see `recipients`).
"""

import datetime
import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import TamperedError

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:mailmart-privacy:archive-entry:1"
KINDS = ("archive", "published-version", "customer-copy", "anchor", "erasure")
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What was archived.

    Attributes:
        kind: "archive" (the first one), "published-version", "customer-copy", "anchor" or "erasure".
        files: what it covers.
        recorded_at: when the archive says that it was added (aware, UTC).
        version: of the policy.
        policy_digest: of the version's text, lowercase hex SHA-256.
        effective_at: from when the version is in force (aware, UTC), as its publisher claims.
        issued_at: when a copy was issued (aware, UTC), as its signer claims.
        level: of a copy, "B-B" to "B-LTA".
        signer: of a copy: lowercase hex SHA-256 of the certificate that it was delivered with, in DER.
        recipient: the pseudonym of a copy's recipient, or of the one that was erased.
        sealed: what is known of a copy beside, encrypted for as long as the recipient is not erased.
        renews: the digest of the copy that this one replaces.
        size: of the tree that an anchor's checkpoint covers.
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


_MOMENTS = ("recorded_at", "effective_at", "issued_at")
_TEXTS = ("version", "policy_digest", "level", "signer", "recipient", "sealed", "renews")


def write_entry(entry: Entry) -> bytes:
    """Write an entry."""
    predicate: dict[str, Any] = {"kind": entry.kind, "sizes": [file.size for file in entry.files]}
    for name in (*_MOMENTS, *_TEXTS, "size"):
        value = getattr(entry, name)
        if value is not None:
            predicate[name] = _write_moment(value) if name in _MOMENTS else value
    subject = [{"digest": {"sha256": file.digest}, "name": file.name} for file in entry.files]
    return write_json({"_type": STATEMENT, "predicate": predicate, "predicateType": PREDICATE, "subject": subject})


def read_entry(content: bytes) -> Entry:
    """Read an entry.

    Raises:
        TamperedError: it is not one as this package writes them.
    """
    try:
        document = json.loads(content)
        predicate, subject = document["predicate"], document["subject"]
        files = tuple(
            File(name=each["name"], digest=each["digest"]["sha256"], size=size)
            for each, size in zip(subject, predicate["sizes"], strict=True)
        )
        moments: dict[str, Any] = {
            name: datetime.datetime.fromisoformat(predicate[name]) for name in _MOMENTS if name in predicate
        }
        texts: dict[str, Any] = {name: predicate[name] for name in (*_TEXTS, "size") if name in predicate}
        entry = Entry(kind=predicate["kind"], files=files, **moments, **texts)
        if document["_type"] != STATEMENT or document["predicateType"] != PREDICATE or entry.kind not in KINDS:
            raise ValueError(f"of another kind: {document['predicateType']}, {entry.kind}")
    except (ValueError, KeyError, TypeError) as error:
        raise TamperedError(f"an entry of the log is not one that this package reads ({error})") from None
    return entry


class ScannedCopy(NamedTuple):
    """The words of a copy's entry, as they stand in it.

    They have the attributes' names of `Entry` and of its one `File`; `renews` alone may be missing.
    """

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
        rf'\{{"_type":"{re.escape(STATEMENT)}","predicate":\{{"effective_at":"{moment}","issued_at":"{moment}",'
        rf'"kind":"customer-copy","level":"{text}","policy_digest":"{digest}","recipient":"{digest}",'
        rf'"recorded_at":"{moment}",(?:"renews":"{digest}",)?"sealed":"{text}","signer":"{digest}",'
        rf'"sizes":\[(0|[1-9][0-9]{{0,8}})\],"version":"{text}"\}},"predicateType":"{re.escape(PREDICATE)}",'
        rf'"subject":\[\{{"digest":\{{"sha256":"{digest}"\}},"name":"(copies/[0-9/]{{1,32}}/[0-9a-f]{{64}}\.pdf)"\}}\]\}}'
    )


# Most entries are of this spelling; to read them so takes a fifth of the time that parsing takes.
_COPY = re.compile(_spell_copy())


def scan_copy(content: bytes) -> ScannedCopy | None:
    """Read a copy's entry of the usual spelling, or tell with None that it is another one: `read_entry` reads both.

    What its moments say is not looked at.
    """
    match = _COPY.fullmatch(content.decode("ascii", "replace"))  # what is not ASCII is of no usual spelling
    return None if match is None else ScannedCopy(*match.groups())


def write_json(document: object) -> bytes:
    """Write JSON as RFC 8785 does; its numbers must be whole, and its keys ASCII."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _write_moment(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
