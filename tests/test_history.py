"""What was, is and will be in force, and what changed since a person saw the text."""

import datetime

import pytest

from mailmart_privacy.errors import NewerVersionError, UnknownTextError, UsageError, WrongTypeError
from mailmart_privacy.policy.ledger import Ledger, shipped
from mailmart_privacy.policy.read_markdown import parse_policy

from .conftest import NOW
from .versions import FIRST, SECOND, SECOND_SUMMARY, THIRD, THIRD_EFFECTIVE, second_source, three_version_ledger


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """Three versions, the last of them announced."""
    return three_version_ledger()


def test_an_announced_version_becomes_current_by_itself(ledger: Ledger) -> None:
    """Until its moment it is upcoming, and from then on in force; nothing is released in between."""
    assert [version.version for version in ledger.upcoming(NOW)] == [THIRD]
    just_before = THIRD_EFFECTIVE - datetime.timedelta(microseconds=1)
    assert ledger.in_force(just_before).version == SECOND
    assert ledger.in_force(THIRD_EFFECTIVE).version == THIRD
    assert ledger.upcoming(THIRD_EFFECTIVE) == ()
    with pytest.raises(UsageError, match="time zone"):
        ledger.upcoming(datetime.datetime(2027, 1, 1))


def test_the_ledger_says_how_a_version_differs(ledger: Ledger) -> None:
    """Change and summary are part of the chained entry; the first version has none."""
    assert [version.change for version in ledger.versions] == [None, "editorial", "material"]
    assert ledger.version(SECOND).summary == SECOND_SUMMARY
    assert ledger.version(FIRST).summary is None


def test_changes_since_a_text_that_a_person_acknowledged(ledger: Ledger) -> None:
    """A service asks with what it stored, and learns whether it has to tell the person."""
    first, second, third = (ledger.policy(version) for version in (FIRST, SECOND, THIRD))
    editorial = second.changes_since(first.text_id)
    assert [version.version for version in editorial.versions] == [SECOND]
    assert not editorial.material
    both = third.changes_since(first.text_id)
    assert [version.version for version in both.versions] == [SECOND, THIRD]
    assert both.material
    assert both.since.text_id == first.text_id
    assert third.changes_since(second.text_id).material


def test_nothing_changed_since_the_text_itself_or_an_announced_one(ledger: Ledger) -> None:
    """A person who acknowledged the coming text early does not have to be told."""
    second, third = ledger.policy(SECOND), ledger.policy(THIRD)
    for text_id in (second.text_id, third.text_id):
        since = second.changes_since(text_id)
        assert since.versions == ()
        assert not since.material


def test_an_id_of_no_text_is_refused(ledger: Ledger) -> None:
    """A malformed id, an id of an unknown version, and an id of a text that never existed."""
    policy = ledger.policy(SECOND)
    with pytest.raises(UsageError, match="looks like"):
        policy.changes_since("2026-02-24")
    for nothing in (None, b"2026-02-24.85591b988b6aa67c"):
        with pytest.raises(WrongTypeError, match="text_id: expected a string, got"):
            policy.changes_since(nothing)  # type: ignore[arg-type]
        with pytest.raises(WrongTypeError, match="text_id: expected a string, got"):
            ledger.resolve(nothing)  # type: ignore[arg-type]
    for nothing in (f"{policy.text_id}\n", policy.text_id.upper()):
        with pytest.raises(UsageError, match="is not a text id; one looks like"):
            policy.changes_since(nothing)
        with pytest.raises(UsageError, match="is not a text id; one looks like"):
            ledger.resolve(nothing)
    with pytest.raises(UnknownTextError, match="a version that never existed; there are: 2026-02-24"):
        policy.changes_since("2025-01-01.0123456789abcdef")
    with pytest.raises(UnknownTextError, match="never had"):
        policy.changes_since("2026-02-24.0123456789abcdef")
    with pytest.raises(UnknownTextError, match="there are: none"):
        parse_policy(second_source()).changes_since(policy.text_id)


def test_newer_than_this_release_knows_is_not_never_existed(ledger: Ledger) -> None:
    """A service that was not upgraded learns that it has to be; neither is a mistake of its call."""
    policy = ledger.policy(THIRD)
    for ask in (ledger.resolve, policy.changes_since):
        with pytest.raises(NewerVersionError, match="upgrade mailmart-privacy") as newer:
            ask("2099-01-01.0123456789abcdef")
        assert (newer.value.version, newer.value.newest, newer.value.exit_code) == ("2099-01-01", THIRD, 5)
        with pytest.raises(UnknownTextError) as never:
            ask("2026-02-25.0123456789abcdef")  # between two versions: no release will ever know it
        assert never.value.known == (FIRST, SECOND, THIRD)
        for error in (newer.value, never.value):
            assert not isinstance(error, UsageError)


def test_where_a_policy_comes_from_does_not_tell_it_apart(ledger: Ledger) -> None:
    """The history is not part of the text."""
    assert ledger.policy(FIRST) == shipped().policy(FIRST)
    assert hash(ledger.policy(FIRST)) == hash(shipped().policy(FIRST))
    assert ledger.policy(SECOND) == parse_policy(second_source())
