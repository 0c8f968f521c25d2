"""Bounds on what one file may cost. Readers bound hostile files by themselves; this is the last resort."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import IO

from .errors import UnreadableFileError

SECONDS = 30  # of processor time
MEBIBYTES = 480
MAX_FILE = 16 * 1024 * 1024  # bytes of a file that is read; a copy has a hundredth of it
MAX_SMALL = 1024 * 1024  # bytes of a file with settings, certificates or a key; those that exist have a few thousand
_PIECE = 512 * 1024  # bytes that are read first where a size is not known; most copies have fewer


class _TooLongError(BaseException):
    """Passes through whatever catches errors of the file's contents."""


@contextlib.contextmanager
def limited(*, seconds: float = SECONDS, mebibytes: int = MEBIBYTES) -> Iterator[None]:
    """Bound the processor time and the memory of what is done within, where the system can.

    Nothing is bounded on Windows, nor outside the main thread: the bounds are those of the whole process, and another
    thread that begins meanwhile could die of them, while the one that starts it never goes on.

    Args:
        seconds: of processor time.
        mebibytes: of memory.

    Raises:
        UnreadableFileError: it took more.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    release = _bound(seconds, mebibytes)
    try:
        try:
            yield
        finally:
            release()
    except _TooLongError:
        raise UnreadableFileError(
            f"reading the file was stopped after {seconds:g} seconds; no copy takes as long"
        ) from None
    except MemoryError:
        raise UnreadableFileError(f"reading the file takes more than {mebibytes} MiB of memory; no copy does") from None


def _bound(seconds: float, mebibytes: int) -> Callable[[], None]:
    """Set the bounds; return what takes them away. One function for both: ten thousand files ask for them each."""
    import signal

    if not hasattr(signal, "setitimer"):  # Windows has neither
        return lambda: None
    import resource

    def stop(number: int, frame: object) -> None:
        raise _TooLongError

    def release() -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = mebibytes * 2**20
    if soft != resource.RLIM_INFINITY:
        limit = min(limit, soft)
    before = signal.signal(signal.SIGPROF, stop)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    return release


def read_bounded(file: IO[bytes], at_most: int) -> bytes:
    """Read a file.

    Args:
        file: from where it is read to its end.
        at_most: how many bytes it may have.

    Raises:
        UnreadableFileError: it has more; no more of it was read.
    """
    # To ask for the most at once would reserve room for it each time; for half a MiB, that takes longer than to read.
    expected = min(_find_size(file) + 1, at_most + 1)
    content = file.read(expected)
    if len(content) == expected:
        content += file.read(at_most + 1 - expected)
    if len(content) > at_most:
        raise UnreadableFileError(f"the file has more than {at_most:,} bytes; larger files are not read")
    return content


def _find_size(file: IO[bytes]) -> int:
    """Tell how many bytes a file has; a guess where the system does not know, as of a pipe."""
    try:
        return os.fstat(file.fileno()).st_size or _PIECE
    except (OSError, ValueError):  # it is only in memory
        return _PIECE
