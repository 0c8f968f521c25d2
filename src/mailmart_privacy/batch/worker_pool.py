"""The workers of a batch: this process, other processes of this machine, or a cluster."""

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

_WORTH = 500  # rows for which it is worth starting another process


@contextlib.contextmanager
def open_workers(
    rows: int, *, jobs: int | None = None, dask: str | None = None
) -> Iterator[tuple[Executor | None, int]]:
    """Find workers for a batch.

    Args:
        rows: how many rows there are.
        jobs: how many processes, or None for as many as are worth it.
        dask: the address of a cluster's scheduler, or None for this machine.

    Yields:
        The executor, or None where this process does the work, and how many work at a time.

    Raises:
        PrivacyError: a worker process was killed.
        UsageError: there is no scheduler at this address, or it has no worker.
    """
    if dask is not None:
        from .dask import connect

        with connect(dask) as found:
            yield found
        return
    count = jobs or max(1, min(os.cpu_count() or 1, rows // _WORTH))
    if count == 1:
        yield None, 1
        return
    context = multiprocessing.get_context("spawn")  # a worker must not inherit locks or open files
    with ProcessPoolExecutor(count, mp_context=context, initializer=_begin) as pool:
        with _interrupts_ignored():  # workers inherit it, and may be interrupted before they can ask for it themselves
            for _ in range(count):  # each submission starts one worker
                pool.submit(os.getpid)
        try:
            yield pool, count
        except BrokenProcessPool:
            raise PrivacyError("a worker process was killed; the machine may be short of memory") from None


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
