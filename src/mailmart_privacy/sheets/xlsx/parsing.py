"""The XML of a workbook's parts (ISO/IEC 29500-1, 18.3, 18.4, 18.8), as a stream of elements → rows, texts, formats."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias
from xml.parsers import expat

from .cells import Fault, Moment, Number, RawCell

# A formula that adds up or counts cells of several rows; one that adds up its own row has no such range.
_SUM = re.compile(
    r"\b(?:SUBTOTAL|AGGREGATE)\(|"
    r"\b(?:SUM|COUNTA?)\([^()]*?\$?[A-Z]{1,3}\$?([0-9]{1,7}):\$?[A-Z]{1,3}\$?(?!\1\b)[0-9]"
)
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})")
_COLUMNS = 64  # of a row; columns further to the right are ignored
_ROWS = 1_048_576  # as many as a spreadsheet has; a higher number is false
_MERGES = 10_000  # merged ranges that are read

Start: TypeAlias = Callable[[str, dict[str, str]], None]
RawRow: TypeAlias = tuple[int, list[RawCell]]


@dataclass(slots=True)
class RowLayout:
    """What is special about the rows of one sheet.

    Attributes:
        hidden: the numbers of rows that are hidden, by hand or by a filter.
        merged: the numbers of rows that hold a cell merged over several columns.
        summed: the numbers of rows with a formula that adds up or counts rows; known when all rows were read.
    """

    hidden: set[int] = field(default_factory=set)
    merged: set[int] = field(default_factory=set)
    summed: set[int] = field(default_factory=set)


class LayoutParsing:
    """Notes hidden rows and merged cells."""

    def __init__(self, layout: RowLayout) -> None:
        self.layout, self.number = layout, 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "row":
            self.begin_row(attributes)
        elif tag == "mergeCell":
            self.merge(attributes.get("ref", ""))

    def begin_row(self, attributes: dict[str, str]) -> None:
        last, self.number = self.number, int(attributes.get("r", self.number + 1))
        if not last < self.number <= _ROWS:
            raise ValueError(f"its row {self.number} comes after row {last}")
        if attributes.get("hidden") in ("1", "true") or attributes.get("zeroHeight") in ("1", "true"):
            self.layout.hidden.add(self.number)

    def merge(self, area: str) -> None:
        found = _RANGE.fullmatch(area)
        if found and found[1] != found[3] and len(self.layout.merged) < _MERGES:
            self.layout.merged.update(range(int(found[2]), min(int(found[4]), int(found[2]) + _MERGES) + 1))


class SheetParsing(LayoutParsing):
    """Collects rows with their cells, too."""

    def __init__(self, strings: list[str], patterns: list[str], from_1904: bool, layout: RowLayout) -> None:
        super().__init__(layout)
        self._strings, self._patterns, self._from_1904 = strings, patterns, from_1904
        self.rows: list[RawRow] = []
        self._cells: list[RawCell] = []
        self._places: dict[str, int] = {}
        self._place, self._kind, self._style = -1, "n", "0"
        self._text: list[str] = []
        self._formula: list[str] | None = None
        self._taken = self._phonetic = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "0")
            name = attributes.get("r")
            self._place = self._place + 1 if name is None else self._find_place(name)
            self._text = []
        elif tag == "v" or (tag == "t" and not self._phonetic):
            self._taken = True
        elif tag == "row":
            self.begin_row(attributes)
            self._cells, self._place = [], -1
        elif tag == "f":
            self._formula = []
        elif tag == "rPh":
            self._phonetic = True
        elif tag == "mergeCell":
            self.merge(attributes.get("ref", ""))

    def end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self._taken = False
        elif tag == "c":
            if self._text and self._place < _COLUMNS:
                self._put(self._read_cell("".join(self._text)))
        elif tag == "row":
            if self._cells:
                self.rows.append((self.number, self._cells))
        elif tag == "f":
            if _SUM.search("".join(self._formula or ())):
                self.layout.summed.add(self.number)
            self._formula = None
        elif tag == "rPh":
            self._phonetic = False

    def add_text(self, text: str) -> None:
        if self._taken:
            self._text.append(text)
        elif self._formula is not None:
            self._formula.append(text)

    def _find_place(self, name: str) -> int:
        letters = name.rstrip("0123456789")
        place = self._places.get(letters)
        if place is None:
            place = 0
            if not (letters.isascii() and letters.isalpha() and letters.isupper() and len(letters) <= 3):
                raise ValueError(f"{name} is not the name of a cell")
            for letter in letters:
                place = place * 26 + ord(letter) - 64
            place = self._places[letters] = place - 1
        return place

    def _put(self, cell: RawCell) -> None:
        missing = self._place - len(self._cells)
        if missing < 0:
            self._cells[self._place] = cell
            return
        if missing:
            self._cells.extend([None] * missing)
        self._cells.append(cell)

    def _read_cell(self, text: str) -> RawCell:
        kind = self._kind
        if kind == "s":
            place = int(text)
            if place < 0:
                raise ValueError("it has a text with a number below zero")
            return self._strings[place]
        if kind == "n":
            value = float(text) if "." in text or "E" in text or "e" in text else int(text)
            style = int(self._style)
            # A style that does not exist counts for none, as for spreadsheets.
            pattern = self._patterns[style] if 0 <= style < len(self._patterns) else "General"
            return Number(value, pattern, self._from_1904)
        if kind in ("inlineStr", "str"):
            return text
        if kind == "b":
            return bool(int(text))
        if kind == "e":
            return Fault(text)
        if kind == "d":
            return Moment(text)
        raise ValueError(f"it has a cell of the kind {kind!r}")


class StringParsing:
    """Collects the texts that cells share (18.4): runs joined, without phonetic ones."""

    def __init__(self) -> None:
        self.strings: list[str] = []
        self._text: list[str] = []
        self._taken = self._phonetic = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "t":
            self._taken = not self._phonetic
        elif tag == "si":
            self._text = []
        elif tag == "rPh":
            self._phonetic = True

    def end(self, tag: str) -> None:
        if tag == "t":
            self._taken = False
        elif tag == "si":
            self.strings.append("".join(self._text))
        elif tag == "rPh":
            self._phonetic = False

    def add_text(self, text: str) -> None:
        if self._taken:
            self._text.append(text)


class StyleParsing:
    """Collects number formats, and which style of cells has which (18.8)."""

    def __init__(self) -> None:
        self._own: dict[int, str] = {}
        self._styles: list[int] = []
        self._in_cells = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "numFmt":
            self._own[int(attributes["numFmtId"])] = attributes["formatCode"]
        elif tag == "cellXfs":
            self._in_cells = True
        elif tag == "xf" and self._in_cells:
            self._styles.append(int(attributes.get("numFmtId", 0)))

    def end(self, tag: str) -> None:
        if tag == "cellXfs":
            self._in_cells = False

    def list_patterns(self) -> list[str]:
        """List the format of each style, in the order of the styles."""
        from openpyxl.styles.numbers import BUILTIN_FORMATS

        return [self._own.get(number) or BUILTIN_FORMATS.get(number, "General") for number in self._styles]


def make_parser(
    start: Start, end: Callable[[str], None] | None = None, add_text: Callable[[str], None] | None = None
) -> expat.XMLParserType:
    """Make a parser that tells elements by their local names; it refuses entities, which no workbook declares."""

    def begin(tag: str, attributes: dict[str, str]) -> None:
        start(tag.rpartition(":")[2] if ":" in tag else tag, attributes)

    def finish(tag: str) -> None:
        assert end is not None
        end(tag.rpartition(":")[2] if ":" in tag else tag)

    def refuse(*_: object) -> None:
        raise ValueError("it declares an entity")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = begin
    parser.EntityDeclHandler = refuse
    if end is not None:
        parser.EndElementHandler = finish
    if add_text is not None:
        parser.CharacterDataHandler = add_text
    return parser
