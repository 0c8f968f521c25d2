"""The folder of a batch: the spreadsheet, the person's decisions, and the outcome.

Desks that share a database keep what people sent and decided there; their folders have only what is made of it.

What is issued is in the archive's log. These folders hold what people upload and download; they are
removed after a month.
"""

import contextlib
import datetime
import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ...._clock import now
from ...._files import make_folder, write_whole
from ...answers import Actor
from ...batch_calls import BatchView, PlanSummary
from ...checker.sheet_calls import Choice, PlanView
from ...codec import decode, encode
from ...messages import RefusedError

if TYPE_CHECKING:
    from ..desk import Desk
    from .shared import SharedBatches

OPEN = ("waiting", "running")  # states of a batch whose copies are to be issued
KEPT = datetime.timedelta(days=30)
_ID = re.compile("[0-9a-f]{16}")
SHEET, COPIES, MANIFEST = "sheet", "copies.zip", "manifest.jsonl"
ROWS, _PLAN, _SUMMARY, _FACTS = "rows", "plan.json", "summary.json", "batch.json"
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
        ordered: whether a service sent it, which cannot be asked about anything.
        skip_existing: whether customers who have a copy of this version are left out.
        total: how many copies it is to make.
        words: why it failed or cannot be read, or empty.
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
    ordered: bool
    skip_existing: bool
    total: int
    words: str


