"""The calendar of effective dates, as other programs' parsers read it."""

import datetime

import icalendar
import pytest

from mailmart_privacy.policy.ledger import Ledger
from mailmart_privacy.web.icalendar import write_calendar

from .rewritten import rewritten_ledger
from .versions import FIRST, SECOND, THIRD, THIRD_EFFECTIVE, THIRD_SUMMARY, one_version, three_version_ledger

BASE, PATH = "https://mailmart.com", "/privacy"
HOSTILE = 'a <b>&amp; ]]> "q"; c, d\\n \\, \\; 🇩🇪 👩‍💻' + "ä€😀" * 40 + "\nBEGIN:VEVENT\nEND:VCALENDAR"


def write(ledger: Ledger) -> bytes:
    return write_calendar(ledger, base_url=BASE, path=PATH)


def read(calendar: bytes) -> tuple[icalendar.Calendar, list[icalendar.Event]]:
    """Parse a calendar; a property that cannot be read is listed as an error."""
    (parsed,) = icalendar.Calendar.from_ical(calendar, multiple=True)
    assert isinstance(parsed, icalendar.Calendar)
    assert [component.errors for component in parsed.walk()] == [[] for _ in parsed.walk()]
    return parsed, parsed.events


def events(calendar: bytes) -> list[bytes]:
    """The lines of each event."""
    return [part.partition(b"END:VEVENT")[0] for part in calendar.split(b"BEGIN:VEVENT\r\n")[1:]]


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """Three versions, the last of them announced."""
    return three_version_ledger()


def test_each_version_is_an_event(ledger: Ledger) -> None:
    """Each event has its moment, change, summary and page; it blocks nobody's calendar and has no alarm."""
    parsed, found = read(write(ledger))
    assert [event["UID"] for event in found] == [f"privacy-{each}@mailmart.com" for each in (FIRST, SECOND, THIRD)]
    assert [event.start for event in found] == [version.effective_at for version in ledger.versions]
    last = found[-1]
    assert last.start == last.end == THIRD_EFFECTIVE
    assert last.start.tzinfo is not None
    assert last["SUMMARY"] == "Privacy Policy of January 15, 2027 comes into force"
    assert last["DESCRIPTION"] == f"Material change: {THIRD_SUMMARY}"
    assert last["URL"] == f"{BASE}{PATH}/{THIRD}"
    assert [event.categories for event in found] == [[], ["editorial"], ["material"]]
    assert {(event["TRANSP"], event["STATUS"]) for event in found} == {("TRANSPARENT", "CONFIRMED")}
    assert parsed.walk("VALARM") == []


def test_the_calendar_says_what_it_is(ledger: Ledger) -> None:
    """Version and product (RFC 5545, 3.6); name, address and how often to look again (RFC 7986); no method."""
    parsed, _ = read(write(ledger))
    assert (parsed["VERSION"], parsed["PRODID"]) == ("2.0", "-//MailMart//mailmart-privacy//EN")
    assert parsed["NAME"] == parsed["X-WR-CALNAME"] == "Privacy Policy · MailMart"
    assert (parsed["URL"], parsed["SOURCE"]) == (f"{BASE}{PATH}", f"{BASE}{PATH}/calendar.ics")
    assert parsed["REFRESH-INTERVAL"].dt == datetime.timedelta(days=1)
    assert "METHOD" not in parsed


def test_lines_are_folded_between_characters() -> None:
    """No line has more than 75 octets, each ends with CRLF, and each is UTF-8 by itself (RFC 5545, 3.1)."""
    calendar = write(rewritten_ledger({SECOND: {"summary": HOSTILE}}))
    lines = calendar.split(b"\r\n")
    assert lines.pop() == b""
    assert max(map(len, lines)) == 75
    assert "".join(line.decode("utf-8") for line in lines).count("😀") == 40  # a cut character cannot be decoded
    assert calendar.count(b"\n") == calendar.count(b"\r") == len(lines)
    assert not any(line in (b" ", b"") for line in lines)


def test_hostile_text_comes_back_as_it_was() -> None:
    """Commas, semicolons, backslashes, newlines and what looks like another event are text."""
    _, found = read(write(rewritten_ledger({SECOND: {"summary": HOSTILE}})))
    assert len(found) == 3
    assert found[1]["DESCRIPTION"] == f"Editorial change: {HOSTILE}"


def test_events_stay_the_same(ledger: Ledger) -> None:
    """A second run gives the same bytes, and a new version adds an event and changes none."""
    assert write(ledger) == write(three_version_ledger())
    three = events(write(ledger))
    assert events(write(rewritten_ledger(count=2))) == three[:2]
    assert events(write(one_version())) == three[:1]
    assert len(three) == 3


def test_every_event_has_what_it_must(ledger: Ledger) -> None:
    """Exactly one UID, DTSTAMP and DTSTART, in UTC (RFC 5545, 3.6.1); none is in the calendar twice."""
    for event in events(write(ledger)):
        names = [line.partition(b":")[0] for line in event.split(b"\r\n") if line[:1] not in (b" ", b"")]
        assert len(names) == len(set(names))
        assert {b"UID", b"DTSTAMP", b"DTSTART"} <= set(names)
        stamps = [line for line in event.split(b"\r\n") if line.startswith((b"DTSTAMP:", b"DTSTART:"))]
        assert len(stamps) == 2
        assert all(line.endswith(b"Z") and len(line) == 24 for line in stamps)
