"""The archive's index: what it finds, that it agrees with the log, and how it recovers from damage."""

import contextlib
import datetime
import itertools
import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faults.places import FIRST_COPY
from mailmart_privacy.archive.archive import Archive
from mailmart_privacy.archive.commits import write_commit
from mailmart_privacy.archive.creation import create_archive
from mailmart_privacy.archive.entries import Entry, File, read_entry, scan_copy, write_entry
from mailmart_privacy.archive.index.database import Read
from mailmart_privacy.archive.index.index import Anchor, Index, Row, open_index
from mailmart_privacy.archive.index.postgres import PostgresDatabase
from mailmart_privacy.archive.index.sqlite import SqliteDatabase
from mailmart_privacy.archive.keyring import Keyring, load_keyring
from mailmart_privacy.archive.layout import name_commit
from mailmart_privacy.archive.lookup import find_file
from mailmart_privacy.archive.session import Copy, Session
from mailmart_privacy.archive.storage.folder import Folder
from mailmart_privacy.errors import ArchiveError, TamperedError, UsageError
from mailmart_privacy.policy.ledger import shipped

from .conftest import PATIENCE
from .postgres_server import serve_postgres

START = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)
VERSION = shipped().versions[0].version
SIGNER = "ab" * 32
# Processes that race are forked from one that has imported what they need: imports took most of their time.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
_names = itertools.count()


def digest(*words: object) -> str:
    return sha256(repr(words).encode()).hexdigest()


def days(count: float) -> datetime.datetime:
    return START + datetime.timedelta(days=count)


