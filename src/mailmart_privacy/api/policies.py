"""The policy for Python callers: which text there is, was and will be. Here the clock is read."""

import datetime

from .._clock import now
from ..errors import NewerVersionError, WrongTypeError
from ..policy.ledger import Ledger, shipped
from ..policy.model import Policy
from ..policy.versions import Version, is_version
from ..release.named_data import use_named_data


def current() -> Policy:
    """Load the version that is in force now.

    Returns:
        The policy.

    Raises:
        UnknownVersionError: the clock is before the first version.
        RecordError: its record has changed or is missing.
    """
    return in_force(now())


def version(name: str | datetime.date) -> Policy:
    """Load a version of the policy, whether it is in force, announced or superseded.

    Args:
        name: the date that the version bears, for instance "2026-02-24" or `date(2026, 2, 24)`.

    Returns:
        The policy.

    Raises:
        NewerVersionError: it comes after the newest version that this release knows.
        UnknownVersionError: no version has that date.
        WrongTypeError: `name` is neither a string nor a date.
        RecordError: its record has changed or is missing.
    """
    if isinstance(name, datetime.date) and not isinstance(name, datetime.datetime):
        name = name.isoformat()
    if not isinstance(name, str):
        raise WrongTypeError("name", "a date, as a string like '2026-02-24' or a datetime.date", name)
    newest = load_ledger().versions[-1].version
    if name > newest and is_version(name):
        raise NewerVersionError(name, newest)
    return load_ledger().policy(name)


def versions() -> tuple[Version, ...]:
    """List the versions of the policy, oldest first.

    Raises:
        RecordError: the ledger has changed or is missing.
    """
    return load_ledger().versions


def upcoming() -> tuple[Version, ...]:
    """List the versions that are announced and not yet in force, the soonest first.

    Each becomes `current()` at its `effective_at`, without a release. `in_force(version.effective_at)`
    loads its text.

    Raises:
        RecordError: the ledger has changed or is missing.
    """
    return load_ledger().upcoming(now())


def in_force(at: datetime.datetime) -> Policy:
    """Load the version in force at a moment.

    Args:
        at: an aware datetime.

    Returns:
        The policy.

    Raises:
        UsageError: `at` is naive, or a bare date: ambiguous on the day of a change.
        UnknownVersionError: no version was in force yet; the message says when the first began.
        RecordError: its record has changed or is missing.
    """
    return load_ledger().in_force(at)


def resolve(text_id: str) -> Policy:
    """Find the text that a `Policy.text_id` names: the one that a person acknowledged.

    Args:
        text_id: for instance "2026-02-24.85591b988b6aa67c".

    Raises:
        UsageError: it is not a text id.
        NewerVersionError: it names a version that a later release may know.
        UnknownTextError: it names a text that never existed.
        RecordError: its record has changed or is missing.
    """
    return load_ledger().resolve(text_id)


def load_ledger() -> Ledger:
    """Load the ledger: the one that ships, or that of the newer data which the environment names.

    Raises:
        RecordError: it has changed or is missing, or the newer data cannot be used.
    """
    use_named_data()
    return shipped()
