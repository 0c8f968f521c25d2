"""The log: its commits are authoritative; tiles and checkpoint are computed from them (C2SP tlog-tiles).

An entry is in the log once its commit exists: a file that is named by the number of its first entry, and never
replaced. Tiles and checkpoint follow from the entries alone; `log_writer` writes them. A commit counts if the log's key
has signed it: until a checkpoint covers it, nothing else shows who wrote it.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..errors import ArchiveError, TamperedError
from .commits import Commit, read_commit
from .entries import read_entry
from .layout import CHECKPOINT, LOG, name_commit
from .tlog.merkle import hash_leaf, prove_inclusion, root_of_inclusion
from .tlog.notes import Checkpoint, NoteKey
from .tlog.tiles import Tiles

if TYPE_CHECKING:
    from .log_keys import LogKeys
    from .storage.base import Storage


class ForeignCommitError(TamperedError):
    """A commit is not signed with the log's key, or not whole.

    Attributes:
        location: the archive.
        name: the commit's file.
    """

    def __init__(self, location: str, name: str) -> None:
        self.location, self.name = location, name
        super().__init__(
            f"{location}: {name} was added without the archive's key, or was changed. Restore this file from a backup "
            "that has it; if none has, move it out of the archive, keep it as evidence, and find out who can write "
            "there. Then run the command again"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.location, self.name)


class Log:
    """A log, to be read.

    Args:
        storage: where it is.
        keys: its public keys.
    """

    def __init__(self, storage: "Storage", keys: "LogKeys") -> None:
        self.storage, self.keys = storage, keys

    @property
    def key(self) -> NoteKey:
        """The public key that signs now."""
        return self.keys.newest

    def checkpoint(self) -> Checkpoint:
        """Read the checkpoint.

        Raises:
            TamperedError: it is missing, or not signed with the log's key.
        """
        note = self.storage.read(CHECKPOINT)
        if note is None:
            raise TamperedError(
                f"{self.storage.location}: {CHECKPOINT} is missing; if its creation was interrupted, create it again"
            )
        return self.keys.read_checkpoint(note)

    def tiles(self, size: int) -> Tiles:
        """Open the tiles of the tree of some size, at most that of the checkpoint."""
        return Tiles(size, lambda name: self.storage.read(f"{LOG}/{name}"))

    def prove(self, number: int, checkpoint: Checkpoint, tiles: Tiles | None = None) -> tuple[bytes, list[bytes]]:
        """Read an entry, with the path that proves it to be in a signed state of the log (RFC 6962, 2.1.1).

        Args:
            number: of the entry.
            checkpoint: the signed state.
            tiles: those of the published state, where they are opened already: they keep what they have read.

        Raises:
            ArchiveError: the entry is not in that state: it is not published yet.
            TamperedError: the tiles do not lead from the entry to that state.
        """
        if number >= checkpoint.size:
            raise ArchiveError(f"entry {number:,} is committed, but not published yet; the next writer publishes it")
        tiles = tiles or self.tiles(self.checkpoint().size)
        content, path = tiles.entry(number), prove_inclusion(number, checkpoint.size, tiles.subtree)
        if root_of_inclusion(number, checkpoint.size, hash_leaf(content), path) != checkpoint.root:
            raise TamperedError(f"{self.storage.location}: the log's tiles do not lead to its checkpoint")
        return content, path

    def commits(self, start: int = 0, *, proven: int = 0) -> Iterator[tuple[int, list[bytes]]]:
        """Read the commits from an entry on, one of which must begin there: the numbers of first entries, and entries.

        Args:
            start: the number of that entry.
            proven: commits before this entry need no signature, since the caller compares them with a checkpoint.

        Raises:
            ForeignCommitError: the log's key has not signed one, or it is cut off.
        """
        while (commit := self.read_commit(start)) is not None:
            if start >= proven:
                self.require_signature(commit)
            yield start, commit.entries
            start += len(commit.entries)

    def read_commit(self, start: int) -> Commit | None:
        """Read the commit that begins with an entry, or None if there is none; its signature is not compared.

        Raises:
            ForeignCommitError: it is not one.
        """
        content = self.storage.read(name_commit(start))
        try:
            return None if content is None else read_commit(start, content)
        except ValueError:
            raise ForeignCommitError(self.storage.location, name_commit(start)) from None

    def require_signature(self, commit: Commit, leaves: Sequence[bytes] | None = None) -> None:
        """Require that the log's key has signed a commit.

        Args:
            commit: as it was read.
            leaves: the leaf hashes of its entries, where they are known.

        Raises:
            ForeignCommitError: it has not.
        """
        if not commit.is_signed(self.keys, leaves):
            raise ForeignCommitError(self.storage.location, name_commit(commit.start))

    def name_files(self, start: int) -> Iterator[str]:
        """Name the files of all entries from one on, with which a commit begins."""
        for _, entries in self.commits(start):
            for entry in entries:
                yield from (file.name for file in read_entry(entry).files)
