"""Commits are signed: what somebody without the log's key puts beside them is refused, and hinders nobody for long."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from faults.places import FIRST_COPY, Place, clock, fake_copies, make_place, require_acknowledged, require_finished
from mailmart_privacy.archive.commits import read_commit, write_commit
from mailmart_privacy.archive.entries import Entry, write_entry
from mailmart_privacy.archive.index.index import open_index
from mailmart_privacy.archive.layout import name_commit
from mailmart_privacy.archive.log import ForeignCommitError
from mailmart_privacy.archive.register import read_register
from mailmart_privacy.archive.rotation import rotate_key
from mailmart_privacy.policy.ledger import shipped

from .conftest import Run

RELEASE = write_entry(Entry(kind="act", recorded_at=clock(), act="release", about=FIRST_COPY))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An archive with two copies, each in a commit of its own."""
    place, chance = make_place(tmp_path / "place"), random.Random(5)
    place.add(fake_copies(chance, 1), fake_copies(chance, 1))
    return place


def plain(place: Place, size: int) -> bytes:
    """Entries without a signature."""
    return RELEASE + b"\n"


def by_another_key(place: Place, size: int) -> bytes:
    """Entries that another key has signed."""
    return write_commit(Ed25519PrivateKey.generate(), place.archive().metadata.origin, size, [RELEASE])


def from_elsewhere(place: Place, size: int) -> bytes:
    """A commit from another place in the log, as it is."""
    return (place.root / name_commit(size - 1)).read_bytes()


def with_another_entry(place: Place, size: int) -> bytes:
    """The signature of a commit, and another entry."""
    return RELEASE + b"\n" + from_elsewhere(place, size).splitlines(keepends=True)[-1]


def with_no_entry(place: Place, size: int) -> bytes:
    """A signature alone."""
    return from_elsewhere(place, size).splitlines(keepends=True)[-1]


def by_a_former_key(place: Place, size: int) -> bytes:
    """Entries that a key has signed after it was replaced."""
    keyring = place.keyring(place.archive())
    rotate_key(place.archive(), place.keys / "key.json", clock)
    return write_commit(keyring.log_key, keyring.origin, size + 1, [RELEASE])


FORGERIES = (plain, by_another_key, from_elsewhere, with_another_entry, with_no_entry, by_a_former_key)


@pytest.mark.parametrize("forge", FORGERIES)
def test_what_the_key_has_not_signed(place: Place, forge: Callable[[Place, int], bytes], tmp_path: Path) -> None:
    """Nobody reads it or adds to the archive until it is moved away; then all goes on, and nothing is lost."""
    kept = [(FIRST_COPY, _digest(place, FIRST_COPY)), (FIRST_COPY + 1, _digest(place, FIRST_COPY + 1))]
    content = forge(place, place.archive().checkpoint().size)
    path = place.root / name_commit(place.archive().checkpoint().size)
    path.write_bytes(content)
    refused = "was added without the archive's key, or was changed"
    with pytest.raises(ForeignCommitError, match=refused):
        place.add(fake_copies(random.Random(6), 1))
    with pytest.raises(ForeignCommitError, match=refused):
        read_register(place.archive())
    with open_index(tmp_path / "index.sqlite") as index, pytest.raises(ForeignCommitError, match=refused):
        index.refresh(place.archive())
    assert [path.name in fault for fault in place.audit().faults] == [True]
    assert path.read_bytes() == content
    shutil.move(path, tmp_path / "evidence")
    kept += place.add(fake_copies(random.Random(6), 1))
    require_acknowledged(place, kept)
    require_finished(place)


def test_a_writer_that_is_open(place: Place) -> None:
    """A writer that meets it on its way stops, and what it had staged is not put into the archive."""
    archive = place.archive()
    path = place.root / name_commit(archive.checkpoint().size)
    copies = fake_copies(random.Random(6), 1)
    with pytest.raises(ForeignCommitError), archive.writing(place.keyring(archive), clock) as session:  # noqa: PT012
        path.write_bytes(by_another_key(place, archive.checkpoint().size))
        session.add_copies(copies, shipped())
    path.unlink()
    require_acknowledged(place, place.add(fake_copies(random.Random(7), 1)))
    require_finished(place)
    assert not list((place.root / "copies").rglob(f"{copies[0].digest}.pdf"))


def test_changed_history_is_not_signed_again(place: Place) -> None:
    """Where tiles and the key's memory are gone, a writer reads all commits again, and none without its signature."""
    archive = place.archive()
    shutil.rmtree(place.root / "log" / "tile")
    (place.keys / "key.seen").unlink()
    path = place.root / name_commit(FIRST_COPY)
    content = path.read_bytes()
    path.write_bytes(with_another_entry(place, archive.checkpoint().size))
    with pytest.raises(ForeignCommitError, match=f"{path.name} was added without"):
        place.add(fake_copies(random.Random(6), 1))
    path.write_bytes(content)
    place.add(fake_copies(random.Random(6), 1))
    require_finished(place)


def test_a_changed_signature_is_found(place: Place) -> None:
    """An audit reports a changed signature also of a commit that a checkpoint covers."""
    path = place.root / name_commit(FIRST_COPY)
    commit = read_commit(FIRST_COPY, path.read_bytes())
    assert commit.is_signed(place.archive().keys)
    keyring = place.keyring(place.archive())
    path.write_bytes(write_commit(keyring.log_key, keyring.origin, FIRST_COPY + 1, commit.entries))
    assert place.audit().faults == [f"{name_commit(FIRST_COPY)} was changed"]


def test_it_is_told_in_one_line(tmp_path: Path, cli: Run) -> None:
    """Commands that read or add say which file it is and what to do, and exit with 4."""
    assert cli("archive", "init", "archive").returncode == 0
    (tmp_path / "archive" / name_commit(FIRST_COPY)).write_bytes(
        write_commit(Ed25519PrivateKey.generate(), "mailmart-privacy/archive/0", FIRST_COPY, [RELEASE])
    )
    for command in (("find", "Acme"), ("hold", "Acme"), ("verify",)):
        done = cli("archive", *command, "-a", "archive")
        said = (done.stdout + done.stderr).decode()
        assert (done.returncode, "move it out of the archive" in said) == (4, True), said


def _digest(place: Place, number: int) -> str:
    return place.archive().read_entry(number).entry.files[0].digest
