"""A sheet with its problems marked, for the person who keeps it: their own workbook, where there is one."""

import io
import warnings
from collections.abc import Iterable
from typing import Any

from ..errors import MissingExtraError
from .rows import RowFault
from .sheet import Sheet
from .source import open_source

_AUTHOR = "mailmart-privacy"
_HEADING = "Problem"
_COLOUR = "FFFFE08A"  # light amber; black text on it stays readable


def mark_faults(content: bytes, sheet: Sheet, faults: Iterable[RowFault], *, name: str) -> bytes:
    """Mark cells that have a problem: in colour, with a comment, and in a column of its own.

    openpyxl writes the workbook: pictures and charts in it are lost, so the marked copy is for looking up problems.

    Args:
        content: the file, CSV or XLSX.
        sheet: its rows, as `read_sheet` read them.
        faults: what is wrong, of this sheet.
        name: what the messages call the file.

    Returns:
        A workbook, XLSX.

    Raises:
        RowsError: the file cannot be read.
        MissingExtraError: openpyxl is not installed.
    """
    try:
        import openpyxl
        from openpyxl.cell.cell import MergedCell
        from openpyxl.comments import Comment
        from openpyxl.styles import PatternFill
    except ImportError:
        raise MissingExtraError("xlsx", "openpyxl") from None
    (source, *_) = open_source(content, name=name)
    page: Any
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on parts of workbooks that openpyxl does not know
        if sheet.title:
            book = openpyxl.load_workbook(io.BytesIO(content))
            page = book[sheet.title]
        else:
            book = openpyxl.Workbook()
            page = book.active
            for number, cells in source.lines({}):
                for column, cell in enumerate(cells, 1):
                    write_text(page.cell(number, column), cell if isinstance(cell, str) else cell.shown)
        last = page.max_column + 1
        write_text(page.cell(sheet.header_row, last), _HEADING)
        fill = PatternFill("solid", fgColor=_COLOUR)
        for fault in faults:
            row = fault.row or sheet.header_row
            index = sheet.columns.reference if fault.role == "reference" else sheet.columns.recipient
            cell = page.cell(row, (index or 0) + 1)
            if not isinstance(cell, MergedCell):
                cell.fill = fill
                cell.comment = Comment(fault.message, _AUTHOR, width=360, height=90)
            _add_text(page.cell(row, last), fault.message)
        output = io.BytesIO()
        book.save(output)
    return output.getvalue()


def write_text(cell: Any, value: str) -> None:
    """Write a text that a spreadsheet takes for nothing else, whatever it begins with."""
    cell.value = "".join(c for c in value if c >= " " or c in "\t\n")  # XML has no other control characters
    cell.data_type = "s"  # openpyxl would take a text that begins with "=" for a formula
    if value[:1] in "=+-@":
        cell.quotePrefix = True  # so that it stays a text when somebody edits it


def _add_text(cell: Any, message: str) -> None:
    write_text(cell, f"{cell.value}; {message}" if cell.value else message)
