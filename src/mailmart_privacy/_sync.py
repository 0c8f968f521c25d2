"""Waiting until what was written is on its disk."""

import contextlib
import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_SYNCED_ALONE = 16  # files that are synced one after the other; more are synced by threads
_SYNCERS = 8
_FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)  # on macOS


def sync_file(descriptor: int) -> None:
    """Wait until an open file is on its disk.

    On macOS fsync stops at the drive's own cache, which a power failure empties. Only F_FULLFSYNC goes further; some
    file systems lack it.
    """
    if fcntl is not None and _FULL_SYNC is not None:
        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, _FULL_SYNC)
            return
    os.fsync(descriptor)


def sync_files(descriptors: "Sequence[int]") -> None:
    """Wait until open files are on their disk.

    Many are synced by threads: a file system with a journal then commits those that wait together, which takes a tenth
    of the time on ext4.

    Raises:
        OSError: one cannot be synced.
    """
    if len(descriptors) <= _SYNCED_ALONE:
        for descriptor in descriptors:
            sync_file(descriptor)
        return
    from concurrent.futures import ThreadPoolExecutor

    def sync_some(start: int) -> None:
        for descriptor in descriptors[start::_SYNCERS]:
            sync_file(descriptor)

    with ThreadPoolExecutor(_SYNCERS) as pool:  # a share for each: to hand over each file takes longer than its sync
        for _ in pool.map(sync_some, range(_SYNCERS)):
            pass


def sync_folder(folder: Path) -> None:
    """Sync a folder, so that the names in it last; not every system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            sync_file(descriptor)
        finally:
            os.close(descriptor)
