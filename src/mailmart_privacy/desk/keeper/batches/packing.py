"""Packing what is downloaded of a batch beside its copies: the list for mail merge, and drafts."""

import datetime
import zipfile
from collections.abc import Sequence

from ...._files import open_whole
from ...._time import parse_moment
from ....batch.manifest import read_lines
from ...checker.sheet_calls import IssuedLine, ListIssuedRows, PlannedRow
from ...connections import Connection
from ...drafts import write_draft
from ...settings import DeskSettings
from .folder import COPIES, MANIFEST, Batch, BatchFolder


def pack_batch(settings: DeskSettings, folder: BatchFolder, batch: Batch, checker: Connection) -> None:
    """Pack what is downloaded beside the copies: the list for mail merge, and drafts.

    Args:
        settings: of the desk.
        folder: of the batch; the ZIP file of its copies is there.
        batch: what is known of it.
        checker: reads the spreadsheet.
    """
    lines = list(read_lines(folder.path / MANIFEST))
    plan = folder.read_plan().rows
    _write_list(settings, folder, batch, lines, plan, checker)
    if batch.choice is not None and batch.choice.email:
        rows = {row.reference: row for row in plan}
        with (
            zipfile.ZipFile(folder.path / COPIES) as copies,
            open_whole(folder.path / "drafts.zip", force=True, mode=0o600) as stream,
            zipfile.ZipFile(stream, "w") as packed,
        ):
            for line in lines:
                row = rows[line["reference"]]
                draft = write_draft(
                    customer=row.recipient,
                    reference=row.reference,
                    version=datetime.date.fromisoformat(batch.version),
                    sender=batch.owner.name,
                    pdf=copies.read(line["file"]),
                    file=line["file"],
                    to=row.email,
                )
                packed.writestr(_entry(line["file"].removesuffix(".pdf") + ".eml", line["issued_at"]), draft)


def _write_list(
    settings: DeskSettings,
    folder: BatchFolder,
    batch: Batch,
    lines: list[dict[str, object]],
    plan: Sequence[PlannedRow],
    checker: Connection,
) -> None:
    numbers = {row.reference: row.number for row in plan}
    assert batch.choice is not None
    rows = tuple(
        IssuedLine(
            number=numbers[str(line["reference"])],
            file=str(line["file"]),
            path=f"{settings.origin}/copies/{line['digest']}",
            reference=str(line["reference"]),
            issued_at=parse_moment(str(line["issued_at"])),
        )
        for line in lines
    )
    made = checker.ask(ListIssuedRows(kept=folder.kept, name=batch.name, choice=batch.choice, rows=rows))
    with open_whole(folder.path / "issued.xlsx", force=True, mode=0o600) as stream:
        stream.write(made.content)


def _entry(name: str, issued_at: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, parse_moment(issued_at).timetuple()[:6])
