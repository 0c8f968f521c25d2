"""What was, is and will be in force, and what changed since a person saw the text."""

import datetime

import pytest

from mailmart_privacy.errors import UnknownVersionError, UsageError
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
    """Class and summary are part of the chained entry; the first version has none."""
    assert [version.change for version in ledger.versions] == [None, "editorial", "material"]
    assert ledger.version(SECOND).summary == SECOND_SUMMARY
    assert ledger.version(FIRST).summary is None


def test_changes_since_a_text_that_a_person_accepted(ledger: Ledger) -> None:
    """A service asks with what it stored, and learns whether it has to tell the person."""
    first, second, third = (ledger.policy(version) for version in (FIRST, SECOND, THIRD))
    editorial = second.changes_since(first.reference)
    assert [version.version for version in editorial.versions] == [SECOND]
    assert not editorial.material
    both = third.changes_since(first.reference)
    assert [version.version for version in both.versions] == [SECOND, THIRD]
    assert both.material
    assert both.since.reference == first.reference
    assert third.changes_since(second.reference).material


def test_nothing_changed_since_the_text_itself_or_an_announced_one(ledger: Ledger) -> None:
    """Whoever accepted the coming text early has nothing to be told."""
    second, third = ledger.policy(SECOND), ledger.policy(THIRD)
    for reference in (second.reference, third.reference):
        since = second.changes_since(reference)
        assert since.versions == ()
        assert not since.material


def test_a_reference_to_no_text_is_refused(ledger: Ledger) -> None:
    """A misspelt reference, one to no version, and one to a text that never was."""
    policy = ledger.policy(SECOND)
    with pytest.raises(UsageError, match="looks like"):
        policy.changes_since("2026-02-24")
    for nothing in (None, b"2026-02-24.85591b988b6aa67c", f"{policy.reference}\n", policy.reference.upper()):
        with pytest.raises(UsageError, match="is no reference to a policy; one looks like"):
            policy.changes_since(nothing)  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="is no reference to a policy; one looks like"):
            ledger.resolve(nothing)  # type: ignore[arg-type]
    with pytest.raises(UnknownVersionError, match="no version '2025-01-01'"):
        policy.changes_since("2025-01-01.0123456789abcdef")
    with pytest.raises(UnknownVersionError, match="never had"):
        policy.changes_since("2026-02-24.0123456789abcdef")
    with pytest.raises(UnknownVersionError, match="there are: none"):
        parse_policy(second_source()).changes_since(policy.reference)


def test_where_a_policy_comes_from_does_not_tell_it_apart(ledger: Ledger) -> None:
    """The history is not part of the text."""
    assert ledger.policy(FIRST) == shipped().policy(FIRST)
    assert hash(ledger.policy(FIRST)) == hash(shipped().policy(FIRST))
    assert ledger.policy(SECOND) == parse_policy(second_source())
