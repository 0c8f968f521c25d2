"""The workers of a batch: this process, other processes of this machine, or a cluster."""

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Executor

_WORTH = 500  # rows for which it is worth starting another process
_WORTH_FORKING = 64  # files for which it is worth copying this one
_HELPERS = 3  # more wait for the process that writes what they have verified


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


@contextlib.contextmanager
def open_helpers(files: int) -> "Iterator[tuple[Executor | None, int]]":
    """Find processes that verify files, while this one reads and writes them. Call it before anything is opened.

    Args:
        files: how many there are.

    Yields:
        The executor, or None where it is not worth one, and how many work at a time.

    Raises:
        PrivacyError: a helper was killed.
    """
    from .process_pool import can_fork, open_processes

    cores = os.cpu_count() or 1
    forked = can_fork()
    if cores == 1 or files < (_WORTH_FORKING if forked else 2 * _WORTH):
        yield None, 1
        return
    count = min(cores - 1, _HELPERS)
    with open_processes(count, forked=forked) as pool:
        yield pool, count
