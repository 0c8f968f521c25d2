"""Rows of a sheet → the copies that are to be issued, or all that is wrong with them: before anything is signed."""

import unicodedata
from collections.abc import Callable, Iterable

from ..errors import RecipientError, RowsError
from .rows import Planned, Row


def complete_rows(
    rows: Iterable[Row],
    *,
    faults: Iterable[tuple[int, str]] = (),
    origin: str,
    complete: Callable[[Row], tuple[str, str]],
    name_file: Callable[[str, str], str],
) -> list[Planned]:
    """Plan a copy for each row.

    Args:
        rows: the rows.
        faults: what is known to be wrong with others.
        origin: what the messages call the sheet.
        complete: brings a row's recipient and reference into the form in which they are filled in.
        name_file: names the file of a recipient and a reference.

    Returns:
        The copies, with references and files that are all different.

    Raises:
        RowsError: rows have faults; it lists them all.
    """
    found, argument = list(faults), None
    plan: list[Planned] = []
    references: dict[str, int] = {}
    files: dict[str, int] = {}
    for row in rows:
        try:
            recipient, reference = complete(row)
        except RecipientError as error:
            found.append((row.number, str(error)))
            argument = argument or error.argument
            continue
        planned = Planned(
            number=row.number, recipient=recipient, reference=reference, file=name_file(recipient, reference)
        )
        first = references.setdefault(reference, row.number)
        if first != row.number:
            what = f"the reference {reference!r}" if row.reference else f"{recipient!r} without a reference"
            found.append((row.number, f"{what} stands in row {first}, too; each copy needs one of its own"))
            continue
        # As file systems compare that take upper and lower case, or composed letters, for the same.
        first = files.setdefault(unicodedata.normalize("NFC", planned.file).casefold(), row.number)
        if first != row.number:
            found.append((row.number, f"its file would be called {planned.file}, as that of row {first}; change one"))
            continue
        plan.append(planned)
    if found:
        raise RowsError(origin, tuple(sorted(found)), argument=argument)
    return plan
