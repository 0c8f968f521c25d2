"""What a workbook says about its rows beside their cells: which are hidden, and which hold merged cells.

openpyxl tells neither where it reads row by row; here the parts are read as a stream of XML (ISO/IEC 29500-1, 18.3.1),
and nothing of them is kept but numbers.
"""

import io
import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from ..errors import RowsError, one_line

_WORKBOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})")
_MERGES = 10_000  # merged ranges that are read


@dataclass(slots=True)
class RowLayout:
    """What is special about the rows of one sheet.

    Attributes:
        hidden: the numbers of rows that are hidden, by hand or by a filter.
        merged: the numbers of rows that hold a cell merged over several columns.
    """

    hidden: set[int] = field(default_factory=set)
    merged: set[int] = field(default_factory=set)


def read_layouts(content: bytes, *, name: str) -> dict[str, RowLayout]:
    """Read the layout of each sheet of a workbook, by its title.

    Args:
        content: the file; its unpacked size is bounded already.
        name: what the messages call it.

    Raises:
        RowsError: it is damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            return {title: _read_layout(book, part) for title, part in _find_parts(book).items()}
    except Exception as error:  # noqa: BLE001 - zipfile and expat raise many classes on damaged files
        words = f"it cannot be read as a workbook ({one_line(error)[:200]}); save it as XLSX again"
        raise RowsError(name, ((0, words),)) from None


def _find_parts(book: zipfile.ZipFile) -> dict[str, str]:
    """Find the part of each sheet, by its title."""
    relations: dict[str, str] = {}
    titles: dict[str, str] = {}

    def relation(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            relations[attributes["Id"]] = posixpath.normpath(posixpath.join("/xl", attributes["Target"])).lstrip("/")

    def sheet(tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            key = next((value for name, value in attributes.items() if name.endswith(":id")), "")
            titles[attributes["name"]] = key

    _parse(book.open(_RELATIONS), relation)
    _parse(book.open(_WORKBOOK), sheet)
    parts = set(book.namelist())
    return {title: relations[key] for title, key in titles.items() if relations.get(key) in parts}


def _read_layout(book: zipfile.ZipFile, part: str) -> RowLayout:
    layout, last = RowLayout(), 0

    def note(tag: str, attributes: dict[str, str]) -> None:
        nonlocal last
        if tag == "row":
            last = int(attributes.get("r", last + 1))
            if attributes.get("hidden") in ("1", "true") or attributes.get("zeroHeight") in ("1", "true"):
                layout.hidden.add(last)
        elif tag == "mergeCell" and len(layout.merged) < _MERGES:
            found = _RANGE.fullmatch(attributes.get("ref", ""))
            if found and found[1] != found[3]:
                layout.merged.update(range(int(found[2]), min(int(found[4]), int(found[2]) + _MERGES) + 1))

    _parse(book.open(part), note)
    return layout


def _parse(stream: IO[bytes], start: "object") -> None:
    """Tell each start of an element, by its local name; refuse entities, which no workbook declares."""

    def begin(tag: str, attributes: dict[str, str]) -> None:
        start(tag.rpartition(":")[2], attributes)  # type: ignore[operator]

    def refuse(*_: object) -> None:
        raise ValueError("it declares an entity")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = begin
    parser.EntityDeclHandler = refuse
    with stream:
        parser.ParseFile(stream)
