"""What a client asks for in its headers: RFC 9110, 12.5.1 (Accept) and 13.1 (conditional requests)."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_KEPT = 64  # headers, judged; clients of one kind send the same
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)
_ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_TIME = "[0-9]{2}:[0-9]{2}:[0-9]{2}"
_HTTP_DATE = re.compile(  # RFC 9110, 5.6.7: that of today, and two that only old clients write
    f"{_DAY}, [0-9]{{2}} {_MONTH} [0-9]{{4}} {_TIME} GMT"
    f"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, [0-9]{{2}}-{_MONTH}-[0-9]{{2}} {_TIME} GMT"
    f"|{_DAY} {_MONTH} [ 0-9][0-9] {_TIME} [0-9]{{4}}"
)


@lru_cache(maxsize=_KEPT)
def choose_type(accept: str | None, offers: tuple[str, ...]) -> str | None:
    """Choose the media type that a client likes best.

    Args:
        accept: the header's value, or None if there is none.
        offers: media types, the preferred one first.

    Returns:
        One of the offers: the one of the highest quality; among equals the one that is named the
        most exactly, then the one that is offered first. None where the client accepts none.
        A range that cannot be read is passed over; where none can be, anything will do. One with
        parameters counts where its type is not named without them.
    """
    ranges = _read_ranges(accept or "")
    if not ranges:
        return offers[0]
    best: tuple[float, int] = (0.0, 0)
    found = None
    for offer in offers:
        whole = offer.partition("/")[0] + "/*"
        for exactness, pattern in ((2, offer), (1, whole), (0, "*/*")):
            if pattern in ranges:
                score = (ranges[pattern], exactness)
                if score[0] > 0 and score > best:
                    best, found = score, offer
                break
    return found


def _read_ranges(accept: str) -> dict[str, float]:
    ranges: dict[str, float] = {}
    narrowed: dict[str, float] = {}  # by parameters, which no offer has
    for part in accept.split(","):
        name, *parameters = (field.strip().lower() for field in part.split(";"))
        quality, narrow = 1.0, False
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = float(value) if _QUALITY.fullmatch(value.strip()) else -1.0
            else:
                narrow = True
        if quality >= 0 and name.count("/") == 1:
            (narrowed if narrow else ranges)[name] = quality
    return narrowed | ranges


def has_copy(if_none_match: str, etag: str) -> bool:
    """Tell whether a client has this representation: the weak comparison of RFC 9110, 8.8.3.2.

    Args:
        if_none_match: the header's value.
        etag: the entity tag of the representation, with its quotes.
    """
    if if_none_match == etag or if_none_match.strip() == "*":
        return True
    return etag.removeprefix("W/") in _ENTITY_TAG.findall(if_none_match)


def is_unmodified(if_modified_since: str, modified_at: datetime) -> bool:
    """Tell whether nothing changed since the date that a client gives; other text is ignored (13.1.3)."""
    since = _read_date(if_modified_since)
    return since is not None and modified_at <= since


def expects_another(sent: "Mapping[str, str]", modified_at: datetime | None) -> bool:
    """Tell whether the client's precondition fails: If-Match, or else If-Unmodified-Since.

    Args:
        sent: the headers by lower-case name.
        modified_at: when the representation last changed, or None where that cannot be said.

    Returns:
        Whether the precondition fails. If-Match compares strongly (13.1.1), and a weak tag, as all of
        ours are, never passes that; only "*" does.
    """
    known = sent.get("if-match")
    if known is not None:
        return known.strip() != "*"
    until = sent.get("if-unmodified-since")
    date = None if until is None or modified_at is None else _read_date(until)
    return date is not None and modified_at is not None and modified_at > date


def _read_date(text: str) -> datetime | None:
    """Read an HTTP-date; None for all else, a list of dates among it."""
    if not _HTTP_DATE.fullmatch(text.strip(" \t")):
        return None
    try:
        return parsedate_to_datetime(text).replace(tzinfo=UTC)
    except ValueError:
        return None
