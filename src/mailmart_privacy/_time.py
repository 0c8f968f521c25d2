"""Dates and moments: points in time that carry their zone, and how they are written."""

import datetime
import re

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
        UsageError: it is not a moment, has no time zone, or is outside the years 1 to 9999 in UTC.
    """
    moment = parse_compared_moment(text)
    require_in_utc(moment, shown=repr(text))
    return moment


def require_in_utc(moment: datetime.datetime, *, shown: str = "") -> None:
    """Refuse a moment (aware) that is outside the years 1 to 9999 in UTC.

    Args:
        moment: it.
        shown: how messages show it; by default in ISO 8601.

    Raises:
        UsageError: UTC cannot express it.
    """
    try:
        moment.astimezone(datetime.UTC)
    except OverflowError:
        raise UsageError(
            f"{shown or moment.isoformat()} is too early or too late in UTC; give another moment"
        ) from None


def parse_compared_moment(text: str) -> datetime.datetime:
    """Parse a moment that is only compared with others: UTC need not be able to express it.

    Raises:
        UsageError: it is not a moment, or has no time zone.
    """
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a moment in ISO 8601; write it like 2026-03-01T09:00:00Z") from None
    if moment.utcoffset() is None:
        raise UsageError(f"{text!r} has no time zone; write it like 2026-03-01T09:00:00Z or …+01:00")
    return moment


_ISO = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z", re.ASCII)
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def format_date(day: datetime.date) -> str:
    """Write a date as the policy does, "February 24, 2026", whatever the locale."""
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def format_moment(moment: datetime.datetime) -> str:
    """Write a moment in UTC for people: "February 24, 2026" at midnight, else "February 24, 2026, 09:00 UTC"."""
    moment = moment.astimezone(datetime.UTC)
    day = format_date(moment.date())
    if moment.time() == datetime.time():
        return day
    return f"{day}, {moment:%H:%M} UTC" if moment.second == 0 else f"{day}, {moment:%H:%M:%S} UTC"


def format_second(moment: datetime.datetime) -> str:
    """Write a moment in UTC to the second, as copies show it: "February 24, 2026, 09:00:00 UTC"."""
    moment = moment.astimezone(datetime.UTC)
    return f"{format_date(moment.date())}, {moment:%H:%M:%S} UTC"


def format_exact(moment: datetime.datetime) -> str:
    """Write a moment in UTC to the second, as evidence shows it: "2026-02-24 09:00:00 UTC"."""
    return f"{moment.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"


def format_iso(moment: datetime.datetime) -> str:
    """Write a moment in UTC after ISO 8601 and RFC 3339: "2026-02-24T00:00:00Z"."""
    return moment.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


def format_cell(cell: object) -> str:
    """Write a cell of a table for people: a moment in ISO 8601 (`format_iso`) as `format_exact` does, others as is."""
    text = str(cell)
    found = _ISO.fullmatch(text)
    return f"{found[1]} {found[2]} UTC" if found else text


def is_short_cell(shown: str) -> bool:
    """Tell whether a cell of a table stays on one line: a moment, a number, or a few letters.

    Seven columns of such cells fit on a page.
    """
    return len(shown) <= 12 or (len(shown) <= 24 and shown[:1].isdigit())


def midnight(day: datetime.date) -> datetime.datetime:
    """Give the moment at which a day begins (UTC)."""
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC)
