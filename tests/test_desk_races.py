"""What a desk does while another thread of it, or another request, does the same: each interleaving is forced."""

import contextlib
import datetime
import shutil
import sqlite3
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest

from mailmart_privacy.desk.answers import Actor
from mailmart_privacy.desk.batch_calls import ListBatches
from mailmart_privacy.desk.keeper import desk as keeper_desk
from mailmart_privacy.desk.keeper.batches import process, queue, reading, steps
from mailmart_privacy.desk.keeper.batches.folder import Batch, BatchFolder, find_folder
from mailmart_privacy.desk.keeper.desk import Desk
from mailmart_privacy.desk.messages import RefusedError
from mailmart_privacy.desk.web.digests import Digests
from mailmart_privacy.desk.web.people import People
from mailmart_privacy.desk.web.tables import Tables

from .conftest import PATIENCE
from .desk_browser import make_desk

ADA = Actor(issuer="local", subject="ada", name="Ada")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk whose queue does not run by itself."""
    return make_desk(tmp_path_factory.mktemp("desk")).keeper.desk


def make_batch(desk: Desk, number: int, state: str) -> BatchFolder:
    folder = find_folder(desk, f"{number:016x}")
    batch = Batch(
        id=folder.id,
        owner=ADA,
        name="list.csv",
        state=state,
        begun_at=datetime.datetime.now(datetime.UTC),
        request=f"request {number}",
        version="2026-02-24",
        paper="a4",
        choice=None,
        ordered=False,
        skip_existing=False,
        total=1,
        words="",
    )
    folder.create(batch, "sheet", b"Company\nOne Ltd\n")
    return folder


def test_the_third_request_of_a_key_waits_for_the_second(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one goes on when the first has failed; a third one that comes then must not go on beside it."""
    entered, leave = threading.Event(), threading.Event()

    def ask() -> None:
        with desk.claim(ADA, "key"):
            entered.set()
            leave.wait(PATIENCE)

    second = threading.Thread(target=ask)
    with contextlib.suppress(RefusedError), desk.claim(ADA, "key"):
        second.start()
        (claim,) = desk._claims.values()
        while claim.requests < 2:  # until it waits
            threading.Event().wait(0.01)
        raise RefusedError("no-authority")
    try:
        assert entered.wait(PATIENCE)
        monkeypatch.setattr(keeper_desk, "_CLAIM_PATIENCE", 0.01)
        with pytest.raises(RefusedError, match="under-way"), desk.claim(ADA, "key"):
            pytest.fail("two requests have one key")
    finally:
        leave.set()
        second.join(PATIENCE)
    with desk.claim(ADA, "key"):
        pass
    assert not desk._claims


def test_a_step_that_is_asked_for_while_the_last_one_ends_is_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person may go on as soon as the spreadsheet is shown as read, when its job has not quite ended."""
    folder = make_batch(desk, 1, "reading")

    def read(desk: Desk, folder: BatchFolder, batch: Batch) -> None:
        folder.write(replace(batch, state="sheet"))
        folder.write(replace(batch, state="planning"))  # the person goes on
        desk.reading.start(folder)

    def plan(desk: Desk, folder: BatchFolder, batch: Batch) -> None:
        folder.write(replace(batch, state="planned"))

    monkeypatch.setitem(reading._STEPS, "reading", read)
    monkeypatch.setitem(reading._STEPS, "planning", plan)
    assert desk.reading.start(folder).wait(PATIENCE)
    assert folder.read().state == "planned"
    assert not desk.reading._ends


def test_a_batch_that_has_just_ended_is_not_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays done, whatever the page that the person saw said of it."""
    folder = make_batch(desk, 2, "running")
    real = desk.queue.stop

    def end_first(*arguments: Any) -> None:
        folder.write(replace(folder.read(), state="done"))
        real(*arguments)

    monkeypatch.setattr(desk.queue, "stop", end_first)
    steps.stop(desk, steps.StopBatch(actor=ADA, batch=folder.id))
    assert folder.read().state == "done"


def test_a_batch_that_is_removed_meanwhile_is_left_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other batches are listed; and who asks for that one is told that it is gone."""
    gone, left = make_batch(desk, 3, "sheet"), make_batch(desk, 4, "sheet")
    real = BatchFolder.read

    def remove_first(folder: BatchFolder) -> Batch:
        if folder.id == gone.id:
            gone.remove()
        return real(folder)

    monkeypatch.setattr(BatchFolder, "read", remove_first)
    listed = [each.id for each in steps.list_batches(desk, ListBatches(actor=ADA)).batches]
    assert (left.id in listed, gone.id in listed) == (True, False)
    with pytest.raises(RefusedError, match="no-such-batch"):
        gone.read()


def test_a_batch_waits_for_the_process_of_a_killed_keeper(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """That one ends a moment later; until then, the next one must not write the same files, nor call it failed."""
    folder = make_batch(desk, 6, "waiting")
    order = queue.BatchOrderSettings(desk=desk.settings, checker="", folder=str(folder.path))
    with process._open_folder(order), pytest.raises(SystemExit) as refused, process._open_folder(order):
        pytest.fail("two processes work on one batch")
    assert refused.value.code == queue.TAKEN
    code = f"import sys; sys.exit({queue.TAKEN})"
    monkeypatch.setattr(queue, "_start", lambda: Popen([sys.executable, "-c", code], stdin=PIPE, stdout=PIPE))
    monkeypatch.setattr(queue, "_PAUSE", 0.01)
    desk.queue._run_one(folder)
    assert folder.read().state == "running"
    with process._open_folder(order) as opened:
        assert opened.id == folder.id


def test_two_processes_make_the_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite does not wait for a process that changes the file in the same way; the desk does."""
    refused = iter([True, True])

    class Busy(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            if "journal_mode" in sql and next(refused, False):
                raise sqlite3.OperationalError("database is locked")
            return super().execute(sql, *values)

    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **options: real(path, factory=Busy, **options))
    tables = Tables(tmp_path / "tables.sqlite")
    assert tables.query("PRAGMA journal_mode") == [("wal",)]
    tables.close()


def test_a_new_address_while_mail_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another desk forgets what the person was told; this one sends nothing now, and does not fail."""
    tables = Tables(tmp_path / "tables.sqlite")
    person = People(tables, lambda: 1.0).put(ADA, ("administrator",))
    digests = Digests(None, "https://desk.example", tables, None, lambda: 1.8e9)  # type: ignore[arg-type]
    assert digests._claim(person) == 0
    tables.change("UPDATE letters SET sent_at = 0")
    real = tables.query

    def query(sql: str, *values: Any) -> list[tuple[Any, ...]]:
        tables.change("DELETE FROM letters")
        return real(sql, *values)

    monkeypatch.setattr(tables, "query", query)
    assert digests._claim(person) is None
    tables.close()


def test_two_requests_remove_a_batch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left of it, and neither of them fails."""
    folder = make_batch(desk, 5, "sheet")
    real: Callable[[Path], None] = shutil.rmtree

    def remove(path: Path, ignore_errors: bool = False) -> None:
        if (path / "sheet").exists():  # the other one has removed a file that is about to be removed here
            (path / "sheet").unlink()
            raise FileNotFoundError(path / "sheet")
        real(path, ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", remove)
    folder.remove()
    assert not folder.path.exists()
