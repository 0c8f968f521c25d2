"""The commits of a log: files of entries that are in the log for good, each signed with the log's key.

Somebody who can write to an archive can add a file to `commits/`, and the next writer signs a tree of all that is
there. So the last line of a commit is a signature, which takes the log's key. Two lines are signed, and after them the
leaf hashes of the entries (RFC 6962, 2.1):

    mailmart-privacy/archive/0123456789abcdef/commit
    1234

The second line is the number of the first entry. The first one is not that of a checkpoint, so neither signature passes
for the other.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import MissingExtraError
from .entries import MAX_SIZE
from .layout import FULL
from .tlog.merkle import hash_leaves

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from .log_keys import LogKeys

_SIGNATURE = re.compile(rb'\{"signature":"([0-9a-f]{128})"\}')


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that was read.

    Attributes:
        start: the number of its first entry.
        entries: what it adds to the log.
        signature: the one at its end; `is_signed` compares it.
    """

    start: int
    entries: list[bytes]
    signature: bytes

    def is_signed(self, keys: "LogKeys", leaves: Sequence[bytes] | None = None) -> bool:
        """Tell whether the key that signs at this place of the log has signed it.

        Args:
            keys: those of the log.
            leaves: the leaf hashes of the entries, where they are known.
        """
        message = _write_message(keys.first.name, self.start, leaves or hash_leaves(self.entries))
        return keys.has_signed(self.start, message, self.signature)


def write_commit(
    key: Ed25519PrivateKey, origin: str, start: int, entries: Sequence[bytes], leaves: Sequence[bytes] | None = None
) -> bytes:
    """Write a commit.

    Args:
        key: signs it.
        origin: the name of the log.
        start: the number of its first entry.
        entries: what it adds to the log.
        leaves: their leaf hashes, where they are known.
    """
    signature = key.sign(_write_message(origin, start, leaves or hash_leaves(entries)))
    return b"\n".join((*entries, b'{"signature":"%s"}\n' % signature.hex().encode()))


def read_commit(start: int, content: bytes) -> Commit:
    """Read a commit.

    Raises:
        ValueError: it is not one, or was cut off.
    """
    entries = content.split(b"\n")
    rest, signature = entries.pop(), entries.pop() if entries else b""
    found = _SIGNATURE.fullmatch(signature)
    if found is None or rest or not 0 < len(entries) <= FULL or max(map(len, entries)) > MAX_SIZE:
        raise ValueError("not a commit")
    return Commit(start, entries, bytes.fromhex(found[1].decode()))


def _write_message(origin: str, start: int, leaves: Sequence[bytes]) -> bytes:
    return f"{origin}/commit\n{start}\n".encode() + b"".join(leaves)
