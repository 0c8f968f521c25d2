"""A file of recipients, opened: its sheets, their rows as the file has them, and which are hidden."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from ..errors import RowsError, UsageError
from .cells import Line
from .csv_sheet import decode_csv, read_csv
from .headers import TOP, search_header
from .xlsx.cells import read_value, show_cell
from .xlsx.parsing import RawRow, RowLayout
from .xlsx.workbook import SheetPart, Workbook

MAX_SIZE = 128 * 2**20
_OTHERS = (
    (b"\xd0\xcf\x11\xe0", "it is an old or an encrypted Excel file; save it as XLSX, without a password"),
    (b"%PDF-", "it is a PDF; give the sheet itself, as CSV or XLSX"),
    (b"{\\rtf", "it is a text document; give the sheet, as CSV or XLSX"),
    (b"\x89PNG", "it is a picture; give the sheet itself, as CSV or XLSX"),
    (b"\xff\xd8\xff", "it is a picture; give the sheet itself, as CSV or XLSX"),
    (b"\x1f\x8b", "it is packed (gzip); unpack it first"),
    (b"<", "it is HTML or XML; save the sheet as CSV or XLSX"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetSource:
    """One sheet of a file.

    Attributes:
        name: what the messages call the file.
        title: of the sheet; empty for CSV, which is one sheet.
        visible: whether the sheet can be seen in the workbook.
        layout: which of its rows are hidden, and which hold merged cells.
        notes: what the user should know about how the file was read.
        raw_rows: reads its rows as the file holds them, each with its number.
    """

    name: str
    title: str = ""
    visible: bool = True
    layout: RowLayout = field(default_factory=RowLayout)
    notes: tuple[str, ...] = ()
    raw_rows: Callable[[], Iterator[RawRow]]
    _text: str | None = field(default=None, repr=False)

    def lines(self, columns: Mapping[str, str]) -> Iterator[Line]:
        """Read the rows as a spreadsheet shows them, each with its number.

        Args:
            columns: the headings that the user names, by role; they help to find the separator of a CSV file.

        Raises:
            RowsError: the sheet is damaged.
        """
        if self._text is not None:
            return read_csv(self._text, name=self.name, columns=columns)
        return _show_rows(self.raw_rows())

    def values(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Read the rows as a spreadsheet holds them: texts, numbers, dates; each with its number."""
        for number, cells in self.raw_rows():
            yield number, tuple(map(read_value, cells))

    def top(self, columns: Mapping[str, str]) -> list[Line]:
        """Read the first rows, among which the headings are looked for."""
        return list(islice(self.lines(columns), TOP))


def _show_rows(rows: Iterable[RawRow]) -> Iterator[Line]:
    for number, cells in rows:
        shown = [cell if isinstance(cell, str) else show_cell(cell) for cell in cells]
        if any(shown):
            yield number, shown


def open_source(content: bytes, *, name: str, max_size: int = MAX_SIZE, scan: bool = True) -> list[SheetSource]:
    """Open a file of recipients: CSV, or XLSX.

    Args:
        content: the file.
        name: what the messages call it.
        max_size: how many bytes it may have, unpacked.
        scan: whether to read the layout of the sheets beforehand; otherwise it is known when all rows were read.

    Returns:
        Its sheets, in their order.

    Raises:
        RowsError: it cannot be read.
        MissingExtraError: it is XLSX, and openpyxl is not installed.
    """
    if len(content) > max_size:
        raise RowsError(name, ((0, f"it has {len(content):,} bytes; more than {max_size:,} are not read"),))
    for beginning, words in _OTHERS:
        if content.removeprefix(b"\xef\xbb\xbf").lstrip(b" \r\n\t").startswith(beginning):
            raise RowsError(name, ((0, words),))
    if not content.startswith(b"PK"):
        decoded, note = decode_csv(content, name=name)
        rows = partial(_read_csv_rows, decoded, name)
        return [SheetSource(name=name, notes=(note,) if note else (), raw_rows=rows, _text=decoded)]
    book = Workbook(content, name=name, max_size=max_size)
    return [_open_sheet(book, sheet, name, scan) for sheet in book.sheets]


def _open_sheet(book: Workbook, sheet: SheetPart, name: str, scan: bool) -> SheetSource:
    layout = book.read_layout(sheet.part) if scan else RowLayout()
    rows = partial(book.read_rows, sheet.part, layout)
    return SheetSource(name=name, title=sheet.title, visible=sheet.visible, layout=layout, raw_rows=rows)


def _read_csv_rows(text: str, name: str) -> Iterator[RawRow]:
    for number, cells in read_csv(text, name=name, columns={}):
        yield number, list(cells)


def choose_sheet(sources: list[SheetSource], wanted: str | None, columns: Mapping[str, str]) -> SheetSource:
    """Choose the sheet that the user names; else the first one that can be seen and has the headings.

    One with rows below its headings comes before one without, as people keep templates and notes.

    Raises:
        RowsError: there is no such sheet, or none that can be seen.
    """
    name = sources[0].name if sources else ""
    visible = [source for source in sources if source.visible]
    if wanted is not None:
        found = next((source for source in sources if source.title == wanted), None)
        found = found or next((s for s in sources if s.title.strip().casefold() == wanted.strip().casefold()), None)
        if found is None:
            titles = ", ".join(repr(source.title) for source in sources if source.title)
            words = f"there is no sheet {wanted!r}; there are: {titles}" if titles else "a CSV file has no named sheets"
            raise RowsError(name, ((0, words),), argument="sheet" if titles else None)
        return found
    if not visible:
        raise RowsError(name, ((0, "it has no sheet that can be seen"),))
    if len(visible) == 1:
        return visible[0]
    headed = {place: row for place, source in enumerate(visible) if (row := _find_header(source, columns)) is not None}
    filled = (place for place, row in headed.items() if _has_rows(visible[place], columns, row))
    return visible[next(filled, next(iter(headed), 0))]


def _has_rows(source: SheetSource, columns: Mapping[str, str], header_row: int) -> bool:
    return any(number > header_row for number, _ in islice(source.lines(columns), TOP + 1))


def _find_header(source: SheetSource, columns: Mapping[str, str]) -> int | None:
    try:
        lines = source.top(columns)
    except RowsError:  # it is damaged; if no other sheet has headings, that is reported
        return None
    layout = source.layout
    found = search_header(lines, columns, merged=layout.merged, hidden=layout.hidden)
    # Where two headings may name the recipient, this is the sheet, and the user has to choose one of them.
    return None if found is None or (columns and isinstance(found[1], UsageError)) else found[0]
