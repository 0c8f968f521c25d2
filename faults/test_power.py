"""A loss of power after each step of a command that keeps something."""

import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from .conftest import Count
from .places import Place, make_worn_place, require_survived
from .power import Disk, Named, Said, Synced, Written

PORTIONS = 16
SHARES = (0, 0.2, 0.5, 0.8, 1)  # of what is not certain
COPIES = 4
_PROGRAM = [sys.executable, "-m", "mailmart_privacy"]

Require = Callable[[Path, str], None]


def add(path: Path) -> tuple[Disk, Require]:
    """A writer adds to an archive in which others were stopped; what it has acknowledged is there."""
    place, kept = make_worn_place(path, random.Random(7))
    writer = [sys.executable, "-m", "faults.writer", str(path), "1", "2", "2"]

    def require(after: Path, said: str) -> None:
        acknowledged = [(int(number), digest) for number, digest in re.findall(r"(\d+) ([0-9a-f]{64})\n", said)]
        require_survived(Place(after), [*kept, *acknowledged], random.Random(1))

    return Disk(place.path, writer, {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}), require


def create(path: Path) -> tuple[Disk, Require]:
    """An archive is made, and its key; where there is an archive, there is its key, and both can be gone on with."""
    path.mkdir()
    command = ["archive", "init", "new/archive", "--archive-key", "new/keys/key.json"]

    def require(after: Path, said: str) -> None:
        place = Place(after / "new")
        if not (place.root / "archive.json").exists():
            assert not said
            return
        if not (place.root / "log" / "checkpoint").exists():
            assert not said
            subprocess.run([*_PROGRAM, *command], cwd=after, env=_environment(after), capture_output=True, check=True)
        require_survived(place, [], random.Random(1))

    return Disk(path, [*_PROGRAM, *command], _environment(path)), require


def issue(path: Path) -> tuple[Disk, Require]:
    """A batch is issued by an identity that is made for it; it can be gone on with, and nothing is issued twice."""
    path.mkdir()
    rows = "".join(f"Acme {number},C-{number}\n" for number in range(COPIES))
    (path / "sheet.csv").write_text(f"Company,Contract\n{rows}")
    command = ["export", "--recipients", "sheet.csv", "-d", "copies/today", "--jobs", "1"]

    def listed(folder: Path) -> list[str]:
        manifest = folder / "manifest.jsonl"
        lines = manifest.read_bytes().splitlines(keepends=True) if manifest.exists() else []
        found = [json.loads(line) for line in lines if line.endswith(b"\n")]
        for each in found:
            assert sha256((folder / each["file"]).read_bytes()).hexdigest() == each["digest"], each["file"]
        return [each["file"] for each in found]

    def require(after: Path, said: str) -> None:
        folder = after / "copies" / "today"
        before = listed(folder)
        assert not said or len(before) == COPIES
        begun = ["--resume"] if (folder / "manifest.batch.json").exists() else []
        again = [*_PROGRAM, *command, "--verify", "all", *begun]
        run = subprocess.run(again, cwd=after, env=_environment(after), capture_output=True, check=False)
        assert run.returncode == 0, run.stderr.decode()
        files = listed(folder)
        assert files[: len(before)] == before
        assert sorted(files) == sorted(each.name for each in folder.glob("*.pdf"))
        assert len(files) == COPIES
        assert not list(folder.glob(".*.tmp"))

    return Disk(path, [*_PROGRAM, *command], _environment(path)), require


CASES = {"add": add, "create": create, "issue": issue}


def _environment(path: Path) -> dict[str, str]:
    return {**os.environ, "MAILMART_PRIVACY_STATE_DIR": str(path / "state")}


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
    faults, tally = [], Counter[str]()
    for moment in range(len(disk.steps) + 1)[portion::PORTIONS]:
        for share in SHARES:
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
    careless = Disk.__new__(Disk)
    careless.__dict__ |= disk.__dict__ | {"steps": [step for step in disk.steps if not isinstance(step, Synced)]}
    with pytest.raises((AssertionError, OSError)):
        require(tmp_path / "after", careless.lose_power(len(careless.steps), 0, tmp_path / "after"))
