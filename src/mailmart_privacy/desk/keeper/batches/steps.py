"""Batches, step by step: a spreadsheet is kept, shown, planned, and issued."""

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from ...._clock import now
from ...answers import Actor, Done
from ...batch_calls import (
    Batches,
    BatchSheets,
    BatchView,
    BeginBatch,
    ListBatches,
    OrderBatch,
    PlanBatch,
    PlannedBatch,
    PlanSummary,
    ShowBatch,
    ShowPlan,
    ShowSheets,
    StartBatch,
    StopBatch,
)
from ...checker.sheet_calls import Choice, OutlineSheets
from ...messages import RefusedError
from .folder import (
    ROWS,
    SHEET,
    Batch,
    BatchFolder,
    find_folder,
    is_owner,
    open_batch,
    read_folders,
    show,
)
from .reading import ask_checker, find_existing, summarise

if TYPE_CHECKING:
    from ..desk import Desk

_NOTHING = PlanSummary(
    faults=(), fault_count=0, existing=(), existing_count=0, copies=0, skipped=0, unfit_emails=(), unfit_email_count=0
)
_EVERYBODY = Actor(issuer="", subject="", name="")
_ORDERED = Choice(sheet="", header_row=0, customer="A", reference="B", email="", hidden="include")


def begin(desk: "Desk", call: BeginBatch) -> BatchView:
    """Store a spreadsheet, and read it."""
    with desk.claim(call.actor, call.request):
        known = _find_request(desk, call.actor, call.request)
        if known is not None:
            return show(known, known.read())
        begun = _describe(call.actor, call.request, call.name, "reading")
        folder = _make(desk, begun, SHEET, call.content)
    batch = desk.reading.run(folder)
    if batch.state == "unreadable":  # that is told beside the form, and nothing of it is kept
        folder.remove()
        raise RefusedError("unreadable-sheet", batch.words)
    return show(folder, batch)


def order(desk: "Desk", call: OrderBatch) -> BatchView:
    """Issue a copy for each row that a service sent.

    Raises:
        RefusedError: "request-reused".
    """
    with desk.claim(call.actor, call.request):
        known = _find_request(desk, call.actor, call.request)
        if known is not None:
            batch = known.read()
            if known.kept != call.rows or batch.paper != call.paper:
                raise RefusedError("request-reused")
            return show(known, batch)
        batch = replace(
            _describe(call.actor, call.request, "the order", "planning"),
            version=desk.ledger.version_in_force(now()).version,
            paper=call.paper,
            choice=_ORDERED,
            ordered=True,
        )
        folder = _make(desk, batch, ROWS, call.rows)
    desk.reading.start(folder)
    return show(folder, folder.read())


def list_batches(desk: "Desk", call: ListBatches) -> Batches:
    """List the batches of a person, the newest first."""
    own = [(folder, batch) for folder, batch in read_folders(desk) if is_owner(batch, call.actor)]
    own.sort(key=lambda each: each[1].begun_at, reverse=True)
    return Batches(batches=tuple(show(*each) for each in own))


def show_sheets(desk: "Desk", call: ShowSheets) -> BatchSheets:
    """Show the sheets of a batch's file."""
    folder, batch = open_batch(desk, call.actor, call.batch)
    if batch.state in ("reading", "unreadable"):
        raise RefusedError("batch-reading")
    sheet, row = call.sheet, call.header_row
    if batch.choice is not None and not sheet and not row:  # the person comes back to what they chose
        sheet, row = batch.choice.sheet, batch.choice.header_row
    asked = OutlineSheets(kept=folder.kept, name=batch.name, sheet=sheet, header_row=row)
    found = ask_checker(desk, asked)
    return BatchSheets(batch=show(folder, batch), sheets=found.sheets, choice=batch.choice, paper=batch.paper)


