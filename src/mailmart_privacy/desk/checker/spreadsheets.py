"""A person's spreadsheet → what is in it, the copies that it asks for, and the workbooks that go back."""

import codecs
import io
from collections.abc import Iterator
from dataclasses import replace

from ..._limits import limited
from ...batch.planning import plan_batch
from ...copies.forms import load_form
from ...errors import UsageError
from ...policy.ledger import shipped
from ...sheets.columns import find_columns
from ...sheets.issued_workbook import IssuedRow, write_issued
from ...sheets.kept import keep_sheets, open_kept
from ...sheets.marked_workbook import mark_faults
from ...sheets.outline import SheetOutline, outline
from ...sheets.rows import RowFault
from ...sheets.sheet import Hidden, Sheet, read_sheet
from ...sheets.source import SheetSource
from ...sheets.xlsx.cells import load_openpyxl
from ...sheets.xlsx.parsing import RawRow
from ...typesetting.fonts import Typeface
from ..messages import Call
from ..sentences import plainly, sentence
from .searching import mentions
from .sheet_calls import (
    Choice,
    Fault,
    File,
    FindName,
    FoundName,
    ListIssuedRows,
    MarkSheet,
    OutlineSheets,
    PlannedRow,
    PlanSheet,
    PlanView,
    ReadSheets,
    SheetsView,
    SheetView,
    TopRow,
)

SECONDS = 120  # that a spreadsheet may take: one of 100,000 rows takes some 15
_WIDEST, _LONGEST_CELL = 40, 200  # of what is shown of a sheet
_LISTED = 10_000  # hidden rows


def prepare() -> None:
    """Load what questions about spreadsheets need, so that a fork finds it."""
    load_openpyxl()
    codecs.lookup("cp437")  # of names in ZIP files


def answer_sheet(call: Call[object], fonts: tuple[Typeface, ...]) -> object:
    """Answer a question about a spreadsheet, or None where it is not one.

    Raises:
        RowsError: the file cannot be read, or not so.
    """
    with limited(seconds=SECONDS):
        match call:
            case ReadSheets():
                return File(content=keep_sheets(call.content, name=call.name))
            case OutlineSheets():
                return _outline(call)
            case PlanSheet():
                return _plan(call, fonts)
            case MarkSheet():
                return _mark(call)
            case ListIssuedRows():
                return _list(call)
            case FindName():
                return FoundName(found=mentions(call.content, call.customer))
    return None


def _outline(call: OutlineSheets) -> SheetsView:
    found = outline(open_kept(call.kept, name=call.name), name=call.name)
    chosen = next((each.title for each in found if each.title == call.sheet), None) if call.sheet else None
    views = []
    for each in found:
        is_chosen = each.chosen if chosen is None else each.title == chosen
        views.append(_view(each, is_chosen, call.header_row if is_chosen else 0))
    return SheetsView(sheets=tuple(views))


def _view(found: SheetOutline, chosen: bool, header_row: int) -> SheetView:
    cells = dict(found.top)
    row = header_row if header_row in cells else found.header_row or 0
    headings = cells.get(row, ())
    try:
        columns = find_columns(headings, {}) if headings else None
    except UsageError:  # two columns may be meant: the person says which
        columns = None
    return SheetView(
        title=found.title,
        visible=found.visible,
        chosen=chosen,
        header_row=row,
        customer=name_column(columns.recipient) if columns else "",
        reference=name_column(columns.reference) if columns and columns.reference is not None else "",
        email=_find_email(headings, [line for number, line in found.top if number > row]),
        top=tuple(
            TopRow(number=number, cells=tuple(cell[:_LONGEST_CELL] for cell in line[:_WIDEST]))
            for number, line in found.top
        ),
        hidden=tuple(number for number in found.hidden if number > row)[:_LISTED],
    )


def _find_email(headings: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    for index in range(len(headings)):
        filled = [line[index].strip() for line in lines if index < len(line) and line[index].strip()]
        if 2 * sum("@" in cell for cell in filled) > len(filled):  # some may be misspelled
            return name_column(index)
    return ""


def _read(call: PlanSheet | MarkSheet | ListIssuedRows, sources: list[SheetSource]) -> Sheet:
    choice = call.choice
    columns = {"recipient": choice.customer}
    if choice.reference:
        columns["reference"] = choice.reference
    hidden: Hidden | None = {"include": "include", "skip": "skip"}.get(choice.hidden)  # type: ignore[assignment]
    sheet = read_sheet(
        sources,
        name=call.name,
        columns=columns,
        sheet=choice.sheet or None,
        header_row=choice.header_row,
        hidden=hidden,
        keep_faults=True,
    )
    if choice.reference:
        return sheet
    return replace(
        sheet,
        rows=tuple(replace(row, reference=None) for row in sheet.rows),
        faults=tuple(fault for fault in sheet.faults if fault.role != "reference"),
    )


def _plan(call: PlanSheet, fonts: tuple[Typeface, ...]) -> PlanView:
    emails: dict[int, str] = {}
    sources = [_note_column(each, call.choice.email, emails) for each in open_kept(call.kept, name=call.name)]
    sheet = _read(call, sources)
    form = load_form(shipped(), call.version, "letter" if call.paper == "letter" else "a4")
    plan = plan_batch(sheet, form=form, version=call.version, begun_at=call.begun_at, fonts=fonts)
    return PlanView(
        rows=tuple(
            PlannedRow(
                number=row.number,
                recipient=row.recipient,
                reference=row.reference,
                file=row.file,
                email=emails.get(row.number, ""),
            )
            for row in plan.copies
        ),
        faults=tuple(
            Fault(row=each.row, cell=_name_cell(call.choice, each), role=each.role, message=each.message)
            for each in plan.faults
        ),
        skipped=sheet.skipped,
    )


def _note_column(source: SheetSource, letter: str, values: dict[int, str]) -> SheetSource:
    """Note the texts of a further column while the rows are read."""
    if not letter:
        return source
    index = find_column(letter)

    def read() -> Iterator[RawRow]:
        for number, cells in source.raw_rows():
            cell = cells[index] if index < len(cells) else None
            if isinstance(cell, str):
                values[number] = cell.strip()[:_LONGEST_CELL]
            yield number, cells

    return replace(source, raw_rows=read)


def _mark(call: MarkSheet) -> File:
    faults = [RowFault(row=each.row, message=sentence(plainly(each.message)), role=each.role) for each in call.faults]
    sources = open_kept(call.kept, name=call.name)
    marked = mark_faults(call.content, _read(call, sources), faults, name=call.name, sources=sources)
    return File(content=marked)


def _list(call: ListIssuedRows) -> File:
    rows = {
        each.number: IssuedRow(file=each.file, path=each.path, reference=each.reference, issued_at=each.issued_at)
        for each in call.rows
    }
    stream = io.BytesIO()
    sources = open_kept(call.kept, name=call.name)
    write_issued(stream, sources, _read(call, sources), rows, name=call.name)
    return File(content=stream.getvalue())


def _name_cell(choice: Choice, fault: RowFault) -> str:
    letter = choice.reference if fault.role == "reference" and choice.reference else choice.customer
    return f"{letter}{fault.row}" if fault.row else ""


def name_column(index: int) -> str:
    """Name a column as spreadsheets do: A, B, …, Z, AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def find_column(name: str) -> int:
    """Find the place of a column by its letters, from 0."""
    index = 0
    for letter in name:
        index = index * 26 + ord(letter) - 64
    return index - 1
