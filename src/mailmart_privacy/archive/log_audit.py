"""The audit of the log alone: it compares commits, tiles, bundles and checkpoint with each other."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..errors import TamperedError
from .commits import Commit
from .layout import CHECKPOINT, COMMITS, LOG, is_litter, name_commit
from .log import ForeignCommitError, Log
from .tlog.merkle import EMPTY, hash_leaves, hash_range
from .tlog.notes import Checkpoint
from .tlog.tiles import WIDTH, TreeFrontier, list_partial, name_tile, parse_tile, read_entries, write_entries


@dataclass(frozen=True, slots=True)
class Root:
    """A state of a log that is known from elsewhere: from a proof, or an anchor.

    Attributes:
        size: how many entries it has.
        root: the root of its tree.
        source: what says so, for messages.
    """

    size: int
    root: bytes
    source: str


class LogAudit:
    """An audit of a log under way.

    Args:
        log: which.
        fault: called with each fault.
        roots: states of the log that are known from elsewhere.

    Attributes:
        checkpoint: its published state.
        size: how many entries were read.
    """

    def __init__(self, log: Log, fault: Callable[[str], None], roots: Iterable[Root] = ()) -> None:
        self.log, self._fault = log, fault
        self.checkpoint: Checkpoint = log.checkpoint()
        self._frontier = TreeFrontier()
        self._roots: dict[int, list[Root]] = {}
        for root in (*roots, Root(self.checkpoint.size, self.checkpoint.root, CHECKPOINT)):
            self._roots.setdefault(root.size, []).append(root)
        self._sizes = sorted(self._roots)
        self._starts = set[int]()
        self._partial: dict[str, set[int]] = {}
        self._tiles = self._list_tiles()
        self._commits = self._list_commits()  # before they are read: more may come meanwhile

    @property
    def size(self) -> int:
        """How many entries were read."""
        return self._frontier.size

    def read(self, entries: "Callable[[int, list[bytes]], None]") -> None:
        """Read all commits, and compare tiles and roots with them.

        Args:
            entries: called for each commit, with the number of its first entry and its entries.
        """
        self._compare_roots()
        try:
            while (commit := self._read_commit()) is not None:
                leaves = hash_leaves(commit.entries)
                self._require_signature(commit, leaves)
                self._append(commit, leaves)
                entries(commit.start, commit.entries)
            if self.size < self.checkpoint.size:
                self._fault(f"{name_commit(self.size)} is missing; was the archive copied in part?")
        except TamperedError as error:
            self._fault(str(error))
        self._finish()

    def _append(self, commit: Commit, leaves: Sequence[bytes]) -> None:
        """Compare the tiles that a commit fills, and the known states that it leads to."""
        start, end = self.size, self.size + len(leaves)
        known = self._sizes[bisect_right(self._sizes, start) : bisect_left(self._sizes, end)]
        for size in (*known, end):
            at, stop = self.size - start, size - start
            for name, tile in self._frontier.append(commit.entries[at:stop], leaves[at:stop]):
                self._compare_tile(name, tile)
            self._compare_roots()

    def _read_commit(self) -> Commit | None:
        self._starts.add(self.size)
        try:
            return self.log.read_commit(self.size)
        except ForeignCommitError as error:
            if self.size >= self.checkpoint.size:
                raise
            raise TamperedError(f"{error.location}: {error.name} was changed or cut off") from None

    def _require_signature(self, commit: Commit, leaves: Sequence[bytes]) -> None:
        """Require the log's signature of a commit. Of one that no checkpoint covers, nothing is read without it."""
        if commit.is_signed(self.log.keys, leaves):
            return
        if commit.start >= self.checkpoint.size:
            raise ForeignCommitError(self.log.storage.location, name_commit(commit.start))
        self._fault(f"{name_commit(commit.start)} was changed")

    def _list_commits(self) -> set[int]:
        """List the numbers that commits are named by."""
        found = set[int]()
        for name, _ in self.log.storage.find(COMMITS):
            if is_litter(name):
                continue
            number = name[-18:-6]
            if number.isascii() and number.isdigit() and name == name_commit(int(number)):
                found.add(int(number))
            else:
                self._fault(f"{name} is not of the log")
        return found

    def _list_tiles(self) -> set[str]:
        """List the tiles that are there, the partial ones apart."""
        found = set[str]()
        for name, _ in self.log.storage.find(LOG):
            if is_litter(name):
                continue
            rest = name.removeprefix(f"{LOG}/")
            tile = parse_tile(rest)
            if tile is not None and tile[2] < WIDTH:
                self._partial.setdefault(name_tile(tile[0], tile[1]), set()).add(tile[2])
            elif tile is not None:
                found.add(rest)
            elif name != CHECKPOINT:
                self._fault(f"{name} is not of the log")
        return found

    def _compare_tile(self, name: str, content: bytes) -> None:
        """Compare a full tile with its file, and with the partial tiles that it has replaced."""
        if name in self._tiles:
            self._tiles.discard(name)
            if self.log.storage.read(f"{LOG}/{name}") != content:
                self._fault(f"{LOG}/{name} is not what its entries give")
        elif self._ends(name) <= self.checkpoint.size:
            self._fault(f"{LOG}/{name} is missing")
        self._compare_partial(name, content, WIDTH)

    def _compare_partial(self, name: str, content: bytes, filled: int) -> None:
        widths = self._partial.get(name, set())
        for width in sorted(width for width in widths if width <= filled):
            widths.discard(width)
            file = f"{LOG}/{name}.p/{width}"
            found = self.log.storage.read(file)
            if found is None and self.log.storage.read(f"{LOG}/{name}") is not None:
                continue  # a writer has replaced it meanwhile
            if found != _cut(name, content, width):
                self._fault(f"{file} is not what its entries give")

    def _compare_roots(self) -> None:
        """Compare the tree with the known states, once it has their size."""
        if self.size not in self._roots:
            return
        root = hash_range(0, self.size, self._frontier.subtree) if self.size else EMPTY
        for known in self._roots[self.size]:
            if known.root != root:
                self._fault(
                    f"{known.source} is of a log with other entries before no. {self.size:,}: the log was forked (two "
                    "places were added to with one key), or entries were changed; compare the two archives"
                )

    def _finish(self) -> None:
        for name, content in self._frontier.partial():
            full, _, filled = name.partition(".p/")
            self._compare_partial(full, content, int(filled))
        for name, widths in self._partial.items():
            for width in sorted(widths):
                self._fault(f"{LOG}/{name}.p/{width} is not of the log")
        for name in sorted(self._tiles):
            self._fault(f"{LOG}/{name} is not of the log")
        self._require_edge()
        for start in sorted(self._commits - self._starts):
            self._fault(f"{name_commit(start)} does not follow the commit before it")
        for count, known in sorted(self._roots.items()):
            if count > self.size:
                self._fault(
                    f"{known[0].source} is of a log with {count:,} entries, and here are {self.size:,}: it was cut, or "
                    "is an older copy"
                )

    def _require_edge(self) -> None:
        """Require the partial tiles of the published state, or the full ones that replaced them."""
        for name, full in list_partial(self.checkpoint.size):
            if all(self.log.storage.read(f"{LOG}/{each}") is None for each in (name, full)):
                self._fault(f"{LOG}/{name} is missing")

    @staticmethod
    def _ends(name: str) -> int:
        """Tell how many entries there are up to the end of a full tile."""
        level, number, _ = parse_tile(name) or (0, 0, 0)
        return (number + 1) << 8 * ((level or 0) + 1)


def _cut(name: str, content: bytes, width: int) -> bytes:
    """Cut a tile to the width that it once had."""
    if not name.startswith("tile/entries/"):
        return content[: 32 * width]
    return write_entries(read_entries(content)[:width])
