"""Batches from Python: progress, stopping, and continuing, without the command line."""

import contextlib
import datetime
import io
import secrets
import zipfile
from concurrent.futures import Executor, Future
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from mailmart_privacy.batch import scheduler
from mailmart_privacy.batch.destinations import FolderDestination
from mailmart_privacy.batch.job import BatchJob, OpenIdentity
from mailmart_privacy.batch.order import BatchOrder
from mailmart_privacy.batch.planning import plan_batch
from mailmart_privacy.batch.results import FailedRow, IssuedRow
from mailmart_privacy.batch.runner import BatchRunner
from mailmart_privacy.batch.scheduler import certify_order
from mailmart_privacy.batch.worker import issue_chunk
from mailmart_privacy.copies.form_cache import FormCache
from mailmart_privacy.copies.forms import load_form
from mailmart_privacy.errors import ExitCode, RecipientError, UnfinishedError
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.sheets.sheet import read_sheet
from mailmart_privacy.trust.anchors import Trust
from mailmart_privacy.trust.timestamp_client import TimestampClient

from .conftest import NOW, VERSION

COUNT = 80


@pytest.fixture
def order(identity: Identity) -> BatchOrder:
    """A batch of eighty copies, in three chunks."""
    content = "Company,Ref\n" + "".join(f"Acme {n},C-{n}\n" for n in range(COUNT))
    sheet = read_sheet(content.encode(), name="r.csv")
    form = load_form(shipped(), VERSION, "a4")
    plan = plan_batch(sheet, form=form, version=VERSION, begun_at=NOW).copies
    job = BatchJob(
        id=secrets.token_hex(8),
        form=form,
        open_identity=OpenIdentity(identity),
        level="B-B",
        timestamps=TimestampClient(urls=()),
        trust=Trust(),
    )
    return BatchOrder(job=job, version=VERSION, paper="a4", plan=plan, begun_at=NOW)


def make(order: BatchOrder, folder: Path, **options: object) -> BatchRunner:
    """A runner with a clock that stands still."""
    return BatchRunner(order, clock=lambda: NOW, forms=FormCache(folder / "forms"), **options)  # type: ignore[arg-type]


def test_progress_is_told_by_stage(order: BatchOrder, tmp_path: Path) -> None:
    """Each stage reports its beginning, and its progress after each chunk."""
    told: list[tuple[str, int, int]] = []
    runner = make(order, tmp_path, progress=lambda *step: told.append(step))
    report = runner.into_destination(FolderDestination(tmp_path / "out"), manifest=tmp_path / "out" / "list.jsonl")
    assert (report.copies, report.issued, report.verified, report.gone) == (COUNT, COUNT, 10, 0)
    issuing = [done for stage, done, total in told if stage == "issuing"]
    assert (issuing[0], issuing[-1], len(issuing)) == (0, COUNT, 4)
    assert [done for stage, done, _ in told if stage == "verifying"][-1] == 10
    assert len(list((tmp_path / "out").glob("*.pdf"))) == COUNT


def test_a_worker_tells_of_each_row(order: BatchOrder, tmp_path: Path) -> None:
    """A row that fails keeps its place among the others; copies come back, or are in a folder, as each call says."""
    job = certify_order(order.job, NOW)
    rows = [order.plan[0], replace(order.plan[1], recipient="W" * 500), order.plan[2]]
    outcomes = issue_chunk(job, rows, NOW)
    assert [(type(each), each.reference) for each in outcomes] == [
        (IssuedRow, "C-0"),
        (FailedRow, "C-1"),
        (IssuedRow, "C-2"),
    ]
    failed, last = outcomes[1:]
    assert isinstance(failed, FailedRow)
    assert isinstance(failed.error, RecipientError)
    assert isinstance(last, IssuedRow)
    assert sha256(job.certified + (last.pdf or b"")).hexdigest() == last.digest
    placed = replace(job, place=FolderDestination(tmp_path))
    for found, moment in ((False, NOW), (True, NOW + datetime.timedelta(hours=1))):
        outcomes = issue_chunk(placed, rows, moment)
        assert [type(each) for each in outcomes] == [IssuedRow, FailedRow, IssuedRow]
        last = outcomes[2]
        assert isinstance(last, IssuedRow)
        assert (last.pdf, last.file, last.found, last.issued_at) == (None, rows[2].file, found, NOW)
        assert sha256((tmp_path / rows[2].file).read_bytes()).hexdigest() == last.digest
        (tmp_path / rows[0].file).unlink()


