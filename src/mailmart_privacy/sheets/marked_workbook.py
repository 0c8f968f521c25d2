"""A sheet with its problems marked, for the person who keeps it: their own workbook, where there is one."""

import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..errors import MissingExtraError
from .rows import RowFault
from .sheet import Sheet
from .source import SheetSource, choose_sheet, open_source
from .xlsx.cells import Number, RawCell, read_value

_AUTHOR = "mailmart-privacy"
_HEADING = "Problem"
_COLOUR = "FFFFE08A"  # light amber; black text on it stays readable
_LARGE = 8 * 2**20  # bytes, unpacked; openpyxl takes some 15 times as much memory for a workbook, and a second a MiB
_MOST_COMMENTS = 1_000  # in a large workbook; the column has all problems
_PLAIN = "The workbook is too large to be copied with its formats: this is the sheet that was read, with its values."


def mark_faults(
    content: bytes, sheet: Sheet, faults: Iterable[RowFault], *, name: str, sources: list[SheetSource] | None = None
) -> bytes:
    """Mark cells that have a problem: in colour, with a comment, and in a column of its own.

    openpyxl writes the workbook: pictures and charts in it are lost, so the marked copy is for looking up problems. Of
    a large workbook only the sheet is written, row by row, with its values and the formats of its numbers.

    Args:
        content: the file, CSV or XLSX.
        sheet: its rows, as `read_sheet` read them.
        faults: what is wrong, of this sheet.
        name: what the messages call the file.
        sources: the sheets of the file, where it is open.

    Returns:
        A workbook, XLSX.

    Raises:
        RowsError: the file cannot be read.
        MissingExtraError: openpyxl is not installed.
    """
    marks = _Marks(sheet, faults)
    output = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on parts of workbooks that openpyxl does not know
        if sheet.title and _measure(content) <= _LARGE:
            book = _mark_workbook(content, sheet, marks)
        else:
            source = choose_sheet(sources or open_source(content, name=name), sheet.title or None, {})
            book = _write_sheet(source, sheet, marks)
        book.save(output)
    return output.getvalue()


class _Marks:
    """What is marked: cells, and what a column of its own says of their rows.

    Args:
        sheet: the rows.
        faults: what is wrong with them.
    """

    def __init__(self, sheet: Sheet, faults: Iterable[RowFault]) -> None:
        try:
            from openpyxl.comments import Comment
            from openpyxl.styles import PatternFill
        except ImportError:
            raise MissingExtraError("xlsx", "openpyxl") from None
        self._comment, self._fill = Comment, PatternFill("solid", fgColor=_COLOUR)
        self.cells: dict[int, dict[int, str]] = {}  # by row and column, from 1
        self.rows: dict[int, str] = {sheet.header_row: _HEADING}
        for fault in faults:
            row = fault.row or sheet.header_row
            index = sheet.columns.reference if fault.role == "reference" else sheet.columns.recipient
            self.cells.setdefault(row, {})[(index or 0) + 1] = fault.message
            known = self.rows.get(row)
            self.rows[row] = f"{known}; {fault.message}" if known else fault.message

    def mark(self, cell: Any, message: str, *, with_comment: bool = True) -> None:
        """Mark a cell."""
        cell.fill = self._fill
        if with_comment:
            self.explain(cell, message)

    def explain(self, cell: Any, words: str) -> None:
        """Add a comment to a cell."""
        cell.comment = self._comment(words, _AUTHOR, width=360, height=90)


def _measure(content: bytes) -> int:
    """Tell how many bytes a workbook has, unpacked."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return sum(info.file_size for info in packed.infolist())


def _mark_workbook(content: bytes, sheet: Sheet, marks: _Marks) -> Any:
    """Mark cells in a person's own workbook."""
    import openpyxl
    from openpyxl.cell.cell import MergedCell

    book = openpyxl.load_workbook(io.BytesIO(content))
    page: Any = book[sheet.title]
    last = page.max_column + 1
    for row, text in marks.rows.items():
        write_text(page.cell(row, last), text)
    for row, columns in marks.cells.items():
        for column, message in columns.items():
            cell = page.cell(row, column)
            if not isinstance(cell, MergedCell):
                marks.mark(cell, message)
    return book


def _write_sheet(source: SheetSource, sheet: Sheet, marks: _Marks) -> Any:
    """Write a sheet of its own, row by row; rows keep their numbers, and hidden ones stay hidden."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    page = book.create_sheet(source.title or "Sheet")
    for number in source.layout.hidden:
        page.row_dimensions[number].hidden = True
    width = max((len(cells) for _, cells in source.raw_rows()), default=0)
    left = _MOST_COMMENTS

    def write(number: int, column: int, value: RawCell) -> Any:
        nonlocal left
        message = marks.cells.get(number, {}).get(column)
        if message is None and _is_plain(value):
            return value
        cell = WriteOnlyCell(page)
        _fill_cell(cell, value)
        if message is not None:
            marks.mark(cell, message, with_comment=left > 0)
            left -= 1
        return cell

    for number, cells in _fill_gaps(source.raw_rows(), marks.rows):
        columns = max((len(cells), *marks.cells.get(number, {})))
        own = [write(number, each + 1, cells[each] if each < len(cells) else None) for each in range(columns)]
        if number in marks.rows:
            last = WriteOnlyCell(page)
            write_text(last, marks.rows[number])
            if number == sheet.header_row and sheet.title:
                marks.explain(last, _PLAIN)
            own += [*[None] * (width - len(own)), last]
        page.append(own)
    return book


def _is_plain(value: RawCell) -> bool:
    """Tell whether a value means the same as a cell: that saves most of the time."""
    return value is None or (isinstance(value, str) and value[:1] not in "=+-@" and value.isprintable())


def _fill_cell(cell: Any, value: RawCell) -> None:
    """Write a value in the way that it was read; nothing of it becomes a formula."""
    found = read_value(value)
    if isinstance(found, str):
        write_text(cell, found)
    else:
        cell.value = found
    if isinstance(value, Number):
        cell.number_format = value.pattern  # zeros before a number are part of a reference


def _fill_gaps(
    rows: Iterable[tuple[int, list[RawCell]]], wanted: Mapping[int, str]
) -> Iterator[tuple[int, list[RawCell]]]:
    """Give empty rows, too, up to the last one that is there or wanted."""
    next_row = 1
    for number, cells in rows:
        for between in range(next_row, number):
            yield between, []
        yield number, cells
        next_row = number + 1
    for after in range(next_row, max(wanted, default=0) + 1):
        yield after, []


def write_text(cell: Any, value: str) -> None:
    """Write a text that a spreadsheet never takes for a formula, whatever it begins with."""
    cell.value = "".join(c for c in value if c >= " " or c in "\t\n")  # XML has no other control characters
    cell.data_type = "s"  # openpyxl would take a text that begins with "=" for a formula
    if value[:1] in "=+-@":
        cell.quotePrefix = True  # so that it stays a text when somebody edits it
