"""A version that was announced and withdrawn before it took effect: the ledger's rules, and what people are told."""

import datetime
import json
from typing import Any

import pytest

from mailmart_privacy import Identity, Issuer
from mailmart_privacy._time import format_date
from mailmart_privacy.cli.verdicts import VerdictWriter
from mailmart_privacy.errors import RecordError, UsageError
from mailmart_privacy.policy.entries import LEDGER, entry_digest
from mailmart_privacy.policy.ledger import Ledger
from mailmart_privacy.release.records import make_withdrawal, write_ledger
from mailmart_privacy.release.rules import compare_released
from mailmart_privacy.verifying.verify import verify
from mailmart_privacy.web import Service
from mailmart_privacy.web.atom import write_feed
from mailmart_privacy.web.icalendar import write_calendar

from .conftest import NOW
from .versions import (
    FIRST,
    SECOND,
    THIRD,
    THIRD_EFFECTIVE,
    THIRD_WITHDRAWN,
    WITHDRAWAL_REASON,
    three_versions,
    withdrawn_ledger,
)

ADDRESS = {"base_url": "https://example.com", "path": "/privacy"}
HOUR = datetime.timedelta(hours=1)


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """Three versions, of which the third was withdrawn."""
    return withdrawn_ledger()


@pytest.fixture
def entries() -> list[dict[str, Any]]:
    """The entries before the withdrawal."""
    found: list[dict[str, Any]] = json.loads(three_versions()[LEDGER])["entries"]
    return found


def service(ledger: Ledger, at: datetime.datetime = NOW) -> Service:
    return Service(ledger, clock=lambda: at, max_age=600, **ADDRESS)  # type: ignore[arg-type]


def test_a_copy_of_a_withdrawn_version_is_genuine(ledger: Ledger, identity: Identity) -> None:
    """The verdict says that it is genuine, that the version never took effect, and why."""
    issuer = Issuer(identity, ledger=ledger)
    copy = issuer.issue(ledger.policy(THIRD), recipient="Acme", issued_at=NOW)
    verdict = verify(copy.pdf, trust=[identity.certificate], at=NOW, ledger=ledger)
    assert verdict.withdrawn_at == THIRD_WITHDRAWN
    assert verdict.remarks == (WITHDRAWAL_REASON,)
    assert "  In force     never; it was withdrawn on" in verdict.describe()
    said = VerdictWriter().write_genuine("x.pdf", verdict)
    assert said.startswith("x.pdf: genuine; this version was withdrawn before it took effect\n")
    assert f"version {THIRD}, withdrawn on {format_date(THIRD_WITHDRAWN.date())}, never in force" in said
    assert f"  Note         {WITHDRAWAL_REASON}" in said


def test_a_withdrawn_version_never_takes_effect(ledger: Ledger) -> None:
    """At its moment and after it, the version before it stays in force; nothing is announced."""
    for moment in (NOW, THIRD_EFFECTIVE, THIRD_EFFECTIVE + 9999 * HOUR):
        assert ledger.version_in_force(moment).version == SECOND
        assert ledger.upcoming(moment) == ()
    third = ledger.version(THIRD)
    assert (third.withdrawn_at, third.withdrawal_reason) == (THIRD_WITHDRAWN, WITHDRAWAL_REASON)
    assert ledger.version(SECOND).effective_until is None
    current = ledger.in_force(THIRD_EFFECTIVE)
    assert current.changes_since(ledger.version(FIRST).text_id).versions == (ledger.version(SECOND),)


def test_the_text_of_a_withdrawn_version_stays(ledger: Ledger) -> None:
    """Anybody who read it, or has a copy of it, finds it again."""
    policy = ledger.policy(THIRD)
    assert ledger.resolve(policy.text_id) == policy


@pytest.mark.parametrize(
    ("version", "moment", "message"),
    [
        (SECOND, THIRD_WITHDRAWN, "which had taken effect"),
        (THIRD, THIRD_EFFECTIVE, "which had taken effect"),
        (THIRD, datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC), "goes back in time"),
        ("2030-01-01", THIRD_WITHDRAWN, "was not announced"),
    ],
)
def test_what_cannot_be_withdrawn(
    entries: list[dict[str, Any]], version: str, moment: datetime.datetime, message: str
) -> None:
    """Only what is announced and not yet in force, after it was announced."""
    with pytest.raises(RecordError, match=message):
        make_withdrawal(version, reason="Why.", withdrawn_at=moment, entries=entries)