class Made:
    """An archive in a folder, its keyring, and a clock that advances by a second at each reading."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.time = folder, START
        if not (folder / "archive").exists():
            (folder / "archive").mkdir(parents=True)
            storage = Folder(folder / "archive")
            create_archive(storage, key=lambda origin: folder / "key.json", ledger=shipped(), clock=self.clock)
        self.archive = Archive(Folder(folder / "archive"))
        self.keyring: Keyring = load_keyring(folder / "key.json", self.archive.metadata.key)

    def clock(self) -> datetime.datetime:
        self.time += datetime.timedelta(seconds=1)
        return self.time

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        with self.archive.writing(self.keyring, self.clock) as session:
            yield session

    def add_copies(self, *numbers: int, **changes: Any) -> list[str]:
        """Archive copies, for one recipient each; their digests."""
        with self.writing() as session:
            added = session.add_copies([copy(number, **changes) for number in numbers], shipped())
        return [each.entry.files[0].digest for each in added]

    def add_entries(self, *entries: Entry) -> None:
        """Archive entries without their files, in one commit."""
        with self.writing() as session:
            session._log_writer.append([write_entry(entry) for entry in entries])

    def write_commit(self, start: int, entry: bytes) -> None:
        """Put a signed commit of one entry into the place of another one."""
        content = write_commit(self.keyring.log_key, self.keyring.origin, start, [entry])
        (self.folder / "archive" / name_commit(start)).write_bytes(content)

    def erase(self, name: str) -> str:
        found = self.archive.find_recipient(self.keyring.names_key, name)
        assert found is not None
        with self.writing() as session:
            session.erase(found)
        return found.pseudonym

    def fork(self, folder: Path) -> "Made":
        """Copy the archive, with all that belongs to it."""
        shutil.copytree(self.folder, folder)
        return Made(folder)


def copy(number: int, **changes: Any) -> Copy:
    pdf = b"%PDF-1.7 of copy " + str(number).encode()
    made = Copy(
        pdf=pdf,
        digest=sha256(pdf).hexdigest(),
        version=VERSION,
        level="B-B",
        signer=SIGNER,
        recipient=f"Customer {number}",
        reference=f"C-{number}",
        issued_at=days(-1),
    )
    return replace(made, **changes)


def copy_entry(name: object, **changes: Any) -> Entry:
    """An entry of a copy, its digest chosen freely where `changes` has one."""
    chosen = changes.pop("digest", digest(name))
    made = Entry(
        kind="customer-copy",
        files=(File(name=f"copies/2026/11/{chosen}.pdf", digest=chosen, size=48_000),),
        recorded_at=START,
        version=VERSION,
        policy_digest=digest("policy"),
        effective_at=days(-90),
        issued_at=days(-2),
        level="B-T",
        signer=SIGNER,
        recipient=digest("recipient", name),
        sealed="c2VhbGVk",
    )
    return replace(made, **changes)


def version_entry(name: str, effective_at: datetime.datetime) -> Entry:
    files = tuple(File(name=f"versions/{name}/{each}", digest=digest(name, each), size=9) for each in ("a", "b"))
    return Entry(kind="published-version", files=files, recorded_at=START, version=name, effective_at=effective_at)


def expected(archive: Archive) -> list[Row]:
    """The expected rows, read from the log entry by entry in the simplest way."""
    entries = list(archive.entries())
    erased = {each.entry.recipient for each in entries if each.entry.kind == "erasure"}
    anchors = [(each.number, each.entry.size or 0) for each in entries if each.entry.kind == "anchor"]
    return [
        Row(
            number=each.number,
            kind=each.entry.kind,
            digest=file.digest,
            name=file.name,
            size=file.size,
            version=each.entry.version,
            policy_digest=each.entry.policy_digest,
            effective_at=each.entry.effective_at,
            issued_at=each.entry.issued_at,
            recorded_at=each.entry.recorded_at,
            level=each.entry.level,
            signer=each.entry.signer,
            recipient=each.entry.recipient,
            sealed=each.entry.sealed,
            renews=each.entry.renews,
            erased=each.entry.recipient in erased,
            proven_by=next((number for number, size in anchors if size > each.number), None),
        )
        for each in entries
        if each.entry.kind in ("customer-copy", "published-version")
        for file in each.entry.files
    ]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL server."""
    with serve_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Addresses at which an index can be made, in each of the two databases."""
    if request.param == "sqlite":
        return str(tmp_path / "index.sqlite")
    return empty_database(request.getfixturevalue("server"))


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Path:
    return tmp_path / "index.sqlite"


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """An archive with the published versions, and nothing else."""
    return Made(tmp_path / "made")


def empty_database(server: str) -> str:
    """The URL of a database without an index."""
    with psycopg.connect(f"{server}postgres", autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS mailmart_privacy_archive CASCADE")
    return f"{server}postgres"


def read(place: str | Path, archive: Archive) -> list[Row]:
    with open_index(place) as index:
        index.refresh(archive)
        return list(index.rows())


def in_processes(count: int, work: Callable[..., None], *arguments: object) -> None:
    """Do the same in several processes at once; none of them may fail."""
    with PROCESSES.Pool(count) as pool:
        for result in [pool.apply_async(work, arguments) for _ in range(count)]:
            result.get(120)


def refresh_often(place: str, folder: str, times: int, rebuild: bool = False) -> None:
    archive = Archive(Folder(Path(folder)))
    for _ in range(times):
        with open_index(place) as index:
            (index.rebuild if rebuild else index.refresh)(archive)


def test_rows_say_what_the_log_says(made: Made, place: str) -> None:
    """All rows are those of the log: copies, versions, renewals, erasures and anchors."""
    first, second = made.add_copies(1, 2)
    made.add_copies(3, renews=first)
    with made.writing() as session:
        session.add_anchor(made.archive.checkpoint().size, [("anchors/1.tsr", b"stamped")])
    made.add_copies(4, 5)
    pseudonym = made.erase("Customer 2")
    rows = read(place, made.archive)
    assert rows == expected(made.archive)
    assert [row.digest for row in rows if row.erased] == [second]
    assert {row.recipient for row in rows if row.erased} == {pseudonym}
    (anchor,) = (each.number for each in made.archive.entries() if each.entry.kind == "anchor")
    assert {row.proven_by for row in rows if row.number < anchor} == {anchor}
    assert {row.proven_by for row in rows if row.number > anchor} == {None}


def test_a_second_refresh_reads_what_is_new(made: Made, place: str) -> None:
    """Each refresh continues where the previous one stopped, and reports its progress."""
    with open_index(place) as index:
        assert index.size == 0
        assert list(index.rows()) == []
        assert index.find("0" * 64) is None
        told: list[tuple[int, int]] = []
        for number in range(3):
            made.add_copies(number)
            index.refresh(made.archive, lambda done, total: told.append((done, total)))
            assert told[-1] == (index.size, index.size) == (made.archive.checkpoint().size,) * 2
            assert list(index.rows()) == expected(made.archive)
            assert sum(entry.number >= index.size - 1 for entry in index.rows()) == 1


def test_what_is_not_published_yet_is_found(made: Made, place: str) -> None:
    """A copy is found once its commit is there, before the checkpoint covers it."""
    with open_index(place) as index, made.writing() as session:
        for number in range(3):
            (added,) = session.add_copies([copy(number)], shipped())
            index.refresh(made.archive)
            found = index.find(added.entry.files[0].digest)
            assert found is not None
            assert found.number == added.number >= made.archive.checkpoint().size


def entries() -> st.SearchStrategy[Entry]:
    """Entries of every kind, of which many have something in common."""
    few = st.integers(0, 5)
    moments = st.integers(-(10**12), 10**12).map(lambda count: START + datetime.timedelta(microseconds=count))
    copies = st.builds(
        lambda name, who, renews, moment, word: copy_entry(
            name,
            recipient=digest("recipient", who),
            renews=None if renews is None else digest(renews),
            recorded_at=moment,
            issued_at=moment,
            version=word,
            sealed=word,
        ),
        *(few, few, st.none() | few, moments, st.text(st.characters(exclude_categories=["Cs"], min_codepoint=1))),
    )
    return st.one_of(
        copies,
        st.builds(version_entry, st.sampled_from(["2026-01-01", "2026-02-02"]), moments),
        st.builds(lambda size: Entry(kind="anchor", recorded_at=START, size=size), st.integers(0, 30)),
        st.builds(lambda who: Entry(kind="erasure", recorded_at=START, recipient=digest("recipient", who)), few),
    )


STEPS = st.lists(st.tuples(st.lists(entries(), min_size=1, max_size=6), st.booleans()), min_size=1, max_size=6)


@settings(max_examples=15)
@given(steps=STEPS)
def test_refreshed_step_by_step_or_made_anew_it_is_the_same(
    steps: list[tuple[list[Entry], bool]], place: str, tmp_path: Path
) -> None:
    """Whatever is logged and whenever the index is refreshed, it agrees with the log; so does a rebuilt index."""
    made = Made(tmp_path / f"made {next(_names)}")
    with open_index(place) as index:
        for batch, refreshed in steps:
            made.add_entries(*batch)
            if refreshed:
                index.refresh(made.archive)
                assert list(index.rows()) == expected(made.archive)
        index.refresh(made.archive)
        stepwise = list(index.rows()), index.anchors(), index.size
        assert stepwise[0] == expected(made.archive)
        index.rebuild(made.archive)
        assert (list(index.rows()), index.anchors(), index.size) == stepwise


@settings(max_examples=200)
@given(entry=entries())
def test_a_scanned_copy_is_what_it_parses_to(entry: Entry) -> None:
    """A copy of the usual spelling is read in one go as it is when it is parsed."""
    content = write_entry(entry)
    scanned, parsed = scan_copy(content), read_entry(json.dumps(json.loads(content)).encode())
    assert read_entry(content) == parsed
    if scanned is not None:
        assert (scanned.recipient, scanned.renews, scanned.version) == (entry.recipient, entry.renews, entry.version)
        assert (scanned.sealed, scanned.level, scanned.signer) == (parsed.sealed, parsed.level, parsed.signer)
        assert File(name=scanned.name, digest=scanned.digest, size=int(scanned.size)) == parsed.files[0]
        assert datetime.datetime.fromisoformat(scanned.recorded_at) == parsed.recorded_at
    plain = all(each is None or (each.isascii() and each.isprintable()) for each in (entry.version, entry.sealed))
    odd = '"' in (entry.version or "") or "\\" in (entry.version or "")
    assert (scanned is not None) == (entry.kind == "customer-copy" and plain and not odd)


def test_rows_are_filtered(made: Made, place: str) -> None:
    """Filters are combined; the order is that of the log."""
    people = [digest("recipient", number) for number in range(3)]
    made.add_entries(
        *(
            copy_entry(
                number,
                recorded_at=days(number),
                recipient=people[number % 3],
                signer=SIGNER if number % 2 else "cd" * 32,
                version=VERSION if number < 7 else "2027-01-01",
            )
            for number in range(12)
        )
    )
    with open_index(place) as index:
        index.refresh(made.archive)
        rows = [row for row in index.rows() if row.kind == "customer-copy"]
        assert len(rows) == 12

        def found(**filters: Any) -> list[int]:
            numbers = [row.number for row in index.rows(**filters)]
            assert numbers == sorted(numbers)
            return [number - rows[0].number for number in numbers if number >= rows[0].number]

        assert found() == list(range(12))
        assert found(kinds=["customer-copy"]) == list(range(12))
        assert found(kinds=["published-version"]) == []
        assert found(kinds=["published-version", "customer-copy"]) == list(range(12))
        assert found(version=VERSION, kinds=["customer-copy"]) == list(range(7))
        assert found(recipients=[people[0]]) == [0, 3, 6, 9]
        assert found(recipients={people[0], people[1]}, signer=SIGNER) == [1, 3, 7, 9]
        assert found(recipients=[people[2], *(digest("nobody", each) for each in range(2000))]) == [2, 5, 8, 11]
        assert found(recipients=["nobody"]) == []
        assert found(since=days(3), until=days(5)) == [3, 4]
        assert found(since=days(3).astimezone(datetime.timezone(datetime.timedelta(hours=9)))) == list(range(3, 12))
        assert found(kinds=["customer-copy"], limit=2) == [0, 1]
        assert found(limit=0) == []
        assert found(digest=rows[4].digest) == [4]
        assert found(digest=rows[4].digest[:8].upper()) == [4]
        assert list(index.rows(kinds=["published-version"])) == [row for row in index.rows() if row not in rows]


def test_wrong_arguments_are_refused(made: Made, place: str) -> None:
    """A wrong moment, digest, kind or number is refused at once, not at the first row."""
    with open_index(place) as index:
        index.refresh(made.archive)
        for words in ("abcdef0", "a" * 65, "xyzxyzxyz", "", "abcdefgh"):
            with pytest.raises(UsageError, match="digest"):
                index.find(words)
            with pytest.raises(UsageError, match="digest"):
                index.rows(digest=words)
        naive = START.replace(tzinfo=None)
        for call in (lambda: index.rows(since=naive), lambda: index.rows(until=naive), lambda: index.in_force(naive)):
            with pytest.raises(UsageError, match="moment"):
                call()
        with pytest.raises(UsageError, match="anchor"):
            index.rows(kinds=["anchor"])
        with pytest.raises(UsageError, match="-1"):
            index.rows(limit=-1)


def test_a_file_is_found_by_the_beginning_of_its_digest(made: Made, place: str) -> None:
    """A beginning that is shared is refused with the candidates named; a longer one is found."""
    one, two = "0123456789" + "a" * 54, "0123456789" + "b" * 54
    made.add_entries(copy_entry(1, digest=one), copy_entry(2, digest=two), copy_entry(3, digest=one))
    with open_index(place) as index:
        index.refresh(made.archive)
        with pytest.raises(UsageError) as caught:
            index.find("0123456789")
        assert one in str(caught.value)
        assert two in str(caught.value)
        assert "\n" not in str(caught.value)
        first, second = (row.number for row in index.rows(digest="0123456789", limit=2))
        for prefix, number in ((one, first), (one[:11], first), (two[:11].upper(), second)):
            found = index.find(prefix)
            assert found is not None
            assert found.number == number, "the first entry with that file"
        assert index.find("0123456789c") is None


def test_many_candidates_are_not_all_named(made: Made, place: str) -> None:
    """A message names ten candidates, and that there are more."""
    made.add_entries(*(copy_entry(number, digest=f"{number:064x}") for number in range(1, 30)))
    with open_index(place) as index:
        index.refresh(made.archive)
        with pytest.raises(UsageError, match=f"{10:064x}, …") as caught:
            index.find("00000000")
        assert f"{11:064x}" not in str(caught.value)


def test_the_version_in_force_is_found(made: Made, place: str) -> None:
    """The version in force is the one that took effect last; of two at the same moment, the one published later."""
    made.add_entries(version_entry("2030-01-01", days(100)), version_entry("2031-01-01", days(200)))
    made.add_entries(version_entry("2031-01-01b", days(200)), version_entry("2029-01-01", days(50)))
    with open_index(place) as index:
        index.refresh(made.archive)
        first = shipped().versions[0].effective_at
        assert index.in_force(first - datetime.timedelta(microseconds=1)) == []
        assert {row.version for row in index.in_force(first)} == {shipped().versions[0].version}
        for at, name in ((50, "2029-01-01"), (99.9, "2029-01-01"), (100, "2030-01-01"), (200, "2031-01-01b")):
            rows = index.in_force(days(at))
            assert [row.version for row in rows] == [name, name]
            assert index.in_force(days(at), below=rows[0].number + 1) == rows
            assert all(row.number < rows[0].number for row in index.in_force(days(at), below=rows[0].number))
            assert [row.name for row in rows] == [f"versions/{name}/a", f"versions/{name}/b"]


def test_anchors_are_listed(made: Made, place: str) -> None:
    """Anchors come with their files; an entry is proven by the first one that covers it, however they are ordered."""
    with made.writing() as session:
        session.add_anchor(FIRST_COPY, [("anchors/2.tsr", b"one"), ("anchors/2.note", b"two")])
    made.add_copies(1)
    for size in (1, FIRST_COPY + 3, FIRST_COPY + 1):
        made.add_entries(Entry(kind="anchor", recorded_at=days(9), size=size))
    with open_index(place) as index:
        index.refresh(made.archive)
        anchors = index.anchors()
        assert [(each.number, each.size) for each in anchors] == [
            (FIRST_COPY, FIRST_COPY),
            (FIRST_COPY + 2, 1),
            (FIRST_COPY + 3, FIRST_COPY + 3),
            (FIRST_COPY + 4, FIRST_COPY + 1),
        ]
        assert anchors[0].files[0] == File(name="anchors/2.tsr", digest=sha256(b"one").hexdigest(), size=3)
        assert anchors[3] == Anchor(FIRST_COPY + 4, FIRST_COPY + 1, days(9), ())
        assert {row.number: row.proven_by for row in index.rows()} == {
            **dict.fromkeys(range(1, FIRST_COPY), FIRST_COPY),
            FIRST_COPY + 1: FIRST_COPY + 3,
        }
        assert list(index.rows()) == expected(made.archive)


def test_rows_stream_whatever_is_done_meanwhile(made: Made, place: str) -> None:
    """Rows that are being read stay those of the moment when they were asked for."""
    made.add_entries(*(copy_entry(number) for number in range(3000)))
    with open_index(place) as index:
        index.refresh(made.archive)
        before = expected(made.archive)
        rows = index.rows()
        some = [next(rows) for _ in range(10)]
        made.add_copies(1)
        index.refresh(made.archive)
        assert index.find(some[-1].digest) == some[-1]
        assert [*some, *rows] == before
        left = index.rows()
        next(left)
    del left


def test_another_archive_is_kept_apart(made: Made, place: str, tmp_path: Path) -> None:
    """An index that is refreshed with another archive belongs to that archive; PostgreSQL keeps both."""
    other = Made(tmp_path / "other")
    made.add_copies(1, 2)
    other.add_copies(3)
    for each in (made, other, made, other):
        assert read(place, each.archive) == expected(each.archive)
    with open_index(place) as index:
        if place.startswith("postgresql"):
            with pytest.raises(UsageError, match="several archives"):
                _ = index.size
            with psycopg.connect(place) as connection:
                ((count,),) = connection.execute("SELECT count(*) FROM mailmart_privacy_archive.archives").fetchall()
            assert count == 2
        else:
            assert list(index.rows()) == expected(other.archive)


def test_an_older_log_is_noticed(made: Made, place: str, tmp_path: Path) -> None:
    """If the log is shorter than the index, it was cut or restored: the index follows the log."""
    made.add_copies(1)
    older = made.fork(tmp_path / "older")
    made.add_copies(2)
    assert read(place, made.archive) == expected(made.archive)
    assert read(place, older.archive) == expected(older.archive) != expected(made.archive)


@pytest.mark.parametrize("longer", [0, 1, 3])
def test_another_continuation_is_noticed(made: Made, place: str, tmp_path: Path, longer: int) -> None:
    """If the log continues differently than the index knows, the index follows the log, whatever its length."""
    made.add_copies(1)
    other = made.fork(tmp_path / "other")
    made.add_copies(2)
    made.add_copies(3)
    assert read(place, made.archive) == expected(made.archive)
    other.add_copies(4)
    for number in range(5, 6 + longer):
        other.add_copies(number)
    assert read(place, other.archive) == expected(other.archive) != expected(made.archive)


def test_another_continuation_is_noticed_before_it_is_published(made: Made, place: str) -> None:
    """Entries that are committed but not published yet are compared with all of their commits."""
    with open_index(place) as index, made.writing() as session:
        size = session._log_writer.size
        for number in range(4):
            session._log_writer.append([write_entry(copy_entry(number))])
        index.refresh(made.archive)
        path = made.folder / "archive" / name_commit(size + 1)
        content = path.read_bytes()
        made.write_commit(size + 1, write_entry(copy_entry("changed")))
        index.refresh(made.archive)
        assert index.find(digest("changed")) is not None
        assert index.find(digest(1)) is None
        path.write_bytes(content)
        index.refresh(made.archive)
        assert list(index.rows()) == expected(made.archive)


def test_a_changed_last_commit_is_noticed(made: Made, place: str) -> None:
    """The last commit that the index has read is compared with its digest at that time."""
    made.add_copies(1)
    made.add_entries(copy_entry(2))
    assert read(place, made.archive) == expected(made.archive)
    made.write_commit(made.archive.checkpoint().size - 1, write_entry(copy_entry("changed")))
    assert read(place, made.archive) == expected(made.archive)


@pytest.mark.parametrize("what", ["tiles", "checkpoint", "both"])
def test_without_tiles_it_reads_the_commits(made: Made, place: str, what: str) -> None:
    """If tiles or the checkpoint are missing or damaged, all commits are compared with their digests."""
    for number in range(4):
        made.add_copies(number)
    assert read(place, made.archive) == expected(made.archive)
    log = made.folder / "archive" / "log"
    if what != "checkpoint":
        for path in (log / "tile" / "0").rglob("*"):
            if path.is_file():
                path.write_bytes(bytes(len(path.read_bytes())))
    if what != "tiles":
        (log / "checkpoint").unlink()
    assert read(place, made.archive) == expected(made.archive)
    assert (made.folder / "archive" / name_commit(2)).is_file()
    made.write_commit(2, write_entry(copy_entry("changed")))
    assert read(place, made.archive) == expected(made.archive)


@pytest.mark.parametrize(
    "change",
    [
        {"version": ["a"]},
        {"version": "a\0b"},
        {"version": "\ud800"},
        {"sizes": [2**63]},
        {"sizes": [-1]},
        {"sizes": [1.5]},
        {"sizes": [True]},
        {"recorded_at": "2026-11-23T12:30:00"},
        {"recorded_at": "0001-01-01T00:00:00+14:00"},
        {"recorded_at": "2026-13-41T12:30:00Z"},
        {"recipient": 7},
    ],
    ids=str,
)
def test_an_odd_entry_is_told_in_one_line(made: Made, place: str, change: dict[str, object]) -> None:
    """An entry with values that no database stores is reported; the rows that were read before stay."""
    made.add_copies(1)
    document = json.loads(write_entry(copy_entry(1)))
    document["predicate"] |= change
    content = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    start = made.archive.checkpoint().size
    with open_index(place) as index:
        index.refresh(made.archive)
        made.write_commit(start, content)
        with pytest.raises(TamperedError) as caught:
            index.refresh(made.archive)
        assert "\n" not in str(caught.value)
        assert index.size == start


class Meddled(SqliteDatabase):
    """A database in which something happens just before one of the statements outside of transactions."""

    def __init__(self, path: Path) -> None:
        self.left, self.meddle = -1, lambda: None
        super().__init__(path)

    @contextlib.contextmanager
    def transaction(self, name: str) -> Iterator[None]:
        self._count()
        left, self.left = self.left, -1  # nobody else writes until it ends
        with super().transaction(name):
            yield
        self.left = left

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self._count()
        return super().query(sql, values)

    @contextlib.contextmanager
    def snapshot(self, *, apart: bool) -> Iterator[Read]:
        self._count()
        with super().snapshot(apart=apart) as read:

            def read_meddled(sql: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
                self._count()
                return read(sql, values)

            yield read_meddled

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.meddle()


@pytest.mark.parametrize("rebuilt", [False, True])
def test_a_refresh_goes_on_however_another_process_begins_the_index_again(
    made: Made, sqlite_place: Path, rebuilt: bool
) -> None:
    """Before each statement of a refresh, the index may become empty, or be made again whole."""
    made.add_copies(1)
    read(sqlite_place, made.archive)
    for number in range(2, 100):
        with made.writing() as session:
            session.add_copies([copy(number)], shipped())
            # It is not published yet, so the index reads more than the published tree, as a writer's does.
            read(sqlite_place, made.archive)
            with Index(database := Meddled(sqlite_place)) as index, open_index(sqlite_place) as other:

                def meddle(other: Index = other) -> None:
                    if rebuilt:
                        other.rebuild(made.archive)
                    else:
                        with other._database.transaction("another"):
                            other._database.clear(1)

                database.left, database.meddle = number - 1, meddle
                index.refresh(made.archive)
                left = database.left
        assert read(sqlite_place, made.archive) == expected(made.archive)
        if left > 0:  # it had fewer statements
            return
    pytest.fail("a refresh has more statements than were tried")


@pytest.mark.parametrize("what", ["cleared", "rebuilt", "another archive"])
def test_answers_are_whole_however_another_process_begins_the_index_again(
    made: Made, sqlite_place: Path, tmp_path: Path, what: str
) -> None:
    """Before each statement of an answer, the index may become empty, be made again, or be that of another archive."""
    sought = made.add_copies(1, 2)[-1]
    with made.writing() as session:
        session.add_anchor(made.archive.checkpoint().size, [("anchors/1.tsr", b"stamped")])
    another = Made(tmp_path / "another")

    def answer(index: Index) -> object:
        force = index.in_force(START + datetime.timedelta(days=900))
        return list(index.rows()), index.find(sought[:9]), force, index.anchors(), index.size

    for number in range(1, 100):
        read(sqlite_place, made.archive)
        with Index(database := Meddled(sqlite_place)) as index, open_index(sqlite_place) as other:
            index.refresh(made.archive)
            whole = answer(index)

            def meddle(other: Index = other) -> None:
                if what == "cleared":
                    with other._database.transaction("another"):
                        other._database.clear(1)
                else:
                    other.rebuild(another.archive if what == "another archive" else made.archive)

            database.left, database.meddle = number, meddle
            assert answer(index) == whole
            if database.left > 0:  # it had fewer statements
                assert number > 10
                return
    pytest.fail("an answer has more statements than were tried")


def test_a_file_that_was_added_since_the_index_was_read_is_found(made: Made, sqlite_place: Path) -> None:
    """It is not taken for one that the index has lost."""
    with open_index(sqlite_place) as index:
        index.refresh(made.archive)
        (added,) = made.add_copies(1)
        row, entry = find_file(made.archive, index, added)
    assert (row.digest, row.number) == (added, entry.number)


@pytest.mark.slow
def test_racing_refreshes_make_one_index(made: Made, place: str) -> None:
    """Several processes may refresh, and make again, one index at once, while the archive grows."""
    made.add_entries(*(copy_entry(number) for number in range(8000)))
    for number in range(30):
        made.add_entries(copy_entry(("more", number)))
    folder = str(made.folder / "archive")
    with PROCESSES.Pool(4) as pool:
        jobs = [pool.apply_async(refresh_often, (place, folder, 10, number == 0)) for number in range(4)]
        for number in range(40):
            made.add_entries(copy_entry(("later", number)))
        for job in jobs:
            job.get(PATIENCE)
    assert read(place, made.archive) == expected(made.archive)
    if not place.startswith("postgresql"):
        with contextlib.closing(sqlite3.connect(place)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.slow
def test_a_refresh_that_is_killed_is_gone_on_with(made: Made, place: str) -> None:
    """However a refresh is stopped, the next one finishes it."""
    made.add_entries(*(copy_entry(number) for number in range(3000)))
    made.add_entries(*(copy_entry(("more", number)) for number in range(3000)))
    rows = expected(made.archive)
    code = (
        "import sys; from pathlib import Path; from mailmart_privacy.archive.archive import Archive\n"
        "from mailmart_privacy.archive.storage.folder import Folder\n"
        "from mailmart_privacy.archive.index.index import open_index\n"
        "archive = Archive(Folder(Path(sys.argv[2]))); print(flush=True)\n"
        "while True:\n"
        "    with open_index(sys.argv[1]) as index: index.rebuild(archive)\n"
    )
    for number in range(6):
        command = [sys.executable, "-c", code, place, str(made.folder / "archive")]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.02 + number * 0.09)
            process.send_signal(signal.SIGKILL)
        assert read(place, made.archive) == rows


# The SQLite file.


def test_a_refresh_with_nothing_new_waits_for_nobody(made: Made, sqlite_place: Path) -> None:
    """If there is nothing to write, no lock is taken."""
    read(sqlite_place, made.archive)
    with contextlib.closing(sqlite3.connect(sqlite_place, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert read(sqlite_place, made.archive) == expected(made.archive)


def overwrite(path: Path, start: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(content)


def execute(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "something else": lambda path: path.write_bytes(b"no database, but someone's notes\n" * 500),
    "short": lambda path: os.truncate(path, 30_000),
    "shorter": lambda path: os.truncate(path, 60),
    "without its end": lambda path: os.truncate(path, path.stat().st_size // 2),
    "first page": lambda path: overwrite(path, 0, bytes(4096)),
    "schema": lambda path: overwrite(path, 100, b"\xff" * 3000),
    "all but the header": lambda path: overwrite(path, 100, b"\xa5" * (path.stat().st_size - 100)),
    "pages": lambda path: overwrite(path, 20_000, b"\xa5" * (path.stat().st_size - 20_000)),
    "a table": lambda path: execute(path, "DROP TABLE files"),
    "all tables": lambda path: execute(path, "DROP TABLE files", "DROP TABLE archives", "DROP TABLE commits"),
    "older schema": lambda path: execute(path, "PRAGMA user_version = 0", "ALTER TABLE files RENAME TO file"),
    "newer schema": lambda path: execute(path, "PRAGMA user_version = 99"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_made_anew(made: Made, sqlite_place: Path, damage: Callable[[Path], object]) -> None:
    """Whatever happened to the file: the next refresh rebuilds it, and a file that may be someone else's is kept."""
    made.add_entries(*(copy_entry(number) for number in range(2000)))
    read(sqlite_place, made.archive)
    damage(sqlite_place)
    content = sqlite_place.read_bytes()
    assert read(sqlite_place, made.archive) == expected(made.archive)
    aside = sqlite_place.with_name("index.sqlite.damaged")
    if content and content[68:72] != b"MMPI":
        assert aside.read_bytes() == content
    else:
        assert not aside.exists()
    with contextlib.closing(sqlite3.connect(sqlite_place)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_damage_is_told_in_one_line_where_nothing_can_be_made_anew(made: Made, sqlite_place: Path) -> None:
    """Reading a damaged index without a refresh reports the damage and what to do."""
    made.add_entries(*(copy_entry(number) for number in range(2000)))
    read(sqlite_place, made.archive)
    with open_index(sqlite_place) as index:
        DAMAGES["pages"](sqlite_place)
        with pytest.raises(ArchiveError, match="is damaged") as caught:
            list(index.rows())
        assert "\n" not in str(caught.value)
        index.rebuild(made.archive)
        assert list(index.rows()) == expected(made.archive)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["something else", "pages", "a table", "first page"])
