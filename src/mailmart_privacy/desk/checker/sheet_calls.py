"""What `keeper` asks `checker` about spreadsheets that people upload."""

import datetime
from dataclasses import dataclass

from ..messages import Call


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """How a person wants a spreadsheet to be read.

    Attributes:
        sheet: the title of the sheet; empty for CSV.
        header_row: the number of the row with the headings.
        customer: the letter of the column with the customers.
        reference: that of the references; empty if there is none.
        email: that of the e-mail addresses; empty if there is none.
        hidden: "include" or "skip" hidden rows; empty where that was not decided.
    """

    sheet: str
    header_row: int
    customer: str
    reference: str
    email: str
    hidden: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TopRow:
    """One of the first rows of a sheet."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetView:
    """A sheet of a workbook, as it was understood.

    Attributes:
        title: empty for CSV.
        visible: whether it can be seen in the workbook.
        chosen: whether it is the one that was asked for, or would be taken.
        header_row: the number of the row with the headings; 0 where none was found.
        customer: the letter of the column with the customers, or empty.
        reference: that of the references, or empty.
        email: that of the e-mail addresses, or empty.
        top: the first rows.
        hidden: the numbers of hidden rows below the headings.
    """

    title: str
    visible: bool
    chosen: bool
    header_row: int
    customer: str
    reference: str
    email: str
    top: tuple[TopRow, ...]
    hidden: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetsView:
    """The sheets of a workbook."""

    sheets: tuple[SheetView, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedRow:
    """A copy that is to be issued.

    Attributes:
        number: of the row.
        recipient: the customer.
        reference: what the copy is to be called.
        file: the name of its file.
        email: where it is to be sent, or empty.
    """

    number: int
    recipient: str
    reference: str
    file: str
    email: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What is wrong with a row.

    Attributes:
        row: its number; 0 for the whole sheet.
        cell: where it is, for instance "B11"; empty for the whole sheet.
        role: "recipient" or "reference".
        message: what is wrong.
    """

    row: int
    cell: str
    role: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanView:
    """What a spreadsheet asks for, and what is wrong with it."""

    rows: tuple[PlannedRow, ...]
    faults: tuple[Fault, ...]
    skipped: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuedLine:
    """A copy that was issued for a row."""

    number: int
    file: str
    path: str
    reference: str
    issued_at: datetime.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file."""

    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadSheets(Call[File]):
    """Read this file once, CSV or XLSX: what is in it, as the other questions take it."""

    content: bytes
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OutlineSheets(Call[SheetsView]):
    """What is in this file?

    Attributes:
        kept: what was read of it.
        name: what messages call it.
        sheet: the sheet that a person chose, or empty.
        header_row: the row that a person chose, or 0.
    """

    kept: bytes
    name: str
    sheet: str
    header_row: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanSheet(Call[PlanView]):
    """Which copies does this file ask for? `begun_at` is part of references that are made."""

    kept: bytes
    name: str
    choice: Choice
    version: str
    paper: str
    begun_at: datetime.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkSheet(Call[File]):
    """Mark what is wrong, in the person's own workbook."""

    content: bytes
    kept: bytes
    name: str
    choice: Choice
    faults: tuple[Fault, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ListIssuedRows(Call[File]):
    """Write the list for mail merge: all columns of the person's own, and those of the copies."""

    kept: bytes
    name: str
    choice: Choice
    rows: tuple[IssuedLine, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundName:
    """Whether a name was found."""

    found: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class FindName(Call[FoundName]):
    """Is this customer named anywhere in a file: CSV, XLSX, or what was read of one?"""

    content: bytes
    customer: str


SHEET_CALLS: dict[str, type[Call[object]]] = {
    kind.__name__: kind  # type: ignore[misc]
    for kind in (ReadSheets, OutlineSheets, PlanSheet, MarkSheet, ListIssuedRows, FindName)
}
