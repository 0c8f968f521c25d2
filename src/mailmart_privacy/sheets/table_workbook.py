"""Tables as an XLSX workbook, a sheet for each; every cell is a text or a number, never a formula."""

import io
from collections.abc import Iterable, Sequence

from ..errors import MissingExtraError


def write_tables(tables: Iterable[tuple[str, Sequence[str], Sequence[Sequence[str | int]]]]) -> bytes:
    """Write a workbook.

    Args:
        tables: of each one the name of its sheet (31 characters at most), its columns and its rows.

    Raises:
        MissingExtraError: openpyxl is not installed.
    """
    try:
        from openpyxl import Workbook
    except ImportError:
        raise MissingExtraError("xlsx", "openpyxl") from None
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, columns, rows in tables:
        sheet = book.create_sheet(name[:31])
        for at, row in enumerate([columns, *rows], 1):
            for place, value in enumerate(row, 1):
                cell = sheet.cell(at, place)
                cell.value = value
                if isinstance(value, str):
                    cell.data_type = "s"  # a name that begins with "=" stays a text
                    cell.quotePrefix = True
        sheet.freeze_panes = "A2"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
