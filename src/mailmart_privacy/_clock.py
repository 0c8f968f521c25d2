"""What time it is: where the edges read the machine's clock. `testing` puts another one in its place.

Below the edges moments are arguments, so only `api` and `web.edge` import this (tests/test_architecture.py).
"""

import datetime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def read_machine() -> datetime.datetime:
    """Read the clock of this machine."""
    return datetime.datetime.now(datetime.UTC)


_source = read_machine


def now() -> datetime.datetime:
    """Tell what time it is (aware)."""
    return _source()


def replace(source: "Callable[[], datetime.datetime]") -> "Callable[[], datetime.datetime]":
    """Put another clock in the place of the one that is read; returns the one before."""
    global _source
    before, _source = _source, source
    return before
