"""The audit of a whole archive: every file, every entry, every hash. It writes nothing and locks nothing."""

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from ..errors import TamperedError
from .entries import File, LogEntry, read_entry, scan_copy
from .layout import (
    ANCHORS,
    COMMITS,
    COPIES,
    FACTS,
    KEY,
    LOG,
    README,
    RECIPIENTS,
    ROTATIONS,
    STAFF,
    VERSIONS,
    is_litter,
    limit_of,
    name_rotation,
)
from .log_audit import LogAudit, Root
from .recipients import name_pseudonym
from .register import Register
from .storage.base import INCOMING, TooLargeError
from .tlog.notes import Checkpoint

if TYPE_CHECKING:
    from .archive import Archive

_KEPT = (COPIES, VERSIONS, ANCHORS)
_OTHERS = (COMMITS, LOG, RECIPIENTS, STAFF, ROTATIONS, INCOMING)
_THREADS = 4
_RECORD_NAME = re.compile(rf"(?:{RECIPIENTS}|{STAFF})/[0-9a-f]{{64}}\.json")
_RECORD = re.compile(rb'\{"name":"[A-Za-z0-9+/]+={0,2}","salt":"[A-Za-z0-9+/]+={0,2}"\}\n')


@dataclass(slots=True)
class Report:
    """What an audit found.

    Attributes:
        checkpoint: the published state of the log.
        entries: how many entries are committed.
        files: how many files were compared with their entries.
        erased: how many files are gone because their recipient was erased.
        staged: how many files a writer has not finished, or left behind when it was interrupted.
        anchors: the entries of all anchors.
        register: what people did.
        litter: files that operating systems leave in folders; they are reported but do no harm.
        faults: all that is wrong.
    """

    checkpoint: Checkpoint
    entries: int = 0
    files: int = 0
    erased: int = 0
    staged: int = 0
    anchors: list[LogEntry] = field(default_factory=list)
    register: Register = field(default_factory=Register)
    litter: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def unpublished(self) -> int:
        """How many entries a writer has not published yet, or left unpublished when it was interrupted; the next writer
        publishes them."""
        return max(0, self.entries - self.checkpoint.size)

    def require_sound(self) -> None:
        """Raise what was found.

        Raises:
            TamperedError: there are faults.
        """
        if self.faults:
            raise TamperedError(*self.faults)


def audit(
    archive: "Archive", *, roots: Iterable[Root] = (), advance: "Callable[[int, int], None]" = lambda done, total: None
) -> Report:
    """Audit an archive.

    Args:
        archive: which.
        roots: states of its log that are known from elsewhere.
        advance: is told how many entries were looked at, and how many there are.

    Returns:
        What was found; call `require_sound`.

    Raises:
        TamperedError: it is too damaged to be audited.
    """
    report = Report(archive.checkpoint())
    with ThreadPoolExecutor(_THREADS) as pool:
        files = _Files(archive, report, advance, pool)
        files.list_names()  # before the log is read: a file that is in its place has an entry
        log = LogAudit(archive.log, report.faults.append, roots)
        log.read(files.read)
    report.entries = log.size
    files.finish()
    report.faults += (f"{name} {words}" for name, words in archive.storage.shadowed())
    return report


