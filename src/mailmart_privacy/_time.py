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


def parse_moment(text: str) -> datetime.datetime:
    """Parse a moment in ISO 8601, with its time zone.

    Raises:
        UsageError: it is none, or has no time zone.
    """
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a moment in ISO 8601; write it like 2026-03-01T09:00:00Z") from None
    if moment.utcoffset() is None:
        raise UsageError(f"{text!r} has no time zone; write it like 2026-03-01T09:00:00Z or …+01:00")
    return moment
