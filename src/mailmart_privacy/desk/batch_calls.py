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
        state: "reading" (the spreadsheet), "unreadable", "sheet" (the person has to choose rows and columns),
            "planning" (problems are looked for), "planned", "refused" (rows of a service have problems), "waiting",
            "running", "done", "stopped" or "failed".
        begun_at: when the spreadsheet was sent.
        total: how many copies it is to make.
        done: how many are made.
        words: why it failed or cannot be read, or empty.
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
    """A batch, the sheets of its file, and what the person chose of them before."""

    batch: BatchView
    sheets: tuple[SheetView, ...]
    choice: Choice | None
    paper: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanSummary:
    """What a page shows of a plan.

    Attributes:
        faults: what is wrong with rows; the first ones.
        fault_count: how many rows have a problem.
        existing: customers who have a copy of this version; the first ones.
        existing_count: how many of them there are.
        copies: how many rows can be issued.
        skipped: how many hidden rows are left out.
        unfit_emails: cells whose address cannot be used, and what is in them; the first ones.
        unfit_email_count: how many of them there are.
    """

    faults: tuple[Fault, ...]
    fault_count: int
    existing: tuple[str, ...]
    existing_count: int
    copies: int
    skipped: int
    unfit_emails: tuple[str, ...]
    unfit_email_count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedBatch(PlanSummary):
    """A batch that is planned, and its plan.

    Attributes:
        batch: the batch.
    """

    batch: BatchView


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A part of a file, and how long the whole is."""

    content: bytes
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BeginBatch(Call[BatchView]):
    """Store this spreadsheet, and read it; where that takes long, it goes on by itself.

    `request` identifies a form that was sent twice.
    """

    actor: Actor
    name: str
    content: bytes
    request: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderBatch(Call[BatchView]):
    """Issue a copy for each row, if none of them has a problem: a service cannot be asked.

    Attributes:
        actor: the service.
        rows: as `keep_rows` writes them: recipients in the first column, references in the second.
        paper: "a4" or "letter".
        request: the key of the request: asking again with it makes no second batch.
    """

    actor: Actor
    rows: bytes
    paper: str
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
class PlanBatch(Call[BatchView]):
    """Take the rows in this way, and look for problems; where that takes long, it goes on by itself."""

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
    """Issue the copies.

    Attributes:
        actor: the person.
        batch: whose copies.
        existing: "skip" leaves out customers who already have a copy of this version, "again" issues another one;
            empty where the person has not decided.
    """

    actor: Actor
    batch: str
    existing: str


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
    """Give out a part of a file: "marked.xlsx", "copies.zip", "issued.xlsx" or "drafts.zip".

    Attributes:
        actor: who asks.
        batch: the id of the batch.
        name: of the file.
        offset: where the part begins.
        logged: whether to log that, with the first part.
    """

    actor: Actor
    batch: str
    name: str
    offset: int
    logged: bool


BATCH_CALLS: dict[str, type[Call[object]]] = {
    kind.__name__: kind  # type: ignore[misc]
    for kind in (
        BeginBatch,
        OrderBatch,
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