def test_a_batch_is_stopped_and_continued(order: BatchOrder, tmp_path: Path) -> None:
    """After `stop`, copies that were made are listed, the error tells how many, and the batch can be continued."""
    place, manifest = FolderDestination(tmp_path / "out"), tmp_path / "out" / "list.jsonl"
    runner = make(order, tmp_path, progress=lambda stage, done, total: runner.stop() if done else None)
    with pytest.raises(UnfinishedError) as caught:
        runner.into_destination(place, manifest=manifest)
    error = caught.value
    assert (error.exit_code, error.total, error.argument) == (ExitCode.INTERRUPTED, COUNT, "resume")
    assert 0 < error.done < COUNT
    assert len(manifest.read_text(encoding="utf-8").splitlines()) == error.done
    report = make(order, tmp_path).into_destination(place, manifest=manifest, resume=True)
    assert (report.issued, report.found_before) == (COUNT - error.done, error.done)


def test_a_zip_goes_to_any_stream(order: BatchOrder, tmp_path: Path) -> None:
    """A ZIP file is written to the file that the caller opened; all copies are verified if that is asked for."""
    stream = io.BytesIO()
    few = replace(order, plan=order.plan[:3], verify=None)
    report = make(few, tmp_path).into_zip(contextlib.nullcontext(stream), seekable=True)
    assert (report.issued, report.verified, report.manifest) == (3, 3, None)
    with zipfile.ZipFile(stream) as book:
        assert sorted(book.namelist()) == sorted([*(row.file for row in few.plan), "manifest.jsonl"])


def test_copies_are_dated_by_the_clock(order: BatchOrder, tmp_path: Path) -> None:
    """The given clock dates the copies; no copy is older than its certified form."""
    later = NOW + datetime.timedelta(hours=2)
    few = replace(order, plan=order.plan[:1])
    runner = BatchRunner(few, clock=lambda: later, forms=FormCache(tmp_path / "forms"))
    runner.into_destination(FolderDestination(tmp_path / "out"), manifest=tmp_path / "list.jsonl")
    assert '"issued_at":"2026-11-23T14:30:00Z"' in (tmp_path / "list.jsonl").read_text(encoding="utf-8")


class LosingExecutor(Executor):
    """Does work at once, but the results of two of the first tasks never come, as where a machine is lost."""

    def __init__(self) -> None:
        self.handed_out = 0

    def submit(self, work: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        self.handed_out += 1
        future = Future[Any]()
        if self.handed_out not in (1, 3):
            future.set_result(work(*arguments, **named))
        return future


def test_a_result_that_never_comes_is_asked_for_again(order: BatchOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row has one outcome, though results were lost with the worker that had them."""
    monkeypatch.setattr(scheduler, "_STALLED", 0.05)
    executor, job = LosingExecutor(), certify_order(order.job, NOW)
    chunks = list(scheduler.issue_rows(job, order.plan, clock=lambda: NOW, executor=executor, chunk=20))
    assert sorted(each.reference for chunk in chunks for each in chunk) == sorted(f"C-{n}" for n in range(COUNT))
    assert executor.handed_out == COUNT // 20 + 2


def test_nobody_waits_for_a_result_that_never_comes_when_a_batch_is_stopped(order: BatchOrder) -> None:
    """Stopping ends at once: what can be cancelled is not waited for."""
    executor, job = LosingExecutor(), certify_order(order.job, NOW)
    running = scheduler.issue_rows(job, order.plan, clock=lambda: NOW, executor=executor, chunk=20)
    next(running)
    running.close()
