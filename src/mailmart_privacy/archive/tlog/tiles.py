"""The tree as static files (C2SP tlog-tiles): their names, their contents, and how hashes are read from them."""

import re
from collections.abc import Callable, Iterator, Sequence

from ...errors import TamperedError
from .merkle import hash_leaves, hash_row

WIDTH = 256
_HASH = 32
_PATH = re.compile(r"tile/(entries|[1-9]?[0-9])/((?!x000/)(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


def name_tile(level: int | None, number: int, width: int = WIDTH) -> str:
    """Name the file of a tile.

    Args:
        level: of the tile, or None for the entries themselves.
        number: of the tile in its level.
        width: how many hashes, or entries, it has.

    Returns:
        Its path below the log's, for instance "tile/0/x001/234.p/56".
    """
    digits = f"{number:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    *above, last = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    path = "/".join([*(f"x{each}" for each in above), last])
    return f"tile/{'entries' if level is None else level}/{path}{f'.p/{width}' if width < WIDTH else ''}"


def parse_tile(path: str) -> tuple[int | None, int, int] | None:
    """Read the level, number and width from a tile's path, or None where it is not one as `name_tile` gives."""
    found = _PATH.fullmatch(path)
    if not found:
        return None
    level = None if found[1] == "entries" else int(found[1])
    number, width = int(found[2].replace("/", "").replace("x", "")), int(found[3] or WIDTH)
    return None if found[3] and width >= WIDTH else (level, number, width)


def write_entries(entries: Sequence[bytes]) -> bytes:
    """Write a bundle of entries: each one after its length, two bytes."""
    parts = [b""] * (2 * len(entries))  # nothing is copied twice
    parts[::2] = [len(entry).to_bytes(2) for entry in entries]
    parts[1::2] = entries
    return b"".join(parts)


def read_entries(bundle: bytes) -> list[bytes]:
    """Read the entries of a bundle: each one after its length, two bytes."""
    found, at = [], 0
    while at < len(bundle):
        stop = at + 2 + int.from_bytes(bundle[at : at + 2])
        found.append(bundle[at + 2 : stop])
        at = stop
    if at != len(bundle):
        raise TamperedError("a bundle of entries is cut off")
    return found


class TreeFrontier:
    """The growing frontier of the tree: of each level, the tile that is not full yet.

    Attributes:
        size: how many entries the tree has.
    """

    def __init__(self) -> None:
        self.size = 0
        self._rows: list[list[bytes]] = [[]]
        self._bundle: list[bytes] = []

    def append(self, entries: Sequence[bytes], leaves: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
        """Append entries.

        Args:
            entries: each one of up to 65,535 bytes.
            leaves: their leaf hashes.

        Yields:
            The tiles that are full with them: names and contents.
        """
        at = 0
        while at < len(entries):
            some = entries[at : at + WIDTH - len(self._bundle)]
            self._bundle += some
            self._rows[0] += leaves[at : at + len(some)]
            self.size += len(some)
            at += len(some)
            if len(self._bundle) == WIDTH:
                yield from self._finish_tiles()

    def _finish_tiles(self) -> Iterator[tuple[str, bytes]]:
        """Yield the tiles that are full now, and begin others."""
        yield name_tile(None, self.size // WIDTH - 1), write_entries(self._bundle)
        self._bundle.clear()
        for level, row in enumerate(self._rows):
            if len(row) < WIDTH:
                break
            yield name_tile(level, (self.size >> 8 * (level + 1)) - 1), b"".join(row)
            if level + 1 == len(self._rows):
                self._rows.append([])
            self._rows[level + 1].append(hash_row(row))
            row.clear()

    def partial(self) -> Iterator[tuple[str, bytes]]:
        """Yield the tiles that are not full: names and contents."""
        if self._bundle:
            yield name_tile(None, self.size // WIDTH, len(self._bundle)), write_entries(self._bundle)
        for level, row in enumerate(self._rows):
            if row:
                yield name_tile(level, self.size >> 8 * (level + 1), len(row)), b"".join(row)

    def subtree(self, height: int, number: int) -> bytes:
        """Give the hash of a complete subtree, of those that the root is made of."""
        level, above = divmod(height, 8)
        start = (number << above) - (self.size >> 8 * (level + 1) << 8)
        return hash_row(self._rows[level][start : start + (1 << above)])

    @classmethod
    def read(cls, tiles: "Tiles") -> "TreeFrontier":
        """Read the frontier of a tree from its tiles.

        Raises:
            TamperedError: the tiles are not those of one tree.
        """
        frontier = cls()
        frontier.size = tiles.size
        frontier._rows = []
        while not frontier._rows or tiles.size >> 8 * len(frontier._rows):
            frontier._rows.append(tiles.last_row(len(frontier._rows)))
        frontier._bundle = tiles.last_entries()
        if hash_leaves(frontier._bundle) != frontier._rows[0]:
            raise TamperedError("the last entries are not those of the tree")
        return frontier


class Tiles:
    """The hashes of a tree of a known size, read from its tiles.

    Args:
        size: how many entries the tree has.
        read: gives a tile by its path below the log's, or None if there is none.
    """

    def __init__(self, size: int, read: Callable[[str], bytes | None]) -> None:
        self.size = size
        self._read = read
        self._tiles: dict[tuple[int, int], list[bytes]] = {}
        self._last = -1, list[bytes]()  # the bundle that was read last

    def subtree(self, height: int, number: int) -> bytes:
        """Give the hash of a complete subtree by its height and its number from the left."""
        level, above = divmod(height, 8)
        first = number << above
        tile = self._tile(level, first // WIDTH)
        return hash_row(tile[first % WIDTH : first % WIDTH + (1 << above)])

    def bundle(self, number: int) -> list[bytes]:
        """Read the entries of a bundle by its number, those of this tree alone."""
        width = min(WIDTH, self.size - number * WIDTH)
        return read_entries(self._find(None, number, width))[:width]

    def entry(self, index: int) -> bytes:
        """Read an entry."""
        number = index // WIDTH
        if self._last[0] != number:
            self._last = number, self.bundle(number)
        entries = self._last[1]
        if len(entries) <= index % WIDTH:
            raise TamperedError(f"the bundle of entry {index} is cut off")
        return entries[index % WIDTH]

    def last_row(self, level: int) -> list[bytes]:
        """Read the hashes of a level's last tile, if it is not full."""
        count = self.size >> 8 * level
        return list(self._tile(level, count // WIDTH)) if count % WIDTH else []

    def last_entries(self) -> list[bytes]:
        """Read the entries of the last bundle, if it is not full."""
        width = self.size % WIDTH
        return read_entries(self._find(None, self.size // WIDTH, width))[:width] if width else []

    def _tile(self, level: int, number: int) -> list[bytes]:
        if (level, number) not in self._tiles:
            width = min(WIDTH, (self.size >> 8 * level) - number * WIDTH)
            self._tiles[level, number] = _split(self._find(level, number, width), width)
        return self._tiles[level, number]

    def _find(self, level: int | None, number: int, width: int) -> bytes:
        content = self._read(name_tile(level, number, width))
        if content is None and width < WIDTH:  # the full one stands in for it, once it is there
            content = self._read(name_tile(level, number))
            if content is not None and level is not None:
                content = content[: width * _HASH]
        if content is None:
            raise TamperedError(f"{name_tile(level, number, width)} of the log is missing")
        return content


def list_partial(size: int) -> Iterator[tuple[str, str]]:
    """Name the tiles that are not full in a tree of some size: as they are, and as they will be when they are full."""
    for level in (None, *range(8)):
        count = size >> 8 * (level or 0)
        if width := count % WIDTH:
            yield name_tile(level, count // WIDTH, width), name_tile(level, count // WIDTH)


def _split(tile: bytes, width: int) -> list[bytes]:
    if len(tile) != width * _HASH:
        raise TamperedError(f"a tile of the log has {len(tile):,} bytes, not {width * _HASH:,}")
    return [tile[at : at + _HASH] for at in range(0, len(tile), _HASH)]
