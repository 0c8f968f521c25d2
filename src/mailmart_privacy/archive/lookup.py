"""Looking up one file or one customer: what the index answers is compared with the log."""

import re
from typing import TYPE_CHECKING

from ..errors import TamperedError, UsageError
from .finding import find_similar
from .recipients import fold
from .register import read_log, read_register

if TYPE_CHECKING:
    from collections.abc import Callable

    from .archive import Archive
    from .entries import File, LogEntry
    from .index.index import Index, Row
    from .recipients import Recipient

LIKE_A_DIGEST = re.compile("[0-9a-fA-F]{8,64}")
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


class AmbiguousTargetError(UsageError):
    """A text is the name of a customer, and the beginning of a copy's digest as well.

    Attributes:
        text: what was looked for.
    """

    argument = "target"

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(f"{text!r} is the name of a customer and the beginning of a copy's digest; nothing was done")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.text,)


class NoSuchTargetError(UsageError):
    """A text is neither the name of a customer nor the beginning of a digest.

    Attributes:
        text: what was looked for.
        similar: names that look alike.
    """

    def __init__(self, text: str, similar: tuple[str, ...] = ()) -> None:
        self.text, self.similar = text, similar
        alike = f" Similar: {', '.join(similar)}." if similar else ""
        super().__init__(
            f"No customer is called exactly {text!r}, and the archive has no file with that digest.{alike} "
            "(Erased customers are not shown.)"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.text, self.similar)


def is_name(archive: "Archive", index: "Index", names_key: bytes, text: str) -> bool:
    """Tell whether a text that looks like a digest is the exact name of a customer; if not, a copy has that digest.

    A name may consist of hexadecimal digits alone. What fits both is refused: nobody means both.

    Args:
        archive: where.
        index: its index, up to date.
        names_key: the archive's, which decrypts names.
        text: 8 to 64 hexadecimal digits.

    Raises:
        AmbiguousTargetError: it is both.
        NoSuchTargetError: it is neither.
        UsageError: nobody has this name, and several digests begin so.
    """
    try:
        find_namesakes(archive, names_key, text)
    except NoSuchCustomerError as error:
        try:
            find_file(archive, index, text)
        except NoSuchFileError:
            raise NoSuchTargetError(text, error.similar) from None
        return False
    if any(index.rows(digest=text, limit=1)):
        raise AmbiguousTargetError(text)
    return True


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
            index.refresh(archive)  # it may have been added a moment ago
            row = index.find(digest)
            if row is None:
                raise TamperedError("the index lacks an entry that the log has", argument="index")
        else:
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


def read_present(archive: "Archive", file: "File", recipient: str | None = None) -> bytes:
    """Read a file that has to be there, unless its recipient was erased.

    Args:
        archive: where.
        file: one that an entry names.
        recipient: the pseudonym in that entry, or None.

    Raises:
        UsageError: the recipient was erased.
        TamperedError: it was changed, or is missing.
    """
    content = archive.read_file(file)
    if content is None:
        if recipient is not None and recipient in read_register(archive).erased:
            raise UsageError(f"{file.name} is no longer there: its recipient was erased")
        raise TamperedError(f"{archive.storage.location}: {file.name} is missing; was the archive copied in part?")
    return content


def find_customer(archive: "Archive", names_key: bytes, name: str) -> "Recipient":
    """Find a customer by the exact name; case, blanks and the kinds of quotes and dashes do not count.

    If nobody else has the name, a customer whose erasure waits is found.

    Raises:
        NoSuchCustomerError: nobody has this name; the error names similar customers.
    """
    return archive.find_recipient(names_key, name) or find_namesakes(archive, names_key, name)[0]


def find_namesakes(archive: "Archive", names_key: bytes, name: str) -> "list[Recipient]":
    """Find all records of one name: a customer who came back has another one while the erasure of the first waits.

    Raises:
        NoSuchCustomerError: nobody has this name; the error names similar customers.
    """
    records = list(archive.recipients(names_key))
    found = [each for each in records if fold(each.name) == fold(name)]
    if not found:
        raise NoSuchCustomerError(name, find_similar(name, (each.name for each in records)))
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
