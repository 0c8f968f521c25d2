"""A sheet in CSV (RFC 4180), as spreadsheets write it: in several encodings, with several separators."""

import csv
import io
import re
from collections.abc import Iterator, Mapping

from ..errors import RowsError, UsageError
from .cells import Cell, Line, Unfit
from .columns import find_columns

_SEPARATORS = ",;\t|"
_SEP_LINE = re.compile(r'"?sep=(.)"?\r?\n')
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]+")


def decode_csv(content: bytes, *, name: str) -> tuple[str, str | None]:
    """Decode a CSV file: UTF-8, UTF-16 if it begins with its mark, else Windows-1252.

    Returns:
        The text, and what the user should know about it.

    Raises:
        RowsError: it is in none of them.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return _require_text(content.decode("utf-16"), name), None
        except UnicodeDecodeError:
            raise RowsError(
                name, ((0, "it begins like UTF-16, but cannot be read as UTF-16; save it as UTF-8"),)
            ) from None
    try:
        return _require_text(content.decode("utf-8-sig"), name), None
    except UnicodeDecodeError:
        pass
    try:
        found = content.decode("cp1252")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RowsError(
            name, ((line, "it is neither UTF-8 nor Windows-1252; save it as UTF-8 (in Excel: CSV UTF-8)"),)
        ) from None
    return _require_text(found, name), "it is not UTF-8, and was read as Windows-1252; check the names"


def read_csv(text: str, *, name: str, columns: Mapping[str, str]) -> Iterator[Line]:
    """Read the rows of a CSV file.

    Raises:
        RowsError: a quotation mark is not closed, or is where none can be.
    """
    marked = _SEP_LINE.match(text)
    if marked:
        text = text[marked.end() :]
    separator = marked[1] if marked else _find_separator(text, columns)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 1 if marked else 0
    while True:
        number += 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise RowsError(name, ((number, _explain(str(error))),)) from None
        yield number, [_read(value) for value in row]


def _require_text(text: str, name: str) -> str:
    if "\0" in text:
        raise RowsError(name, ((0, "it contains zero bytes, so it is not CSV; save it as CSV UTF-8 or XLSX"),))
    return text


def _find_separator(text: str, columns: Mapping[str, str]) -> str:
    """Find the separator with which the first rows contain a header; otherwise the one that gives most columns."""
    best, separator = (False, 0), ","
    for candidate in _SEPARATORS:
        try:
            reader = csv.reader(io.StringIO(text[:65536], newline=""), delimiter=candidate, strict=True)
            rows = [row for _, row in zip(range(10), reader, strict=False)]
        except csv.Error:
            continue
        known = any(_is_header(row, columns) for row in rows)
        score = (known, max(map(len, rows), default=0))
        if score > best:
            best, separator = score, candidate
    return separator


def _is_header(row: list[str], columns: Mapping[str, str]) -> bool:
    try:
        return find_columns(row, columns) is not None
    except UsageError:  # it has one, and the user has to choose between columns
        return not columns


def _read(value: str) -> Cell:
    if _SCIENTIFIC.fullmatch(value.strip()):
        return Unfit(f"{value.strip()} is a number that a spreadsheet has shortened; format the column as text", value)
    return value


def _explain(error: str) -> str:
    if "unexpected end" in error:
        return "a quotation mark opens here and is never closed; close it, or double it"
    if "expected after" in error:
        return "a quotation mark ends before its cell does; double the marks that stand within a cell"
    if "field limit" in error:
        return "a cell has more than 131,072 characters; a quotation mark may not be closed"
    return f"it cannot be read as CSV ({error})"
