"""The root of a log whose entries are read one after the other, without a tree in memory (RFC 6962, 2.1)."""

from ...archive.tlog.merkle import hash_leaf, hash_node


class Peaks:
    """The roots of the whole trees that the entries so far make up, the largest one first."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, content: bytes) -> None:
        """Add an entry."""
        peaks = self._peaks
        peaks.append((1, hash_leaf(content)))
        while len(peaks) > 1 and peaks[-1][0] == peaks[-2][0]:
            (width, right), (_, left) = peaks.pop(), peaks.pop()
            peaks.append((2 * width, hash_node(left, right)))

    def root(self) -> bytes | None:
        """Tell the root of all entries, or None before the first one."""
        if not self._peaks:
            return None
        *rest, (_, root) = self._peaks
        for _, left in reversed(rest):
            root = hash_node(left, root)
        return root
