"""What a cell of a workbook holds (ISO/IEC 29500-1, 18.3.1.4), and how a spreadsheet shows it: a number with the zeros
that its format puts before it.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from ...errors import MissingExtraError
from ..cells import Cell, Unfit

_DIGITS = 15  # a spreadsheet keeps no more
_TEXT = "format the column as text, and type it again"


@dataclass(frozen=True, slots=True)
class Number:
    """A number; also a date, which is a number with the format of a date.

    Attributes:
        value: the number.
        pattern: the format in which it is shown, for instance "00000".
        from_1904: whether days are counted from 1904 on, as old Macs did.
    """

    value: float
    pattern: str
    from_1904: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or time that is written as one (ISO 8601)."""

    text: str


@dataclass(frozen=True, slots=True)
class Fault:
    """The result of a formula that failed, for instance "#N/A"."""

    text: str


RawCell: TypeAlias = str | bool | Number | Moment | Fault | Unfit | None


def load_openpyxl() -> Any:
    """Load the library, which takes half a second; a process that will read workbooks does so beforehand.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import openpyxl
    except ImportError:
        raise MissingExtraError("xlsx", "openpyxl") from None
    return openpyxl


def show_cell(cell: RawCell) -> Cell:
    """Read a cell as it is shown."""
    if cell is None:
        return ""
    if isinstance(cell, str | Unfit):
        return cell
    if isinstance(cell, Fault):
        return Unfit(f"it contains the error {cell.text}; correct its formula")
    if isinstance(cell, bool):
        return Unfit(f"it contains the truth value {str(cell).upper()}; {_TEXT}")
    if isinstance(cell, Moment) or is_date(cell.pattern):
        value = read_value(cell)
        if value is None:
            return Unfit("it contains the error #VALUE!; correct its formula")
        return Unfit(f"it contains the date or time {value}; {_TEXT}")
    return _show_number(cell.value, cell.pattern)


def read_value(cell: RawCell) -> Any:
    """Read what a cell holds: a text, a number, a truth value, a date or time; None where it is empty."""
    if isinstance(cell, Fault):
        return cell.text
    if isinstance(cell, Unfit):
        return cell.shown
    if isinstance(cell, Number):
        return _read_date(cell) if is_date(cell.pattern) else cell.value
    if isinstance(cell, Moment):
        from openpyxl.utils.datetime import from_ISO8601

        try:
            return from_ISO8601(cell.text)
        except (ValueError, OverflowError):
            return None
    return cell


@cache
def is_date(pattern: str) -> bool:
    """Tell whether a format shows a number as a date or a time."""
    if pattern in ("General", "@", "0"):
        return False
    from openpyxl.styles.numbers import is_date_format

    return bool(is_date_format(pattern))


def _read_date(cell: Number) -> Any:
    from openpyxl.styles.numbers import is_timedelta_format
    from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

    try:
        epoch = MAC_EPOCH if cell.from_1904 else WINDOWS_EPOCH
        return from_excel(cell.value, epoch, timedelta=is_timedelta_format(cell.pattern))
    except (ValueError, OverflowError):
        return None


def _show_number(value: float, pattern: str) -> Cell:
    if value != value or value in (float("inf"), float("-inf")) or int(value) != value:
        return Unfit(f"it contains the number {value}; {_TEXT}")
    digits = str(int(value))
    if len(digits.lstrip("-")) > _DIGITS:
        return Unfit(f"it contains a number of {len(digits)} digits, and spreadsheets keep {_DIGITS} of them; {_TEXT}")
    pattern = pattern.strip()
    if pattern in ("General", "@", "0", "#") or (re.fullmatch("0+", pattern) and value >= 0):
        return digits.zfill(len(pattern) if set(pattern) == {"0"} else 0)
    return Unfit(f"it contains the number {digits}, shown in the format {pattern!r}; {_TEXT}")
