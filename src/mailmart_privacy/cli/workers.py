"""Who works on a batch: this process, others on this machine, or a cluster."""

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

_WORTH = 500  # rows for which it is worth starting another process


@contextlib.contextmanager
def worker_pool(jobs: int | None, rows: int, dask: str | None) -> Iterator[tuple[Executor | None, int]]:
    """Find workers for a batch.

    Args:
        jobs: how many processes, or None for as many as are worth it.
        rows: how many rows there are.
        dask: the address of a cluster's scheduler, or None for this machine.

    Yields:
        The executor, or None where this process does the work, and how many work at a time.
    """
    if dask is not None:
        from ..batch.dask import connect

        with connect(dask) as found:
            yield found
        return
    count = jobs or max(1, min(os.cpu_count() or 1, rows // _WORTH))
    if count == 1:
        yield None, 1
        return
    context = multiprocessing.get_context("spawn")  # a worker is not to inherit locks or open files
    with ProcessPoolExecutor(count, mp_context=context, initializer=_begin) as pool:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # workers are born so, before they can say it themselves
        try:
            for _ in range(count):  # each of them starts one
                pool.submit(os.getpid)
        finally:
            signal.signal(signal.SIGINT, before)
        try:
            yield pool, count
        except BrokenProcessPool:
            raise PrivacyError("a worker process was killed; the machine may be short of memory") from None


def _begin() -> None:
    """Leave Ctrl-C to the parent, and do not outlive it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()


def _follow(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
