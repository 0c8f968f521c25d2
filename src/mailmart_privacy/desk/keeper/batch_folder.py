"""The folder of a batch: the spreadsheet, the person's decisions, and the outcome.

What is issued stands in the archive's log. These folders hold what people upload and download; they are
removed after a month.
"""

import datetime
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..._clock import now
from ..._files import write_whole
from ..answers import Actor
from ..batch_calls import BatchView
from ..checker.sheet_calls import Choice, PlanView
from ..codec import decode, encode
from ..messages import RefusedError

if TYPE_CHECKING:
    from .desk import Desk

KEPT = datetime.timedelta(days=30)
_ID = re.compile("[0-9a-f]{16}")
SHEET, COPIES, MANIFEST = "sheet", "copies", "manifest.jsonl"
_PLAN, _FACTS = "plan.json", "batch.json"
_Value = TypeVar("_Value")


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """A batch as its folder has it.

    Attributes:
        id: the name of the folder.
        owner: the person to whom it belongs.
        name: of the spreadsheet.
        state: see `BatchView`.
        begun_at: when the spreadsheet was sent; part of references that are made.
        request: of the form that sent it.
        version: of the policy; empty until it is planned.
        paper: "a4" or "letter".
        choice: how the spreadsheet is to be read, or None.
        skip_existing: whether customers who have a copy of this version are left out.
        total: how many copies it is to make.
        words: why it failed, or empty.
    """

    id: str
    owner: Actor
    name: str
    state: str
    begun_at: datetime.datetime
    request: str
    version: str
    paper: str
    choice: Choice | None
    skip_existing: bool
    total: int
    words: str


class BatchFolder:
    """The folder of a batch.

    Args:
        path: of the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def sheet(self) -> bytes:
        """The spreadsheet."""
        return (self.path / SHEET).read_bytes()

    @property
    def is_planned(self) -> bool:
        """Whether it is known which copies it is to make."""
        return (self.path / _PLAN).is_file()

    def read(self) -> Batch:
        """Read what is known of it."""
        return self._load(_FACTS, Batch)

    def write(self, batch: Batch) -> None:
        """Keep what is known of it."""
        self._keep(_FACTS, batch)

    def read_plan(self) -> PlanView:
        """Read what its spreadsheet asks for."""
        return self._load(_PLAN, PlanView)

    def write_plan(self, plan: PlanView) -> None:
        """Keep what its spreadsheet asks for."""
        self._keep(_PLAN, plan)

    def count_done(self) -> int:
        """Count the copies that are listed in its manifest."""
        try:
            return (self.path / MANIFEST).read_bytes().count(b"\n")
        except FileNotFoundError:
            return 0

    def _load(self, name: str, kind: type[_Value]) -> _Value:
        return decode(kind, json.loads((self.path / name).read_bytes()), [])

    def _keep(self, name: str, value: object) -> None:
        write_whole(self.path / name, json.dumps(encode(value, [])).encode(), force=True, mode=0o600)


def open_batch(desk: "Desk", actor: Actor, name: str) -> tuple[BatchFolder, Batch]:
    """Open a batch of a person.

    Raises:
        RefusedError: they have no such batch.
    """
    folder = BatchFolder(find_root(desk) / name)
    if not _ID.fullmatch(name) or not (folder.path / _FACTS).is_file():
        raise RefusedError("no-such-batch")
    batch = folder.read()
    if not is_owner(batch, actor):
        raise RefusedError("no-such-batch")
    return folder, batch


def list_folders(desk: "Desk") -> list[BatchFolder]:
    """List the folders of all batches."""
    return [BatchFolder(each.parent) for each in sorted(find_root(desk).glob(f"*/{_FACTS}"))]


def remove_old(desk: "Desk") -> None:
    """Remove what is older than a month: spreadsheets and addresses are not kept for longer."""
    for folder in list_folders(desk):
        batch = folder.read()
        if batch.begun_at < now() - KEPT and batch.state not in ("waiting", "running"):
            shutil.rmtree(folder.path)


def show(folder: BatchFolder, batch: Batch) -> BatchView:
    """Show a batch."""
    return BatchView(
        id=batch.id,
        name=batch.name,
        state=batch.state,
        begun_at=batch.begun_at,
        total=batch.total,
        done=batch.total if batch.state == "done" else folder.count_done(),
        words=batch.words,
        has_emails=bool(batch.choice and batch.choice.email),
    )


def is_owner(batch: Batch, actor: Actor) -> bool:
    """Tell whether a batch belongs to a person."""
    return (batch.owner.issuer, batch.owner.subject) == (actor.issuer, actor.subject)


def find_root(desk: "Desk") -> Path:
    """Name the folder with the folders of all batches."""
    return Path(desk.settings.folder, "batches")