class BatchFolder:
    """The folder of a batch.

    Args:
        path: of the folder.
        shared: the batches of all desks, where they share them.
    """

    def __init__(self, path: Path, shared: "SharedBatches | None" = None) -> None:
        self.path, self.shared = path, shared

    @property
    def id(self) -> str:
        """The name of the folder."""
        return self.path.name

    @property
    def sheet(self) -> bytes:
        """The spreadsheet."""
        return self._get(SHEET)

    @property
    def is_there(self) -> bool:
        """Whether there is such a batch."""
        if self.shared is not None:
            return self.shared.read_state(self.id) is not None
        return (self.path / _FACTS).is_file()

    def create(self, batch: Batch, name: str, content: bytes) -> None:
        """Make the folder, with a file: the spreadsheet, or the rows of a service."""
        if self.shared is None:
            make_folder(self.path, mode=0o700)
            self._put(name, content)
            self.write(batch)  # last: what has none is not a batch
            return
        with self.shared.tables.changing():
            self.shared.write_state(self.id, batch.state, batch.begun_at.timestamp())
            self._put(name, content)
            self.write(batch)

    @property
    def kept(self) -> bytes:
        """What was read of the spreadsheet."""
        return self._get(ROWS)

    def write_kept(self, kept: bytes) -> None:
        """Keep what was read of the spreadsheet."""
        self._put(ROWS, kept)

    def read(self) -> Batch:
        """Read what is known of it."""
        batch = self._load(_FACTS, Batch)
        state = self.shared.read_state(self.id) if self.shared is not None else None
        return batch if state is None else replace(batch, state=state)

    def write(self, batch: Batch) -> None:
        """Keep what is known of it."""
        self._keep(_FACTS, batch)
        if self.shared is not None:
            self.shared.write_state(self.id, batch.state, batch.begun_at.timestamp())

    def begin(self) -> bool:
        """Note that copies are issued now; False where the batch was stopped or finished meanwhile."""
        if self.shared is not None:
            return self.shared.begin(self.id)
        batch = self.read()
        if batch.state not in OPEN:
            return False
        self.write(replace(batch, state="running"))
        return True

    def remove(self) -> None:
        """Remove the batch, with its files."""
        if self.shared is not None:
            self.shared.remove(self.id)
            shutil.rmtree(self.path, ignore_errors=True)
            return
        while self.path.exists():
            with contextlib.suppress(FileNotFoundError):  # another request removes it as well
                shutil.rmtree(self.path)

    def read_plan(self) -> PlanView:
        """Read what its spreadsheet asks for."""
        return self._load(_PLAN, PlanView)

    def write_plan(self, plan: PlanView) -> None:
        """Keep what its spreadsheet asks for."""
        self._keep(_PLAN, plan)

    def read_summary(self) -> PlanSummary:
        """Read what a page shows of the plan."""
        return self._load(_SUMMARY, PlanSummary)

    def write_summary(self, summary: PlanSummary) -> None:
        """Keep what a page shows of the plan."""
        self._keep(_SUMMARY, summary)

    def count_done(self) -> int:
        """Count the copies that are listed in its manifest."""
        try:
            return (self.path / MANIFEST).read_bytes().count(b"\n")
        except FileNotFoundError:
            return self.shared.read_done(self.id) if self.shared is not None else 0

    def share_manifest(self) -> None:
        """Keep the manifest where the other desks find it; they make the files to download of it."""
        if self.shared is not None:
            self.shared.write(self.id, MANIFEST, (self.path / MANIFEST).read_bytes())

    def fetch_manifest(self) -> None:
        """Fetch the manifest that another desk has made."""
        make_folder(self.path, mode=0o700)
        write_whole(self.path / MANIFEST, self._get(MANIFEST), force=True, mode=0o600)

    def _load(self, name: str, kind: type[_Value]) -> _Value:
        return decode(kind, json.loads(self._get(name)), [])

    def _keep(self, name: str, value: object) -> None:
        self._put(name, json.dumps(encode(value, [])).encode())

    def _get(self, name: str) -> bytes:
        content = self._read_file(name) if self.shared is None else self.shared.read(self.id, name)
        if content is None:  # it was removed meanwhile
            raise RefusedError("no-such-batch")
        return content

    def _read_file(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            if self.is_there:
                raise
            return None

    def _put(self, name: str, content: bytes) -> None:
        if self.shared is not None:
            self.shared.write(self.id, name, content)
        else:
            write_whole(self.path / name, content, force=True, mode=0o600)


def open_batch(desk: "Desk", actor: Actor, name: str) -> tuple[BatchFolder, Batch]:
    """Open a batch of a person.

    Raises:
        RefusedError: they have no such batch.
    """
    folder = find_folder(desk, name)
    if not _ID.fullmatch(name) or not folder.is_there:
        raise RefusedError("no-such-batch")
    batch = folder.read()
    if not is_owner(batch, actor):
        raise RefusedError("no-such-batch")
    return folder, batch


def list_folders(desk: "Desk") -> list[BatchFolder]:
    """List the folders of all batches."""
    if desk.batches is not None:
        return [find_folder(desk, each) for each in desk.batches.list_ids()]
    return [BatchFolder(each.parent) for each in sorted(_find_root(desk).glob(f"*/{_FACTS}"))]


def read_folders(desk: "Desk") -> list[tuple[BatchFolder, Batch]]:
    """Read what is known of all batches; those that are removed meanwhile are left out."""
    found = []
    for folder in list_folders(desk):
        with contextlib.suppress(RefusedError):
            found.append((folder, folder.read()))
    return found


def remove_old(desk: "Desk") -> None:
    """Remove what is older than a month: spreadsheets and addresses are not kept for longer."""
    for folder, batch in read_folders(desk):
        if batch.begun_at < now() - KEPT and batch.state not in ("waiting", "running"):
            folder.remove()


def remove_strays(desk: "Desk") -> None:
    """Remove what was made here of batches that another desk has removed."""
    if desk.batches is None:
        return
    paths = list(_find_root(desk).glob("*"))  # first: what is listed after that has those that are begun meanwhile
    known = set(desk.batches.list_ids())
    for path in paths:
        if path.name not in known:
            shutil.rmtree(path, ignore_errors=True)


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


def find_folder(desk: "Desk", name: str) -> BatchFolder:
    """Name the folder of a batch, which may be new."""
    return BatchFolder(_find_root(desk) / name, desk.batches)


def _find_root(desk: "Desk") -> Path:
    return Path(desk.settings.folder, "batches")