@pytest.mark.parametrize("reason", ["", " ", "Two\nlines.", "A \u202e mark."])
def test_a_reason_is_a_line_for_people(entries: list[dict[str, Any]], reason: str) -> None:
    """A withdrawal says why, in one line of text."""
    with pytest.raises(RecordError, match="the reason of a withdrawal has to be one line of text"):
        make_withdrawal(THIRD, reason=reason, withdrawn_at=THIRD_WITHDRAWN, entries=entries)
    with pytest.raises(UsageError, match="does not name a moment"):
        make_withdrawal(THIRD, reason="Why.", withdrawn_at=datetime.datetime(2026, 11, 22), entries=entries)


def test_nothing_is_withdrawn_twice(ledger: Ledger) -> None:
    """A second withdrawal breaks a rule."""
    with pytest.raises(RecordError, match="is withdrawn already"):
        make_withdrawal(THIRD, reason="Why.", withdrawn_at=THIRD_WITHDRAWN + HOUR, entries=ledger.entries)


def test_a_withdrawal_cannot_be_taken_back(ledger: Ledger, entries: list[dict[str, Any]]) -> None:
    """What was released is in every later ledger as it was."""
    assert compare_released(ledger.entries, entries) == []
    (fault,) = compare_released(entries, ledger.entries)
    assert fault == f"the withdrawal of {THIRD} is not as it was released; bring it back"


def test_a_postponed_version_is_announced_again(ledger: Ledger) -> None:
    """It is a version of its own, and may take effect before the withdrawn one would have."""
    third = dict(next(entry for entry in ledger.entries if entry["version"] == THIRD))
    again = third | {
        "version": "2027-01-20",
        "last_updated": "2027-01-20",
        "released_at": "2026-11-23T00:00:00Z",
        "effective_at": "2027-01-25T00:00:00Z",
        "previous": entry_digest(ledger.entries[-1]),
    }
    content = write_ledger([*ledger.entries, again])
    postponed = Ledger(lambda name: content)
    assert [version.version for version in postponed.upcoming(NOW)] == ["2027-01-20"]
    before = postponed.predecessor(postponed.version("2027-01-20"))
    assert before is not None
    assert before.version == SECOND


def test_the_pages_tell_of_a_withdrawal(ledger: Ledger) -> None:
    """Its own page says when and why; the list marks it; the page in force does not announce it."""
    serving = service(ledger)
    page = serving.respond("GET", f"/privacy/{THIRD}", {}).body.decode()
    assert "This version was withdrawn on" in page
    assert WITHDRAWAL_REASON in page
    listed = serving.respond("GET", "/privacy/versions", {}).body.decode()
    assert '<span class="badge withdrawn">Withdrawn</span>' in listed
    assert WITHDRAWAL_REASON in listed
    current = serving.respond("GET", "/privacy", {}).body.decode()
    assert THIRD not in current
    (described,) = [
        each
        for each in json.loads(serving.respond("GET", "/privacy/versions.json", {}).body)
        if each["version"] == THIRD
    ]
    assert (described["withdrawn_at"], described["withdrawal_reason"]) == ("2026-11-22T16:30:00Z", WITHDRAWAL_REASON)
    status = json.loads(serving.respond("GET", f"/privacy/{THIRD}.json", {}).body)["status"]
    assert status == {
        "state": "withdrawn",
        "since": "2026-11-22T16:30:00Z",
        "superseded_by": None,
        "reason": WITHDRAWAL_REASON,
    }
    links = dict(serving.respond("GET", f"/privacy/{SECOND}", {}).headers)["Link"]
    assert "successor-version" not in links


def test_the_feed_and_the_calendar_tell_of_a_withdrawal(ledger: Ledger) -> None:
    """The entry moves to the moment of the withdrawal and says why; the event is cancelled, with a new sequence."""
    feed = write_feed(ledger, at=NOW, **ADDRESS).decode()
    assert "Withdrawn: Privacy Policy of January 15, 2027" in feed
    assert "<updated>2026-11-22T16:30:00Z</updated>" in feed
    assert WITHDRAWAL_REASON in feed
    calendar = write_calendar(ledger, **ADDRESS).decode().replace("\r\n ", "")
    event = calendar.partition(f"UID:privacy-{THIRD}@")[2]
    assert "STATUS:CANCELLED" in event
    assert "SEQUENCE:1" in event
    assert "DTSTAMP:20261122T163000Z" in event
    assert calendar.count("STATUS:CONFIRMED") == 2
