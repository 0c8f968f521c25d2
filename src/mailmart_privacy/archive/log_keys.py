"""The public keys of a log: the first one, and each that replaced the one before.

A key is replaced by an entry of the kind "key-rotation", which names the next key. A proof of that entry under a
checkpoint that the former key has signed is in `rotations/`. So a reader who trusts one key is led to all later ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import TamperedError
from .layout import name_rotation
from .proofs import read_proof
from .tlog.notes import Checkpoint, NoteKey, parse_key, read_checkpoint

if TYPE_CHECKING:
    from .storage.base import Storage


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotation:
    """A replacement of the log's key.

    Attributes:
        number: of its entry.
        content: the entry's bytes.
        key: the key that signs from then on.
        proof: the file that shows it.
    """

    number: int
    content: bytes
    key: NoteKey
    proof: bytes


class LogKeys:
    """The keys of one log.

    Args:
        storage: where the archive is.
        first: the key that the archive began with.

    Raises:
        TamperedError: a rotation is not signed with the key before it.
    """

    def __init__(self, storage: "Storage", first: NoteKey) -> None:
        self._storage, self.first = storage, first
        self.rotations: tuple[Rotation, ...] = ()
        self.reload()

    @property
    def newest(self) -> NoteKey:
        """The key that signs now."""
        return self.rotations[-1].key if self.rotations else self.first

    def reload(self) -> bool:
        """Read the rotations that came since; tell whether there were any."""
        known = len(self.rotations)
        while (proof := self._storage.read(name := name_rotation(len(self.rotations) + 1))) is not None:
            self.rotations += (_read_rotation(name, proof, self.newest),)
        return len(self.rotations) > known

    def read_checkpoint(self, note: bytes) -> Checkpoint:
        """Read a checkpoint, and compare its signature with the key that signed at that size.

        Raises:
            TamperedError: it is not a checkpoint of this log, is not signed with one of its keys, or is signed with one
                that had been replaced.
        """
        try:
            return self._read(note)[0]
        except TamperedError:
            if not self.reload():
                raise
            return self._read(note)[0]

    def signer_of(self, note: bytes) -> NoteKey:
        """Tell which key signed a checkpoint; errors are those of `read_checkpoint`."""
        return self._read(note)[1]

    def has_signed(self, number: int, message: bytes, signature: bytes) -> bool:
        """Tell whether a signature over a message is that of the key which signs commits that begin with an entry."""
        if self._key_at(number).holds(message, signature):
            return True
        return self.reload() and self._key_at(number).holds(message, signature)

    def since(self, key: NoteKey) -> tuple[Rotation, ...]:
        """List the rotations that lead from a key to the newest one."""
        return self.rotations[[self.first, *(each.key for each in self.rotations)].index(key) :]

    def _read(self, note: bytes) -> tuple[Checkpoint, NoteKey]:
        refused: TamperedError | None = None
        for key, last in self._reigns():
            try:
                found = read_checkpoint(note, key)
            except TamperedError as error:
                refused = refused or error
                continue
            if last is not None and found.size > last:
                raise TamperedError(
                    f"a checkpoint of {found.size:,} entries is signed with a key that was replaced after {last:,}"
                )
            return found, key
        assert refused is not None
        raise refused

    def _key_at(self, number: int) -> NoteKey:
        return [key for key, last in self._reigns() if last is None or number < last][-1]

    def _reigns(self) -> Iterator[tuple[NoteKey, int | None]]:
        """List the keys, the newest first, each with the size of the last state of the log that it may sign."""
        yield self.newest, None
        keys = [self.first, *(each.key for each in self.rotations)]
        for key, rotation in reversed(list(zip(keys, self.rotations, strict=False))):
            yield key, rotation.number + 1


def _read_rotation(name: str, proof: bytes, key: NoteKey) -> Rotation:
    try:
        found = read_proof(proof, lambda note: read_checkpoint(note, key))
        following = parse_key(found.entry.key or "")
        if found.entry.kind != "key-rotation" or found.checkpoint.size != found.number + 1:
            raise ValueError("it is not of the last entry that the key signed")
        if following.name != key.name or following.kind != key.kind:
            raise ValueError("the next key is of another log")
    except (TamperedError, ValueError) as error:
        raise TamperedError(f"{name} does not show that the log's key was replaced: {error}") from None
    return Rotation(number=found.number, content=found.content, key=following, proof=proof)
