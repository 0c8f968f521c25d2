"""Disks that are full."""

import random
from pathlib import Path

import pytest

from .conftest import Count
from .filling import fill, limit, small_disk
from .places import fake_copies, make_place, require_survived

_PAGE = 4096


def test_a_full_disk(tmp_path: Path, count: Count) -> None:
    """Wherever a disk is full amid an append, nothing acknowledged is lost; with more room, the next writer goes on."""
    try:
        with small_disk(tmp_path / "disk", "24m"):
            base = make_place(tmp_path / "disk" / "base")
            base.add(fake_copies(random.Random(1), 200, recipients=100))
            for pages in range(1, 81):
                place = base.duplicate(tmp_path / "disk" / "place")
                acknowledged = fill(place, random.Random(pages), pages * _PAGE)
                count("full disks", {"filled": 1, "acknowledged": len(acknowledged)})
    except PermissionError as error:
        pytest.skip(f"{error}; ENOSPC at each call is injected in test_injections.py")


@pytest.mark.parametrize("size", [1, 60, 100, 300, 500, 1000, 2000, 3000, 6000])
def test_files_that_may_not_grow(tmp_path: Path, size: int) -> None:
    """A file that is cut off amid a write ends in one clear error, and is never taken for a whole one."""
    place = make_place(tmp_path / "place")
    error, acknowledged = limit(place, size)
    assert "File too large" in error
    require_survived(place, acknowledged, random.Random(1))
