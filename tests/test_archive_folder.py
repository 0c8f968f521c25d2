"""Writers of archives in folders: each test is for one fault that was found by harming archives."""

import contextlib
import datetime
import errno
import os
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from faults.places import (
    FIRST_COPY,
    Place,
    clock,
    fake_copies,
    make_place,
    require_acknowledged,
    require_finished,
    require_sound,
    stop_writer,
)
from mailmart_privacy.archive.acts import HeldError, finish_erasures
from mailmart_privacy.archive.archive import Archive
from mailmart_privacy.archive.creation import create_archive
from mailmart_privacy.archive.keyring import Keyring, LastSigned
from mailmart_privacy.archive.location import ArchiveLocation
from mailmart_privacy.archive.log_writer import LogWriter
from mailmart_privacy.archive.lookup import find_customer
from mailmart_privacy.archive.recipients import Details, Recipient
from mailmart_privacy.archive.register import read_register
from mailmart_privacy.archive.service import ArchiveService
from mailmart_privacy.archive.session import Copy, Session
from mailmart_privacy.archive.storage.folder import Folder
from mailmart_privacy.archive.storage.folder_writer import FolderWriter
from mailmart_privacy.errors import ArchiveError, TamperedError, UsageError

from .conftest import PATIENCE
from .versions import one_version as shipped


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A new archive."""
    return make_place(tmp_path / "place")


@pytest.fixture
def chance() -> random.Random:
    """The same copies each time."""
    return random.Random(5)


def test_half_a_file_never_replaces_a_whole_one(place: Place, chance: random.Random) -> None:
    """A writer that is killed while it stages a copy that another writer has archived does no harm to that copy."""
    copies = fake_copies(chance, 1)
    archive = place.archive()
    real, written = os.write, []

    def write_half(descriptor: int, content: bytes) -> int:
        if b"%PDF" in bytes(content[:4]):
            written.append(real(descriptor, content[:100]))
            raise OSError(errno.EIO, "killed")
        return real(descriptor, content)

    with (  # noqa: PT012
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


def test_many_files_are_synced_by_threads(place: Place, chance: random.Random) -> None:
    """Many copies are synced together; if one of them cannot be synced, none of them gets an entry."""
    copies, before = fake_copies(chance, 40, recipients=40), place.audit().entries
    with (
        mock.patch("mailmart_privacy._sync.sync_file", side_effect=OSError(5, "Input/output error")),
        pytest.raises(OSError, match="Input/output"),
    ):
        place.add(copies)
    assert place.audit().entries == before
    require_acknowledged(place, place.add(copies))
    require_finished(place)


def test_a_copy_twice_in_a_batch(place: Place, chance: random.Random) -> None:
    """The same copy twice in one batch gives two entries of one file."""
    (copy,) = fake_copies(chance, 1)
    kept = place.add([copy, copy])
    require_acknowledged(place, kept)
    assert len(kept) == 2
    require_finished(place)


def test_no_file_outside_is_removed(place: Place, chance: random.Random, tmp_path: Path) -> None:
    """A link among the staging folders does not make a writer delete files elsewhere."""
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


def test_a_version_that_another_writer_has_not_committed(tmp_path: Path) -> None:
    """A version whose files another writer has only staged does not count as archived."""
    place = Place(tmp_path / "place")
    place.root.mkdir(parents=True)
    with mock.patch("mailmart_privacy.archive.archive.Session.add_version"):
        create_archive(Folder(place.root), key=lambda _: place.keys / "key.json", ledger=shipped(), clock=clock)
    chance = random.Random(1)
    stop_writer(place, fake_copies(chance, 1), committed=False)
    assert place.audit().staged
    archive = place.archive()
    with mock.patch.object(Folder, "recover"), archive.writing(place.keyring(archive), clock) as session:
        session.add_copies(fake_copies(chance, 1), shipped())
    kinds = [numbered.entry.kind for numbered in archive.entries()]
    assert kinds == ["archive", "published-version", "customer-copy"]
    place.add(fake_copies(chance, 1))
    require_finished(place)


def test_an_archive_that_was_stopped_while_it_was_made(tmp_path: Path) -> None:
    """The next writer finishes the creation of an archive: the archive's own files get their entry first."""
    place = Place(tmp_path / "place")
    place.root.mkdir(parents=True)
    with (
        mock.patch.object(Archive, "writing", side_effect=OSError("killed")),
        pytest.raises(OSError, match="killed"),
    ):
        create_archive(Folder(place.root), key=lambda _: place.keys / "key.json", ledger=shipped(), clock=clock)
    again = place.duplicate(tmp_path / "again")
    place.add(fake_copies(random.Random(1), 1))
    require_finished(place)
    assert next(place.archive().entries()).entry.kind == "archive"

    create_archive(Folder(again.root), key=lambda _: again.keys / "key.json", ledger=shipped(), clock=clock)
    require_finished(again)
    assert [each.entry.kind for each in again.archive().entries()] == ["archive", "published-version"]
    (again.root / "log" / "checkpoint").unlink()
    with pytest.raises(UsageError, match="has lost its log/checkpoint"):
        create_archive(Folder(again.root), key=lambda _: again.keys / "key.json", ledger=shipped(), clock=clock)


