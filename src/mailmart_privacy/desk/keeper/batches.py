"""Batches, step by step: a spreadsheet is kept, shown, planned, and issued."""

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from ..._clock import now
from ...archive.recipients import fold
from ..answers import Done
from ..batch_calls import (
    Batches,
    BatchSheets,
    BatchView,
    BeginBatch,
    ListBatches,
    PlanBatch,
    PlannedBatch,
    ShowBatch,
    ShowPlan,
    ShowSheets,
    StartBatch,
    StopBatch,
)
from ..checker.sheet_calls import Choice, Fault, OutlineSheets, PlanSheet, PlanView
from ..messages import Answer, Call, ClosedError, RefusedError
from .batch_folder import Batch, BatchFolder, find_folder, is_owner, list_folders, open_batch, show
from .issuing import find_current

if TYPE_CHECKING:
    from .desk import Desk

SHOWN = 200  # problems and customers that a page lists


def begin(desk: "Desk", call: BeginBatch) -> BatchView:
    """Store a spreadsheet, after checking that it can be read."""
    for folder in list_folders(desk):
        known = folder.read()
        if (known.owner.subject, known.owner.issuer) == (call.actor.subject, call.actor.issuer) and (
            known.request == call.request
        ):
            return show(folder, known)
    ask_checker(desk, OutlineSheets(content=call.content, name=call.name, sheet="", header_row=0))
    batch = Batch(
        id=secrets.token_hex(8),
        owner=call.actor,
        name=call.name,
        state="sheet",
        begun_at=now().replace(microsecond=0),
        request=call.request,
        version="",
        paper="a4",
        choice=None,
        skip_existing=False,
        total=0,
        words="",
    )
    folder = find_folder(desk, batch.id)
    folder.create(batch, call.content)
    return show(folder, batch)


def list_batches(desk: "Desk", call: ListBatches) -> Batches:
    """List the batches of a person, the newest first."""
    found = [(folder, folder.read()) for folder in list_folders(desk)]
    own = [(folder, batch) for folder, batch in found if is_owner(batch, call.actor)]
    own.sort(key=lambda each: each[1].begun_at, reverse=True)
    return Batches(batches=tuple(show(*each) for each in own))


def show_sheets(desk: "Desk", call: ShowSheets) -> BatchSheets:
    """Show the sheets of a batch's file."""
    folder, batch = open_batch(desk, call.actor, call.batch)
    asked = OutlineSheets(content=folder.sheet, name=batch.name, sheet=call.sheet, header_row=call.header_row)
    return BatchSheets(batch=show(folder, batch), sheets=ask_checker(desk, asked).sheets)


def plan(desk: "Desk", call: PlanBatch) -> PlannedBatch:
    """Read the spreadsheet in the way that a person chose, and look for problems; nothing is issued."""
    folder, batch = open_batch(desk, call.actor, call.batch)
    if batch.state not in ("sheet", "planned"):
        raise RefusedError("batch-began")
    version = desk.ledger.version_in_force(now()).version
    asked = PlanSheet(
        content=folder.sheet,
        name=batch.name,
        choice=call.choice,
        version=version,
        paper=call.paper,
        begun_at=batch.begun_at,
    )
    found = _add_taken_references(desk, call.choice, ask_checker(desk, asked))
    folder.write_plan(found)
    batch = replace(batch, state="planned", version=version, paper=call.paper, choice=call.choice)
    folder.write(batch)
    return _show_plan(desk, folder, batch, found)


def show_plan(desk: "Desk", call: ShowPlan) -> PlannedBatch:
    """Show what would be issued."""
    folder, batch = open_batch(desk, call.actor, call.batch)
    if batch.state != "planned":
        raise RefusedError("batch-began" if batch.state != "sheet" else "batch-not-planned")
    return _show_plan(desk, folder, batch, folder.read_plan())


def start(desk: "Desk", call: StartBatch) -> BatchView:
    """Start the batch, or continue it where it was stopped; asking again changes nothing."""
    folder, batch = open_batch(desk, call.actor, call.batch)
    if batch.state in ("stopped", "failed"):
        batch = replace(batch, state="waiting", words="")
        folder.write(batch)
        desk.queue.wake()
    if batch.state == "planned":
        found = folder.read_plan()
        if call.skip_existing:
            existing = set(find_existing(desk, batch.version, found))
            found = replace(found, rows=tuple(row for row in found.rows if row.number not in existing))
            folder.write_plan(found)
        if not found.rows:
            raise RefusedError("batch-empty")
        batch = replace(batch, state="waiting", skip_existing=call.skip_existing, total=len(found.rows))
        folder.write(batch)
        desk.queue.wake()
    return show(folder, batch)


def stop(desk: "Desk", call: StopBatch) -> Done:
    """Stop a batch after the copies that are under way."""
    folder, batch = open_batch(desk, call.actor, call.batch)
    desk.queue.stop(folder, batch)
    return Done()


def show_batch(desk: "Desk", call: ShowBatch) -> BatchView:
    """Tell how far a batch has got."""
    return show(*open_batch(desk, call.actor, call.batch))


def find_existing(desk: "Desk", version: str, found: PlanView) -> dict[int, str]:
    """Find the rows whose customer has a copy of a version already: their numbers, and the names."""
    desk.directory.refresh()
    having = {fold(customer.record.name) for customer in desk.directory.snapshot() if find_current(customer, version)}
    return {row.number: row.recipient for row in found.rows if fold(row.recipient) in having}


def ask_checker(desk: "Desk", call: Call[Answer]) -> Answer:
    """Ask the checker about a spreadsheet.

    Raises:
        RefusedError: "unreadable-sheet", with what it said.
    """
    try:
        return desk.checker.ask(call)
    except (ClosedError, TimeoutError):
        raise RefusedError("unreadable-sheet", "reading it takes too long") from None
    except RefusedError as refused:
        raise RefusedError("unreadable-sheet", refused.words) from None


def _show_plan(desk: "Desk", folder: BatchFolder, batch: Batch, found: PlanView) -> PlannedBatch:
    existing = find_existing(desk, batch.version, found)
    return PlannedBatch(
        batch=show(folder, batch),
        faults=found.faults[:SHOWN],
        fault_count=len({each.row for each in found.faults}),
        existing=tuple(list(existing.values())[:SHOWN]),
        existing_count=len(existing),
        copies=len(found.rows),
        skipped=len(found.skipped),
    )


def _add_taken_references(desk: "Desk", choice: Choice, found: PlanView) -> PlanView:
    """Find references that other customers have already."""
    desk.directory.refresh()
    owners, customers = desk.directory.owners, desk.directory.customers
    names = {fold(each.record.name): each.record.pseudonym for each in desk.directory.snapshot()}
    faults, rows = list(found.faults), []
    for row in found.rows:
        owner = owners.get(row.reference)
        if owner is None or owner == names.get(fold(row.recipient)):
            rows.append(row)
            continue
        words = f"{customers[owner].record.name} already has a copy with the reference {row.reference!r}"
        cell = f"{choice.reference or choice.customer}{row.number}"
        faults.append(Fault(row=row.number, cell=cell, role="reference", message=words))
    return PlanView(rows=tuple(rows), faults=tuple(sorted(faults, key=lambda each: each.row)), skipped=found.skipped)
