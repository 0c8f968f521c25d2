"""The cells of a sheet, whatever kind of file it came from."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Unfit:
    """The content of a cell that cannot be used as text.

    Attributes:
        reason: why, and what to do.
        shown: its content.
    """

    reason: str
    shown: str = ""


Cell: TypeAlias = str | Unfit
Line: TypeAlias = tuple[int, list[Cell]]  # the number of a row, as a spreadsheet shows it, and its cells


def text(cell: Cell) -> str:
    """Take a cell for a header; a cell that cannot be taken for a text is empty."""
    return cell if isinstance(cell, str) else ""
