"""Two desks that share a database: who is first is the only one, and what one leaves the other one finishes."""

import contextlib
import io
import os
import secrets
import signal
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import openpyxl
import psutil
import psycopg
import pytest

from mailmart_privacy._clock import now
from mailmart_privacy.archive.location import ArchiveLocation
from mailmart_privacy.archive.opening import create
from mailmart_privacy.archive.recipients import Person
from mailmart_privacy.archive.service import ArchiveService
from mailmart_privacy.desk.answers import Actor, IssueOutcome
from mailmart_privacy.desk.backup import back_up, restore
from mailmart_privacy.desk.batch_calls import BeginBatch, PlanBatch, ReadBatchFile, ShowBatch, StartBatch, StopBatch
from mailmart_privacy.desk.calls import Issue
from mailmart_privacy.desk.checker.sheet_calls import Choice
from mailmart_privacy.desk.compliance_calls import AskErasure, ConfirmErasure
from mailmart_privacy.desk.database import DatabaseError
from mailmart_privacy.desk.keeper.batches import steps
from mailmart_privacy.desk.keeper.batches.folder import SHEET, find_folder, list_folders, remove_strays
from mailmart_privacy.desk.keeper.batches.shared import SharedBatches
from mailmart_privacy.desk.keeper.desk import Desk
from mailmart_privacy.desk.messages import RefusedError
from mailmart_privacy.desk.settings import ChildSettings, DeskSettings
from mailmart_privacy.desk.web.people import People
from mailmart_privacy.desk.web.permissions import ROLES
from mailmart_privacy.desk.web.tables import Tables
from mailmart_privacy.errors import UsageError
from mailmart_privacy.keys.local_identity import open_or_create

from . import seaweed
from .conftest import PATIENCE
from .desk_browser import LocalKeeper, make_settings
from .postgres_server import serve_postgres
from .test_desk_checker import Checker

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the desk runs on Linux and macOS")
ADA, BOB = (Actor(issuer="test", subject=name, name=name) for name in ("Ada", "Bob"))
CHOICE = Choice(sheet="", header_row=1, customer="A", reference="B", email="", hidden="")
ROWS = 10  # of each batch: enough for a process to be killed in the middle


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of PostgreSQL."""
    with serve_postgres() as url:
        yield url


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the socket of a checker, which both desks ask."""
    folder = tmp_path_factory.mktemp("c")
    checker = Checker(folder)
    try:
        yield folder
    finally:
        checker.close()


