"""The calendar of effective dates: iCalendar (RFC 5545, with RFC 7986).

It depends on no clock: an event says the same before and after its moment. It has no METHOD:
publishing by one asks for an organizer with an e-mail address (RFC 5546, 3.2.1). It has no alarm: the publisher of a
calendar does not decide when a subscriber's telephone rings.
"""

import datetime

from ..policy.ledger import Ledger
from ..policy.versions import Version
from .notices import AUTHORITY, LANGUAGE, PUBLISHER, clean, dated_address, describe_change, name_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 75  # octets of a line without its end: RFC 5545, 3.1
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})  # RFC 5545, 3.3.11


def write_calendar(ledger: Ledger, *, base_url: str, path: str) -> bytes:
    """Write the calendar of effective dates, one event for each version, the announced ones among them.

    Args:
        ledger: the versions.
        base_url: scheme and host of addresses, for instance "https://mailmart.com".
        path: where the version in force is served, for instance "/privacy".

    Returns:
        The file, of type text/calendar in UTF-8. The same arguments give the same bytes. The events of
        a ledger that has one version more are the same, with one more.

    Raises:
        RecordError: a version's record has changed or is missing.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//{PUBLISHER}//mailmart-privacy//{LANGUAGE.upper()}",
        f"UID:privacy@{AUTHORITY}",
        *_titles(ledger),
        f"URL:{base_url}{path}",
        f"SOURCE;VALUE=URI:{base_url}{path}/calendar.ics",
        "REFRESH-INTERVAL;VALUE=DURATION:P1D",
        "X-PUBLISHED-TTL:P1D",  # the same, for Outlook
    ]
    for version in ledger.versions:
        lines += _event(
            version, ledger.policy(version.version).title, dated_address(version, base_url=base_url, path=path)
        )
    return b"".join(_fold(line) for line in (*lines, "END:VCALENDAR"))


def _titles(ledger: Ledger) -> "Iterator[str]":
    name = _text(f"{ledger.policy(ledger.versions[-1].version).title} · {PUBLISHER}")
    yield f"NAME:{name}"
    yield f"X-WR-CALNAME:{name}"  # the same, for clients older than RFC 7986
    yield f"DESCRIPTION:{_text('From when each version of the policy is in force.')}"


def _event(version: Version, title: str, address: str) -> "Iterator[str]":
    yield "BEGIN:VEVENT"
    yield f"UID:privacy-{version.version}@{AUTHORITY}"
    # When it was last revised, where there is no METHOD: 3.8.7.2.
    yield f"DTSTAMP:{_moment(version.withdrawn_at or version.released_at)}"
    yield f"DTSTART:{_moment(version.effective_at)}"
    yield f"SUMMARY:{_text(f'{name_version(version, title)} comes into force')}"
    reason = f"Withdrawn before it took effect: {version.withdrawal_reason}" if version.withdrawn_at else ""
    yield f"DESCRIPTION:{_text(reason or describe_change(version))}"
    yield f"URL:{address}"
    if version.change is not None:
        yield f"CATEGORIES:{_text(version.change)}"
    if version.withdrawn_at is not None:
        yield "SEQUENCE:1"  # a revision of the event that was announced: 3.8.7.4
    yield f"STATUS:{'CONFIRMED' if version.withdrawn_at is None else 'CANCELLED'}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _moment(moment: datetime.datetime) -> str:
    return f"{moment.astimezone(datetime.UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    return clean(text).translate(_ESCAPES)


def _fold(line: str) -> bytes:
    """Fold a line after at most 75 octets, and never inside a character: RFC 5545, 3.1."""
    folded, room = bytearray(), _LONGEST
    for character in line:
        encoded = character.encode()
        if len(encoded) > room:
            folded += b"\r\n "
            room = _LONGEST - 1  # the blank counts
        folded += encoded
        room -= len(encoded)
    return bytes(folded + b"\r\n")