def test_racing_processes_mend_a_damaged_file_together(made: Made, sqlite_place: Path, damage: str) -> None:
    """If several processes find the damage, one of them rebuilds the file, and none removes another one's work."""
    made.add_entries(*(copy_entry(number) for number in range(2000)))
    read(sqlite_place, made.archive)
    DAMAGES[damage](sqlite_place)
    in_processes(4, refresh_often, str(sqlite_place), str(made.folder / "archive"), 3)
    assert read(sqlite_place, made.archive) == expected(made.archive)


def test_a_new_file_is_made_by_racing_processes(made: Made, sqlite_place: Path) -> None:
    """Several processes may start with a file that does not exist yet."""
    made.add_entries(*(copy_entry(number) for number in range(2000)))
    in_processes(4, refresh_often, str(sqlite_place), str(made.folder / "archive"), 1)
    assert read(sqlite_place, made.archive) == expected(made.archive)


def test_a_database_of_something_else_is_left_alone(sqlite_place: Path) -> None:
    """A database that is not an index is refused and left unchanged."""
    execute(sqlite_place, "CREATE TABLE bills (id INTEGER)", "INSERT INTO bills VALUES (1)")
    content = sqlite_place.read_bytes()
    with pytest.raises(UsageError, match="left alone"):
        open_index(sqlite_place)
    assert sqlite_place.read_bytes() == content


