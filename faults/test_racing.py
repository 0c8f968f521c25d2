"""Writers that race and are killed, in thousands."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from .conftest import Count
from .racing import PHASES, race_apart

KILLS = int(os.environ.get("MAILMART_PRIVACY_KILLS", "2000"))
PORTIONS = 8


@pytest.mark.parametrize("seed", range(PORTIONS))
def test_killed_writers_lose_nothing(tmp_path: Path, count: Count, seed: int) -> None:
    """Of what any of four racing writers acknowledged, nothing is lost or moved, whenever they are killed."""
    tally = race_apart(tmp_path, KILLS // PORTIONS, seed)
    assert tally["kills"] >= KILLS // PORTIONS
    count("races", {name: tally[name] for name in ("kills", "acknowledged", "entries", "audits")})
    count("kills by phase", Counter(tally["phases"]))
    assert set(tally["phases"]) <= set(PHASES)


def test_a_writer_that_fails_is_noticed(tmp_path: Path) -> None:
    """A race whose writers end by themselves proves nothing, and fails."""
    command = [
        sys.executable,
        "-c",
        "from faults import racing; racing._IN_FOLDERS = ((1, 2, 3),); racing.main(%r, 60, 1)",
    ]
    command[-1] %= str(tmp_path)
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    assert run.returncode
    assert "ended by itself" in run.stderr or "AssertionError" in run.stderr
