"""What was found by harming archives in folders, and mended: each test is of one fault."""

import os
import random
from pathlib import Path
from unittest import mock

import pytest

from faults.places import (
    Place,
    clock,
    fake_copies,
    make_place,
    require_acknowledged,
    require_finished,
    require_sound,
)
from mailmart_privacy.archive.folder import Folder
from mailmart_privacy.errors import TamperedError
from mailmart_privacy.ledger import shipped


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A new archive."""
    return make_place(tmp_path / "place")


@pytest.fixture
def chance() -> random.Random:
    """The same copies each time."""
    return random.Random(5)


def test_half_a_file_never_replaces_a_whole_one(place: Place, chance: random.Random) -> None:
    """A writer killed while it takes a copy in that another one has archived does not harm that one."""
    copies = fake_copies(chance, 1)
    archive = place.archive()
    real, written = os.write, []

    def write_half(descriptor: int, content: bytes) -> int:
        if b"%PDF" in bytes(content[:4]):
            written.append(real(descriptor, content[:100]))
            raise OSError("killed")
        return real(descriptor, content)

    with (
        pytest.raises(OSError, match="killed"),
        archive.writing(place.keyring(archive), clock) as session,
        mock.patch.object(Folder, "recover"),
    ):
        kept = place.add(copies)
        with mock.patch.object(os, "write", write_half):
            session.add_copies(copies, shipped())
    assert written
    require_sound(place)
    place.add(fake_copies(chance, 1))
    require_acknowledged(place, kept)
    require_finished(place)


def test_a_copy_twice_in_a_batch(place: Place, chance: random.Random) -> None:
    """The same copy twice in one batch gives two entries of one file."""
    (copy,) = fake_copies(chance, 1)
    kept = place.add([copy, copy])
    require_acknowledged(place, kept)
    assert len(kept) == 2
    require_finished(place)


def test_no_file_outside_is_removed(place: Place, chance: random.Random, tmp_path: Path) -> None:
    """A link among the corners does not lead a writer to clear away what lies elsewhere."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "letter.txt").write_text("keep me")
    (place.root / "incoming" / "0-00").symlink_to(outside)
    with pytest.raises(TamperedError, match="is a link"):
        place.add(fake_copies(chance, 1))
    assert (outside / "letter.txt").read_text() == "keep me"


@pytest.mark.parametrize("folder", ["incoming", "copies", "commits/00000000", "log/tile", "recipients"])
def test_no_file_is_written_outside(place: Place, chance: random.Random, tmp_path: Path, folder: str) -> None:
    """A folder that was replaced by a link does not lead a writer out of the archive."""
    place.add(fake_copies(chance, 1))
    outside = tmp_path / "outside"
    (place.root / folder).rename(outside)
    (place.root / folder).symlink_to(outside)
    before = sorted(outside.rglob("*"))
    with pytest.raises(TamperedError, match="is a link"):
        place.add(fake_copies(chance, 1))
    assert sorted(outside.rglob("*")) == before
