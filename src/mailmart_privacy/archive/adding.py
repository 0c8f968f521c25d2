"""Adding copies that were issued elsewhere: each one is verified first, unless the archive has it already."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from ..errors import ArchiveError, PrivacyError, TamperedError
from ..verifying.many import read_copy
from .admission import admit_files
from .lookup import compare_row
from .references import ReferenceConflictError, ReferenceOwners

if TYPE_CHECKING:
    from pathlib import Path

    from ..policy.ledger import Ledger
    from .admission import Admission, Outcome
    from .archive import Archive
    from .index.index import Index
    from .session import Copy, Session

_TOGETHER = 128  # copies that are committed together, while the next ones are verified
_CHUNK, _CHUNK_SIZE = 16, 8 << 20  # files, and bytes, that another process gets at once
_AHEAD = 4  # such chunks for each process

_Error = PrivacyError | OSError
_Committed = dict[str, int] | _Error
_Verified = list[tuple["Added", "Copy | None"]]


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


@dataclass(frozen=True, slots=True)
class _File:
    """A file that was read.

    Attributes:
        added: what will come of it where it is not refused.
        path: where it is.
        content: what is to be verified, or None where that is not needed.
    """

    added: Added
    path: "Path"
    content: bytes | None = None


def add_files(
    session: "Session",
    index: "Index",
    paths: "Iterable[Path]",
    *,
    names_key: bytes,
    admission: "Admission",
    same_reference: bool = False,
) -> Iterator[Added]:
    """Archive files, many in one commit, and yield the outcome for each, in their order.

    Args:
        session: the archive, open to be added to.
        index: its index, up to date.
        paths: the files.
        names_key: the archive's.
        admission: how they are verified.
        same_reference: accept a reference that another customer has already.
    """
    reading = _Reading(session.archive, index, None if same_reference else ReferenceOwners(session.archive, names_key))
    verified = (reading.finish(*each) for each in _verify(map(reading.read, paths), admission))
    # While some copies are made durable, the next ones are read and verified.
    with ThreadPoolExecutor(1) as pool:
        before: tuple[_Verified, Future[_Committed]] | None = None
        for some in _portion(verified):
            if before is not None:
                yield from _report(*before, reading)
            copies = [copy for _, copy in some if copy is not None]
            before = some, pool.submit(_commit, session, copies, admission.ledger)
        if before is not None:
            yield from _report(*before, reading)


def _verify(files: "Iterable[_File]", admission: "Admission") -> "Iterator[tuple[_File, Copy | _Error | None]]":
    """Verify what has to be, here or by other processes, and yield each file with the outcome."""
    executor = admission.executor
    if executor is None:
        for file in files:
            yield file, None if file.content is None else admission.admit(file.content)
        return
    remaining = _chunk(files)
    waiting: deque[tuple[list[_File], Future[list[Outcome]]]] = deque()
    try:
        while True:
            while len(waiting) < _AHEAD * admission.workers and (some := next(remaining, None)):
                paths = [file.path for file in some if file.content is not None]
                waiting.append((some, executor.submit(admit_files, admission.trust, admission.clock(), paths)))
            if not waiting:
                return
            some, future = waiting.popleft()
            outcomes = iter(future.result())
            for file in some:
                yield file, None if file.content is None else _accept(file, file.content, next(outcomes), admission)
    finally:
        for _, future in waiting:
            future.cancel()


def _accept(file: _File, content: bytes, outcome: "Outcome", admission: "Admission") -> "Copy | _Error":
    digest, found = outcome
    if digest != file.added.digest:  # it was changed between the two reads: what was read here counts
        return admission.admit(content)
    return found if isinstance(found, Exception) else replace(found, pdf=content)


def _chunk(files: "Iterable[_File]") -> "Iterator[list[_File]]":
    """Divide files into what another process gets at once; what is read ahead stays small, whatever the files are."""
    some, size = list[_File](), 0
    for file in files:
        some.append(file)
        size += len(file.content or b"")
        if len(some) == _CHUNK or size > _CHUNK_SIZE:
            yield some
            some, size = [], 0
    if some:
        yield some


def _portion(verified: "Iterable[tuple[Added, Copy | None]]") -> "Iterator[_Verified]":
    some: _Verified = []
    count = 0
    for each in verified:
        some.append(each)
        count += each[1] is not None
        if count == _TOGETHER or len(some) == 4 * _TOGETHER:
            yield some
            some, count = [], 0
    yield some


class _Reading:
    """Reads files, and finds out which of them have to be verified.

    Args:
        archive: where they go.
        index: its index, up to date.
        references: tells which customer has which reference, or None where two customers may have one.

    Attributes:
        known: the numbers of entries by digest; -1 until the entry is committed.
        refused: why files were refused, by digest.
    """

    def __init__(self, archive: "Archive", index: "Index", references: "ReferenceOwners | None") -> None:
        self._archive, self._index, self._references = archive, index, references
        self._read_entry = archive.read_entries()
        self.known: dict[str, int] = {}
        self.refused: dict[str, _Error] = {}
        self._names: dict[str, set[str]] = {}

    def read(self, path: "Path") -> _File:
        """Read a file, and look for it in the archive."""
        digest = None
        try:
            content = read_copy(path)
            digest = sha256(content).hexdigest()
            found = self._index.find(digest) if digest not in self.known else None
            if found is not None and found.kind == "customer-copy":
                compare_row(self._archive, found, self._read_entry)
                if found.erased:
                    raise ArchiveError(
                        "this copy was erased from the archive with its recipient; it is not taken again"
                    )
                self._require_there(found.name)
                self.known[digest] = found.number
        except (PrivacyError, OSError) as error:
            return _File(Added(file=str(path), digest=digest, error=error), path)
        if digest in self.known:
            return _File(Added(file=str(path), digest=digest, entry=self.known[digest]), path)
        self.known[digest] = -1
        self.refused.pop(digest, None)
        return _File(Added(file=str(path), digest=digest, added=True), path, content)

    def _require_there(self, name: str) -> None:
        """Refuse to say that the archive has a copy whose file somebody has removed from it."""
        folder = name.rpartition("/")[0]
        if folder not in self._names:
            self._names[folder] = {stored.name for stored in self._archive.storage.find(folder)}
        if name not in self._names[folder]:
            raise TamperedError(f"{name} is missing from the archive; put this file there, under that name")

    def finish(self, file: _File, outcome: "Copy | _Error | None") -> "tuple[Added, Copy | None]":
        """Note the outcome of a verification; a copy must not have the reference of another customer."""
        if outcome is None:
            return file.added, None
        if not isinstance(outcome, Exception):
            try:
                if self._references is not None:
                    self._references.claim(outcome.reference, outcome.recipient)
            except ReferenceConflictError as error:
                outcome = error
            else:
                return file.added, outcome
        assert file.added.digest is not None
        self.known.pop(file.added.digest, None)
        self.refused[file.added.digest] = outcome
        return replace(file.added, added=False, error=outcome), None


def _commit(session: "Session", copies: "Sequence[Copy]", ledger: "Ledger") -> _Committed:
    """Commit copies; give the numbers of their entries by digest, or the error."""
    try:
        done = session.add_copies(copies, ledger) if copies else []
    except (PrivacyError, OSError) as error:
        return error
    return {each.entry.files[0].digest: each.number for each in done}


def _report(some: "_Verified", committed: "Future[_Committed]", reading: _Reading) -> Iterator[Added]:
    done = committed.result()
    if isinstance(done, dict):
        reading.known |= done
    for each, _ in some:
        if each.digest is None or each.error is not None:
            yield each
        elif each.digest in reading.refused:  # the same file came twice, and was refused since
            yield replace(each, entry=None, error=reading.refused[each.digest])
        elif not isinstance(done, dict) and reading.known[each.digest] < 0:
            yield replace(each, added=False, error=done)
        else:
            yield replace(each, entry=reading.known[each.digest])