class _Files:
    """Compares files with their entries."""

    def __init__(
        self, archive: "Archive", report: Report, advance: "Callable[[int, int], None]", pool: ThreadPoolExecutor
    ) -> None:
        self._pool = pool
        self._archive, self._storage, self._report, self._advance = archive, archive.storage, report, advance
        self._total = report.checkpoint.size
        self._missing: list[tuple[str, str]] = []
        self._recipients, self._erased = set[str](), set[str]()
        self._erasures: list[tuple[int, str]] = []
        self._unnamed = set[str]()

    def list_names(self) -> None:
        """List the files that entries must name, and refuse those that do not belong into an archive."""
        for name, _ in self._storage.find():
            if is_litter(name):
                self._report.litter.append(name)
                continue
            folder, below, _ = name.partition("/")
            if below and folder in _KEPT:
                self._unnamed.add(name)
            elif folder not in (_OTHERS if below else (FACTS, README, KEY)):
                self._report.faults.append(f"{name} is not of the archive")

    def read(self, start: int, contents: "list[bytes]") -> None:
        """Compare the files of a commit with its entries."""
        wanted: list[tuple[str, File]] = []
        for number, content in enumerate(contents, start):
            copy = scan_copy(content)
            if copy is not None:
                self._recipients.update((copy.recipient, copy.actor or copy.recipient))
                wanted.append((copy.recipient, File(name=copy.name, digest=copy.digest, size=int(copy.size))))
                continue
            entry = self._report.register.add(number, content).entry
            self._recipients.update(each for each in (entry.actor, entry.second) if each is not None)
            if entry.kind == "erasure" and entry.recipient is not None:
                self._erasures.append((number, entry.recipient))
            elif entry.recipient is not None:
                self._recipients.add(entry.recipient)
            if entry.kind == "anchor":
                self._report.anchors.append(LogEntry(number, content, entry))
            wanted += ((entry.recipient or "", file) for file in entry.files)
        # A single file is not worth the way to another thread.
        looked = (self._pool.map if len(wanted) > 1 else map)(self._look, [file for _, file in wanted])
        for (recipient, file), fault in zip(wanted, looked, strict=True):
            if fault is None:
                self._report.files += 1
            elif fault:
                self._report.faults.append(fault)
            else:
                self._missing.append((recipient, file.name))
            self._unnamed.discard(file.name)
        self._advance(start + len(contents), self._total)

    def finish(self) -> None:
        """Compare the rest of the archive with what was read."""
        # An entry that is not signed excuses nothing: anybody may have put it there. Read again: a writer publishes an
        # erasure before it removes anything, perhaps since the audit began.
        signed = self._archive.checkpoint().size if self._erasures else 0
        self._erased = {pseudonym for number, pseudonym in self._erasures if number < signed}
        gone = [name for recipient, name in self._missing if recipient not in self._erased]
        self._report.erased = len(self._missing) - len(gone)
        if len(gone) > 1:
            self._report.faults.append(f"{len(gone):,} files are missing; was the archive copied in part?")
        self._report.faults += (f"{name} is missing" for name in gone)
        self._require_recipients()
        self._require_erased()
        self._require_rotations()
        self._report.staged = len(self._storage.staged())
        if self._unnamed:
            self._require_named()

    def _look(self, file: File) -> str | None:
        """Tell what is wrong with a file: nothing (None), or that it is missing ("")."""
        try:
            content = self._storage.read(file.name, min(file.size, limit_of(file.name)))
        except TooLargeError:
            return f"{file.name} was changed"
        if content is None:
            return ""
        if len(content) != file.size or sha256(content).hexdigest() != file.digest:
            return f"{file.name} was changed"
        return None

    def _require_recipients(self) -> None:
        found = set[str]()
        for name in list(self._archive.list_records()):
            if is_litter(name):
                continue
            try:
                content = self._storage.read(name)
            except TooLargeError as error:
                self._report.faults.append(str(error))
                continue
            if content is None:  # it was erased meanwhile
                continue
            pseudonym = name_pseudonym(content)
            found.add(pseudonym)
            # A record that no entry names is not a fault: records are written before the copies of their recipients.
            if not (_RECORD_NAME.fullmatch(name) and (pseudonym in self._recipients or _RECORD.fullmatch(content))):
                self._report.faults.append(f"{name} is not the record of a recipient")
        missing = self._recipients - found - self._erased
        if missing:  # their records may have been renamed while they were listed, or erased since the log was read
            records = (self._storage.read(name) for name in self._archive.list_records())
            missing -= {name_pseudonym(content) for content in records if content is not None}
            missing -= self._find_erased_since()
        for pseudonym in sorted(missing):
            self._report.faults.append(
                f"the record of {pseudonym} is missing from {RECIPIENTS} and {STAFF}, or was changed"
            )
        staff = self._report.register.erased - self._report.register.erased_customers
        for pseudonym in sorted(self._erased & found):
            whom = "member of staff" if pseudonym in staff else "customer"
            self._report.faults.append(f"{pseudonym} is erased, and the record is still there: erase this {whom} again")

    def _find_erased_since(self) -> set[str]:
        """Name those whose erasure was published since the log was read."""
        found = [each for each in self._archive.entries(self._report.entries) if each.entry.kind == "erasure"]
        signed = self._archive.checkpoint().size
        return {each.entry.recipient or "" for each in found if each.number < signed}

    def _require_erased(self) -> None:
        """Find copies of erased recipients that still exist, or exist again, for instance from a backup."""
        if not self._erased:
            return
        there = {name for by, name in self._named() if by in self._erased and self._storage.read(name) is not None}
        if there:  # the same bytes may have been added again, for somebody who is not erased
            there -= {name for by, name in self._named() if by not in self._erased}
        for name in sorted(there):
            self._report.faults.append(f"{name} is there, and its recipient was erased: remove it")

    def _require_rotations(self) -> None:
        """Compare the proofs that the log's key was replaced with the entries that say so."""
        logged = {each.number: each.content for each in self._report.register.rotations}
        proven = {each.number: each.content for each in self._archive.keys.rotations}
        names = {name_rotation(count) for count in range(1, len(proven) + 1)}
        for name, _ in self._storage.find(ROTATIONS):
            if not is_litter(name) and name not in names:
                self._report.faults.append(f"{name} is not of the archive")
        for number in sorted({*logged, *proven}):
            if number < self._total and logged.get(number) != proven.get(number):
                self._report.faults.append(
                    f"entry {number:,} and the files in {ROTATIONS} say different things of the log's key"
                )

    def _named(self) -> Iterator[tuple[str, str]]:
        """Name the files of all entries once more, each with its recipient ("" where it has none)."""
        for _, contents in self._archive.log.commits(proven=self._total):
            for content in contents:
                if (copy := scan_copy(content)) is not None:
                    yield copy.recipient, copy.name
                else:
                    entry = read_entry(content)
                    yield from ((entry.recipient or "", file.name) for file in entry.files)

    def _require_named(self) -> None:
        """Report the files that no entry names. Another writer may have added or removed files meanwhile."""
        # In this order: a file that was staged when it was listed has its entry by now, or is staged still, or is gone.
        unnamed = self._unnamed - self._storage.staged()
        unnamed -= {name for _, name in self._named()}
        for name in sorted(unnamed and unnamed & self._find_kept()):
            self._report.faults.append(f"{name} has no entry")

    def _find_kept(self) -> set[str]:
        return {name for folder in _KEPT for name, _ in self._storage.find(folder) if not is_litter(name)}
