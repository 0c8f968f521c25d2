"""Who acknowledged which text: functions over a small store that a service brings.

A privacy notice is acknowledged, never consented to, and it never has to come before a page: a person is told, and
what they were told is recorded. A record is only added; a person's records can be given to them and erased.
"""

import datetime
from dataclasses import dataclass
from typing import Protocol

from .._time import format_iso, require_moment
from ..errors import PrivacyError, UnknownTextError, require_text
from ..policy.ledger import shipped
from ..release.named_data import use_named_data
from .edge import read_clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..policy.ledger import Ledger
    from ..policy.model import Changes


class TextChangedError(PrivacyError):
    """The text that a person saw is not the one in force: a service answers 409 (RFC 9110, 15.5.10) with that one.

    Attributes:
        shown: the id of the text that they saw.
        in_force: the id of the text in force.
    """

    def __init__(self, shown: str, in_force: str) -> None:
        super().__init__(f"the text {shown} is no longer in force; show {in_force}")
        self.shown = shown
        self.in_force = in_force

    def __reduce__(self) -> "tuple[type[TextChangedError], tuple[str, str]]":
        return type(self), (self.shown, self.in_force)


@dataclass(frozen=True, kw_only=True, slots=True)
class Acknowledgement:
    """One record: a person was shown a text and acknowledged it.

    Attributes:
        person: whom the service means, in its own words: an id, never a name.
        text_id: the `Policy.text_id` of the text.
        digest: lowercase hex SHA-256 of the text.
        acknowledged_at: the moment (aware, UTC).
        shown: how the text was shown, for instance "banner" or "sign-up form".
    """

    person: str
    text_id: str
    digest: str
    acknowledged_at: datetime.datetime
    shown: str

    def to_json(self) -> dict[str, str]:
        """Describe it for the person, who may ask for their data (GDPR Art. 15)."""
        return {
            "text_id": self.text_id,
            "digest": self.digest,
            "acknowledged_at": format_iso(self.acknowledged_at),
            "shown": self.shown,
        }


class AcknowledgementStore(Protocol):
    """Where a service keeps the records; each method is one statement of SQL."""

    def add(self, acknowledgement: Acknowledgement) -> None:
        """Add a record; none is ever changed."""

    def list(self, person: str) -> "Iterable[Acknowledgement]":
        """List the records of a person, oldest first."""
        ...

    def erase(self, person: str) -> None:
        """Erase the records of a person (GDPR Art. 17)."""


def acknowledge(
    store: AcknowledgementStore,
    *,
    person: str,
    text_id: str,
    shown: str,
    at: datetime.datetime | None = None,
    ledger: "Ledger | None" = None,
) -> Acknowledgement:
    """Record that a person acknowledged the text in force.

    Args:
        store: where the record goes.
        person: whom the service means: an id, never a name.
        text_id: the `Policy.text_id` that the page carried when it was shown, for instance in a hidden field.
        shown: how it was shown, for instance "banner".
        at: the moment (aware), or None for now.
        ledger: the versions, or None for those that ship.

    Returns:
        The record.

    Raises:
        TextChangedError: that text is not in force: it changed while the page was open.
        UsageError: `text_id` is not one, or `at` names no moment.
        UnknownTextError: it names a text that never existed.
    """
    require_text(person, "person")
    require_text(shown, "shown")
    moment = _find_moment(at)
    known = _load_ledger() if ledger is None else ledger
    current = known.in_force(moment)
    if known.resolve(text_id) != current:
        raise TextChangedError(text_id, current.text_id)
    record = Acknowledgement(
        person=person,
        text_id=text_id,
        digest=current.digest,
        acknowledged_at=moment.astimezone(datetime.UTC),
        shown=shown,
    )
    store.add(record)
    return record


def find_news(
    store: AcknowledgementStore,
    *,
    person: str,
    at: datetime.datetime | None = None,
    ledger: "Ledger | None" = None,
) -> "Changes | None":
    """Tell what changed since a person last acknowledged a text.

    Args:
        store: where the records are.
        person: whom the service means.
        at: the moment (aware), or None for now.
        ledger: the versions, or None for those that ship.

    Returns:
        The versions since then, none of them where the text is still in force; `Changes.material` says whether the
        person has to be told. None if they never acknowledged a text.
    """
    known = _load_ledger() if ledger is None else ledger
    records = list(store.list(person))
    if not records:
        return None
    try:
        return known.in_force(_find_moment(at)).changes_since(records[-1].text_id)
    except UnknownTextError:  # of a package that is not this one
        return None


def export_records(store: AcknowledgementStore, person: str) -> list[dict[str, str]]:
    """List a person's records for them (GDPR Art. 15)."""
    return [record.to_json() for record in store.list(person)]


def _find_moment(at: datetime.datetime | None) -> datetime.datetime:
    moment = read_clock() if at is None else at
    require_moment(moment)
    return moment


def _load_ledger() -> "Ledger":
    use_named_data()
    return shipped()
