"""The root of a log whose entries are read one after the other, without a tree in memory (RFC 6962, 2.1)."""

from collections.abc import Iterable

from .merkle import EMPTY, hash_leaf, hash_node


class Peaks:
    """The roots of the complete subtrees that the entries so far make up, from the left.

    Args:
        size: how many entries there are so far.
        hashes: those roots, as an earlier one had them.
    """

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size, self.hashes = size, list(hashes)

    def append(self, entry: bytes) -> None:
        """Append an entry."""
        node, above = hash_leaf(entry), self.size
        while above & 1:
            node, above = hash_node(self.hashes.pop(), node), above >> 1
        self.hashes.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Give the root of all entries so far."""
        if not self.hashes:
            return EMPTY
        *rest, root = self.hashes
        for left in reversed(rest):
            root = hash_node(left, root)
        return root
