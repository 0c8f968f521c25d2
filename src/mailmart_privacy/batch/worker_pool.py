"""The workers of a batch: this process, other processes of this machine, or a cluster."""

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Executor

_WORTH = 500  # rows for which it is worth starting another process


@contextlib.contextmanager
def open_workers(
    rows: int, *, jobs: int | None = None, dask: str | None = None
) -> "Iterator[tuple[Executor | None, int]]":
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
    from .process_pool import open_processes

    with open_processes(count) as pool:
        yield pool, count
