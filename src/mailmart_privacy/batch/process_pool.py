"""Worker processes on this machine, which end with the process that started them."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait

from ..errors import PrivacyError
from ..release.named_data import use_named_data


@contextlib.contextmanager
def open_processes(count: int, *, forked: bool = False) -> Iterator[Executor]:
    """Start some worker processes.

    Args:
        count: how many.
        forked: start copies of this process, which are at work at once (see `can_fork`), not new ones, which import
            all that they need.

    Raises:
        PrivacyError: a worker process was killed.
    """
    # A worker must not inherit locks or open files.
    context = multiprocessing.get_context("fork" if forked else "spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_begin) as pool:
        with _interrupts_ignored():  # workers inherit it, and may be interrupted before they can ask for it themselves
            for _ in range(count):  # each submission starts one worker
                pool.submit(os.getpid)
        try:
            yield pool
        except BrokenProcessPool:
            raise PrivacyError("a worker process was killed; the machine may be short of memory") from None


def can_fork() -> bool:
    """Tell whether copies of this process may work: it runs on Linux, and has no other thread, which could hold a lock.

    Its files are for the caller to look after: none that is locked may be open.
    """
    try:
        return len(os.listdir("/proc/self/task")) == 1  # those that are not Python's count, too
    except OSError:  # another system
        return False


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # another thread cannot change what signals do
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin() -> None:
    """Leave Ctrl-C to the parent, end when the parent ends, however it ends, and use the same data as it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()
    use_named_data()


def _follow(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
