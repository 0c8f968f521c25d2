"""The workbook beside the manifest: the customers' own columns, and those of their copies."""

from collections.abc import Sequence
from pathlib import Path

from .._files import open_whole
from .._time import parse_moment
from ..sheets.issued_workbook import IssuedRow, write_issued
from ..sheets.rows import Planned
from ..sheets.sheet import Sheet
from .manifest import NAME, read_lines

_NAME = "issued.xlsx"


def write_issued_list(
    content: bytes, sheet: Sheet, plan: Sequence[Planned], *, manifest: Path, folder: str, name: str
) -> Path:
    """Write the list of a batch's copies for mail merge; it replaces an earlier list of the same batch.

    Args:
        content: the file with the sheet.
        sheet: its rows.
        plan: the copies that were to be issued.
        manifest: the file that lists those that were.
        folder: where the copies are: a path or a URL.
        name: what the messages call the file with the sheet.

    Returns:
        Its path: "issued.xlsx" beside "manifest.jsonl", "LIST-issued.xlsx" beside another manifest "LIST.jsonl".

    Raises:
        MissingExtraError: openpyxl is not installed.
        OSError: it cannot be written.
    """
    rows = {row.reference: row.number for row in plan}
    issued = {
        rows[line["reference"]]: IssuedRow(
            file=line["file"],
            path=_name_place(folder, line["file"]),
            reference=line["reference"],
            issued_at=parse_moment(line["issued_at"]),
        )
        for line in read_lines(manifest)
        if line["reference"] in rows
    }
    path = manifest.with_name(_NAME if manifest.name == NAME else f"{manifest.stem}-{_NAME}")
    with open_whole(path, force=True) as stream:
        write_issued(stream, content, sheet, issued, name=name)
    return path


def _name_place(folder: str, file: str) -> str:
    return f"{folder.rstrip('/')}/{file}" if "://" in folder else str(Path(folder, file).absolute())
