"""Readers and audits of archives in folders: each test is for one fault that was found by harming archives."""

import base64
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from faults.places import (
    FIRST_COPY,
    Place,
    clock,
    create_in,
    fake_copies,
    make_place,
    require_finished,
    require_sound,
    stop_writer,
)
from mailmart_privacy.archive.audit import audit
from mailmart_privacy.archive.commits import Commit, write_commit
from mailmart_privacy.archive.entries import MAX_SIZE, Entry, write_entry
from mailmart_privacy.archive.layout import name_commit
from mailmart_privacy.archive.log import Log
from mailmart_privacy.archive.log_audit import Root
from mailmart_privacy.archive.session import Session
from mailmart_privacy.archive.storage.base import Stored
from mailmart_privacy.archive.storage.folder import Folder
from mailmart_privacy.archive.tlog.merkle import hash_leaves, hash_range
from mailmart_privacy.archive.tlog.tiles import TreeFrontier
from mailmart_privacy.errors import TamperedError

from .conftest import PATIENCE


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A new archive."""
    return make_place(tmp_path / "place")


@pytest.fixture
def chance() -> random.Random:
    """The same copies each time."""
    return random.Random(5)


@pytest.mark.parametrize("name", ["archive.json", "log/checkpoint", f"commits/00000000/{FIRST_COPY:012}.jsonl"])
def test_a_pipe_does_not_hold_a_reader_up(place: Place, chance: random.Random, name: str) -> None:
    """A pipe or a folder in the place of a file is refused at once."""
    place.add(fake_copies(chance, 1))
    (place.root / name).unlink()
    os.mkfifo(place.root / name)
    found: list[BaseException] = []

    def read() -> None:
        with pytest.raises(TamperedError, match=f"{name} is a link or a device") as caught:
            place.audit()
        found.append(caught.value)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert found
    (place.root / name).unlink()
    (place.root / name).mkdir()
    with pytest.raises(TamperedError):
        place.audit().require_sound()


@pytest.mark.parametrize("folder", ["copies", "commits", "log", "recipients", "versions"])
def test_a_file_in_the_place_of_a_folder(place: Place, chance: random.Random, folder: str) -> None:
    """A file in the place of a folder is a fault like any other, not a crash."""
    place.add(fake_copies(chance, 1))
    (place.root / folder).rename(place.path / "away")
    (place.root / folder).write_bytes(b"")
    with pytest.raises(TamperedError):
        place.audit().require_sound()


@pytest.mark.parametrize("byte", [b"\0", b"\xff", b"/", b"\n"])
@pytest.mark.parametrize("field", [b"copies/", b"customer-copy", b"statement", b"2026-11"])
def test_a_changed_entry_is_a_fault(place: Place, chance: random.Random, byte: bytes, field: bytes) -> None:
    """The audit reports a changed byte in an entry, whatever its value, and does not crash."""
    place.add(fake_copies(chance, 1))
    path = place.root / f"commits/00000000/{FIRST_COPY:012}.jsonl"
    content = path.read_bytes()
    at = content.lower().index(field)
    path.write_bytes(content[:at] + byte + content[at + 1 :])
    with pytest.raises(TamperedError):
        place.audit().require_sound()


def test_a_changed_entry_may_be_long(place: Place, chance: random.Random) -> None:
    """The audit reports an entry that is longer than any, and does not crash."""
    place.add(fake_copies(chance, 1))
    path = place.root / f"commits/00000000/{FIRST_COPY:012}.jsonl"
    path.write_bytes(b"x" * MAX_SIZE + path.read_bytes())
    with pytest.raises(TamperedError, match=path.name):
        place.audit().require_sound()


def know_within_commit(place: Place) -> Root:
    """Give a state that ends within the last commit, as no writer has published it."""
    entries = [entry for _, entries in place.archive().log.commits() for entry in entries][:-1]
    frontier = TreeFrontier()
    list(frontier.append(entries, hash_leaves(entries)))
    return Root(frontier.size, hash_range(0, frontier.size, frontier.subtree), "elsewhere")


def test_a_known_state_within_a_commit(place: Place, chance: random.Random) -> None:
    """The audit compares a known state where it is reached, also within a commit."""
    place.add(fake_copies(chance, 3))
    known = know_within_commit(place)
    assert not place.audit(known).faults
    other = Root(known.size, bytes(32), known.source)
    assert any("elsewhere is of a log with other entries" in fault for fault in place.audit(known, other).faults)


def test_a_writer_remembers_a_state_within_a_commit(place: Place, chance: random.Random) -> None:
    """A writer compares what was signed last where it is reached, also within a commit that nobody has published."""
    stop_writer(place, fake_copies(chance, 3), committed=True)
    known = know_within_commit(place)
    memory = place.keys / "key.seen"
    memory.write_text(f"{known.size} {'0' * 64}\n", encoding="ascii")
    with pytest.raises(TamperedError, match="the log was forked"):
        place.add(fake_copies(chance, 1))
    memory.write_text(f"{known.size} {known.root.hex()}\n", encoding="ascii")
    place.add(fake_copies(chance, 1))
    require_finished(place)


def test_an_entry_may_not_name_files_elsewhere(place: Place, chance: random.Random) -> None:
    """An entry that was changed to name a file outside does not make an audit read it."""
    place.add(fake_copies(chance, 1))
    path = place.root / f"commits/00000000/{FIRST_COPY:012}.jsonl"
    (name,) = (name for name, _ in Folder(place.root).find("copies"))
    keyring, content = place.keyring(place.archive()), path.read_bytes()
    for other in ("/etc/hostname", "../keys/key.json", "copies/../../keys/key.json", "copies//2026"):
        entry = content.splitlines()[0].replace(name.encode(), other.encode())
        path.write_bytes(write_commit(keyring.log_key, keyring.origin, FIRST_COPY, [entry]))
        report = place.audit()
        assert any("has no place in an archive" in fault for fault in report.faults), report.faults


def test_twice_archived_hides_no_other_file(place: Place, chance: random.Random) -> None:
    """A file without an entry is found, also where one file has two entries and the number of files fits."""
    copies = fake_copies(chance, 1)
    place.add(copies)
    place.add(copies)
    (place.root / "copies/2026/11" / f"{'0' * 64}.pdf").write_bytes(b"unlogged")
    assert any("has no entry" in fault for fault in place.audit().faults)


def test_staged_hides_no_other_file(place: Place, chance: random.Random) -> None:
    """A file without an entry is found, also while another one that has an entry is not in its place yet."""
    stop_writer(place, fake_copies(chance, 1), committed=True)
    (place.root / "copies").mkdir()
    (place.root / "copies" / "letter.pdf").write_bytes(b"unlogged")
    assert any("has no entry" in fault for fault in place.audit().faults)


def test_what_is_no_record_of_a_recipient(place: Place, chance: random.Random) -> None:
    """A file among the recipients that no writer creates is a fault; a record that no entry names yet is not."""
    stop_writer(place, fake_copies(chance, 1), committed=False)
    require_sound(place)
    for name in ("letter.txt", f"{'0' * 64}.json"):
        (place.root / "recipients" / name).write_bytes(b"unlogged")
        assert any(name in fault for fault in place.audit().faults)
        (place.root / "recipients" / name).unlink()


def test_an_audit_beside_a_writer(place: Place, chance: random.Random) -> None:
    """Partial tiles that a writer replaces during an audit are not reported as faults."""
    place.add(fake_copies(chance, 200))
    archive = place.archive()
    real = Log.read_commit

    def fill(log: Log, start: int) -> Commit | None:
        if not filled:
            filled.append(True)
            place.add(fake_copies(chance, 100))
        return real(log, start)

    filled: list[bool] = []
    with mock.patch.object(Log, "read_commit", fill):
        assert audit(archive).faults == []
    assert filled
    require_finished(place)


def test_an_audit_that_ends_beside_a_writer(place: Place, chance: random.Random) -> None:
    """A commit that a writer makes after the audit has read the last one is not reported as a fault."""
    archive = place.archive()
    real = Log.read_commit
    filled: list[bool] = []

    def fill(log: Log, start: int) -> Commit | None:
        found = real(log, start)
        if found is None and not filled:
            filled.append(True)
            place.add(fake_copies(chance, 1))
        return found

    with mock.patch.object(Log, "read_commit", fill):
        assert audit(archive).faults == []
    assert filled


@pytest.mark.parametrize("moved", [False, True])
def test_an_audit_beside_an_erasure(place: Place, chance: random.Random, moved: bool) -> None:
    """A customer who is erased after the log was read has no missing record; nor one whose record is renamed then."""
    copies = fake_copies(chance, 1)
    place.add(copies)
    archive = place.archive()
    keyring = place.keyring(archive)
    found = archive.find_recipient(keyring.names_key, copies[0].recipient)
    assert found is not None
    real, done = Folder.find, list[bool]()

    def find(folder: Folder, below: str = "") -> Iterator[Stored]:
        listed = list(real(folder, below))
        if below == "recipients" and not done:
            done.append(True)
            if moved:
                with archive.writing(keyring, clock) as session:
                    session.put_record_aside(found)
            else:
                with archive.writing(keyring, clock) as session:
                    session.erase(found)
        yield from listed

    with mock.patch.object(Folder, "find", find):
        assert audit(archive).faults == []
    assert done


def test_a_signature_has_one_spelling(place: Place) -> None:
    """A changed byte in a checkpoint is found, also where its signature, as Base64, would read the same."""
    path = place.root / "log" / "checkpoint"
    content = path.read_bytes()
    assert content.endswith(b"=\n")
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = letters[letters.index(content[-3]) ^ 1]
    changed = content[:-3] + bytes([other]) + content[-2:]
    last = [text.rpartition(b" ")[2] for text in (content, changed)]
    assert base64.b64decode(last[0]) == base64.b64decode(last[1])
    path.write_bytes(changed)
    with pytest.raises(TamperedError):
        place.audit().require_sound()


def test_what_is_removed_while_it_is_listed(place: Place, chance: random.Random) -> None:
    """A partial tile that another writer removes while the folder is listed is left out, without an error."""
    for _ in range(4):
        place.add(fake_copies(chance, 1))
    listed = iter(Folder(place.root).find("log/tile/0"))
    first = next(listed).name
    for path in (place.root / "log/tile/0/000.p").iterdir():
        path.unlink()
    assert list(listed) == []
    assert first.startswith("log/tile/0/000.p/")


def test_a_copy_that_is_back_after_its_recipient_was_erased(place: Place, chance: random.Random) -> None:
    """A copy of an erased recipient that came back, for instance from a backup, is a fault; a copy added again is
    not."""
    copies = fake_copies(chance, 2, recipients=1)
    place.add(copies)
    archive = place.archive()
    entries = [each.entry for each in archive.entries() if each.entry.kind == "customer-copy"]
    files = [file for entry in entries for file in entry.files]
    kept = place.root / files[0].name
    content = kept.read_bytes()
    keyring = place.keyring(archive)
    found = archive.find_recipient(keyring.names_key, copies[0].recipient)
    assert found is not None
    with archive.writing(keyring, clock) as session:
        session.erase(found)
    assert require_finished(place).erased == 2
    kept.write_bytes(content)
    with pytest.raises(TamperedError, match=r"is there, and its recipient was erased: remove it"):
        place.audit().require_sound()
    kept.unlink()
    place.add([copies[0]])
    assert require_finished(place).erased == 1


@pytest.mark.parametrize("stopped", [False, True])
def test_an_archive_of_another_release(tmp_path: Path, stopped: bool) -> None:
    """README.txt may be in the words of another release; one that was changed since is a fault, and nothing else is."""
    with mock.patch("mailmart_privacy.archive.layout._README", "What another release says.\n"):
        if stopped:  # before the first entry: this release continues it
            with (
                mock.patch.object(Session, "add_facts", side_effect=KeyboardInterrupt),
                pytest.raises(KeyboardInterrupt),
            ):
                make_place(tmp_path / "place")
        else:
            make_place(tmp_path / "place")
    place = Place(tmp_path / "place")
    if stopped:
        create_in(place, Folder(place.root))
    place.audit().require_sound()
    (place.root / "README.txt").write_text("Ask Mallory for the key.\n")
    assert ["README.txt" in fault for fault in place.audit().faults] == [True]


def test_an_erasure_that_is_not_published(place: Place, chance: random.Random) -> None:
    """No erasure excuses missing files before a checkpoint covers it, not even one that the log's key has signed."""
    place.add(fake_copies(chance, 1))
    archive = place.archive()
    (copy,) = [each.entry for each in archive.entries() if each.entry.kind == "customer-copy"]
    erasure = write_entry(Entry(kind="erasure", recorded_at=clock(), recipient=copy.recipient))
    keyring, size = place.keyring(archive), archive.checkpoint().size
    (place.root / name_commit(size)).write_bytes(write_commit(keyring.log_key, keyring.origin, size, [erasure]))
    (place.root / copy.files[0].name).unlink()
    for record in (place.root / "recipients").iterdir():
        record.unlink()
    faults = place.audit().faults
    assert f"{copy.files[0].name} is missing" in faults
    assert any(f"the record of {copy.recipient} is missing" in fault for fault in faults)
