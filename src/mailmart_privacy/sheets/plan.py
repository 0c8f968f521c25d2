"""Rows of a sheet → the copies that are to be issued, and what is wrong with the others, before anything is signed."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..errors import RecipientError, RowsError
from .rows import Planned, Row, RowFault


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The copies of a batch, and the rows that have problems.

    Attributes:
        copies: with references and files that are all different.
        faults: what is wrong with other rows, in the order of the rows.
    """

    copies: tuple[Planned, ...]
    faults: tuple[RowFault, ...]

    def require_faultless(self, origin: str) -> None:
        """Refuse a plan with problems.

        Args:
            origin: what the messages call the sheet.

        Raises:
            RowsError: rows have faults; it lists them all.
        """
        if self.faults:
            argument = next((fault.argument for fault in self.faults if fault.argument), None)
            raise RowsError(origin, tuple((fault.row, fault.message) for fault in self.faults), argument=argument)


def plan_rows(
    rows: Iterable[Row],
    *,
    faults: Iterable[RowFault] = (),
    complete: Callable[[Row], tuple[str, str]],
    name_file: Callable[[str, str], str],
) -> Plan:
    """Plan a copy for each row.

    Args:
        rows: the rows.
        faults: what is known to be wrong with others.
        complete: brings a row's recipient and reference into the form in which they are filled in.
        name_file: names the file of a recipient and a reference.

    Returns:
        The copies, and all faults.
    """
    found = list(faults)
    plan: list[Planned] = []
    references: dict[str, int] = {}
    files: dict[str, int] = {}
    for row in rows:
        try:
            recipient, reference = complete(row)
        except RecipientError as error:
            role = "reference" if str(error).startswith("the reference") else "recipient"
            found.append(RowFault(row=row.number, message=str(error), role=role, argument=error.argument))
            continue
        planned = Planned(
            number=row.number, recipient=recipient, reference=reference, file=name_file(recipient, reference)
        )
        first = references.setdefault(reference, row.number)
        if first != row.number:
            what = f"the reference {reference!r}" if row.reference else f"{recipient!r} without a reference"
            words = f"{what} is in row {first}, too; each copy needs one of its own"
            found.append(RowFault(row=row.number, message=words, role="reference" if row.reference else "recipient"))
            continue
        # Compared as by file systems that ignore case, or how accented letters are composed.
        first = files.setdefault(unicodedata.normalize("NFC", planned.file).casefold(), row.number)
        if first != row.number:
            words = f"its file would be called {planned.file}, as that of row {first}; change one"
            found.append(RowFault(row=row.number, message=words))
            continue
        plan.append(planned)
    return Plan(copies=tuple(plan), faults=tuple(sorted(found, key=lambda fault: fault.row)))