@pytest.mark.parametrize("name", ["file/index.sqlite", "folder", "/proc/none/index.sqlite"])
def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    """If no file can be made, one line says so."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ArchiveError) as caught:
        open_index(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_disk_that_is_full_is_told_in_one_line(made: Made, sqlite_place: Path) -> None:
    """If the index cannot grow, one line says so; once it can, the next refresh continues."""
    read(sqlite_place, made.archive)
    made.add_entries(*(copy_entry(number) for number in range(3000)))
    with open_index(sqlite_place) as index:
        connection = index._database._connection  # type: ignore[attr-defined]
        connection.execute("PRAGMA max_page_count = 20")
        with pytest.raises(ArchiveError, match="full") as caught:
            index.refresh(made.archive)
        assert "\n" not in str(caught.value)
    assert read(sqlite_place, made.archive) == expected(made.archive)


def test_a_file_that_others_hold_is_not_removed(
    made: Made, sqlite_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged file that others have open stays; one line says so."""
    made.add_entries(*(copy_entry(number) for number in range(2000)))
    read(sqlite_place, made.archive)
    monkeypatch.setattr("mailmart_privacy.archive.index.sqlite._TRIES", 2)
    with open_index(sqlite_place):
        DAMAGES["pages"](sqlite_place)
        content = sqlite_place.read_bytes()
        with open_index(sqlite_place) as index, pytest.raises(ArchiveError, match="other processes have it open"):
            index.rebuild(made.archive)
        assert sqlite_place.read_bytes() == content
    assert read(sqlite_place, made.archive) == expected(made.archive)


