"""What a client asks for in its headers: RFC 9110, 12.5.1 (Accept) and 13.1 (conditional requests)."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

_KEPT = 64  # headers, judged; clients of one kind send the same
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)
_ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


@lru_cache(maxsize=_KEPT)
def choose_type(accept: str | None, offers: tuple[str, ...]) -> str | None:
    """Choose the media type that a client likes best.

    Args:
        accept: the header's value, or None where there is none.
        offers: media types, the preferred one first.

    Returns:
        One of the offers: the one of the highest quality; among equals the one that is named the
        most exactly, then the one that is offered first. None where the client accepts none.
        A range that cannot be read is passed over; where none can be, anything will do.
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
    ranges = {}
    for part in accept.split(","):
        name, *parameters = (field.strip().lower() for field in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = float(value) if _QUALITY.fullmatch(value.strip()) else -1.0
        if quality >= 0 and name.count("/") == 1:
            ranges[name] = quality
    return ranges


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
    """Tell whether nothing changed since the date that a client gives; a date that is none is passed over."""
    try:
        since = parsedate_to_datetime(if_modified_since)
    except (ValueError, TypeError, IndexError, OverflowError):
        return False
    if since.tzinfo is None:  # "-0000", which a parser reads as no zone
        since = since.replace(tzinfo=UTC)
    return modified_at <= since
