"""Where serving meets the world: the versions that ship with this package, and the clock."""

from .. import _clock
from ..policy.ledger import shipped
from .core import Service

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable


def read_clock() -> "datetime.datetime":
    """Read the clock: this machine's, or the one that `testing` has put in its place."""
    return _clock.now()


def create_service(
    *,
    path: str = "/privacy",
    base_url: str = "https://mailmart.com",
    max_age: int = 3600,
    clock: "Callable[[], datetime.datetime]" = read_clock,
) -> Service:
    """Make the service of the versions that ship with this package.

    Args:
        path: where the version in force is; all else is below it, or is this path with an ending.
        base_url: scheme and host that stand before it in links to it, in the feed and in the page's head.
        max_age: for how many seconds a cache may keep what can change.
        clock: returns the moment (aware), which decides for each request which version is in force.

    Raises:
        UsageError: one of them cannot be used; the message says what to give.
        RecordError: the ledger has changed or is missing.
    """
    return Service(shipped(), clock=clock, path=path, base_url=base_url, max_age=max_age)
