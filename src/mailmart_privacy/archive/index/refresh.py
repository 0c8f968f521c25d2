"""Reading the log into the index.

The index's state is the tree of the entries that it has read. So a few of the log's tiles show whether the index holds
the beginning of this log. The last commit that it has read, and commits that are not published yet, are compared with
their digests. If that fails, the index is rebuilt; the audit of the log reports what is wrong.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import ArchiveError, TamperedError
from ..layout import FULL
from ..tlog.merkle import hash_range
from ..tlog.peaks import Peaks
from .database import DamagedError, Database
from .rows import tabulate

if TYPE_CHECKING:
    from ..archive import Archive
    from ..log import Log

_HASH = 32
_TRIES = 100  # times that other processes may restart the index in the meantime


class _State(NamedTuple):
    """The state of the index: how far it has read the log.

    Attributes:
        size: how many entries.
        peaks: the hashes of the complete subtrees that their tree is made of, from the left.
    """

    size: int
    peaks: bytes

    def root(self) -> bytes:
        """Give the tree's root."""
        return self._grow().root()

    def append(self, contents: Sequence[bytes]) -> "_State":
        """Give the state after more entries."""
        peaks = self._grow()
        for content in contents:
            peaks.append(content)
        return _State(peaks.size, b"".join(peaks.hashes))

    def _grow(self) -> Peaks:
        return Peaks(self.size, (self.peaks[at : at + _HASH] for at in range(0, len(self.peaks), _HASH)))


class Reached(NamedTuple):
    """How far the index has read an archive.

    Attributes:
        archive: which.
        key: the archive's in the database.
        size: how many entries were read.
    """

    archive: "Archive"
    key: int
    size: int


class _ContradictedError(Exception):
    """The index does not contain the beginning of this log."""

    def __init__(self, state: _State) -> None:
        self.state = state
        super().__init__()


class _OvertakenError(Exception):
    """This process or another one has restarted the index in the meantime."""


def refresh(database: Database, archive: "Archive", advance: Callable[[int, int], None], *, rebuild: bool) -> Reached:
    """Read what is new in the log; rebuild the index if it is damaged, or belongs to another log.

    Args:
        database: the one that contains the index.
        archive: whose index it is.
        advance: is told how many entries were read, and how many there are.
        rebuild: forget its content first.

    Returns:
        The archive's place in the database, and how far it was read.

    Raises:
        ArchiveError: the database cannot be used.
        TamperedError: the log cannot be read.
    """
    mended = False
    for _ in range(_TRIES):
        try:
            reading = _Reading(database, archive.log, advance)
            if rebuild:
                reading.clear(None)
                rebuild = False
            return Reached(archive, reading.key, reading.read_on())
        except _OvertakenError:
            continue
        except DamagedError:
            if mended:
                raise
            database.mend()
            mended = True
    raise ArchiveError(
        f"{database.place}: other processes keep restarting this index; each archive needs an index of its own"
    )


class _Reading:
    """One attempt."""

    def __init__(self, database: Database, log: "Log", advance: Callable[[int, int], None]) -> None:
        self._database, self._log, self._advance = database, log, advance
        self.key = self._admit(log.key.name)

    def clear(self, state: _State | None) -> None:
        """Forget all entries, unless another process has done so: then the state has changed."""
        with self._transaction():
            if state is None or self._state() == state:
                self._database.clear(self.key)

    def read_on(self) -> int:
        """Read the entries that the index does not have, and tell how many it has now.

        Raises:
            _OvertakenError: begin again.
        """
        try:
            return self._read_on()
        except _ContradictedError as contradicted:
            self.clear(contradicted.state)
            raise _OvertakenError from None

    def _read_on(self) -> int:
        state = self._state()
        published, end = self._compare_tree(state)
        batch, count = list[tuple[int, list[bytes]]](), 0
        for start, contents in self._log.commits(end, proven=published):
            end = start + len(contents)
            if end <= state.size:
                self._compare(start, contents, state)
            else:
                batch.append((start, contents))
                count += len(contents)
            if count >= FULL:
                self._add(batch)
                self._advance(end, max(end, published))
                batch, count = [], 0
        if batch:
            self._add(batch)
        if end < state.size:
            raise _ContradictedError(state)
        self._database.commit_staged()
        self._advance(end, max(end, published))
        return end

    def _compare_tree(self, state: _State) -> tuple[int, int]:
        """Compare the state with the published tree.

        Returns:
            The size of the published tree, and the start of the commit from which on the log is to be read.
        """
        try:
            checkpoint = self._log.checkpoint()
        except TamperedError:
            return 0, 0  # then all commits are compared with their digests
        last = min(checkpoint.size, state.size - 1)
        sql = "SELECT start, root FROM commits WHERE archive = ? AND start <= ? ORDER BY start DESC LIMIT 1"
        known = [(int(start), bytes(root)) for start, root in self._database.query(sql, [self.key, last])]
        if state.size and not known:
            raise _ContradictedError(state)  # its commits are gone, or another process has just begun again
        if state.size <= checkpoint.size:
            known.append((state.size, state.root()))
        try:
            subtree = self._log.tiles(checkpoint.size).subtree
            if hash_range(0, checkpoint.size, subtree) != checkpoint.root:
                return checkpoint.size, 0  # the tiles are not those of the log
            contradicted = any(hash_range(0, size, subtree) != root for size, root in known)
        except TamperedError:
            return checkpoint.size, 0
        if contradicted:
            raise _ContradictedError(state)
        return checkpoint.size, known[0][0] if state.size else 0

    def _add(self, batch: Sequence[tuple[int, list[bytes]]]) -> None:
        """Add commits, except those that other processes have added in the meantime."""
        tables: dict[str, list[tuple[Any, ...]]] = {"commits": [], "files": [], "anchors": [], "erasures": []}
        with self._transaction():
            begun = state = self._state()
            for start, contents in batch:
                if start + len(contents) <= begun.size:
                    self._compare(start, contents, begun)
                    continue
                if start != state.size:
                    raise _OvertakenError
                tables["commits"].append((self.key, start, _digest(contents), state.root()))
                for number, content in enumerate(contents, start):
                    tabulate(self.key, number, content, tables)
                state = state.append(contents)
            for table, rows in tables.items():
                self._database.add(table, rows)
            sql = "UPDATE archives SET size = ?, peaks = ? WHERE archive = ?"
            self._database.execute(sql, [state.size, state.peaks, self.key])

    def _compare(self, start: int, contents: Sequence[bytes], state: _State) -> None:
        """Compare a commit with the digest from when it was first read."""
        sql = "SELECT digest FROM commits WHERE archive = ? AND start = ?"
        if self._database.query(sql, [self.key, start]) != [(_digest(contents),)]:
            raise _ContradictedError(state)

    def _admit(self, origin: str) -> int:
        """Find the archive's key; add the archive if it has none."""
        sql = "SELECT archive FROM archives WHERE origin = ?"
        found = self._database.query(sql, [origin])
        if not found:
            with self._database.transaction("archives"):
                self._database.admit(origin)
            found = self._database.query(sql, [origin])
        if not found:
            raise _OvertakenError
        return int(found[0][0])

    def _state(self) -> _State:
        found = self._database.query("SELECT size, peaks FROM archives WHERE archive = ?", [self.key])
        if not found:
            raise _OvertakenError
        return _State(int(found[0][0]), bytes(found[0][1]))

    def _transaction(self) -> AbstractContextManager[None]:
        return self._database.transaction(self._log.key.name)


def _digest(contents: Sequence[bytes]) -> bytes:
    return sha256(b"\n".join(contents)).digest()