def test_names_of_folders_are_synced(place: Place, chance: random.Random) -> None:
    """Before a copy is acknowledged, each folder above its commit is synced, whichever writer created it."""
    synced: list[str] = []
    real = os.fsync

    def sync(descriptor: int) -> None:
        synced.append(os.path.realpath(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    archive = place.archive()
    with archive.writing(place.keyring(archive), clock) as session, mock.patch.object(os, "fsync", sync):
        session.add_copies(fake_copies(chance, 1), shipped())
        for folder in ("commits/00000000", "commits", "."):
            assert os.path.realpath(place.root / folder) in synced, folder


def test_a_new_folder_is_synced_before_a_copy_is_moved_into_it(place: Place, chance: random.Random) -> None:
    """The first copy of a month is not lost with the folder that it was moved into."""
    done: list[str] = []
    sync, move = os.fsync, os.replace

    def note_sync(descriptor: int) -> None:
        done.append(os.path.realpath(f"/proc/self/fd/{descriptor}"))
        sync(descriptor)

    def note_move(source: Path, target: Path) -> None:
        done.append(str(target))
        move(source, target)

    archive = place.archive()
    with (
        archive.writing(place.keyring(archive), clock) as session,
        mock.patch.object(os, "fsync", note_sync),
        mock.patch.object(os, "replace", note_move),
    ):
        session.add_copies(fake_copies(chance, 1), shipped())
    moved = next(number for number, name in enumerate(done) if name.endswith(".pdf") and "incoming" not in name)
    for folder in ("copies/2026", "copies", "."):
        assert os.path.realpath(place.root / folder) in done[:moved], folder


def find_record(place: Place, name: str) -> Recipient:
    archive = place.archive()
    found = archive.find_recipient(place.keyring(archive).names_key, name)
    assert found is not None
    return found


def erase(place: Place, record: Recipient) -> None:
    archive = place.archive()
    with archive.writing(place.keyring(archive), clock) as session:
        session.erase(record)


def test_a_customer_is_erased_while_another_writer_is_open(place: Place, chance: random.Random) -> None:
    """What that writer adds later for the same name belongs to a new record; a renewed copy is refused."""
    copies = [replace(copy, recipient="Gone") for copy in fake_copies(chance, 3)]
    archive = place.archive()
    with archive.writing(place.keyring(archive), clock) as session:
        session.add_copies(copies[:1], shipped())
        former = find_record(place, "Gone")
        session.add_copies([replace(copies[1], pseudonym=former.pseudonym)], shipped())
        erase(place, former)
        with pytest.raises(UsageError, match="the customer was erased meanwhile"):
            session.add_copies([replace(copies[1], pseudonym=former.pseudonym)], shipped())
        session.add_copies(copies[2:], shipped())
    assert find_record(place, "Gone").pseudonym != former.pseudonym
    assert require_finished(place).erased == 2


def test_a_copy_that_is_added_just_before_an_erasure_is_removed(place: Place, chance: random.Random) -> None:
    """It is removed though it was not there when the erasure was asked for."""
    copies = [replace(copy, recipient="Gone") for copy in fake_copies(chance, 2)]
    place.add(copies[:1])
    record, real = find_record(place, "Gone"), LogWriter.append

    def append(writer: LogWriter, entries: Sequence[bytes], *others: Any) -> int:
        if b'"kind":"erasure"' in entries[0]:
            place.add(copies[1:])
        return real(writer, entries, *others)

    with mock.patch.object(LogWriter, "append", append):
        erase(place, record)
    assert require_finished(place).erased == 2
    assert not list(place.root.glob("copies/*/*/*.pdf"))


def open_service(place: Place) -> ArchiveService:
    location = ArchiveLocation(str(place.root), str(place.keys / "key.json"), str(place.path / "index.sqlite"))
    return ArchiveService(location, clock=clock)


@contextlib.contextmanager
def just_before(word: bytes, act: Callable[[], object]) -> Iterator[None]:
    """Do something once, just before the first entry with a word in it is committed."""
    real, left = LogWriter._put_commit, [act]

    def put_commit(writer: LogWriter, entries: Sequence[bytes], leaves: list[bytes]) -> bool:
        if word in entries[0] and left:
            left.pop()()
        return real(writer, entries, leaves)

    with mock.patch.object(LogWriter, "_put_commit", put_commit):
        yield
    assert not left


def test_no_copy_is_added_for_a_customer_who_was_erased_a_moment_ago(place: Place, chance: random.Random) -> None:
    """The writer has found the record before; it reads of the erasure when it commits the copy, and adds nothing."""
    copies = [replace(copy, recipient="Gone") for copy in fake_copies(chance, 3)]
    place.add(copies[:1])
    record = find_record(place, "Gone")
    with (
        just_before(b'"kind":"customer-copy"', lambda: erase(place, record)),
        pytest.raises(UsageError, match="was erased meanwhile, so nothing was added; try again"),
    ):
        place.add(copies[1:2])
    assert require_finished(place).erased == 1
    assert not list(place.root.glob("copies/*/*/*.pdf"))
    place.add(copies[1:])
    assert find_record(place, "Gone").pseudonym != record.pseudonym
    require_finished(place)


def test_a_hold_that_comes_just_before_an_erasure_stops_it(place: Place, chance: random.Random) -> None:
    """It was not there yet when the erasure asked for holds."""
    place.add([replace(copy, recipient="Held") for copy in fake_copies(chance, 2)])
    service = open_service(place)
    with (
        just_before(b'"kind":"erasure"', lambda: service.hold(name="Held", details=Details(matter="26-114"))),
        pytest.raises(HeldError, match=r"while hold no\. "),
    ):
        service.erase("Held")
    assert require_finished(place).erased == 0
    assert len(list(place.root.glob("copies/*/*/*.pdf"))) == 2
    assert find_record(place, "Held").pseudonym == read_register(place.archive()).holds[0].entry.recipient


def test_nobody_is_held_who_was_erased_a_moment_ago(place: Place, chance: random.Random) -> None:
    """The hold would be on nobody."""
    place.add([replace(copy, recipient="Gone") for copy in fake_copies(chance, 1)])
    service = open_service(place)
    with (
        just_before(b'"act":"hold"', lambda: service.erase("Gone")),
        pytest.raises(UsageError, match="was erased meanwhile"),
    ):
        service.hold(name="Gone")
    assert not read_register(place.archive()).holds


def test_what_an_interrupted_erasure_left_is_finished_with_those_that_waited(
    place: Place, chance: random.Random
) -> None:
    """Until then, the name is free: a customer who comes back has a record and copies of their own, which stay."""
    copies = [replace(copy, recipient="Gone") for copy in fake_copies(chance, 3)]
    place.add(copies[:2])
    record = find_record(place, "Gone")
    with (
        mock.patch.object(Session, "remove_erased", side_effect=OSError("killed")),
        pytest.raises(OSError, match="killed"),
    ):
        erase(place, record)
    (back,) = place.add(copies[2:])
    archive = place.archive()
    keyring = place.keyring(archive)
    with archive.writing(keyring, clock) as session:
        assert finish_erasures(session, keyring.names_key, clock=clock) == ([], [])
    require_finished(place)
    assert [each.stem for each in place.root.glob("copies/*/*/*.pdf")] == [back[1]]
    (left,) = place.root.glob("recipients/*")
    assert find_record(place, "Gone").file == f"recipients/{left.name}"


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_an_erasure_that_was_stopped_can_be_asked_for_again(place: Place, chance: random.Random, stop: int) -> None:
    """A recipient can be found by name as long as one of their copies may be left."""
    copies = [replace(copy, recipient="Gone") for copy in fake_copies(chance, 3)]
    place.add(copies)
    real, calls = FolderWriter.remove, iter(range(1, 9))

    def remove(writer: FolderWriter, names: Iterable[str]) -> None:
        if next(calls) == stop:
            raise OSError("killed")
        real(writer, names)

    def erase_gone() -> None:
        archive = place.archive()
        keyring = place.keyring(archive)
        with archive.writing(keyring, clock) as session:
            session.erase(find_customer(archive, keyring.names_key, "Gone"))

    with mock.patch.object(FolderWriter, "remove", remove), pytest.raises(OSError, match="killed"):
        erase_gone()
    assert len(list(place.root.glob("copies/*/*/*.pdf"))) == {1: 3, 2: 3, 3: 0}[stop]
    erase_gone()
    require_finished(place)
    assert not list(place.root.glob("copies/*/*/*.pdf"))
    assert not list(place.root.glob("recipients/*"))


def test_what_was_settled_and_not_synced_is_synced(place: Place, chance: random.Random) -> None:
    """The process that removes the staging folder of a killed writer syncs the folders of its committed files first."""
    synced: list[str] = []
    real = os.fsync

    def sync(descriptor: int) -> None:
        synced.append(os.path.realpath(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    archive = place.archive()
    with pytest.raises(OSError, match="killed"), archive.writing(place.keyring(archive), clock) as session:  # noqa: PT012
        session.add_copies(fake_copies(chance, 1), shipped())
        raise OSError("killed")
    with mock.patch.object(os, "fsync", sync):
        Folder(place.root).recover(archive.log.name_files)
    assert os.path.realpath(place.root / "copies/2026/11") in synced


@pytest.mark.parametrize("found", ["file", "folder"])
def test_a_commit_that_can_never_be_put(place: Place, chance: random.Random, found: str) -> None:
    """A writer reports a file that is not a commit but has the name of one; it does not retry without end."""
    archive = place.archive()
    tries = []
    real = FolderWriter.put

    def put(writer: FolderWriter, files: Iterable[tuple[str, bytes]]) -> list[bool]:
        tries.append(files)
        assert len(tries) < 100
        return real(writer, files)

    with (  # noqa: PT012
        pytest.raises((OSError, ArchiveError)),
        archive.writing(place.keyring(archive), clock) as session,
        mock.patch.object(FolderWriter, "put", put),
    ):
        path = place.root / "commits" / "00000000"
        path.rename(place.path / "away")
        if found == "file":
            path.write_bytes(b"")
        else:
            path.mkdir()
            (path / f"{FIRST_COPY:012}.jsonl").symlink_to("nowhere")
        session.add_copies(fake_copies(chance, 1), shipped())


def test_a_session_that_failed_is_over(place: Place, chance: random.Random) -> None:
    """After an error nothing more is written or removed; the next writer finds out what was committed."""
    archive = place.archive()
    real, kept = os.fsync, fake_copies(chance, 2)

    def fail(descriptor: int) -> None:
        if "commits" in os.readlink(f"/proc/self/fd/{descriptor}"):
            raise OSError("the disk fails")
        real(descriptor)

    with pytest.raises(ArchiveError, match="failed before"), archive.writing(place.keyring(archive), clock) as session:  # noqa: PT012
        with mock.patch.object(os, "fsync", fail), pytest.raises(OSError, match="the disk fails"):
            session.add_copies(kept[:1], shipped())
        with pytest.raises(ArchiveError, match="failed before"):
            session.add_copies(kept[1:], shipped())
    require_sound(place)
    place.add(fake_copies(chance, 1))
    require_finished(place)


def test_a_copy_that_failed_is_not_put_with_the_next_one(place: Place, chance: random.Random) -> None:
    """A copy whose commit failed never gets into the archive, whatever its writer does afterwards."""
    archive = place.archive()
    kept = fake_copies(chance, 2)
    with contextlib.suppress(ArchiveError), archive.writing(place.keyring(archive), clock) as session:
        with mock.patch.object(LogWriter, "append", side_effect=OSError("killed")), contextlib.suppress(OSError):
            session.add_copies(kept[:1], shipped())
        session.add_copies(kept[1:], shipped())
    require_sound(place)
    place.add(fake_copies(chance, 1))
    require_finished(place)


def test_another_writer_signs_while_one_begins(place: Place, chance: random.Random) -> None:
    """A checkpoint that another writer signs while a writer starts does not count as a changed archive."""
    archive = place.archive()
    real, kept = Keyring.seen, list[tuple[int, str]]()

    def see(keyring: Keyring) -> LastSigned:
        seen = real(keyring)
        if not kept:
            kept.append((0, ""))
            kept.extend(place.add(fake_copies(chance, 2)))
        return seen

    with mock.patch.object(Keyring, "seen", see), archive.writing(place.keyring(archive), clock) as session:
        session.add_copies(fake_copies(chance, 1), shipped())
    require_acknowledged(place, kept[1:])
    require_finished(place)


def test_a_partial_tile_that_others_remove_is_no_fault(place: Place, chance: random.Random) -> None:
    """Others publish the same entries, then fill a tile and remove its partial ones, while a writer publishes."""
    archive = place.archive()
    real, others = FolderWriter.put, list[list[Copy]]()

    def put(writer: FolderWriter, files: Iterable[tuple[str, bytes]]) -> list[bool]:
        files = list(files)
        done = real(writer, files)
        if others and ".p/" in files[-1][0]:
            place.add(others.pop())
        return done

    with archive.writing(place.keyring(archive), clock) as session:
        added = session.add_copies(fake_copies(chance, 3), shipped())
        place.add()  # publishes what this one has committed
        others.append(fake_copies(chance, 300))
        with mock.patch.object(FolderWriter, "put", put):
            session.publish()
    assert not others
    require_acknowledged(place, [(each.number, each.entry.files[0].digest) for each in added])
    require_finished(place)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_one_of_two_makes_an_archive(tmp_path: Path, step: int) -> None:
    """Before each file that a process puts first, another one may make an archive in the same place."""
    (tmp_path / "archive").mkdir()
    arrived, go_on = threading.Event(), threading.Event()
    made, real, steps = list[str](), os.link, iter(range(1, 1000))

    def create(name: str, clock: Callable[[], datetime.datetime]) -> None:
        storage = Folder(tmp_path / "archive")
        with contextlib.suppress(UsageError):
            create_archive(storage, key=lambda origin: tmp_path / name, ledger=shipped(), clock=clock)
            made.append(name)

    def wait() -> datetime.datetime:
        arrived.set()
        assert go_on.wait(PATIENCE)
        return clock()

    def link(source: str, target: str) -> None:
        own = threading.current_thread() is threading.main_thread() and Path(target).is_relative_to(
            tmp_path / "archive"
        )
        if own and next(steps) == step:
            go_on.set()
            other.join(PATIENCE)
        real(source, target)

    other = threading.Thread(target=create, args=("other", wait))
    other.start()
    assert arrived.wait(PATIENCE)  # it has seen that nothing is there, and has put nothing yet
    with mock.patch.object(os, "link", link):
        create("one", clock)
    assert made == (["other"] if step == 1 else ["one"])
    assert read_register(Archive(Folder(tmp_path / "archive"))).size > 0


def test_no_anchor_replaces_another(place: Place) -> None:
    """A second anchor of the same name is refused; it would take the file of the first one."""
    archive = place.archive()
    with archive.writing(place.keyring(archive), clock) as session:
        session.add_anchor(2, [("anchors/2.tsr", b"first")])
        with pytest.raises(ArchiveError, match="is there already"):
            session.add_anchor(2, [("anchors/2.tsr", b"second")])
    require_finished(place)


def test_no_key_is_made_where_no_archive_can_be(tmp_path: Path) -> None:
    """If the place cannot be written to, no key is left behind that would make the second try fail."""
    refused = mock.patch.object(Folder, "writer", side_effect=OSError("read-only"))
    with refused, pytest.raises(OSError, match="read-only"):
        create_archive(Folder(tmp_path), key=lambda origin: tmp_path / "key", ledger=shipped(), clock=clock)
    assert not (tmp_path / "key").exists()


def test_a_full_disk_is_named(place: Place, chance: random.Random) -> None:
    """The system names no file when a write fails; the error names a folder of the archive."""
    full = OSError(28, "No space left on device")
    with (
        mock.patch("mailmart_privacy.archive.storage.folder_writer.os.write", side_effect=full),
        pytest.raises(OSError, match=r"No space left on device.*incoming"),
    ):
        place.add(fake_copies(chance, 1))
