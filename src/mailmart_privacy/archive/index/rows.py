"""The rows that the index keeps of entries."""

import datetime
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from ...errors import TamperedError
from ..entries import Entry, File, read_entry, scan_copy

KINDS = ("customer-copy", "published-version")  # those that have rows
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)
LARGEST = 2**63 - 1  # that a database keeps


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One file of an entry, of a copy or of a published version.

    Attributes:
        number: of the entry.
        kind: of the entry: "customer-copy" or "published-version".
        digest: of the file, lowercase hex SHA-256.
        name: of the file: its path below the archive.
        size: of the file, in bytes.
        version: of the policy.
        policy_digest: of the version's text.
        effective_at: from when the version is in force (aware, UTC), as its publisher claims.
        issued_at: when the copy was issued (aware, UTC), as its signer claims.
        recorded_at: when the archive says that it was added (aware, UTC).
        level: of the copy, "B-B" to "B-LTA".
        signer: of the copy: lowercase hex SHA-256 of the certificate that it was delivered with, in DER.
        recipient: the pseudonym of the copy's recipient.
        sealed: further details of the copy, encrypted.
        renews: the digest of the copy that this one replaces.
        erased: whether its recipient was erased.
        proven_by: the number of the first anchor whose tree covers the entry, or None if none does yet.
    """

    number: int
    kind: str
    digest: str
    name: str
    size: int
    version: str | None
    policy_digest: str | None
    effective_at: datetime.datetime | None
    issued_at: datetime.datetime | None
    recorded_at: datetime.datetime | None
    level: str | None
    signer: str | None
    recipient: str | None
    sealed: str | None
    renews: str | None
    erased: bool
    proven_by: int | None

    @property
    def file(self) -> File:
        """The file, as `Archive.read_file` takes it."""
        return File(name=self.name, digest=self.digest, size=self.size)


SHOWN = tuple(name for name in Row.__slots__ if name != "sealed")  # what is told of a row


class Anchor(NamedTuple):
    """An anchor.

    Attributes:
        number: of its entry.
        size: of the tree that its checkpoint covers.
        recorded_at: when the archive says that it was added (aware, UTC).
        files: the checkpoint, and what was stamped over it.
    """

    number: int
    size: int
    recorded_at: datetime.datetime
    files: tuple[File, ...]


class AnchorCoverage:
    """Which anchor covers which entry.

    Args:
        anchors: numbers and tree sizes of all of them, in order of number.
    """

    def __init__(self, anchors: Sequence[tuple[int, int]]) -> None:
        self._sizes, self._numbers = list[int](), list[int]()
        for number, size in anchors:
            if not self._sizes or size > self._sizes[-1]:
                self._sizes.append(size)
                self._numbers.append(number)

    def find(self, number: int) -> int | None:
        """Find the first anchor that covers an entry: its number."""
        place = bisect_right(self._sizes, number)
        return self._numbers[place] if place < len(self._numbers) else None


def write_moment(moment: datetime.datetime) -> int:
    """Write a moment as a database keeps it: in microseconds since 1970 (UTC), so that all of them keep the order."""
    return (moment - _EPOCH) // _MICROSECOND


def read_moment(kept: int) -> datetime.datetime:
    """Read what `write_moment` has written."""
    return _EPOCH + kept * _MICROSECOND


def read_row(values: Sequence[Any], cover: AnchorCoverage) -> Row:
    """Read a row.

    Args:
        values: number, kind, digest, name, size, version, policy_digest, effective_at, issued_at, recorded_at, level,
            signer, recipient, sealed, renews, erased.
        cover: the anchors.

    Raises:
        TypeError, ValueError, OverflowError: the database is damaged.
    """
    number, kind, digest, name, size, version, policy_digest, effective_at, issued_at, recorded_at, *others = values
    level, signer, recipient, sealed, renews, erased = others
    return Row(
        number=number,
        kind=kind,
        digest=digest,
        name=name,
        size=size,
        version=version,
        policy_digest=policy_digest,
        effective_at=None if effective_at is None else read_moment(effective_at),
        issued_at=None if issued_at is None else read_moment(issued_at),
        recorded_at=None if recorded_at is None else read_moment(recorded_at),
        level=level,
        signer=signer,
        recipient=recipient,
        sealed=sealed,
        renews=renews,
        erased=bool(erased),
        proven_by=cover.find(number),
    )


def read_anchor(values: Sequence[Any]) -> Anchor:
    """Read an anchor: number, size, recorded_at, files.

    Raises:
        TypeError, ValueError, OverflowError: the database is damaged.
    """
    number, size, recorded_at, files = values
    found = tuple(File(name=name, digest=digest, size=length) for name, digest, length in json.loads(files))
    return Anchor(number, size, read_moment(recorded_at), found)


def tabulate(key: int, number: int, content: bytes, tables: dict[str, list[tuple[Any, ...]]]) -> None:
    """Add what an entry says to the rows of the tables that it belongs in.

    Args:
        key: the archive's, with which rows begin.
        number: of the entry.
        content: its bytes.
        tables: rows of "files", "anchors" and "erasures".

    Raises:
        TamperedError: it is not one as this package writes them.
    """
    copy = scan_copy(content)
    if copy is not None:
        _, effective_at, issued_at, level, policy_digest, recipient, recorded_at, renews, sealed, signer, *others = copy
        size, version, digest, name = others
        try:
            moments = _scan_moment(effective_at), _scan_moment(issued_at), _scan_moment(recorded_at)
        except (ValueError, OverflowError):
            pass  # what is wrong with it is said below
        else:
            row = (key, number, 0, KINDS[0], digest, name, int(size), version, policy_digest, *moments)
            tables["files"].append((*row, level, signer, recipient, sealed, renews))
            return
    entry = read_entry(content)
    try:
        _require_plain(entry)
        _tabulate(key, number, entry, tables)
    except (TypeError, ValueError, OverflowError):
        raise TamperedError(f"entry {number:,} of the log is not one that this package writes") from None


def _tabulate(key: int, number: int, entry: Entry, tables: dict[str, list[tuple[Any, ...]]]) -> None:
    recorded_at = write_moment(entry.recorded_at)
    if entry.kind in KINDS:
        moments = [None if each is None else write_moment(each) for each in (entry.effective_at, entry.issued_at)]
        for position, file in enumerate(entry.files):
            place = (key, number, position, entry.kind, file.digest, file.name, file.size)
            texts = (entry.level, entry.signer, entry.recipient, entry.sealed, entry.renews)
            tables["files"].append((*place, entry.version, entry.policy_digest, *moments, recorded_at, *texts))
    elif entry.kind == "anchor":
        files = json.dumps([(file.name, file.digest, file.size) for file in entry.files])
        tables["anchors"].append((key, number, entry.size or 0, recorded_at, files))
    elif entry.kind == "erasure" and entry.recipient is not None:
        tables["erasures"].append((key, entry.recipient, number))


@lru_cache(maxsize=4096)
def _scan_moment(text: str) -> int:
    return write_moment(datetime.datetime.fromisoformat(text))


def _require_plain(entry: Entry) -> None:
    """Refuse values that JSON allows but a database does not.

    Raises:
        TypeError, ValueError, OverflowError: there is such a thing.
    """
    texts = [*(file.name for file in entry.files), *(file.digest for file in entry.files)]
    others = (
        entry.version,
        entry.policy_digest,
        entry.level,
        entry.signer,
        entry.recipient,
        entry.sealed,
        entry.renews,
    )
    for text in (*texts, *(each for each in others if each is not None)):
        if "\0" in str.encode(text).decode():  # TypeError if it is not a string, ValueError for half a surrogate pair
            raise ValueError
    for size in (*(file.size for file in entry.files), entry.size or 0):
        if type(size) is not int or not 0 <= size <= LARGEST:
            raise ValueError
    for moment in (entry.recorded_at, entry.effective_at, entry.issued_at):
        if moment is not None:
            read_moment(write_moment(moment))