def test_folders_are_made(made: Made, tmp_path: Path) -> None:
    """The folders of an index are made."""
    assert read(tmp_path / "a" / "b" / "index.sqlite", made.archive) == expected(made.archive)


def test_a_closed_index_says_so(sqlite_place: Path) -> None:
    """What was closed is not read."""
    with open_index(sqlite_place) as index:
        pass
    with pytest.raises(ArchiveError, match="closed"):
        _ = index.size


# The PostgreSQL database.


@pytest.fixture
def postgres_place(server: str) -> str:
    return empty_database(server)


@pytest.mark.parametrize(
    "statements",
    [
        ["DROP TABLE mailmart_privacy_archive.files"],
        ["DROP TABLE mailmart_privacy_archive.archives"],
        ["DROP TABLE mailmart_privacy_archive.about"],
        ["UPDATE mailmart_privacy_archive.about SET version = 99"],
        ["ALTER TABLE mailmart_privacy_archive.files DROP COLUMN renews"],
        ["DROP SCHEMA mailmart_privacy_archive CASCADE"],
    ],
    ids=str,
)
def test_missing_tables_are_made_anew(made: Made, postgres_place: str, statements: Sequence[str]) -> None:
    """Whatever happened to the tables: the next refresh creates them again."""
    made.add_copies(1, 2)
    read(postgres_place, made.archive)
    with psycopg.connect(postgres_place) as connection:
        for statement in statements:
            connection.execute(statement.encode())
    assert read(postgres_place, made.archive) == expected(made.archive)