def make_database(server: str) -> str:
    name = f"d{secrets.token_hex(6)}"
    with psycopg.connect(f"{server}postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return server + name


class Pair:
    """Two desks: each has a folder of its own; they share the archive and the database."""

    def __init__(self, folder: Path, sockets: Path, database: str, archive: str) -> None:
        self.folder, self.database = folder, database
        self.settings = [self._make_settings(name, archive) for name in ("first", "second")]
        self.desks = [Desk(ChildSettings(desk=each, listener=0, sockets=str(sockets))) for each in self.settings]
        self.first, self.second = (_keep_checker(each) for each in self.desks)

    def _make_settings(self, name: str, archive: str) -> DeskSettings:
        return make_settings(
            self.folder / name,
            archive=archive,
            archive_key=str(self.folder / "archive.key"),
            archive_index=self.database,
            identity=str(self.folder / "identity.pem"),
            database=self.database,
        )

    def close(self) -> None:
        for desk in self.desks:
            desk.queue.end()
            assert desk.batches is not None
            desk.batches.close()

    def upload(self, content: str, keeper: LocalKeeper, actor: Actor = ADA) -> str:
        """Send a spreadsheet, and have it looked at; the id of its batch."""
        call = BeginBatch(actor=actor, name="list.csv", content=content.encode(), request=secrets.token_hex(4))
        batch: str = keeper.ask_now(call).id
        planned = keeper.ask_now(PlanBatch(actor=actor, batch=batch, choice=CHOICE, paper="a4"))
        assert planned.state == "planned"
        return batch

    def references(self) -> list[str]:
        """The references of all copies in the archive."""
        self.desks[0].directory.refresh()
        return sorted(copy.details.reference for each in self.desks[0].directory.snapshot() for copy in each.copies)


def _keep_checker(desk: Desk) -> LocalKeeper:
    asked = desk.checker
    keeper = LocalKeeper(desk)
    desk.checker = asked
    return keeper


def wait_for(keeper: LocalKeeper, batch: str, state: str) -> None:
    ends = time.monotonic() + PATIENCE
    while keeper.ask_now(ShowBatch(actor=ADA, batch=batch)).state != state:
        assert time.monotonic() < ends
        time.sleep(0.1)


def make_pair(tmp_path: Path, server: str, sockets: Path, archive: str = "") -> Pair:
    open_or_create(tmp_path / "identity.pem", now().replace(microsecond=0))
    if archive:
        create(archive, clock=now, key=str(tmp_path / "archive.key"))
    return Pair(tmp_path, sockets, make_database(server), archive or str(tmp_path / "archive"))


@pytest.fixture(scope="module")
def pair(server: str, checker: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two desks whose queues do not run by themselves."""
    pair = make_pair(tmp_path_factory.mktemp("pair"), server, checker)
    yield pair
    pair.close()


def issue_at_both(pair: Pair, recipient: str) -> list[IssueOutcome]:
    """Send one request eight times at once, to either desk in turn."""
    call = Issue(actor=ADA, recipient=recipient, reference="", paper="a4", request=f"key of {recipient}", again=True)
    outcomes: list[IssueOutcome] = []
    barrier = threading.Barrier(8)

    def ask(keeper: LocalKeeper) -> None:
        barrier.wait()
        outcomes.append(keeper.ask_now(call))

    threads = [threading.Thread(target=ask, args=((pair.first, pair.second)[number % 2],)) for number in range(8)]
    # A busy machine may take longer for the first one than people would wait for it.
    with mock.patch("mailmart_privacy.desk.keeper.desk._CLAIM_PATIENCE", PATIENCE):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return outcomes


def test_a_request_that_reaches_both_desks_gives_one_copy(pair: Pair) -> None:
    """The key is claimed among all desks before work begins; the one who waits finds the copy in the log."""
    outcomes = issue_at_both(pair, "At Once Ltd")
    assert len(outcomes) == 8
    assert len({each.copy.fingerprint for each in outcomes if each.copy}) == 1
    assert sorted(each.repeated for each in outcomes) == [False, *[True] * 7]


def test_a_batch_goes_on_at_another_desk(pair: Pair) -> None:
    """What was sent to one desk is known at the other one; in the database nobody can read it."""
    batch = pair.upload("Company,Contract\nGeheim GmbH,G-1\n", pair.first)
    assert pair.second.ask_now(ShowBatch(actor=ADA, batch=batch)).state == "planned"
    with pytest.raises(RefusedError):
        pair.second.ask_now(ShowBatch(actor=BOB, batch=batch))
    with psycopg.connect(pair.database) as connection:
        connection.execute("SET search_path = mailmart_privacy_desk_batches")
        rows = connection.execute("SELECT name, content FROM batch_files WHERE batch = %s", [batch]).fetchall()
    assert {name for name, _ in rows} == {"sheet", "rows", "plan.json", "summary.json", "batch.json"}
    assert not any(b"Geheim" in content or b"Ada" in content for _, content in rows)
    pair.second.ask_now(StartBatch(actor=ADA, batch=batch, existing=""))
    assert pair.first.ask_now(ShowBatch(actor=ADA, batch=batch)).state == "waiting"
    pair.first.ask_now(StopBatch(actor=ADA, batch=batch))
    assert pair.second.ask_now(ShowBatch(actor=ADA, batch=batch)).state == "stopped"


def test_a_job_is_taken_once(pair: Pair) -> None:
    """Eight who look at once for what to do never work on the same batch; a lock ends with its connection."""
    shared = [SharedBatches(pair.database, b"k" * 32) for _ in range(8)]
    for number in range(5):
        shared[0].write_state(f"{number:016}", "waiting", number)
    taken: list[str] = []

    def work(batches: SharedBatches) -> None:
        while (batch := batches.find_next()) is not None:
            with batches.working(batch) as probe:
                if probe is None or not batches.begin(batch):
                    continue
                probe()
                taken.append(batch)
                batches.write_state(batch, "done", 0)

    threads = [threading.Thread(target=work, args=(each,)) for each in shared]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [f"{number:016}" for number in range(5)]
    shared[0].write_state("1" * 16, "waiting", 0)
    with shared[0].working("1" * 16) as first:
        assert first is not None
        with shared[1].working("1" * 16) as second:
            assert second is None
        assert shared[1].find_next() is None
    assert shared[1].find_next() == "1" * 16
    for batch in ("1" * 16, *taken):
        shared[0].remove(batch)
    for each in shared:
        each.close()


def test_a_batch_of_another_archive_is_not_read(pair: Pair) -> None:
    """Its content is encrypted with a key of its archive; one line says so."""
    batch = pair.upload("Company,Contract\nMine GmbH,M-1\n", pair.first)
    other = SharedBatches(pair.database, b"k" * 32)
    with pytest.raises(DatabaseError, match="belongs to the desk of another archive"):
        other.read(batch, "sheet")
    other.close()


def test_an_erased_customer_goes_from_both_desks(pair: Pair) -> None:
    """The batch is removed from the database; the other desk removes what it had made of it."""
    batch = pair.upload("Company,Contract\nGone GmbH,G-9\n", pair.first)
    outcome = pair.first.ask_now(
        Issue(actor=ADA, recipient="Gone GmbH", reference="", paper="a4", request="gone", again=True)
    )
    made = Path(pair.settings[1].folder, "batches", batch)
    made.mkdir(parents=True)
    (made / "copies.zip").write_bytes(b"names")
    customer = outcome.copy.customer_id
    pair.first.ask_now(AskErasure(actor=ADA, customer=customer, reason="asked", matter=""))
    pair.second.ask_now(ConfirmErasure(actor=BOB, customer=customer, name="Gone GmbH"))
    assert batch not in [each.id for each in list_folders(pair.desks[0])]
    remove_strays(pair.desks[1])
    assert not made.exists()
    with pytest.raises(RefusedError):
        pair.first.ask_now(ShowBatch(actor=ADA, batch=batch))


def test_a_spreadsheet_that_a_desk_left_is_read_by_another_one(pair: Pair) -> None:
    """While the first one is at it, the other one leaves it alone; when the first one has gone, it begins again."""
    first, second = pair.desks
    assert first.batches is not None
    begun = steps._describe(ADA, "left", "list.csv", "reading")
    folder = steps._make(first, begun, SHEET, b"Company,Contract\nLeft GmbH,L-1\n")
    with first.batches.working(folder.id) as probe:
        assert probe is not None
        second.reading.resume()
        assert second.reading.run(find_folder(second, folder.id)).state == "reading"
    assert folder.read().state == "reading"
    second.reading.resume()
    wait_for(pair.first, folder.id, "sheet")
    with first.batches.working(folder.id):
        folder.remove()  # without waiting for what works on it
    assert not folder.is_there


def run_batches(pair: Pair) -> None:
    """Give three batches to two desks, kill a process in the middle, and compare what is in the archive."""
    sent = []
    for number in range(3):
        rows = "".join(f"Batch {number} Kunde {row} GmbH,B-{number}-{row}\n" for row in range(ROWS))
        sent.append(pair.upload(f"Company,Contract\n{rows}", (pair.first, pair.second)[number % 2]))
    for batch in sent:
        pair.first.ask_now(StartBatch(actor=ADA, batch=batch, existing=""))
    for desk in pair.desks:
        desk.queue.begin()
    victim = _wait_for_process()
    while not any(name.startswith("B-") for name in pair.references()):
        time.sleep(0.05)
    with contextlib.suppress(psutil.NoSuchProcess):  # it may have issued all
        victim.send_signal(signal.SIGKILL)
    for batch in sent:
        wait_for(pair.second, batch, "done")
    expected = sorted(f"B-{number}-{row}" for number in range(3) for row in range(ROWS))
    assert [each for each in pair.references() if each.startswith("B-")] == expected
    for batch in sent:  # each desk gives out what the other one has issued
        for keeper in (pair.first, pair.second):
            packed = zipfile.ZipFile(io.BytesIO(read_file(keeper, batch, "copies.zip")))
            assert len(packed.namelist()) == ROWS
            sheet = openpyxl.load_workbook(io.BytesIO(read_file(keeper, batch, "issued.xlsx"))).worksheets[0]
            assert sheet.max_row == ROWS + 1


def _wait_for_process() -> psutil.Process:
    """Find a process that issues a batch."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        for child in psutil.Process(os.getpid()).children():
            with contextlib.suppress(psutil.NoSuchProcess):  # it ends meanwhile, which psutil calls a zombie or gone
                if "batches.process" in " ".join(child.cmdline()):
                    return child
        time.sleep(0.05)
    raise AssertionError("no batch was begun")


def read_file(keeper: LocalKeeper, batch: str, name: str) -> bytes:
    content = b""
    while True:
        part = keeper.ask_now(ReadBatchFile(actor=ADA, batch=batch, name=name, offset=len(content), logged=True))
        content += part.content
        if len(content) >= part.total:
            return content


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of a store of objects, which programs find by the environment."""
    (tmp_path / "store").mkdir()
    with seaweed.serve(tmp_path / "store") as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield seaweed.connect(variables)


@pytest.mark.slow
def test_each_copy_is_issued_once_in_s3(server: str, checker: Path, tmp_path: Path, store: Any) -> None:
    """Two desks on one bucket and one database: requests and batches race, a process is killed, nothing is doubled.

    Afterwards the desk is lost, and comes back from a backup, in another bucket and another database.
    """
    bucket = make_bucket(store)
    pair = make_pair(tmp_path, server, checker, f"s3://{bucket}/kept")
    assert len({each.copy.fingerprint for each in issue_at_both(pair, "Once GmbH") if each.copy}) == 1
    try:
        run_batches(pair)
        restore_elsewhere(pair.settings[0], tmp_path, make_database(server), store)
    finally:
        pair.close()


def make_bucket(store: Any) -> str:
    name = f"desk-{secrets.token_hex(6)}"
    store.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


def restore_elsewhere(settings: DeskSettings, folder: Path, database: str, store: Any) -> None:
    """Do what the runbook says: back up, fill an empty bucket, restore, verify."""
    tables = Tables(settings.tables)
    People(tables, time.time).put(ADA, ROLES)
    tables.close()
    made = back_up(settings, folder / "kept")
    bucket, operator = make_bucket(store), Person(issuer="os", subject="0", name="root")
    location = f"s3://{bucket}/elsewhere"
    new = replace(settings, folder=str(folder / "new"), archive=location, database=database, archive_index=database)
    Path(new.folder).mkdir()
    with pytest.raises(UsageError, match=r"has no archive; copy .*kept/archive there first"):
        restore(new, folder / "kept", operator)
    for path in (folder / "kept" / "archive").rglob("*"):
        if path.is_file():
            key = f"elsewhere/{path.relative_to(folder / 'kept' / 'archive').as_posix()}"
            store.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
    done = restore(new, folder / "kept", operator)
    assert (done.entries, done.people, done.lost, done.archive) == (made.entries, 1, 0, False)
    service = ArchiveService(ArchiveLocation(location, settings.archive_key, ":memory:"), clock=now)
    service.verify().require_sound()
