"""What judging one file may cost. The verifier keeps hostile files short by itself; this is the last resort."""

import contextlib
from collections.abc import Iterator

from ..errors import UnreadableFileError

SECONDS = 30  # of processor time
MEBIBYTES = 480


class _TooLongError(BaseException):
    """Passes through whatever catches errors of the file's contents."""


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Hold what is done within to `SECONDS` of processor time and `MEBIBYTES` of memory, where the system can.

    Raises:
        UnreadableFileError: it took more.
    """
    try:
        with _memory(), _time():
            yield
    except _TooLongError:
        raise UnreadableFileError(f"the file was given up after {SECONDS} seconds; no copy takes as long") from None
    except MemoryError:
        raise UnreadableFileError(f"the file takes more than {MEBIBYTES} MiB of memory; no copy does") from None


@contextlib.contextmanager
def _time() -> Iterator[None]:
    import signal
    import threading

    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextlib.contextmanager
def _memory() -> Iterator[None]:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = MEBIBYTES * 2**20
    if soft != resource.RLIM_INFINITY:
        limit = min(limit, soft)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
