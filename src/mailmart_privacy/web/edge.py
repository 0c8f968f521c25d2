"""The edge of serving: the versions that ship with this package or are newer, and the clock."""

from typing import Unpack

from .. import _clock
from ..policy.ledger import shipped
from ..release.named_data import use_named_data
from .core import Service
from .settings import ServiceOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable
    from pathlib import Path


def read_clock() -> "datetime.datetime":
    """Read the clock: this machine's, or the one that `testing` has put in its place."""
    return _clock.now()


def create_service(
    *,
    clock: "Callable[[], datetime.datetime]" = read_clock,
    data: "Path | str | None" = None,
    **options: Unpack[ServiceOptions],
) -> Service:
    """Make the service of the versions that ship with this package, or of newer ones.

    Args:
        clock: returns the moment (aware), which decides for each request which version is in force.
        data: a folder of newer data, as `release/newer_data.py` describes it. None for the folder that the variable
            `MAILMART_PRIVACY_DATA` names; where it names none, for the data that ship.
        options: `path`, `base_url`, `max_age`, `canonical_url`, `cors`, `redirect_slash`, `templates` and `uploads`,
            as `Settings` describes them.

    Raises:
        UsageError: an option cannot be used; the message says what to give.
        RecordError: the ledger has changed or is missing, or the folder of newer data cannot be used.
        MissingExtraError: newer data need cryptography, which is not installed.
    """
    use_named_data()
    if data is None:
        return Service(shipped(), clock=clock, **options)
    from ..release.newer_data import open_data

    newer = open_data(data)
    return Service(newer.ledger, clock=clock, trust_list=newer.trust_list, **options)
