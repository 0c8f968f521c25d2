"""A sheet in XLSX (ISO/IEC 29500), read as it is shown: a number with the zeros that its format puts before it.

openpyxl reads it, for it tells the number format of a cell; it reads row by row, and evaluates nothing.
"""

import datetime
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

from ..errors import MissingExtraError, RowsError, one_line
from .cells import Cell, Line, Unfit

_COLUMNS = 64  # of a row; columns further to the right are ignored
_ROWS = 1_048_576  # as many as a spreadsheet has; a number beyond is a lie
_DIGITS = 15  # more than these, a spreadsheet does not keep
_TEXT = "format the column as text, and type it again"


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


def open_workbook(content: bytes, *, name: str, max_size: int) -> Any:
    """Open a workbook.

    Raises:
        RowsError: it is none, is damaged, or unpacks to more than `max_size` bytes.
        MissingExtraError: openpyxl is not installed.
    """
    openpyxl = load_openpyxl()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(info.file_size for info in archive.infolist())
            if size > max_size:
                raise RowsError(
                    name,
                    ((0, f"it unpacks to {size / 2**20:,.0f} MiB; more than {max_size / 2**20:,.0f} are not read"),),
                )
            parts = archive.namelist()
        if "xl/workbook.xml" not in parts:
            raise RowsError(name, ((0, "it is a ZIP file, but not an XLSX workbook; save the sheet as XLSX or CSV"),))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on styles, which nobody asks about
            return openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    except (RowsError, MissingExtraError):
        raise
    except Exception as error:  # noqa: BLE001 - openpyxl raises many classes on damaged files
        raise _damaged(name, error) from None


def read_xlsx(sheet: Any, *, name: str) -> Iterator[Line]:
    """Read the rows of one sheet of a workbook; rows without cells are left out.

    Raises:
        RowsError: the sheet is damaged.
    """
    sheet.reset_dimensions()  # what a file says of its size need not be true
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number, row in enumerate(sheet.iter_rows(max_row=_ROWS, max_col=_COLUMNS), 1):
                cells = [_read(cell) for cell in row]
                if any(cells):
                    yield number, cells
    except Exception as error:  # noqa: BLE001 - as above
        raise _damaged(name, error) from None


def read_values(sheet: Any, *, name: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Read the values of one sheet of a workbook, row by row; of formulas, what they came to.

    Raises:
        RowsError: the sheet is damaged.
    """
    sheet.reset_dimensions()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = sheet.iter_rows(max_row=_ROWS, max_col=_COLUMNS, values_only=True)
            for number, values in enumerate(rows, 1):
                if any(value is not None for value in values):
                    yield number, values
    except Exception as error:  # noqa: BLE001 - as above
        raise _damaged(name, error) from None


def _damaged(name: str, error: Exception) -> RowsError:
    return RowsError(name, ((0, f"it cannot be read as a workbook ({one_line(error)[:200]}); save it as XLSX again"),))


def _read(cell: Any) -> Cell:
    """Read a cell as it is shown."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "e":
        return Unfit(f"it contains the error {value}; correct its formula")
    if isinstance(value, bool):
        return Unfit(f"it contains the truth value {str(value).upper()}; {_TEXT}")
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return _read_number(value, cell.number_format)
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return Unfit(f"it contains the date or time {value}; {_TEXT}")
    return Unfit(f"it contains something that is not text; {_TEXT}")


def _read_number(value: float, number_format: str | None) -> Cell:
    pattern = (number_format or "General").strip()
    if value != value or value in (float("inf"), float("-inf")) or int(value) != value:
        return Unfit(f"it contains the number {value}; {_TEXT}")
    digits = str(int(value))
    if len(digits.lstrip("-")) > _DIGITS:
        return Unfit(f"it contains a number of {len(digits)} digits, and spreadsheets keep {_DIGITS} of them; {_TEXT}")
    if pattern in ("General", "@", "0", "#") or (re.fullmatch("0+", pattern) and value >= 0):
        return digits.zfill(len(pattern) if set(pattern) == {"0"} else 0)
    return Unfit(f"it contains the number {digits}, shown in the format {pattern!r}; {_TEXT}")
