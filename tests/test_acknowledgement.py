"""Who acknowledged which text: what is recorded, what is refused, and what a person is told."""

import datetime

import pytest

from mailmart_privacy.errors import UnknownTextError, UsageError
from mailmart_privacy.policy.ledger import Ledger
from mailmart_privacy.web.acknowledgement import (
    Acknowledgement,
    TextChangedError,
    acknowledge,
    export_records,
    find_news,
)

from .conftest import NOW
from .versions import FIRST, SECOND, THIRD, THIRD_EFFECTIVE, three_version_ledger


class Store:
    """The smallest store."""

    def __init__(self) -> None:
        self.records: list[Acknowledgement] = []

    def add(self, acknowledgement: Acknowledgement) -> None:
        self.records.append(acknowledgement)

    def list(self, person: str) -> list[Acknowledgement]:
        return [record for record in self.records if record.person == person]

    def erase(self, person: str) -> None:
        self.records = [record for record in self.records if record.person != person]


@pytest.fixture
def store() -> Store:
    """An empty store."""
    return Store()


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """Three versions, the last of them announced."""
    return three_version_ledger()


def test_what_was_acknowledged_is_recorded(store: Store, ledger: Ledger) -> None:
    """The text, its digest, the moment and how it was shown; the person gets it and can have it erased."""
    text_id = ledger.version(SECOND).text_id
    record = acknowledge(store, person="u1", text_id=text_id, shown="banner", at=NOW, ledger=ledger)
    assert store.list("u1") == [record]
    assert export_records(store, "u1") == [
        {
            "text_id": text_id,
            "digest": ledger.version(SECOND).digest,
            "acknowledged_at": "2026-11-23T12:30:00Z",
            "shown": "banner",
        }
    ]
    store.erase("u1")
    assert export_records(store, "u1") == []


def test_a_text_that_changed_while_the_form_was_open_is_refused(store: Store, ledger: Ledger) -> None:
    """Nothing is recorded, and the error says which text to show."""
    text_id = ledger.version(SECOND).text_id
    with pytest.raises(TextChangedError) as caught:
        acknowledge(store, person="u1", text_id=text_id, shown="banner", at=THIRD_EFFECTIVE, ledger=ledger)
    assert (caught.value.shown, caught.value.in_force) == (text_id, ledger.version(THIRD).text_id)
    assert store.records == []


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"text_id": "2026-02-24.0123456789abcdef"}, UnknownTextError),
        ({"text_id": "yes"}, UsageError),
        ({"person": None}, UsageError),
        ({"shown": 5}, UsageError),
        ({"at": datetime.datetime(2026, 11, 23)}, UsageError),
    ],
)
def test_what_cannot_be_recorded(
    store: Store, ledger: Ledger, given: dict[str, object], error: type[Exception]
) -> None:
    """Refuse a text that never existed, a moment without a time zone, and a person without an id."""
    values = {"person": "u1", "text_id": ledger.version(SECOND).text_id, "shown": "banner", "at": NOW} | given
    with pytest.raises(error):
        acknowledge(store, **values, ledger=ledger)  # type: ignore[arg-type]
    assert store.records == []


def test_what_changed_since_is_one_call(store: Store, ledger: Ledger) -> None:
    """The answer is empty for the text in force, lists the versions since an older one, and is None for a stranger."""
    assert find_news(store, person="u1", at=NOW, ledger=ledger) is None
    then = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
    acknowledge(store, person="u1", text_id=ledger.version(FIRST).text_id, shown="form", at=then, ledger=ledger)
    news = [find_news(store, person="u1", at=moment, ledger=ledger) for moment in (then, NOW, THIRD_EFFECTIVE)]
    assert [None if each is None else [v.version for v in each.versions] for each in news] == [
        [],
        [SECOND],
        [SECOND, THIRD],
    ]
    assert [each is not None and each.material for each in news] == [False, False, True]
