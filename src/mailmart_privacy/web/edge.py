"""Where serving meets the world: the versions that ship with this package, and the clock."""

from typing import Unpack

from .. import _clock
from ..policy.ledger import shipped
from .core import Service
from .settings import ServiceOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable


def read_clock() -> "datetime.datetime":
    """Read the clock: this machine's, or the one that `testing` has put in its place."""
    return _clock.now()


def create_service(
    *, clock: "Callable[[], datetime.datetime]" = read_clock, **options: Unpack[ServiceOptions]
) -> Service:
    """Make the service of the versions that ship with this package.

    Args:
        clock: returns the moment (aware), which decides for each request which version is in force.
        options: `path`, `base_url`, `max_age`, `canonical_url`, `cors`, `redirect_slash` and `templates`, as
            `Settings` describes them.

    Raises:
        UsageError: an option cannot be used; the message says what to give.
        RecordError: the ledger has changed or is missing.
    """
    return Service(shipped(), clock=clock, **options)
