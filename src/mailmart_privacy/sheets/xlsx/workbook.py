"""A workbook in XLSX (ISO/IEC 29500-1, 18), read as a stream: its sheets, their cells, and what is special about rows.

A list of 100,000 customers is read in a few seconds, with nothing evaluated and no more kept than its texts. openpyxl
takes several times as long, and where it reads row by row it reports neither hidden rows nor merged cells. Only its
tables of number formats are used.
"""

import io
import posixpath
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from ...errors import RowsError, one_line
from .cells import load_openpyxl
from .parsing import (
    LayoutParsing,
    RawRow,
    RowLayout,
    SheetParsing,
    Start,
    StringParsing,
    StyleParsing,
    make_parser,
)

_WORKBOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_STRINGS, _STYLES = "xl/sharedStrings.xml", "xl/styles.xml"
_CHUNK = 2**16


@dataclass(frozen=True, slots=True)
class SheetPart:
    """One sheet of a workbook: its title, whether it can be seen, and the part of the file that holds it."""

    title: str
    visible: bool
    part: str


class Workbook:
    """A workbook, opened.

    Args:
        content: the file.
        name: what the messages call it.
        max_size: how many bytes it may have, unpacked.

    Raises:
        RowsError: it is not a workbook, is damaged, or unpacks to more than `max_size` bytes.
        MissingExtraError: openpyxl is not installed.
    """

    def __init__(self, content: bytes, *, name: str, max_size: int) -> None:
        load_openpyxl()
        self._name, self._from_1904 = name, False
        try:
            self._file = zipfile.ZipFile(io.BytesIO(content))
            size = sum(info.file_size for info in self._file.infolist())
            if size > max_size:
                words = f"it unpacks to {size / 2**20:,.0f} MiB; more than {max_size / 2**20:,.0f} are not read"
                raise RowsError(name, ((0, words),))
            self._parts = set(self._file.namelist())
            if _WORKBOOK not in self._parts:
                words = "it is a ZIP file, but not an XLSX workbook; save the sheet as XLSX or CSV"
                raise RowsError(name, ((0, words),))
            self.sheets = self._find_sheets()
        except RowsError:
            raise
        except Exception as error:  # noqa: BLE001 - zipfile and expat raise many classes on damaged files
            raise _damaged(name, error) from None

    def read_rows(self, part: str, layout: RowLayout | None = None) -> Iterator[RawRow]:
        """Read the rows of a sheet that have cells, each with its number.

        Args:
            part: of the sheet.
            layout: is told what is special about its rows; it is complete after the last row.

        Raises:
            RowsError: the sheet is damaged.
        """
        try:
            parsing = SheetParsing(self._strings, self._patterns, self._from_1904, layout or RowLayout())
            parser = make_parser(parsing.start, parsing.end, parsing.add_text)
            with self._file.open(part) as stream:
                while chunk := stream.read(_CHUNK):
                    parser.Parse(chunk, False)
                    yield from parsing.rows
                    parsing.rows.clear()
                parser.Parse(b"", True)
                yield from parsing.rows
        except Exception as error:  # noqa: BLE001 - as above
            raise _damaged(self._name, error) from None

    def read_layout(self, part: str) -> RowLayout:
        """Read what is special about the rows of a sheet; errors are those of `read_rows`."""
        layout = RowLayout()
        parsing = LayoutParsing(layout)
        try:
            with self._file.open(part) as stream:
                make_parser(parsing.start).ParseFile(stream)
        except Exception as error:  # noqa: BLE001 - as above
            raise _damaged(self._name, error) from None
        return layout

    @cached_property
    def _strings(self) -> list[str]:
        if _STRINGS not in self._parts:
            return []
        parsing = StringParsing()
        self._parse(_STRINGS, parsing.start, parsing.end, parsing.add_text)
        return parsing.strings

    @cached_property
    def _patterns(self) -> list[str]:
        """The number format of each style of cells."""
        if _STYLES not in self._parts:
            return []
        parsing = StyleParsing()
        self._parse(_STYLES, parsing.start, parsing.end)
        return parsing.list_patterns()

    def _find_sheets(self) -> list[SheetPart]:
        relations: dict[str, str] = {}
        found: list[tuple[str, bool, str]] = []

        def relation(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/xl", attributes["Target"])).lstrip("/")
                relations[attributes["Id"]] = target

        def sheet(tag: str, attributes: dict[str, str]) -> None:
            if tag == "workbookPr":
                self._from_1904 = attributes.get("date1904") in ("1", "true")
            elif tag == "sheet":
                key = next((value for name, value in attributes.items() if name.endswith(":id")), "")
                found.append((attributes["name"], attributes.get("state", "visible") == "visible", key))

        self._parse(_RELATIONS, relation)
        self._parse(_WORKBOOK, sheet)
        return [
            SheetPart(title, visible, relations[key])
            for title, visible, key in found
            if relations.get(key) in self._parts and "chartsheet" not in relations[key]
        ]

    def _parse(
        self,
        part: str,
        start: Start,
        end: Callable[[str], None] | None = None,
        add_text: Callable[[str], None] | None = None,
    ) -> None:
        with self._file.open(part) as stream:
            make_parser(start, end, add_text).ParseFile(stream)


def _damaged(name: str, error: Exception) -> RowsError:
    if isinstance(error, RowsError):
        return error
    return RowsError(name, ((0, f"it cannot be read as a workbook ({one_line(error)[:200]}); save it as XLSX again"),))
