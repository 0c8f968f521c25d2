"""A sample of what `make faults` does at length: an archive in a folder, harmed at some places."""

import os
import random
from pathlib import Path

import pytest

from faults.commands import CASES
from faults.filling import limit
from faults.injecting import Laboratory
from faults.places import fake_copies, make_place, require_survived
from faults.racing import race_apart
from faults.tampering import HARMS, Grown, Harm, cut, folders, grow, harm_each, read_verdict, swap

INJECTIONS = 12
LOSSES = {"add": 20, "create": 15, "issue": 5, "deliver": 5, "erase": 5, "hold": 3, "rotate": 4}
KILLS = 20
OF_EACH_KIND = 12


@pytest.fixture
def seed() -> int:
    """The same seed each time, so that a run can be repeated; `make faults` goes through many."""
    return int(os.environ.get("MAILMART_PRIVACY_SEED", "39"))


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Grown:
    """An archive of 300 entries."""
    return grow(tmp_path_factory.mktemp("grown") / "place", random.Random(11), 300)


@pytest.mark.slow
@pytest.mark.parametrize("half", [0, 1])
def test_calls_that_fail(tmp_path: Path, seed: int, half: int) -> None:
    """Whichever system call of an append fails, nothing is lost, and the next writer finishes it."""
    laboratory = Laboratory(tmp_path)
    for call, fault in random.Random(seed + half).sample(laboratory.cases(), INJECTIONS // 2):
        laboratory.inject(call, fault)


@pytest.mark.slow
def test_writers_that_are_killed(tmp_path: Path, seed: int) -> None:
    """Nothing is lost that racing writers acknowledged before they were killed."""
    tally = race_apart(tmp_path, KILLS, seed)
    assert tally["kills"] >= KILLS
    assert tally["acknowledged"]


@pytest.mark.slow
@pytest.mark.parametrize("case", LOSSES)
def test_power_that_is_lost(tmp_path: Path, seed: int, case: str) -> None:
    """Whenever the power fails, everything that was reported as done is there, and the next run continues."""
    disk, require = CASES[case](tmp_path / "before")
    chance = random.Random(seed)
    for _ in range(LOSSES[case]):
        moment, share = chance.randrange(len(disk.steps) + 1), round(chance.random(), 2)
        require(tmp_path / "after", disk.lose_power(moment, share, tmp_path / "after"))


@pytest.mark.slow
def test_files_that_are_harmed(grown: Grown, seed: int) -> None:
    """Every kind of file is missed when it is removed, or when one of its bytes is changed."""
    chance = random.Random(seed)
    for names in grown.files().values():
        harm_each(grown, chance.sample(names, min(OF_EACH_KIND, len(names))), chance)


@pytest.mark.parametrize("harm", [*HARMS, swap], ids=lambda harm: harm.__name__)
def test_harms(grown: Grown, harm: Harm, tmp_path: Path, seed: int) -> None:
    """A copy that was cut, added to, emptied, linked elsewhere, or exchanged for another one is reported."""
    chance = random.Random(seed)
    harmed = Grown(grown.place.duplicate(tmp_path / "place"), grown.checkpoints)
    harm(harmed, chance, chance.choice(harmed.files()["copies"]))
    assert read_verdict(harmed.place)


def test_files_without_an_entry(grown: Grown) -> None:
    """A file that no entry names is reported, whichever folder it is in."""
    for folder in folders(grown.place):
        path = grown.place.root / folder / "letter.txt"
        path.write_text("unlogged")
        verdict = read_verdict(grown.place)
        path.unlink()
        assert "letter.txt" in verdict, folder


def test_an_archive_that_was_cut(grown: Grown, tmp_path: Path) -> None:
    """An archive that was cut back to an older checkpoint passes on its own; the memory beside its key reveals it."""
    harmed = Grown(grown.place.duplicate(tmp_path / "place"), grown.checkpoints)
    cut(harmed)
    assert read_verdict(harmed.place) == ""
    with pytest.raises(Exception, match="was cut"):
        harmed.place.add(fake_copies(random.Random(1), 1))


@pytest.mark.parametrize("size", [60, 1000])
def test_files_that_may_not_grow(tmp_path: Path, size: int) -> None:
    """A file that was cut off during a write gives one clear error, and never counts as complete."""
    place = make_place(tmp_path / "place")
    error, acknowledged = limit(place, size)
    assert "File too large" in error
    require_survived(place, acknowledged, random.Random(1))
