"""The outline of a file of recipients, before it is read: sheets, headings, hidden rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import UsageError
from .cells import text
from .columns import Columns
from .headers import search_header
from .source import MAX_SIZE, SheetSource, choose_sheet, open_source


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetOutline:
    """One sheet of a file.

    Attributes:
        title: of the sheet; empty for CSV.
        visible: whether it can be seen in the workbook.
        chosen: whether it would be read if the user names none.
        header_row: the number of the row with the headings, or None if none was found.
        columns: which columns would be used, or None if the user has to choose.
        top: the first rows: their numbers, and their cells as texts.
        hidden: the numbers of hidden rows below the headings, in order.
    """

    title: str
    visible: bool
    chosen: bool
    header_row: int | None
    columns: Columns | None
    top: tuple[tuple[int, tuple[str, ...]], ...]
    hidden: tuple[int, ...]


def outline(
    content: bytes | list[SheetSource], *, name: str, columns: Mapping[str, str] | None = None, max_size: int = MAX_SIZE
) -> tuple[SheetOutline, ...]:
    """Tell what is in a file of recipients, so that a person can say which sheet, row and columns are meant.

    Args:
        content: the file, CSV or XLSX; or its sheets, if it is open already.
        name: what the messages call it.
        columns: the headings that the user names, by role ("recipient", "reference").
        max_size: how many bytes it may have, unpacked.

    Returns:
        Its sheets, in their order.

    Raises:
        RowsError: it cannot be read.
        MissingExtraError: it is XLSX, and openpyxl is not installed.
    """
    chosen = dict(columns or {})
    sources = open_source(content, name=name, max_size=max_size) if isinstance(content, bytes) else content
    taken = choose_sheet(sources, None, chosen) if any(source.visible for source in sources) else None
    return tuple(_outline(source, chosen, taken is source) for source in sources)


def _outline(source: SheetSource, chosen: Mapping[str, str], taken: bool) -> SheetOutline:
    lines, layout = source.top(chosen), source.layout
    row, found = search_header(lines, chosen, merged=layout.merged, hidden=layout.hidden) or (None, None)
    return SheetOutline(
        title=source.title,
        visible=source.visible,
        chosen=taken,
        header_row=row,
        columns=None if isinstance(found, UsageError) else found,
        top=tuple((number, _trim(list(map(text, cells)))) for number, cells in lines),
        hidden=tuple(sorted(number for number in layout.hidden if row is None or number > row)),
    )


def _trim(cells: list[str]) -> tuple[str, ...]:
    while cells and not cells[-1].strip():
        cells.pop()
    return tuple(cells)
