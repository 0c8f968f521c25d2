"""Stores that cannot keep an archive are refused; missing answers of a store do no harm."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailmart_privacy.archive.creation import create_archive
from mailmart_privacy.archive.storage.s3 import open_bucket
from mailmart_privacy.archive.storage.s3_client import connect
from mailmart_privacy.errors import ArchiveError

from . import careless_store, seaweed
from .careless_store import CarelessStore
from .conftest import NOW
from .versions import one_version as shipped


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[CarelessStore]:
    """A store that honours conditions, but takes an object with a wrong checksum."""
    with careless_store.serve() as (store, variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        seaweed.connect(variables).create_bucket(Bucket="careless")
        yield store


@pytest.mark.parametrize(
    ("ignored", "word"),
    [([], "checksums"), (["If-Match"], "If-Match"), (["If-None-Match", "If-Match"], "If-None-Match")],
)
def test_stores_that_cannot_keep_an_archive(
    store: CarelessStore, tmp_path: Path, ignored: list[str], word: str
) -> None:
    """A store that ignores a condition or a checksum is refused, and nothing is left in it."""
    store.ignored.update(ignored)
    with pytest.raises(ArchiveError, match=f"this store ignores {word}, so writers would write over each other"):
        create_archive(
            open_bucket("s3://careless/kept"), key=lambda origin: tmp_path / "key", ledger=shipped(), clock=lambda: NOW
        )
    assert list(connect("careless", "kept").find("")) == []


def test_an_answer_that_is_lost(store: CarelessStore) -> None:
    """A writer recognises its own object, even if the store's answer was lost and the request was repeated."""
    client = connect("careless", "kept")
    store.lost = 1
    assert client.put("commits/0", b"mine")
    assert store.lost == 0
    assert not client.put("commits/0", b"another's")
    assert client.get("commits/0")[0] == b"mine"  # type: ignore[index]
