"""The bodies of requests that bring a file: what they may take of the memory, each by itself and all together.

A body is counted while it comes in, before anything is checked. So a hundred people who send something large at once,
or slowly, take no more memory than a few. Bytes are counted and not requests: many small files that come slowly, from
a telephone for instance, keep nobody out.
"""

import threading

from .checking import MAX_BODY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

TOGETHER = 4 * MAX_BODY  # bytes of all bodies in this process
_PIECE = 64 * 1024
_lock = threading.Lock()
_held = 0


class Body:
    """A body as it comes in. Leaving its `with` block gives back the memory that it took."""

    def __init__(self) -> None:
        self._pieces: list[bytes] | None = []
        self._size = 0

    def __enter__(self) -> "Body":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self._give_back()

    @property
    def content(self) -> bytes | None:
        """What has come in; None if too much was being sent to this process when it came."""
        return None if self._pieces is None else b"".join(self._pieces)

    def add(self, piece: bytes) -> bool:
        """Add what came in, and tell whether more of it is wanted: no more than shows that it is too large."""
        if self._pieces is None or not _take(len(piece)):
            self._give_back()
            self._pieces = None
            return False
        self._pieces.append(piece)
        self._size += len(piece)
        return self._size <= MAX_BODY

    def read(self, read: "Callable[[int], bytes]") -> None:
        """Add all that a function reads; it gets the number of bytes to read at most, and returns none at the end."""
        while piece := read(_PIECE):
            if not self.add(piece):
                return

    def _give_back(self) -> None:
        _take(-self._size)
        self._size = 0


def _take(size: int) -> bool:
    global _held
    with _lock:
        if _held + size > TOGETHER:
            return False
        _held += size
        return True
