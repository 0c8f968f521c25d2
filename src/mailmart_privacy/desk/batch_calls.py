"""What `web` asks `keeper` about batches: a spreadsheet, step by step, and the outcome."""

import datetime
from dataclasses import dataclass

from .answers import Actor, Done
from .checker.sheet_calls import Choice, Fault, SheetView
from .messages import Call


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchView:
    """A batch.

    Attributes:
        id: how pages name it.
        name: of the spreadsheet.
        state: "sheet" (nothing is known yet), "planned", "waiting", "running", "done", "stopped" or "failed".
        begun_at: when the spreadsheet was sent.
        total: how many copies it is to make.
        done: how many are made.
        words: why it failed, or empty.
        has_emails: whether there are addresses, so that drafts are made.
    """

    id: str
    name: str
    state: str
    begun_at: datetime.datetime
    total: int
    done: int
    words: str
    has_emails: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Batches:
    """Some batches, the newest first."""

    batches: tuple[BatchView, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchSheets:
    """A batch, and the sheets of its file."""

    batch: BatchView
    sheets: tuple[SheetView, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedBatch:
    """A batch that is planned.

    Attributes:
        batch: the batch.
        faults: what is wrong with rows; the first ones.
        fault_count: how many rows have a problem.
        existing: customers who have a copy of this version; the first ones.
        existing_count: how many of them there are.
        copies: how many rows can be issued.
        skipped: how many hidden rows are left out.
    """

    batch: BatchView
    faults: tuple[Fault, ...]
    fault_count: int
    existing: tuple[str, ...]
    existing_count: int
    copies: int
    skipped: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A part of a file, and how long the whole is."""

    content: bytes
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BeginBatch(Call[BatchView]):
    """Store this spreadsheet; `request` identifies a form that was sent twice."""

    actor: Actor
    name: str
    content: bytes
    request: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ListBatches(Call[Batches]):
    """Which batches are this person's?"""

    actor: Actor


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowSheets(Call[BatchSheets]):
    """What is in the spreadsheet of a batch?"""

    actor: Actor
    batch: str
    sheet: str
    header_row: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanBatch(Call[PlannedBatch]):
    """Read the spreadsheet in this way, and look for problems."""

    actor: Actor
    batch: str
    choice: Choice
    paper: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowPlan(Call[PlannedBatch]):
    """What would be issued?"""

    actor: Actor
    batch: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StartBatch(Call[BatchView]):
    """Issue the copies; `skip_existing` leaves out customers who already have one of this version."""

    actor: Actor
    batch: str
    skip_existing: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class StopBatch(Call[Done]):
    """Stop after the copies that are under way; what is issued stays issued."""

    actor: Actor
    batch: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowBatch(Call[BatchView]):
    """How far has a batch got?"""

    actor: Actor
    batch: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadBatchFile(Call[Chunk]):
    """Give out a part of a file: "marked.xlsx", "copies.zip", "issued.xlsx" or "drafts.zip"."""

    actor: Actor
    batch: str
    name: str
    offset: int


BATCH_CALLS: dict[str, type[Call[object]]] = {
    kind.__name__: kind  # type: ignore[misc]
    for kind in (
        BeginBatch,
        ListBatches,
        ShowSheets,
        PlanBatch,
        ShowPlan,
        StartBatch,
        StopBatch,
        ShowBatch,
        ReadBatchFile,
    )
}
