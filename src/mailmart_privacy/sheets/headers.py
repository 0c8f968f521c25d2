"""The row with the headings of a sheet: found among its first rows, or named by the user."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from ..errors import RowsError, UsageError
from .cells import Line, text
from .columns import Columns, explain_missing, find_columns, is_heading

TOP = 10  # rows among which the headings are looked for


def find_header(
    lines: Sequence[Line],
    chosen: Mapping[str, str],
    *,
    name: str,
    merged: Collection[int] = (),
    hidden: Collection[int] = (),
    row: int | None = None,
) -> tuple[int, Columns]:
    """Find the headings of a sheet.

    A title is never taken for headings, whatever words are in it: a single cell above rows with more cells, or a
    merged cell. Neither is a hidden row.

    Args:
        lines: the first rows of the sheet.
        chosen: the headings that the user names, by role ("recipient", "reference").
        name: what the messages call the sheet.
        merged: the numbers of rows with cells merged over several columns.
        hidden: the numbers of rows that are hidden.
        row: the number of the row with the headings, where the user names it.

    Returns:
        The number of the row, and the columns.

    Raises:
        RowsError: no row names the recipient, or it is not clear which column does.
    """
    if row is not None:
        return row, _read_named(lines, chosen, name=name, row=row)
    found = search_header(lines, chosen, merged=merged, hidden=hidden)
    if found is None:
        number, headers = next(_candidates(lines, merged, hidden), (0, []))
        if not headers:
            raise RowsError(name, ((0, "it is empty"),))
        raise RowsError(name, ((number, explain_missing(headers)),), argument="columns.recipient")
    number, columns = found
    if isinstance(columns, UsageError):
        raise RowsError(name, ((number, str(columns)),), argument=columns.argument)
    return number, columns


def search_header(
    lines: Sequence[Line], chosen: Mapping[str, str], *, merged: Collection[int] = (), hidden: Collection[int] = ()
) -> "tuple[int, Columns | UsageError] | None":
    """Search for the headings of a sheet; see `find_header`.

    Returns:
        The number of the row, and its columns, or the error that says what has to be chosen; None where no row has
        headings.
    """
    for place, (number, headers) in enumerate(_candidates(lines, merged, hidden)):
        try:
            found = find_columns(headers, chosen)
        except UsageError as error:
            if chosen and place:
                continue
            return number, error
        if found is not None:
            return number, found
    return None


def _candidates(
    lines: Sequence[Line], merged: Collection[int], hidden: Collection[int]
) -> Iterator[tuple[int, list[str]]]:
    """List the rows that may hold the headings: neither hidden rows nor titles.

    A single cell above rows with more cells is a title, unless it is nothing but the heading of a column.
    """
    rows = [(number, list(map(text, cells))) for number, cells in lines]
    filled = [[header for header in headers if header.strip()] for _, headers in rows]
    for place, (number, headers) in enumerate(rows):
        alone = len(filled[place]) == 1 and max(map(len, filled[place + 1 :]), default=0) > 1
        title = number in merged or (alone and not is_heading(filled[place][0]))
        if filled[place] and number not in hidden and not title:
            yield number, headers


def _read_named(lines: Sequence[Line], chosen: Mapping[str, str], *, name: str, row: int) -> Columns:
    headers = next((list(map(text, cells)) for number, cells in lines if number == row), [])
    try:
        found = find_columns(headers, chosen)
    except UsageError as error:
        raise RowsError(name, ((row, str(error)),), argument=error.argument) from None
    if found is None:
        raise RowsError(name, ((row, explain_missing(headers)),), argument="columns.recipient")
    return found
