"""Reading spreadsheets: jobs that go on when the page is closed, and begin again where the keeper was killed.

The checker reads the file once; whatever a person then chooses works with what was read. Of desks that share a
database, one reads a spreadsheet; where that one dies, another one begins again within seconds.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ....archive.recipients import fold
from ....errors import PrivacyError
from ...addresses import is_address
from ...batch_calls import PlanSummary
from ...checker.sheet_calls import Fault, PlanSheet, PlanView, ReadSheets
from ...lines import write_line
from ...messages import Answer, Call, ClosedError, RefusedError
from ..issuing import find_current
from .folder import OPEN, Batch, BatchFolder, find_folder, read_folders

if TYPE_CHECKING:
    from ..desk import Desk

_PAUSE = 5.0  # seconds between two looks for what other desks have left
SHOWN = 200  # problems and customers that a page lists


class Reading:
    """The jobs of a desk that read spreadsheets.

    Args:
        desk: whose.

    Attributes:
        patience: how many seconds a page waits for a job; most spreadsheets are read by then.
    """

    def __init__(self, desk: "Desk") -> None:
        self._desk, self.patience = desk, 4.0
        self._lock = threading.Lock()
        self._ends: dict[str, threading.Event] = {}
        self._again = set[str]()

    def begin(self) -> None:
        """Do again what a process that was killed has left, and look for what other desks leave."""
        self.resume()
        if self._desk.batches is not None:
            threading.Thread(target=self._watch, name="reading", daemon=True).start()

    def resume(self) -> None:
        """Do again what no process does any more."""
        if self._desk.batches is not None:
            left = [find_folder(self._desk, each) for each in self._desk.batches.list_unread()]
        else:
            left = [each for each, batch in read_folders(self._desk) if batch.state in _STEPS]
        for folder in left:
            self.start(folder)

    def _watch(self) -> None:
        while True:
            time.sleep(_PAUSE)
            try:
                self.resume()
            except (PrivacyError, OSError) as error:  # the database fails: there is a next time
                write_line("keeper", "spreadsheets could not be looked for", error=type(error).__name__)

    def run(self, folder: BatchFolder) -> Batch:
        """Start the job of a batch, and wait for it for a while.

        Args:
            folder: of the batch; its state says what is to be done.

        Returns:
            The batch as it is then; the job may be under way still.
        """
        self.start(folder).wait(self.patience)
        return folder.read()

    def start(self, folder: BatchFolder) -> threading.Event:
        """Start the job of a batch, or have the one that is under way look again; the event tells of its end."""
        with self._lock:
            ended = self._ends.get(folder.id)
            if ended is None:
                ended = self._ends[folder.id] = threading.Event()
                threading.Thread(target=self._do, args=(folder, ended), name="reading", daemon=True).start()
            else:  # it may have done its step, and be about to end
                self._again.add(folder.id)
        return ended

    def _do(self, folder: BatchFolder, ended: threading.Event) -> None:
        try:
            self._work_on(folder)
            while self._is_asked_again(folder):
                self._work_on(folder)
        finally:
            with self._lock:
                if self._ends.get(folder.id) is ended:
                    del self._ends[folder.id]
            ended.set()

    def _is_asked_again(self, folder: BatchFolder) -> bool:
        """Tell whether somebody started the job since it was begun; if not, the next one begins another one."""
        with self._lock:
            if folder.id not in self._again:
                del self._ends[folder.id]
                return False
            self._again.discard(folder.id)
            return True

    def _work_on(self, folder: BatchFolder) -> None:
        try:
            with self._work(folder) as alone:
                if alone and folder.is_there:
                    self._step(folder, folder.read())
        except (PrivacyError, OSError) as error:  # the database or the disk fails, or the batch was removed meanwhile
            write_line("keeper", "a spreadsheet is left for another try", error=type(error).__name__)

    @contextlib.contextmanager
    def _work(self, folder: BatchFolder) -> Iterator[bool]:
        """Work on a batch as the only one of all desks; False where another one does."""
        if self._desk.batches is None:
            yield True
            return
        with self._desk.batches.working(folder.id) as probe:
            yield probe is not None

    def _step(self, folder: BatchFolder, batch: Batch) -> None:
        try:
            if batch.state in _STEPS:  # otherwise another job did it meanwhile
                _STEPS[batch.state](self._desk, folder, batch)
        except RefusedError as refused:
            self._refuse(folder, batch, refused.words)
        except (PrivacyError, OSError) as error:
            write_line("keeper", "a spreadsheet could not be read", error=type(error).__name__)
            self._refuse(folder, batch, "the desk could not read it; try again")

    def _refuse(self, folder: BatchFolder, batch: Batch, words: str) -> None:
        state = "refused" if batch.ordered else _REFUSED[batch.state]
        if folder.is_there:  # otherwise it was removed meanwhile, and is not to come back
            folder.write(replace(batch, state=state, words=words))


def read(desk: "Desk", folder: BatchFolder, batch: Batch) -> None:
    """Read the spreadsheet of a batch, and keep what is in it."""
    folder.write_kept(ask_checker(desk, ReadSheets(content=folder.sheet, name=batch.name)).content)
    if folder.read().state == batch.state:  # otherwise another desk has read it, and the person has gone on
        folder.write(replace(batch, state="sheet"))


def plan(desk: "Desk", folder: BatchFolder, batch: Batch) -> None:
    """Look for problems in the rows of a batch, and keep what can be issued."""
    assert batch.choice is not None
    asked = PlanSheet(
        kept=folder.kept,
        name=batch.name,
        choice=batch.choice,
        version=batch.version,
        paper=batch.paper,
        begun_at=batch.begun_at,
    )
    found = _add_taken_references(desk, batch, ask_checker(desk, asked))
    if folder.read().state != batch.state:
        return
    folder.write_plan(found)
    folder.write_summary(summarise(desk, batch, found))
    if not batch.ordered:
        folder.write(replace(batch, state="planned"))
    elif found.faults:
        folder.write(replace(batch, state="refused"))
    else:
        folder.write(replace(batch, state="waiting", total=len(found.rows)))
        desk.queue.wake()


_STEPS = {"reading": read, "planning": plan}
_REFUSED = {"reading": "unreadable", "planning": "sheet"}  # the state of a batch whose step was refused


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


def summarise(desk: "Desk", batch: Batch, found: PlanView) -> PlanSummary:
    """Sum up a plan for the page that shows it."""
    existing = find_existing(desk, batch, found)
    letter = batch.choice.email if batch.choice else ""
    unfit = [f"{letter}{row.number}: {row.email}" for row in found.rows if row.email and not is_address(row.email)]
    return PlanSummary(
        faults=found.faults[:SHOWN],
        fault_count=len({each.row for each in found.faults}),
        existing=tuple(list(existing.values())[:SHOWN]),
        existing_count=len(existing),
        copies=len(found.rows),
        skipped=len(found.skipped),
        unfit_emails=tuple(unfit[:SHOWN]),
        unfit_email_count=len(unfit),
    )


def find_existing(desk: "Desk", batch: Batch, found: PlanView) -> dict[int, str]:
    """Find the rows whose customer has a copy of a batch's version already, or gets one of another batch.

    Returns:
        Their numbers, and the names as a page shows them.
    """
    coming: set[str] = set()
    for folder, other in read_folders(desk):  # before the log is read: what is done then is on record
        if other.state in OPEN and other.version == batch.version and folder.id != batch.id:
            coming.update(fold(row.recipient) for row in folder.read_plan().rows)
    desk.directory.refresh()
    customers = desk.directory.snapshot()
    having = {fold(each.record.name) for each in customers if find_current(each, batch.version)}
    existing = {}
    for row in found.rows:
        name = fold(row.recipient)
        if name in having:
            existing[row.number] = row.recipient
        elif name in coming:
            existing[row.number] = f"{row.recipient} (being issued)"
    return existing


def _add_taken_references(desk: "Desk", batch: Batch, found: PlanView) -> PlanView:
    """Find references that other customers have already; a service is not told which ones."""
    assert batch.choice is not None
    choice = batch.choice
    desk.directory.refresh()
    names = {fold(each.record.name): each.record.pseudonym for each in desk.directory.snapshot()}
    faults, rows = list(found.faults), []
    for row in found.rows:
        owner = desk.directory.find_owner(row.reference)
        if owner is None or owner.record.pseudonym == names.get(fold(row.recipient)):
            rows.append(row)
            continue
        who = "another customer" if batch.ordered else owner.record.name
        words = f"{who} already has a copy with the reference {row.reference!r}"
        cell = f"{choice.reference or choice.customer}{row.number}"
        faults.append(Fault(row=row.number, cell=cell, role="reference", message=words))
    return PlanView(rows=tuple(rows), faults=tuple(sorted(faults, key=lambda each: each.row)), skipped=found.skipped)
