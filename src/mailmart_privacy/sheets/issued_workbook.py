"""The list of what was issued, for mail merge: the customers' own columns, and those of their copies."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from typing import IO, Any

from ..errors import MissingExtraError
from .marked_workbook import write_text
from .sheet import Sheet
from .source import SheetSource, choose_sheet, open_source

_HEADINGS = ("Copy: file", "Copy: path", "Copy: reference", "Copy: issued at (UTC)", "Copy: status")
_LOOKED_AT = 1000  # rows from which the number of columns is determined
_ISSUED, _HIDDEN = "issued", "left out (hidden row)"


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuedRow:
    """The copy of a row.

    Attributes:
        file: the name of its file.
        path: where that file is: a path or a URL.
        reference: what the copy is called.
        issued_at: the moment that it shows (aware).
    """

    file: str
    path: str
    reference: str
    issued_at: datetime


def write_issued(
    stream: IO[bytes], content: bytes | list[SheetSource], sheet: Sheet, issued: Mapping[int, IssuedRow], *, name: str
) -> None:
    """Write a workbook with all columns of a sheet, and five for the copies.

    Args:
        stream: where it is written.
        content: the file with the sheet, CSV or XLSX; or its sheets, if it is open already.
        sheet: its rows, as `read_sheet` read them.
        issued: the copies, by the number of the row.
        name: what the messages call the file.

    Raises:
        RowsError: the file cannot be read.
        MissingExtraError: openpyxl is not installed.
    """
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
    except ImportError:
        raise MissingExtraError("xlsx", "openpyxl") from None
    sources = open_source(content, name=name) if isinstance(content, bytes) else content
    source = choose_sheet(sources, sheet.title or None, {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = Workbook(write_only=True)
        page = book.create_sheet("Issued copies")

        def write(value: Any) -> Any:
            if not isinstance(value, str):
                return value
            cell = WriteOnlyCell(page)
            write_text(cell, value)
            return cell

        for values in _list_rows(source, sheet, issued):
            page.append([write(value) for value in values])
        book.save(stream)


def _list_rows(source: SheetSource, sheet: Sheet, issued: Mapping[int, IssuedRow]) -> Iterator[list[Any]]:
    rows, skipped = source.values(), set(sheet.skipped)
    first = list(islice(rows, _LOOKED_AT))
    width = max(
        (place for _, values in first for place, value in enumerate(values, 1) if value not in (None, "")), default=0
    )
    for number, values in chain(first, rows):
        own = [*values[:width], *[None] * (width - len(values))]
        copy = issued.get(number)
        if number == sheet.header_row:
            yield [*own, *_HEADINGS]
        elif copy is not None:
            moment = copy.issued_at.astimezone(UTC).replace(tzinfo=None)
            yield [*own, copy.file, copy.path, copy.reference, moment, _ISSUED]
        elif number in skipped:
            yield [*own, None, None, None, None, _HIDDEN]
