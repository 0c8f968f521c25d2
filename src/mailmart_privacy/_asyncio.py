"""Event loops: pyHanko starts one of its own, and there may be only one in a thread."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


def run_beside(work: "Callable[[], T]") -> "T":
    """Do work for which pyHanko starts an event loop: in a thread of its own where the caller's is running."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(work).result()
