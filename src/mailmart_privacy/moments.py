"""Moments: points in time that carry their zone."""

import datetime

from .errors import UsageError


def require_moment(value: object, *, because: str = "") -> None:
    """Refuse what does not name a moment: a naive datetime, a bare date, or no date at all.

    Args:
        value: what the caller gave.
        because: what the message ends with.

    Raises:
        UsageError: it is not an aware datetime.
    """
    if not isinstance(value, datetime.datetime) or value.utcoffset() is None:
        raise UsageError(f"{value!r} does not name a moment: give a datetime with a time zone{because}")
