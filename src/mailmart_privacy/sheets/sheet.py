"""A file of recipients → its rows, or all that is wrong with them."""

import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Literal

from ..errors import RowsError
from .cells import Cell, Line, Unfit
from .columns import Columns, is_heading
from .headers import TOP, find_header
from .rows import Row, RowFault
from .source import MAX_SIZE, SheetSource, choose_sheet, open_source
from .totals import TAIL, find_totals

MAX_ROWS = 100_000
_SHOWN = 5  # numbers of rows that a message lists

Hidden = Literal["include", "skip"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """The rows of a sheet.

    Attributes:
        rows: one for each recipient.
        notes: what the user should know about how they were read.
        faults: of rows that could not be read, if `read_sheet` kept them.
        title: of the sheet; empty for CSV.
        header_row: the number of the row with the headings.
        columns: which columns were used.
        skipped: the numbers of hidden rows that were left out.
    """

    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    title: str
    header_row: int
    columns: Columns
    faults: tuple[RowFault, ...] = ()
    skipped: tuple[int, ...] = ()


def read_sheet(
    content: bytes | list[SheetSource],
    *,
    name: str,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
    hidden: Hidden | None = None,
    max_rows: int = MAX_ROWS,
    max_size: int = MAX_SIZE,
    keep_faults: bool = False,
) -> Sheet:
    """Read a sheet of recipients: CSV, or XLSX.

    Args:
        content: the file; or its sheets, if it is open already.
        name: what the messages call it.
        columns: the headings of columns by role ("recipient", "reference"), for those that are not to be found by
            their words; a column's letter works, too.
        sheet: the title of the sheet, or None for the first one that can be seen and has the headings.
        header_row: the number of the row with the headings, or None to look for it.
        hidden: what to do with hidden rows; if there are any, the user has to decide.
        max_rows: how many recipients there may be.
        max_size: how many bytes the file may have, unpacked.
        keep_faults: return the faults of rows instead of raising them, so that they can be reported with others.

    Returns:
        The rows.

    Raises:
        RowsError: the file cannot be read, or rows have faults; it lists them all.
        MissingExtraError: the file is XLSX, and openpyxl is not installed.
    """
    chosen = dict(columns or {})
    sources = open_source(content, name=name, max_size=max_size) if isinstance(content, bytes) else content
    source = choose_sheet(sources, sheet, chosen)
    reading = _Reading(source, chosen, max_rows, hidden)
    found = reading.read(header_row)
    if found.faults and not keep_faults:
        raise RowsError(name, tuple(sorted((fault.row, fault.message) for fault in found.faults)))
    return found


class _Reading:
    """The reading of a sheet: what was found, and what is wrong with it."""

    def __init__(self, source: SheetSource, chosen: Mapping[str, str], max_rows: int, hidden: Hidden | None) -> None:
        self.source, self.chosen, self.max_rows, self.hidden = source, chosen, max_rows, hidden
        self.faults: list[RowFault] = []
        self.rows: list[Row] = []
        self.skipped: list[int] = []
        self.undecided: list[int] = []
        self.tail: deque[Line] = deque(maxlen=TAIL)
        self.empty = 0

    def read(self, header_row: int | None) -> Sheet:
        lines = self.source.lines(self.chosen)
        first = list(islice(lines, max(TOP, header_row or 0)))
        row, columns = find_header(
            first,
            self.chosen,
            name=self.source.name,
            merged=self.source.layout.merged,
            hidden=self._hidden_rows,
            row=header_row,
        )
        for number, cells in chain(first, lines):
            if number > row:
                self._take(number, cells, columns, named=header_row is not None)
        self._require_decided()
        if row:  # rows that somebody named one by one have no headings, and no sum
            self._set_aside_totals(columns)
        self.faults += _find_lost_zeros(self.rows)
        if not self.rows and not self.faults:
            self.faults.append(RowFault(row=0, message="it names no recipient"))
        return Sheet(
            rows=tuple(self.rows),
            notes=self._notes(row, columns),
            title=self.source.title,
            header_row=row,
            columns=columns,
            faults=tuple(self.faults),
            skipped=tuple(self.skipped),
        )

    def _set_aside_totals(self, columns: Columns) -> None:
        summed = self.source.layout.summed
        faults = {each.row: each for each in find_totals(self.tail, columns, count=len(self.rows), summed=summed)}
        self.faults += [faults[row.number] for row in self.rows[-TAIL:] if row.number in faults]
        self.rows = [row for row in self.rows if row.number not in faults]

    @property
    def _hidden_rows(self) -> set[int]:
        return self.source.layout.hidden

    def _take(self, number: int, cells: list[Cell], columns: Columns, *, named: bool) -> None:
        if not any(cell if isinstance(cell, Unfit) else cell.strip() for cell in cells):
            self.empty += 1
            return
        if number in self._hidden_rows:
            if self.hidden is None:
                self.undecided.append(number)
                return
            if self.hidden == "skip":
                self.skipped.append(number)
                return
        self._read_row(number, cells, columns, named=named)
        self.tail.append((number, cells))
        if len(self.rows) > self.max_rows:
            words = f"it has more than {self.max_rows:,} recipients"
            raise RowsError(self.source.name, ((0, words),), argument="max_rows")

    def _read_row(self, number: int, cells: list[Cell], columns: Columns, *, named: bool) -> None:
        if any(cells[len(columns.headers) :]):
            words = "it has more cells than the header; a separator may stand within a name"
            self.faults.append(RowFault(row=number, message=words))
            return
        values: dict[str, str] = {}
        for role, index in (("recipient", columns.recipient), ("reference", columns.reference)):
            cell = "" if index is None or index >= len(cells) else cells[index]
            if isinstance(cell, Unfit):
                words = f"the {role} cannot be taken: {cell.reason}"
                self.faults.append(RowFault(row=number, message=words, role=role))
                return
            values[role] = cell.strip()
        if not named and is_heading(values["recipient"]):
            words = f"{values['recipient']!r} looks like a heading, not like a recipient"
            self.faults.append(RowFault(row=number, message=words, role="recipient", argument="header_row"))
            return
        self.rows.append(Row(number=number, recipient=values["recipient"], reference=values["reference"] or None))

    def _require_decided(self) -> None:
        if self.undecided:
            listed = ", ".join(map(str, self.undecided[:_SHOWN]))
            more = f" and {len(self.undecided) - _SHOWN:,} more" if len(self.undecided) > _SHOWN else ""
            words = f"rows are hidden ({listed}{more}), perhaps by a filter; say whether they get a copy, too"
            raise RowsError(self.source.name, ((0, words),), argument="hidden")

    def _notes(self, row: int, columns: Columns) -> tuple[str, ...]:
        place = f"sheet {self.source.title!r}, headings in row {row}" if self.source.title else f"headings in row {row}"
        notes = [f"{place}: {columns.describe()}", *self.source.notes]
        if self.skipped:
            notes.append(f"{len(self.skipped):,} hidden rows were left out")
        if self.empty:
            notes.append(f"{self.empty:,} empty rows were skipped")
        return tuple(notes)


def _find_lost_zeros(rows: Iterable[Row]) -> list[RowFault]:
    """Find references of digits that are shorter than those that begin with zero, if these all have one length."""
    digits = [(row.number, row.reference) for row in rows if row.reference and re.fullmatch("[0-9]+", row.reference)]
    padded = [(number, reference) for number, reference in digits if reference.startswith("0") and len(reference) > 1]
    lengths = {len(reference) for _, reference in padded}
    if len(lengths) != 1:
        return []
    (length,), (example, whole) = lengths, padded[0]
    words = "the reference {} seems to have lost its zeros (row {} has {}); type it as text"
    return [
        RowFault(row=number, message=words.format(reference, example, whole), role="reference")
        for number, reference in digits
        if len(reference) < length
    ]
