"""Appending to the log: commits, and the tiles and the checkpoint that follow from them.

An entry is in the log once its commit exists: a file that is named by the number of its first entry, and never
replaced. One of several writers gets the number; the others read what it committed and try the next number. Every
writer writes the same tiles and the same checkpoint, and the next writer adds what an interrupted one left out.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ..errors import ArchiveError, TamperedError
from .commits import write_commit
from .conflicts import may_conflict
from .entries import MAX_SIZE, Entry, read_entry
from .layout import CHECKPOINT, FULL, LOG, name_commit, name_rotation
from .proofs import format_proof
from .tlog.merkle import EMPTY, hash_leaves, hash_range
from .tlog.notes import Checkpoint, sign_checkpoint
from .tlog.tiles import TreeFrontier

if TYPE_CHECKING:
    from .keyring import Keyring
    from .log import Log
    from .storage.base import StorageWriter

_ROTATION = b'"kind":"key-rotation"'
_BREAK = ord("\n")  # a number is found in a seventh of the time that bytes take
_PENDING = 64  # full tiles that wait to be put


class LogWriter:
    """Appends to a log.

    Args:
        log: the log.
        keyring: its private key, and the memory of what was signed with it.
        writer: writes to its storage.
        successor: the secrets that are to replace those of the keyring, where this is what the writer is for.

    Attributes:
        is_replaced: whether the entry that names the successor was committed before.
    """

    def __init__(
        self, log: "Log", keyring: "Keyring", writer: "StorageWriter", successor: "Keyring | None" = None
    ) -> None:
        self._log = log
        self._keyring = keyring
        self._writer = writer
        self._successor = successor
        self.is_replaced = False
        self._met: list[tuple[int, Entry]] = []
        self._frontier = TreeFrontier()
        self._pending: list[tuple[str, bytes]] = []
        self._published = 0
        note = log.storage.read(CHECKPOINT)
        self._seen = seen = keyring.seen()  # once: other writers go on signing
        if note is not None:
            checkpoint = log.keys.read_checkpoint(note)
            try:
                self._frontier = self._read_frontier(checkpoint)
                self._published = checkpoint.size
            except TamperedError:
                self._frontier = TreeFrontier()  # the commits are the truth; the tiles are written again
        if seen.size <= self._published and seen.size:
            self._require_seen(hash_range(0, seen.size, log.tiles(self._published).subtree))
        self._replay(until=seen.size)
        if self._frontier.size < seen.size:
            raise TamperedError(
                f"{log.storage.location}: this key has signed a log of {seen.size:,} entries, and here are "
                f"{self._frontier.size:,}: the archive was cut, or is an older copy of another one; nothing was written"
            )
        self._met.clear()

    @property
    def size(self) -> int:
        """How many entries are known to be committed."""
        return self._frontier.size

    def append(
        self, entries: Sequence[bytes], require: Callable[[Sequence[tuple[int, Entry]]], None] = lambda met: None
    ) -> int:
        """Commit entries, in their order; when it returns, they are in the log permanently.

        Args:
            entries: each one as `write_entry` writes it.
            require: refuses them by an error, after what others have committed since the log was opened: erasures and
                holds, with their numbers.

        Returns:
            The number of the first one. With more than 10,000, entries of other writers may be between them.
        """
        if any(len(entry) > MAX_SIZE or _BREAK in entry for entry in entries):
            raise ValueError(f"an entry has at most {MAX_SIZE} bytes, and no line break")
        first = -1
        for start in range(0, len(entries), FULL):
            some = entries[start : start + FULL]
            leaves = hash_leaves(some)
            require(self._met)
            while not self._put_commit(some, leaves):
                taken = self.size
                self._replay()
                require(self._met)
                if self.size == taken:  # another attempt would fail the same way, without end
                    raise TamperedError(f"{self._log.storage.location}: {name_commit(taken)} cannot be put, nor read")
            first = self.size if first < 0 else first
            self._pending += self._frontier.append(some, leaves)
        if len(self._pending) > _PENDING:
            self._put_tiles([])
        return first

    def _put_commit(self, entries: Sequence[bytes], leaves: list[bytes]) -> bool:
        """Put a commit after those that are known; False if another writer was faster."""
        content = write_commit(self._keyring.log_key, self._keyring.origin, self.size, entries, leaves)
        return self._writer.put([(name_commit(self.size), content)])[0]

    def publish_rotation(self) -> None:
        """Prove the last entry, which replaces the key, under a checkpoint that both keys sign; then publish that."""
        assert self._successor is not None
        self._put_tiles(self._frontier.partial())
        number = self.size - 1
        root = hash_range(0, self.size, self._frontier.subtree)
        signed = sign_checkpoint(self._keyring.log_key, self._log.key.name, self.size, root, self._successor.log_key)
        content, path = self._log.prove(number, signed, self._log.tiles(self.size))
        name = name_rotation(len(self._log.keys.rotations) + 1)
        # First: no other checkpoint may cover the entry before all readers can learn of the new key.
        if not self._writer.put([(name, format_proof(number, content, path, signed))])[0]:
            raise ArchiveError(f"{self._log.storage.location}: {name} exists already")
        self._publish(signed)

    def publish(self) -> Checkpoint:
        """Write the tiles and the checkpoint of all that was committed."""
        self._put_tiles(self._frontier.partial())
        root = hash_range(0, self.size, self._frontier.subtree) if self.size else EMPTY
        return self._publish(sign_checkpoint(self._keyring.log_key, self._log.key.name, self.size, root))

    def _publish(self, made: Checkpoint) -> Checkpoint:
        root = made.root
        while True:
            note = self._log.storage.read(CHECKPOINT)
            found = self._log.keys.read_checkpoint(note) if note is not None else None
            if found is not None and found.size >= made.size:
                if found.size == made.size and found.root != made.root:
                    raise TamperedError(f"{self._log.storage.location}: {CHECKPOINT} is not that of these entries")
                made = found
                break
            if self._writer.exchange(CHECKPOINT, note, made.note):
                break
        self._keyring.remember(self.size, root)
        self._published = self.size
        return made

    def _read_frontier(self, checkpoint: Checkpoint) -> TreeFrontier:
        frontier = TreeFrontier.read(self._log.tiles(checkpoint.size))
        if checkpoint.size and hash_range(0, frontier.size, frontier.subtree) != checkpoint.root:
            raise TamperedError("the tiles are not those of the checkpoint")
        return frontier

    def _replay(self, until: int = 0) -> None:
        """Read what was committed by others."""
        while (commit := self._log.read_commit(self.size)) is not None:
            leaves = hash_leaves(commit.entries)  # once, for the signature and for the tree
            self._log.require_signature(commit, leaves)
            for number, entry in enumerate(commit.entries, commit.start):
                if _ROTATION in entry:
                    self._require_key(number, entry)
                if may_conflict(entry):
                    self._met.append((number, read_entry(entry)))
            known = max(0, until - commit.start)  # how many of them this key has signed before
            for some in (slice(known), slice(known, None)):
                self._pending += self._frontier.append(commit.entries[some], leaves[some])
                if leaves[some] and self.size == until:
                    self._require_seen(hash_range(0, until, self._frontier.subtree))
            if len(self._pending) > _PENDING:
                self._put_tiles([])

    def _require_key(self, number: int, content: bytes) -> None:
        """Refuse to go on where the key was replaced by an entry; only who replaces it goes on to publish that."""
        keys = self._log.keys
        keys.reload()
        if any(each.number == number for each in keys.rotations):
            if keys.newest != self._keyring.public:
                raise ArchiveError("the archive's key was replaced meanwhile; nothing was written. Use the new key")
        elif self._successor is not None and read_entry(content).key == str(self._successor.public):
            self.is_replaced = True
        else:
            raise ArchiveError("the replacement of the archive's key was interrupted", argument="rotation")

    def _require_seen(self, root: bytes) -> None:
        if root != self._seen.root:
            raise TamperedError(
                f"{self._log.storage.location}: this key has signed other entries than those here: the log was forked "
                "(two places were added to with one key), or the archive was changed; nothing was written. Compare the "
                "two archives"
            )

    def _put_tiles(self, partial: Iterable[tuple[str, bytes]]) -> None:
        """Put tiles, and remove those that full ones have replaced."""
        files = [(f"{LOG}/{name}", content) for name, content in (*self._pending, *partial)]
        for (name, content), put in zip(files, self._writer.put(files), strict=True):
            # None: another writer has put the full tile since, and removed this partial one.
            if not put and self._log.storage.read(name) not in (content, None):
                raise ArchiveError(
                    f"{self._log.storage.location}: {name} is not what its entries give; verify the archive to see "
                    "what else was changed"
                )
        for name, _ in self._pending:
            self._writer.remove([stored.name for stored in self._log.storage.find(f"{LOG}/{name}.p")])
        self._pending.clear()
