"""Adding copies that were issued elsewhere: each one is verified first, unless the archive has it already."""

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from .._limits import limited
from ..errors import ArchiveError, ExitCode, PrivacyError, UnreadableFileError
from .admission import admit
from .lookup import compare_row
from .recipients import fold, open_details
from .register import read_register

if TYPE_CHECKING:
    from pathlib import Path

    from ..policy.ledger import Ledger
    from ..trust.anchors import Trusted
    from .archive import Archive
    from .entries import LogEntry
    from .index.index import Index
    from .session import Copy, Session

_TOGETHER = 128  # copies that are committed together, while the next ones are verified
MAX_SIZE = 64 << 20  # bytes; larger files are not read


_Committed = dict[str, int] | PrivacyError | OSError
_Looked = list[tuple["Added", "Copy | None"]]


class ReferenceConflictError(ArchiveError):
    """Another customer has a copy with the same reference.

    Attributes:
        reference: of both copies.
        customer: the customer who has it already.
    """

    exit_code = ExitCode.USAGE
    reference: str
    customer: str

    def __init__(self, reference: str, customer: str) -> None:
        super().__init__(
            f"{customer} has a copy with the reference {reference!r}; nothing was archived",
            argument="same_reference",
            reference=reference,
            customer=customer,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """The outcome for a file.

    Attributes:
        file: its name.
        digest: lowercase hex SHA-256, or None where it could not be read.
        entry: the number of its entry, or None where it was refused.
        added: whether it was added now, not found in the archive.
        error: why it was refused, or None.
    """

    file: str
    digest: str | None = None
    entry: int | None = None
    added: bool = False
    error: PrivacyError | OSError | None = None


def add_files(
    session: "Session",
    index: "Index",
    paths: "Iterable[Path]",
    *,
    names_key: bytes,
    trust: "Trusted",
    ledger: "Ledger",
    clock: Callable[[], datetime.datetime],
    same_reference: bool = False,
) -> Iterator[Added]:
    """Archive files, many in one commit, and yield the outcome for each, in their order.

    Args:
        session: the archive, open to be added to.
        index: its index, up to date.
        paths: the files.
        names_key: the archive's.
        trust: whom to trust for what.
        ledger: the recorded versions.
        clock: tells what time it is (aware).
        same_reference: accept a reference that another customer has already.
    """
    known: dict[str, int] = {}
    read = session.archive.read_entries()
    references = None if same_reference else ReferenceOwners(session.archive, names_key)
    looked = (_look(path, index, known, session.archive, read, trust, ledger, clock, references) for path in paths)
    # While some copies are made durable, the next ones are read and verified.
    with ThreadPoolExecutor(1) as pool:
        before: tuple[_Looked, Future[_Committed]] | None = None
        for some in _portion(looked):
            if before is not None:
                yield from _report(*before, known)
            copies = [copy for _, copy in some if copy is not None]
            before = some, pool.submit(_commit, session, copies, ledger)
        if before is not None:
            yield from _report(*before, known)


def _portion(looked: "Iterable[tuple[Added, Copy | None]]") -> "Iterator[_Looked]":
    some: _Looked = []
    count = 0
    for each in looked:
        some.append(each)
        count += each[1] is not None
        if count == _TOGETHER or len(some) == 4 * _TOGETHER:
            yield some
            some, count = [], 0
    yield some


class ReferenceOwners:
    """Which customer has which reference. All references are decrypted when the first one is asked for.

    Args:
        archive: whose.
        names_key: decrypts names and references.
    """

    def __init__(self, archive: "Archive", names_key: bytes) -> None:
        self._archive, self._names_key = archive, names_key
        self._owners: dict[str, str] | None = None

    def claim(self, reference: str, customer: str) -> None:
        """Note that a customer has a reference.

        Raises:
            ReferenceConflictError: another customer has it.
        """
        if self._owners is None:
            self._owners = dict(_read_owners(self._archive, self._names_key))
        owner = self._owners.setdefault(reference, customer)
        if fold(owner) != fold(customer):
            raise ReferenceConflictError(reference, owner)


def _read_owners(archive: "Archive", names_key: bytes) -> Mapping[str, str]:
    records = {record.pseudonym: record for record in archive.recipients(names_key)}
    owners: dict[str, str] = {}
    for copy in read_register(archive, lambda content: True).copies:
        record = records.get(copy.entry.recipient or "")
        if record is not None and copy.entry.sealed:
            owners.setdefault(open_details(record.key, copy.entry.sealed).reference, record.name)
    return owners


def _look(
    path: "Path",
    index: "Index",
    known: dict[str, int],
    archive: "Archive",
    read: "Callable[[int], LogEntry]",
    trust: "Trusted",
    ledger: "Ledger",
    clock: Callable[[], datetime.datetime],
    references: "ReferenceOwners | None",
) -> "tuple[Added, Copy | None]":
    """Read a file; verify it unless it is known."""
    digest = None
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SIZE + 1)
        if len(content) > MAX_SIZE:
            raise UnreadableFileError(f"the file has more than {MAX_SIZE:,} bytes; larger files are not read")
        digest = sha256(content).hexdigest()
        found = index.find(digest) if digest not in known else None
        if found is not None and found.kind == "customer-copy":
            compare_row(archive, found, read)
            if found.erased:
                raise ArchiveError("this copy was erased from the archive with its recipient; it is not taken again")
            known[digest] = found.number
        if digest in known:
            return Added(file=str(path), digest=digest, entry=known[digest]), None
        known[digest] = -1  # until it is committed
        with limited():
            copy = admit(content, trust=trust, at=clock(), ledger=ledger)
        if references is not None:
            references.claim(copy.reference, copy.recipient)
        return Added(file=str(path), digest=digest, added=True), copy
    except (PrivacyError, OSError) as error:
        known.pop(digest or "", None)
        return Added(file=str(path), digest=digest, error=error), None


def _commit(session: "Session", copies: "Sequence[Copy]", ledger: "Ledger") -> _Committed:
    """Commit copies; give the numbers of their entries by digest, or the error."""
    try:
        done = session.add_copies(copies, ledger) if copies else []
    except (PrivacyError, OSError) as error:
        return error
    return {each.entry.files[0].digest: each.number for each in done}


def _report(some: "_Looked", committed: "Future[_Committed]", known: dict[str, int]) -> Iterator[Added]:
    done = committed.result()
    if isinstance(done, dict):
        known |= done
    for each, _ in some:
        if each.digest is None or each.error is not None:
            yield each
        elif not isinstance(done, dict) and known[each.digest] < 0:
            yield replace(each, added=False, error=done)
        else:
            yield replace(each, entry=known[each.digest])
