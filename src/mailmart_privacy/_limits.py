"""Bounds on what one file may cost. Readers bound hostile files by themselves; this is the last resort."""

import contextlib
import threading
from collections.abc import Iterator

from .errors import UnreadableFileError

SECONDS = 30  # of processor time
MEBIBYTES = 480
MAX_FILE = 16 * 1024 * 1024  # bytes of a file that is read; a copy has a hundredth of it
MAX_SMALL = 1024 * 1024  # bytes of a file with settings, certificates or a key; those that exist have a few thousand


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
    try:
        with _memory(mebibytes), _time(seconds):
            yield
    except _TooLongError:
        raise UnreadableFileError(
            f"reading the file was stopped after {seconds:g} seconds; no copy takes as long"
        ) from None
    except MemoryError:
        raise UnreadableFileError(f"reading the file takes more than {mebibytes} MiB of memory; no copy does") from None


@contextlib.contextmanager
def _time(seconds: float) -> Iterator[None]:
    import signal

    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextlib.contextmanager
def _memory(mebibytes: int) -> Iterator[None]:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = mebibytes * 2**20
    if soft != resource.RLIM_INFINITY:
        limit = min(limit, soft)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
