"""Writers that race for an archive in a real store of objects, and are killed, in hundreds."""

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from tests import seaweed

from .conftest import Count
from .racing import race_apart

KILLS = int(os.environ.get("MAILMART_PRIVACY_KILLS", "2000")) // 5
PORTIONS = 8


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A store, and the environment by which boto3 finds it."""
    with seaweed.serve(tmp_path_factory.mktemp("store")) as variables:
        yield variables


@pytest.mark.parametrize("seed", range(PORTIONS))
def test_killed_writers_lose_nothing(
    store: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    count: Count,
    seed: int,
) -> None:
    """Of what any of four racing writers acknowledged in a store, nothing is lost or moved, whenever they die."""
    for name, value in store.items():
        monkeypatch.setenv(name, value)
    seaweed.connect(store).create_bucket(Bucket=f"races-{seed}", ObjectLockEnabledForBucket=True)
    tally = race_apart(tmp_path_factory.mktemp("race"), KILLS // PORTIONS, seed, f"s3://races-{seed}")
    assert tally["kills"] >= KILLS // PORTIONS
    count("races in a store", {name: tally[name] for name in ("kills", "acknowledged", "entries", "audits")})
    count("kills in a store by phase", Counter(tally["phases"]))
