"""Every file of an archive of 600 entries, removed and changed; and what hands may do that is cleverer."""

import random
import shutil
from pathlib import Path

import pytest

from mailmart_privacy.archive.layout import CHECKPOINT
from mailmart_privacy.archive.log_audit import Root
from mailmart_privacy.errors import TamperedError

from .conftest import Count
from .places import Place, fake_copies, require_finished, require_sound
from .tampering import HARMS, Grown, Harm, cut, folders, grow, harm_each, read_verdict, swap

ENTRIES = 600  # with full and partial tiles of two levels
PORTIONS = 40
_KINDS = (
    "commits copies versions recipients rotations anchors tiles bundles partial_tiles checkpoint "
    "archive.json README.txt log.vkey"
)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Grown:
    """An archive of 600 entries of all kinds; every worker has its own, and puts it right again."""
    return grow(tmp_path_factory.mktemp("grown") / "place", random.Random(11), ENTRIES)


@pytest.fixture
def grown(base: Grown, tmp_path: Path) -> Grown:
    """A copy of it, to be harmed for good."""
    return Grown(base.place.duplicate(tmp_path / "place"), base.checkpoints)


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_every_file(base: Grown, count: Count, portion: int) -> None:
    """Every file that is removed is reported, and every one in which one byte is changed."""
    names = [name for names in base.files().values() for name in names][portion::PORTIONS]
    count("files", harm_each(base, names, random.Random(portion)))


@pytest.mark.parametrize("kind", _KINDS.split())
@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_harms(grown: Grown, harm: Harm, kind: str) -> None:
    """A file that was cut, added to, emptied, or moved out with a link left behind, is reported."""
    chance = random.Random(1)
    names = grown.files()[kind.replace("_", " ")]
    harm(grown, chance, chance.choice(names))
    assert read_verdict(grown.place)


@pytest.mark.parametrize("kind", ["commits", "copies", "versions", "anchors", "tiles", "bundles"])
def test_two_files_onto_each_other(grown: Grown, kind: str) -> None:
    """Two files of one kind that were renamed onto each other are reported."""
    chance = random.Random(2)
    swap(grown, chance, chance.choice(grown.files()[kind]))
    assert read_verdict(grown.place)


def test_a_file_without_an_entry(base: Grown) -> None:
    """A file that no entry names is reported, whichever folder it is in."""
    for folder in folders(base.place):
        path = base.place.root / folder / "letter.txt"
        path.write_text("unlogged")
        verdict = read_verdict(base.place)
        path.unlink()
        assert "letter.txt" in verdict, f"in {folder}: {verdict or 'no word'}"


def test_a_folder_that_lies_elsewhere(base: Grown) -> None:
    """A folder that was moved out, with a link left behind, is reported."""
    for folder in folders(base.place)[1:]:
        path, outside = base.place.root / folder, base.place.path / "outside"
        path.rename(outside)
        path.symlink_to(outside)
        verdict = read_verdict(base.place)
        path.unlink()
        outside.rename(path)
        assert "is a link" in verdict, f"{folder}: {verdict or 'no word'}"


def test_a_folder_that_is_gone(base: Grown) -> None:
    """A folder that is missing is reported, but for those of the partial tiles of older checkpoints."""
    for folder in folders(base.place)[1:]:
        path, outside = base.place.root / folder, base.place.path / "outside"
        needed = any(
            file.is_file() and base.is_needed(str(file.relative_to(base.place.root))) for file in path.rglob("*")
        )
        path.rename(outside)
        verdict = read_verdict(base.place)
        outside.rename(path)
        assert bool(verdict) == needed, f"{folder}: {verdict or 'no word'}"


def test_an_older_checkpoint(grown: Grown) -> None:
    """An older checkpoint in place of the newest is not a fault, but is reported; the next writer publishes again."""
    size, _ = grown.checkpoints[-1]
    for older, note in grown.checkpoints[:-1]:
        (grown.place.root / CHECKPOINT).write_bytes(note)
        report = require_sound(grown.place)
        assert report.unpublished == size - older
    grown.place.add(fake_copies(random.Random(1), 1))
    require_finished(grown.place)


def test_an_archive_that_was_cut(grown: Grown) -> None:
    """Cut back to an older checkpoint, an archive passes on its own; what is known outside of it tells."""
    before, after = cut(grown)
    report = grown.place.audit()
    assert report.faults == []
    assert (report.entries, report.unpublished, after < before) == (after, 0, True)
    known = grown.place.archive().keys.read_checkpoint(grown.checkpoints[-1][1])
    report = grown.place.audit(Root(known.size, known.root, "a proof"))
    (fault,) = report.faults
    assert fault.startswith(f"a proof is of a log with {before:,} entries, and here are {after:,}: it was cut")
    with pytest.raises(TamperedError, match="was cut"):
        grown.place.add(fake_copies(random.Random(1), 1))
    assert grown.place.audit().entries == after


def test_an_archive_that_was_cut_and_went_on(grown: Grown) -> None:
    """With other entries in the place of those that were cut, what is known outside, and the key's memory, tell."""
    before, after = cut(grown)
    memory = grown.place.keys / "key.seen"
    kept = memory.read_bytes()
    memory.unlink()  # as one who has the key, and lacks or removes the memory
    grown.place.add(fake_copies(random.Random(8), before - after + 5))
    assert grown.place.audit().faults == []
    known = grown.place.archive().keys.read_checkpoint(grown.checkpoints[-1][1])
    assert grown.place.audit(Root(known.size, known.root, "a proof")).faults
    memory.write_bytes(kept)
    with pytest.raises(TamperedError, match="has signed other entries than those here"):
        grown.place.add(fake_copies(random.Random(1), 1))


def test_an_older_copy_of_the_whole_archive(grown: Grown, tmp_path: Path) -> None:
    """An archive that was put back from a backup is not written to, lest its log forks."""
    backup = Place(tmp_path / "backup")
    shutil.copytree(grown.place.path, backup.path)
    grown.place.add(fake_copies(random.Random(1), 1))
    shutil.rmtree(grown.place.root)
    backup.root.rename(grown.place.root)
    assert grown.place.audit().faults == []
    with pytest.raises(TamperedError, match="or is an older copy"):
        grown.place.add(fake_copies(random.Random(2), 1))
