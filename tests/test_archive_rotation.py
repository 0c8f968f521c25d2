"""The key of the log is replaced: readers follow, writers with the former key stop, interrupted replacements
continue."""

import contextlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from unittest import mock

import pytest

from faults.places import FIRST_COPY, Place, clock, fake_copies, make_place, require_acknowledged, require_finished
from mailmart_privacy.archive import Details, Person
from mailmart_privacy.archive.evidence import read_script
from mailmart_privacy.archive.keyring import KeyMissingError, read_keyring
from mailmart_privacy.archive.location import ArchiveLocation
from mailmart_privacy.archive.log_writer import LogWriter
from mailmart_privacy.archive.proofs import read_proof, write_proof
from mailmart_privacy.archive.rotation import rotate_key
from mailmart_privacy.archive.service import ArchiveService
from mailmart_privacy.archive.storage.folder_writer import FolderWriter
from mailmart_privacy.archive.tlog.notes import sign_checkpoint
from mailmart_privacy.errors import ArchiveError, TamperedError

from .versions import one_version as shipped

ANNA = Person(issuer="os", subject="anna@desk", name="anna")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An archive with three copies."""
    place = make_place(tmp_path / "place")
    place.add(fake_copies(random.Random(1), 3))
    return place


def rotate(place: Place) -> Path:
    return rotate_key(place.archive(), place.keys / "key.json", clock, ANNA)


def check(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the auditor's program says of the archive."""
    script = place.path / "verify_archive.py"
    script.write_bytes(read_script())
    command = [sys.executable, str(script), str(place.root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_key_is_replaced(place: Place) -> None:
    """The log continues with the new key; the former key is kept, and everything that it signed stays valid."""
    first = place.archive().keys.first
    before = place.archive().checkpoint()
    proof = write_proof(place.archive(), FIRST_COPY)
    former = rotate(place)
    assert read_keyring(former).public == first
    keys = place.archive().keys
    assert (keys.first, keys.newest) == (first, read_keyring(place.keys / "key.json").public)
    assert keys.newest != first
    report = require_finished(place)
    (rotation,) = report.register.rotations
    assert (rotation.entry.key, rotation.number) == (str(keys.newest), before.size)
    kept = place.add(fake_copies(random.Random(2), 2))
    require_acknowledged(place, kept)
    require_finished(place)
    assert read_proof(proof, keys.read_checkpoint).checkpoint == before
    assert keys.signer_of(place.archive().checkpoint().note) == keys.newest
    rotate(place)
    place.add(fake_copies(random.Random(3), 1))
    assert len(place.archive().keys.rotations) == 2
    require_finished(place)


def test_names_are_read_with_the_new_key(place: Place) -> None:
    """Customers, holds and references from before are found."""
    location = ArchiveLocation(str(place.root), str(place.keys / "key.json"), str(place.path / "index.sqlite"))
    service = ArchiveService(location, clock=clock, actor=ANNA)
    name = service.find("acme").customers[0].name
    service.hold(name=name, details=Details(matter="26-114"))
    service.rotate_key()
    again = ArchiveService(location, clock=clock, actor=ANNA)
    assert again.find(name).customers[0].held
    assert again.holds()[0].details.matter == "26-114"
    assert service.find(name).customers, "a service that was opened before learns of the new key"
    place.add(fake_copies(random.Random(4), 1))
    service.verify(service.known_roots()).require_sound()


def test_a_writer_with_the_former_key(place: Place) -> None:
    """A writer that was open stops before its next entry, and nobody can add with the former key."""
    archive = place.archive()
    with (  # noqa: PT012
        pytest.raises(ArchiveError, match="the archive's key was replaced meanwhile"),
        archive.writing(place.keyring(archive), clock) as session,
    ):
        rotate(place)
        session.add_copies(fake_copies(random.Random(5), 1), shipped())
    require_finished_after(place)
    (former,) = place.keys.glob("key-*.json")
    service = ArchiveService(ArchiveLocation(str(place.root), str(former)), clock=clock)
    for use in (lambda: service.find("acme"), service.rotate_key):
        with pytest.raises(ArchiveError, match="is a former key of this archive; another one has replaced it") as told:
            use()
        assert told.value.argument == "newest_key"
    assert not former.with_suffix(".next").exists(), "a key was made that replaces nothing"


def require_finished_after(place: Place) -> None:
    place.add(fake_copies(random.Random(6), 1))
    require_finished(place)


def test_a_leaked_key_signs_nothing_later(place: Place) -> None:
    """A checkpoint that the former key signs after it was replaced is refused, by the program and the auditor's."""
    leaked = read_keyring(place.keys / "key.json")
    rotate(place)
    place.add(fake_copies(random.Random(7), 1))
    found = place.archive().checkpoint()
    forged = sign_checkpoint(leaked.log_key, leaked.origin, found.size, found.root)
    (place.root / "log" / "checkpoint").write_bytes(forged.note)
    with pytest.raises(TamperedError, match=f"signed with a key that was replaced after {FIRST_COPY + 4}"):
        place.archive().checkpoint()
    done = check(place, "--key", str(leaked.public))
    assert (done.returncode, "DOES NOT HOLD" in done.stdout) == (4, True), done.stdout


@contextlib.contextmanager
def stopping(place: Place, step: str) -> Iterator[None]:
    """Interrupt a rotation before one of its steps."""
    put = FolderWriter.put

    def stop(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    def put_until(writer: FolderWriter, files: object) -> list[bool]:
        files = list(files)  # type: ignore[call-overload]
        if any(name.startswith("rotations/") for name, _ in files):  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        return put(writer, files)  # type: ignore[arg-type]

    patches = {
        "commit": mock.patch.object(LogWriter, "append", stop),
        "publish": mock.patch.object(LogWriter, "publish_rotation", stop),
        "prove": mock.patch.object(FolderWriter, "put", put_until),
        "checkpoint": mock.patch.object(FolderWriter, "exchange", stop),
        "keep": mock.patch.object(os, "replace", stop),
    }
    with patches[step], contextlib.suppress(KeyboardInterrupt):
        yield


@pytest.mark.parametrize("step", ["commit", "publish", "prove", "checkpoint"])
def test_a_rotation_that_was_interrupted(place: Place, step: str) -> None:
    """Readers continue; writers say what to do, or continue if nothing was committed; a second run finishes."""
    with stopping(place, step):
        rotate(place)
    assert not place.audit().faults
    if step == "commit":
        place.add(fake_copies(random.Random(8), 1))
    else:
        with pytest.raises(ArchiveError, match="replacement of the archive's key was interrupted"):
            place_with_newest(place)
    rotate(place)
    assert not (place.keys / "key.next").exists()
    require_finished_after(place)
    assert len(place.archive().keys.rotations) == 1


def place_with_newest(place: Place) -> None:
    archive = place.archive()
    location = ArchiveLocation(str(place.root), str(place.keys / "key.json"))
    with archive.writing(location.keyring(archive), clock) as session:
        session.add_copies(fake_copies(random.Random(9), 1), shipped())


@pytest.mark.parametrize("harm", ["gone", "other", "one more"])
def test_proofs_of_rotations_are_audited(place: Place, harm: str) -> None:
    """A proof that is missing, was changed, or is of no entry is a fault."""
    rotate(place)
    path = place.root / "rotations" / "0001.tlog-proof"
    if harm == "gone":
        path.unlink()
    elif harm == "other":
        path.write_bytes(path.read_bytes().replace(b"\nindex %d\n" % (FIRST_COPY + 3), b"\nindex %d\n" % FIRST_COPY))
    else:
        (path.parent / "letter.txt").write_text("foreign")
    with pytest.raises(TamperedError):
        place.audit().require_sound()
    assert check(place, "--key", str(place_key(place))).returncode == 4


def place_key(place: Place) -> object:
    return read_keyring(place.keys / "key.json").public


@pytest.mark.parametrize("which", ["first", "newest"])
def test_the_auditor_follows(place: Place, which: str) -> None:
    """The auditor's program accepts the archive with the first key as with the newest; it says what was replaced."""
    rotate(place)
    place.add(fake_copies(random.Random(10), 1))
    keys = place.archive().keys
    done = check(place, "--key", str(getattr(keys, which)))
    assert done.returncode == 5, done.stdout  # without a timestamp
    assert "there is no timestamp" in done.stdout
    assert f"{keys.newest}" in done.stdout
    other = make_place(place.path.with_name("other")).archive().keys.first
    assert check(place, "--key", str(other)).returncode == 4


def test_a_missing_key_says_what_cannot_be_done(place: Place) -> None:
    """Without the key nobody is found by name; the error says what still works."""
    (place.keys / "key.json").unlink()
    service = ArchiveService(
        ArchiveLocation(str(place.root), str(place.keys / "key.json"), str(place.path / "i.sqlite")), clock=clock
    )
    with pytest.raises(KeyMissingError, match="customers cannot be found by name") as caught:
        service.find("acme")
    assert caught.value.path == place.keys / "key.json"
    digest = sha256(fake_copies(random.Random(1), 1)[0].pdf).hexdigest()
    assert service.fetch(digest)
    assert service.prove(digest)[1]
    assert service.verify().entries == FIRST_COPY + 3


def test_a_forged_rotation(place: Place, tmp_path: Path) -> None:
    """A proof of a rotation that another key signed is refused when the archive is opened."""
    other = make_place(tmp_path / "other")
    rotate(other)
    proof = (other.root / "rotations" / "0001.tlog-proof").read_bytes()
    (place.root / "rotations").mkdir()
    (place.root / "rotations" / "0001.tlog-proof").write_bytes(proof)
    with pytest.raises(TamperedError, match="does not show that the log's key was replaced"):
        place.archive()