def test_tables_of_others_stay(made: Made, postgres_place: str) -> None:
    """The index keeps to its schema."""
    with psycopg.connect(postgres_place) as connection:
        connection.execute("CREATE TABLE files (mine TEXT)")
        connection.execute("INSERT INTO files VALUES ('kept')")
    with open_index(postgres_place) as index:
        index.rebuild(made.archive)
        index.rebuild(made.archive)
    with psycopg.connect(postgres_place) as connection:
        assert connection.execute("SELECT mine FROM public.files").fetchall() == [("kept",)]
        connection.execute("DROP TABLE public.files")


def test_another_schema_is_another_index(made: Made, postgres_place: str) -> None:
    """The schema may have another name, one that has to be quoted too."""
    with Index(PostgresDatabase(postgres_place, 'another "one"')) as index:
        index.refresh(made.archive)
        assert list(index.rows()) == expected(made.archive)
    with open_index(postgres_place) as index:
        assert index.size == 0


def test_a_user_who_may_not_make_schemas_may_use_one(made: Made, postgres_place: str) -> None:
    """Rights on the tables are enough, once they are there."""
    user = f"guest_{next(_names)}"
    read(postgres_place, made.archive)
    with psycopg.connect(postgres_place) as connection:
        for statement in (
            f"CREATE ROLE {user} LOGIN",
            f"GRANT USAGE ON SCHEMA mailmart_privacy_archive TO {user}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA mailmart_privacy_archive TO {user}",
        ):
            connection.execute(statement.encode())
    made.add_copies(1)
    assert read(postgres_place.replace("//tester@", f"//{user}@"), made.archive) == expected(made.archive)


