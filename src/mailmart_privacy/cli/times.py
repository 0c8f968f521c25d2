"""Days and moments as the user writes them; all days are those of UTC."""

import datetime

from .._time import format_iso, midnight, parse_moment
from ..errors import UsageError
from .edge import now

_AHEAD = datetime.timedelta(days=90)
_DAY = datetime.timedelta(days=1)


def read_date(text: str) -> datetime.date:
    """Read a day, YYYY-MM-DD.

    Raises:
        UsageError: it is not a date.
    """
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise UsageError(f"{text!r} is not a date; write it like 2026-11-23")
    return day


def read_limit(before: str | None) -> datetime.datetime:
    """Read before which day something has to be due: its midnight; without one, in 90 days.

    Raises:
        UsageError: it is not a date.
    """
    return now() + _AHEAD if before is None else midnight(read_date(before))


def read_begin(text: str) -> datetime.datetime:
    """Read a moment, or a day: its beginning; raises UsageError."""
    try:
        return midnight(datetime.date.fromisoformat(text))
    except ValueError:
        return parse_moment(text)


def read_end(text: str) -> datetime.datetime:
    """Read a moment, or a day: its end; raises UsageError."""
    try:
        return midnight(datetime.date.fromisoformat(text)) + _DAY
    except ValueError:
        return parse_moment(text)
    except OverflowError:
        raise UsageError(f"the day {text} has no end that can be written; give an earlier one") from None


def read_moment(text: str | None) -> datetime.datetime:
    """Read a moment; without one, it is now. Raises UsageError."""
    return now() if text is None else parse_moment(text)


def moment_words(moment: datetime.datetime | None) -> str:
    """Write a moment in ISO 8601, to the second (UTC, with Z); "-" if there is none."""
    return "-" if moment is None else format_iso(moment.replace(microsecond=0))
