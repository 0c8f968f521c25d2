"""A loss of power after each step of a command that keeps something."""

from collections import Counter
from copy import copy
from pathlib import Path

import pytest

from .commands import CASES, Require
from .conftest import Count
from .power import Disk, Named, Said, Synced, Written

PORTIONS = 16
SHARES = (0, 0.2, 0.5, 0.8, 1)  # of what is not certain


@pytest.fixture(scope="session")
def disks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Disk, Require]]:
    """What each command does to a disk; every worker has its own."""
    folder = tmp_path_factory.mktemp("power")
    return {name: prepare(folder / name) for name, prepare in CASES.items()}


@pytest.mark.parametrize("portion", range(PORTIONS))
@pytest.mark.parametrize("case", CASES)
def test_each_step(
    disks: dict[str, tuple[Disk, Require]], count: Count, tmp_path: Path, case: str, portion: int
) -> None:
    """Whatever the disk holds of what was not synced: what was said to be done is there, and the next run goes on."""
    disk, require = disks[case]
    faults, tally, tried = [], Counter[str](), set[str]()
    moments = len(disk.steps) + 1
    for moment in range(portion * moments // PORTIONS, (portion + 1) * moments // PORTIONS):
        for share in SHARES:
            # Moments that follow one another often differ in nothing that the disk may hold.
            if (state := disk.fingerprint(moment, share)) in tried:
                continue
            tried.add(state)
            tally[case] += 1
            try:
                require(tmp_path / "after", disk.lose_power(moment, share, tmp_path / "after"))
            except Exception as error:  # noqa: BLE001 - all of them are reported together
                faults.append(f"after {moment} steps, with {share}: {type(error).__name__}: {error}")
    count("losses of power", tally)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("case", CASES)
def test_a_sync_that_is_left_out_is_noticed(disks: dict[str, tuple[Disk, Require]], tmp_path: Path, case: str) -> None:
    """Without its syncs, each of them loses what it said was done; so the steps hold what it cannot do without."""
    disk, require = disks[case]
    assert {type(step) for step in disk.steps} == {Named, Written, Synced, Said}
    careless = copy(disk)
    careless.steps = [step for step in disk.steps if not isinstance(step, Synced)]
    with pytest.raises((AssertionError, OSError)):
        require(tmp_path / "after", careless.lose_power(len(careless.steps), 0, tmp_path / "after"))