def test_a_lost_connection_is_told_in_one_line(made: Made, postgres_place: str) -> None:
    """If the server goes away, one line says so."""
    with open_index(postgres_place) as index:
        index.refresh(made.archive)
        with psycopg.connect(postgres_place) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        for _ in range(2):
            with pytest.raises(ArchiveError) as caught:
                index.refresh(made.archive)
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("postgresql://someone:s3cr3t@127.0.0.1:1/archive", ArchiveError),
        ("postgresql://someone:s3cr3t@nowhere.invalid/archive", ArchiveError),
        ("postgresql://127.0.0.1:1/archive?user=someone&password=s3cr3t", ArchiveError),
        ("postgres://someone:s3cr3t@%2Fnowhere/archive", ArchiveError),
        ("postgresql://someone:s3cr3t@p@127.0.0.1:1/archive", UsageError),
        ("postgresql://someone:s3cr3t/p@127.0.0.1:1/archive", UsageError),
        ("postgresql://someone:s3cr3t/@127.0.0.1:1/archive", UsageError),
        ("postgresql://someone:%s3cr3t@127.0.0.1:1/archive", UsageError),
        ("postgresql://someone:s3cr3t@127.0.0.1:1/archive?s3cr3t=1", UsageError),
        ("postgresql://someone:s3cr3t@[127.0.0.1:1/archive", UsageError),
    ],
)
def test_a_password_is_never_told(url: str, kind: type[Exception]) -> None:
    """A server that cannot be reached, or a URL that cannot be read, is told in one line without the password."""
    with pytest.raises(kind) as caught:
        open_index(url)
    assert type(caught.value) is kind
    error: BaseException | None = caught.value
    assert "\n" not in str(error)
    while error is not None:
        assert "s3cr3t" not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_a_wrong_password_is_not_told(server: str) -> None:
    """If the server refuses the password, the message does not show it."""
    url = empty_database(server).replace("//tester@", "//nobody-of-that-name:s3cr3t@")
    with pytest.raises(ArchiveError, match="nobody-of-that-name") as caught:
        open_index(url)
    assert "s3cr3t" not in str(caught.value)


def test_without_its_library_the_extra_is_named() -> None:
    """A URL of PostgreSQL without psycopg names the extra."""
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from mailmart_privacy.archive.index.index import open_index\nopen_index('postgresql://somewhere/archive')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert "this needs the extra `archive-postgres`; see Installing" in result.stderr.decode().splitlines()[-1]