def plan(desk: "Desk", call: PlanBatch) -> BatchView:
    """Take the rows in the way that a person chose, and look for problems; nothing is issued."""
    folder, batch = open_batch(desk, call.actor, call.batch)
    if batch.state not in ("sheet", "planned"):
        raise RefusedError("batch-reading" if batch.state in ("reading", "planning") else "batch-began")
    version = desk.ledger.version_in_force(now()).version
    folder.write(replace(batch, state="planning", version=version, paper=call.paper, choice=call.choice, words=""))
    return show(folder, desk.reading.run(folder))


def show_plan(desk: "Desk", call: ShowPlan) -> PlannedBatch:
    """Show what would be issued."""
    folder, batch = open_batch(desk, call.actor, call.batch)
    if batch.state not in ("planned", "refused"):
        refused = {"sheet": "batch-not-planned", "reading": "batch-reading", "planning": "batch-reading"}
        raise RefusedError(refused.get(batch.state, "batch-began"))
    found = folder.read_summary() if batch.state == "planned" or not batch.words else _NOTHING
    return PlannedBatch(
        batch=show(folder, batch),
        faults=found.faults,
        fault_count=found.fault_count,
        existing=found.existing,
        existing_count=found.existing_count,
        copies=found.copies,
        skipped=found.skipped,
        unfit_emails=found.unfit_emails,
        unfit_email_count=found.unfit_email_count,
    )


def start(desk: "Desk", call: StartBatch) -> BatchView:
    """Start the batch, or continue it where it was stopped; asking again changes nothing.

    Raises:
        RefusedError: "existing-undecided", "batch-empty".
    """
    folder, batch = open_batch(desk, call.actor, call.batch)
    if batch.state in ("stopped", "failed"):
        batch = replace(batch, state="waiting", words="")
        folder.write(batch)
        desk.queue.wake()
    if batch.state == "planned":
        with desk.claim(_EVERYBODY, "start"):  # one batch at a time, so that each knows to whom the others issue
            batch = _start_planned(desk, folder, call.existing)
        desk.queue.wake()
    return show(folder, batch)


def _start_planned(desk: "Desk", folder: BatchFolder, decided: str) -> Batch:
    batch = folder.read()
    if batch.state != "planned":  # the same form was sent twice
        return batch
    found = folder.read_plan()
    existing = find_existing(desk, batch, found)
    if existing and decided not in ("skip", "again"):
        folder.write_summary(summarise(desk, batch, found))  # some may have got theirs since the page was shown
        raise RefusedError("existing-undecided")
    if existing and decided == "skip":
        found = replace(found, rows=tuple(row for row in found.rows if row.number not in existing))
        folder.write_plan(found)
    if not found.rows:
        raise RefusedError("batch-empty")
    batch = replace(batch, state="waiting", skip_existing=decided == "skip", total=len(found.rows))
    folder.write(batch)
    return batch


def stop(desk: "Desk", call: StopBatch) -> Done:
    """Stop a batch after the copies that are under way."""
    folder, _ = open_batch(desk, call.actor, call.batch)
    desk.queue.stop(folder)
    return Done()


def show_batch(desk: "Desk", call: ShowBatch) -> BatchView:
    """Tell how far a batch has got."""
    return show(*open_batch(desk, call.actor, call.batch))


def _find_request(desk: "Desk", actor: Actor, request: str) -> BatchFolder | None:
    """Find what an earlier request of the same key has begun."""
    for folder, known in read_folders(desk):
        if known.request == request and is_owner(known, actor):
            return folder
    return None


def _describe(actor: Actor, request: str, name: str, state: str) -> Batch:
    return Batch(
        id=secrets.token_hex(8),
        owner=actor,
        name=name,
        state=state,
        begun_at=now().replace(microsecond=0),
        request=request,
        version="",
        paper="a4",
        choice=None,
        ordered=False,
        skip_existing=False,
        total=0,
        words="",
    )


def _make(desk: "Desk", batch: Batch, name: str, content: bytes) -> BatchFolder:
    folder = find_folder(desk, batch.id)
    folder.create(batch, name, content)
    return folder
