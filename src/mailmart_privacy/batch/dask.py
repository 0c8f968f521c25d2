"""Workers on other machines: an existing Dask cluster."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any

from ..errors import MissingExtraError, UsageError, one_line

_PATIENCE = "8s"


@contextlib.contextmanager
def connect(address: str) -> Iterator[tuple[Executor, int]]:
    """Connect to a cluster.

    If a worker is lost, another one does its rows, and finds the files that the lost one had written.

    Args:
        address: of the scheduler, for instance "tcp://10.0.0.7:8786".

    Yields:
        An executor, and how many threads its workers have now.

    Raises:
        UsageError: there is no scheduler at this address, or it has no worker.
        MissingExtraError: Dask is not installed.
    """
    try:
        from distributed import Client
    except ImportError:
        raise MissingExtraError("cluster", "Dask (distributed)") from None
    try:
        client: Any = Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"there is no Dask scheduler at {address}: {one_line(error)}") from None
    try:
        threads = sum(client.nthreads().values())
        if not threads:
            raise UsageError(f"the Dask scheduler at {address} has no worker; start one with: dask worker {address}")
        yield client.get_executor(pure=False), threads
    finally:
        client.close()
