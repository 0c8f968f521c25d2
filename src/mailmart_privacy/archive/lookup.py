"""Looking up one file or one customer: what the index answers is compared with the log."""

from typing import TYPE_CHECKING

from ..errors import TamperedError, UsageError
from .finding import find_similar
from .register import read_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from .archive import Archive
    from .entries import LogEntry
    from .index.index import Index, Row
    from .recipients import Recipient


_COMPARED = (
    *("kind", "version", "policy_digest", "effective_at", "issued_at", "recorded_at"),
    *("level", "signer", "recipient", "sealed", "renews"),
)


class NoSuchFileError(UsageError):
    """The archive has no file with a digest.

    Attributes:
        digest: what was looked for.
    """

    argument = "digest"

    def __init__(self, digest: str) -> None:
        self.digest = digest
        super().__init__(f"the archive has no file with the digest {digest}")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.digest,)


class NoSuchCustomerError(UsageError):
    """No customer has exactly this name.

    Attributes:
        name: what was looked for.
        similar: names that look alike.
    """

    def __init__(self, name: str, similar: tuple[str, ...] = ()) -> None:
        self.name, self.similar = name, similar
        alike = f" Similar: {', '.join(similar)}." if similar else ""
        super().__init__(f"No customer is called exactly {name!r}.{alike} (Erased customers are not shown.)")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.name, self.similar)


def find_file(archive: "Archive", index: "Index", digest: str) -> "tuple[Row, LogEntry]":
    """Find a file by its digest, or the beginning of it, with its entry in the log.

    Args:
        archive: where.
        index: its index, up to date. Its answers are compared with the log; before the answer is that the archive has
            no such file, the whole log is read.
        digest: 8 to 64 hexadecimal digits.

    Raises:
        NoSuchFileError: the archive has no such file.
        UsageError: it is not a digest, or several begin so.
        ArchiveError: its entry is not published yet.
        TamperedError: the index says something else than the log.
    """
    row = index.find(digest)
    if row is None:
        sought = f'"sha256":"{digest.lower()}'.encode()
        if any(sought in content for _, content in read_log(archive)):
            raise TamperedError("the index lacks an entry that the log has", argument="index")
        raise NoSuchFileError(digest)
    return row, compare_row(archive, row)


def compare_row(archive: "Archive", row: "Row", read: "Callable[[int], LogEntry] | None" = None) -> "LogEntry":
    """Read the entry of a row from the log, and compare the row with it.

    Args:
        archive: whose.
        row: of the index.
        read: reads an entry, where many are compared (see `Archive.read_entries`).

    Raises:
        ArchiveError: it is not published yet.
        TamperedError: the row says something else than the log.
    """
    found = (read or archive.read_entry)(row.number)
    entry = found.entry
    if row.file not in entry.files or any(getattr(entry, name) != getattr(row, name) for name in _COMPARED):
        raise TamperedError(
            f"entry {row.number:,} differs between the log and the index; verify the archive, "
            "in case the log was changed",
            argument="index",
        )
    return found


def find_customer(archive: "Archive", names_key: bytes, name: str) -> "Recipient":
    """Find a customer by the exact name; case, blanks and the kinds of quotes and dashes do not count.

    Raises:
        NoSuchCustomerError: nobody has this name; the error names similar customers.
    """
    found = archive.find_recipient(names_key, name)
    if found is None:
        raise NoSuchCustomerError(name, find_similar(name, (each.name for each in archive.recipients(names_key))))
    return found


def recipient_of(archive: "Archive", names_key: bytes, entry: "LogEntry") -> "Recipient":
    """Find the record of the customer that a copy's entry is of.

    Raises:
        UsageError: the customer was erased, or the entry is not of a copy.
    """
    for record in archive.recipients(names_key):
        if record.pseudonym == entry.entry.recipient:
            return record
    raise UsageError(f"entry {entry.number:,} is not a copy of a customer on record (erased customers are not shown)")
