"""A file of recipients → its rows, or all that is wrong with them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import RowsError, UsageError
from .cells import Cell, Line, Unfit, text
from .columns import Columns, explain_missing, find_columns
from .csv_sheet import decode_csv, read_csv
from .rows import Row
from .xlsx_sheet import open_workbook, read_xlsx

MAX_ROWS = 100_000
MAX_SIZE = 128 * 2**20
_TOP = 10  # rows among which the header is looked for
_OTHERS = (
    (b"\xd0\xcf\x11\xe0", "it is an old or an encrypted Excel file; save it as XLSX, without a password"),
    (b"%PDF-", "it is a PDF; give the sheet itself, as CSV or XLSX"),
    (b"{\\rtf", "it is a text document; give the sheet, as CSV or XLSX"),
    (b"\x1f\x8b", "it is packed (gzip); unpack it first"),
    (b"<", "it is HTML or XML; save the sheet as CSV or XLSX"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """The rows of a sheet.

    Attributes:
        rows: one for each recipient.
        notes: what the user is to be told about how they were read.
        faults: of rows that could not be read, as `(row, message)`, where these were to be kept.
    """

    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    faults: tuple[tuple[int, str], ...] = ()


def read_sheet(
    content: bytes,
    *,
    name: str,
    columns: Mapping[str, str] | None = None,
    max_rows: int = MAX_ROWS,
    max_size: int = MAX_SIZE,
    keep_faults: bool = False,
) -> Sheet:
    """Read a sheet of recipients: CSV, or XLSX.

    Args:
        content: the file.
        name: what the messages call it.
        columns: the headers of columns by role ("recipient", "reference"), where they are not to be
            found by what they say; a column's letter does as well.
        max_rows: how many recipients there may be.
        max_size: how many bytes the file may have, unpacked.
        keep_faults: give the faults of rows back, so that they can be told together with others.

    Returns:
        The rows.

    Raises:
        RowsError: the file cannot be read, or rows have faults; it lists them all.
        MissingExtraError: the file is XLSX, and openpyxl is not installed.
    """
    chosen, notes = dict(columns or {}), list[str]()
    if len(content) > max_size:
        raise RowsError(name, ((0, f"it has {len(content):,} bytes; more than {max_size:,} are not read"),))
    for beginning, words in _OTHERS:
        if content.removeprefix(b"\xef\xbb\xbf").lstrip(b" \r\n\t").startswith(beginning):
            raise RowsError(name, ((0, words),))
    lines: Iterable[Line]
    if content.startswith(b"PK"):
        book = open_workbook(content, name=name, max_size=max_size)
        lines = _choose_sheet(book, name, chosen, max_rows, notes)
    else:
        decoded, note = decode_csv(content, name=name)
        notes += [note] if note else []
        lines = read_csv(decoded, name=name, columns=chosen)
    return _Reading(name, chosen, max_rows, notes).read(lines, keep_faults=keep_faults)


def _choose_sheet(book: Any, name: str, chosen: Mapping[str, str], max_rows: int, notes: list[str]) -> Iterable[Line]:
    """Choose the first sheet that can be seen and holds the columns; where none does, the first."""
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not visible:
        raise RowsError(name, ((0, "it has no sheet that can be seen"),))
    chosen_sheet = visible[0]
    if len(visible) > 1:
        chosen_sheet = next((sheet for sheet in visible if _has_header(sheet, name, chosen)), chosen_sheet)
        notes.append(f"of its {len(visible)} sheets, {chosen_sheet.title!r} was read")
    return read_xlsx(chosen_sheet, name=name, max_rows=max_rows + _TOP + 1)


def _has_header(sheet: Any, name: str, chosen: Mapping[str, str]) -> bool:
    try:
        lines = read_xlsx(sheet, name=name, max_rows=_TOP)
        return any(find_columns(list(map(text, cells)), chosen) is not None for _, cells in lines)
    except RowsError:
        raise
    except UsageError:  # it has one that needs a word from the user
        return not chosen


class _Reading:
    """The reading of a sheet: what was found, and what is wrong with it."""

    def __init__(self, name: str, chosen: Mapping[str, str], max_rows: int, notes: list[str]) -> None:
        self.name, self.chosen, self.max_rows, self.notes = name, chosen, max_rows, notes
        self.faults: list[tuple[int, str]] = []
        self.rows: list[Row] = []
        self.empty = 0

    def read(self, lines: Iterable[Line], *, keep_faults: bool) -> Sheet:
        remaining = iter(lines)
        columns = self._find_header(remaining)
        self.notes.insert(0, columns.describe())
        for number, cells in remaining:
            self._read_row(number, cells, columns)
            if len(self.rows) > self.max_rows:
                words = f"it has more than {self.max_rows:,} recipients"
                raise RowsError(self.name, ((0, words),), argument="max_rows")
        self.faults += _find_lost_zeros(self.rows)
        if not self.rows and not self.faults:
            self.faults.append((0, "it names no recipient"))
        if self.faults and not keep_faults:
            raise RowsError(self.name, tuple(sorted(self.faults)))
        if self.empty:
            self.notes.append(f"{self.empty:,} empty rows were passed over")
        return Sheet(rows=tuple(self.rows), notes=tuple(self.notes), faults=tuple(self.faults))

    def _find_header(self, lines: Iterable[Line]) -> Columns:
        first: tuple[int, list[str]] | None = None
        for (number, cells), _ in zip(lines, range(_TOP), strict=False):
            headers = list(map(text, cells))
            if first is None and any(header.strip() for header in headers):
                first = number, headers
            try:
                found = find_columns(headers, self.chosen)
            except UsageError as error:
                if self.chosen and first is not None and first[0] != number:
                    continue
                raise RowsError(self.name, ((number, str(error)),), argument=error.argument) from None
            if found is not None:
                return found
        number, headers = first or (0, [])
        if not headers:
            raise RowsError(self.name, ((number, "it is empty"),))
        raise RowsError(self.name, ((number, explain_missing(headers)),), argument="columns.recipient")

    def _read_row(self, number: int, cells: list[Cell], columns: Columns) -> None:
        if not any(cell if isinstance(cell, Unfit) else cell.strip() for cell in cells):
            self.empty += 1
            return
        if any(cells[len(columns.headers) :]):
            self.faults.append((number, "it has more cells than the header; a separator may stand within a name"))
            return
        values: dict[str, str] = {}
        for role, index in (("recipient", columns.recipient), ("reference", columns.reference)):
            cell = "" if index is None or index >= len(cells) else cells[index]
            if isinstance(cell, Unfit):
                self.faults.append((number, f"the {role} cannot be taken: {cell.reason}"))
                return
            values[role] = cell.strip()
        self.rows.append(Row(number=number, recipient=values["recipient"], reference=values["reference"] or None))


def _find_lost_zeros(rows: Iterable[Row]) -> list[tuple[int, str]]:
    """Find references of digits that are shorter than others, which all have one length and begin with zero."""
    digits = [(row.number, row.reference) for row in rows if row.reference and re.fullmatch("[0-9]+", row.reference)]
    padded = [(number, reference) for number, reference in digits if reference.startswith("0") and len(reference) > 1]
    lengths = {len(reference) for _, reference in padded}
    if len(lengths) != 1:
        return []
    (length,), (example, whole) = lengths, padded[0]
    return [
        (number, f"the reference {reference} seems to have lost its zeros (row {example} has {whole}); type it as text")
        for number, reference in digits
        if len(reference) < length
    ]
