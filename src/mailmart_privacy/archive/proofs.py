"""Proofs that an entry is in the log: files that anybody can check, offline (C2SP tlog-proof)."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import TamperedError
from .entries import Entry, read_entry
from .tlog.merkle import hash_leaf, root_of_inclusion
from .tlog.notes import Checkpoint, decode

if TYPE_CHECKING:
    from .archive import Archive

HEADER = "c2sp.org/tlog-proof@v1"
SUFFIX = ".tlog-proof"
MAX_SIZE = 1 << 20
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Proof:
    """What a proof shows: that an entry is in a log, in the state of a checkpoint.

    Attributes:
        number: of the entry.
        content: the entry's bytes, as the tree covers them.
        entry: what it says.
        checkpoint: the state of the log that it is shown to be in.
    """

    number: int
    content: bytes
    entry: Entry
    checkpoint: Checkpoint


def write_proof(archive: "Archive", number: int, checkpoint: Checkpoint | None = None) -> bytes:
    """Write the proof that an entry is in the log.

    Args:
        archive: whose log.
        number: of the entry.
        checkpoint: a state of the log that was signed; by default the published one.

    Returns:
        The proof, with the entry's bytes as its extra data.

    Raises:
        ArchiveError: the entry is not in that state: it is not published yet.
        TamperedError: the log does not lead from the entry to that state.
    """
    tiles = None
    if checkpoint is None:
        checkpoint = archive.checkpoint()
        tiles = archive.log.tiles(checkpoint.size)
    content, path = archive.log.prove(number, checkpoint, tiles)
    return format_proof(number, content, path, checkpoint)


def format_proof(number: int, content: bytes, path: list[bytes], checkpoint: Checkpoint) -> bytes:
    """Write a proof from its parts: the entry, and the path from it to the checkpoint (RFC 6962, 2.1.1)."""
    lines = [HEADER, f"extra {_encode(content)}", f"index {number}", *map(_encode, path), "", ""]
    return "\n".join(lines).encode() + checkpoint.note


def read_proof(content: bytes, read: Callable[[bytes], Checkpoint]) -> Proof:
    """Read a proof.

    Args:
        content: of its file.
        read: reads a checkpoint and compares its signature, `LogKeys.read_checkpoint` for instance.

    Returns:
        What it shows.

    Raises:
        TamperedError: it is not a proof with an entry in it, or shows nothing.
    """
    try:
        if len(content) > MAX_SIZE:
            raise ValueError
        head, empty, note = content.partition(b"\n\n")
        header, extra, index, *hashes = head.decode("ascii").split("\n")
        number = index.removeprefix("index ")
        if header != HEADER or not empty or not extra.startswith("extra ") or not _NUMBER.fullmatch(number):
            raise ValueError
        entry = decode(extra.removeprefix("extra "))
        path = [decode(each) for each in hashes]
        if any(len(each) != 32 for each in path):
            raise ValueError
    except (ValueError, binascii.Error):
        raise TamperedError("this is not a proof of an archive (C2SP tlog-proof)") from None
    checkpoint = read(note)
    try:
        root = root_of_inclusion(int(number), checkpoint.size, hash_leaf(entry), path)
    except ValueError as error:
        raise TamperedError(f"the proof shows nothing: {error}") from None
    if root != checkpoint.root:
        raise TamperedError("the proof shows nothing: its entry is not in the log that its checkpoint is of")
    return Proof(int(number), entry, read_entry(entry), checkpoint)


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
