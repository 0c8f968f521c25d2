"""The sheets of a file as they were read, kept so that the file is not read again after a person has chosen columns.

The first line describes the sheets; their rows follow, one a line. Only this package makes and reads it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .cells import Unfit
from .source import MAX_SIZE, SheetSource, open_source
from .xlsx.cells import Fault, Moment, Number, RawCell
from .xlsx.parsing import RawRow, RowLayout

_CHUNK = 2**16
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # made once: there is a line for each row


def keep_sheets(content: bytes, *, name: str, max_size: int = MAX_SIZE) -> bytes:
    """Read a file of recipients, and write down what is in it.

    Args:
        content: the file, CSV or XLSX.
        name: what the messages call it.
        max_size: how many bytes it may have, unpacked.

    Returns:
        What `open_kept` takes.

    Raises:
        RowsError: it cannot be read.
        MissingExtraError: it is XLSX, and openpyxl is not installed.
    """
    facts, blocks = [], []
    for source in open_source(content, name=name, max_size=max_size, scan=False):
        block = "".join(_dump([number, [_write_cell(cell) for cell in cells]]) for number, cells in source.raw_rows())
        layout = source.layout
        blocks.append(block.encode("utf-8", "surrogatepass"))
        special = [sorted(rows) for rows in (layout.hidden, layout.merged, layout.summed)]
        facts.append([source.title, source.visible, source.notes, special, len(blocks[-1])])
    return b"".join([_dump(facts).encode(), *blocks])


def keep_rows(headings: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]) -> bytes:
    """Write down rows that do not come from a file.

    Args:
        headings: of the columns; they are in row 0.
        rows: each with its number.

    Returns:
        What `open_kept` takes: one sheet, without a title.
    """
    block = "".join(_dump([number, list(cells)]) for number, cells in [(0, headings), *rows])
    encoded = block.encode("utf-8", "surrogatepass")
    return b"".join([_dump([["", True, [], [[], [], []], len(encoded)]]).encode(), encoded])


def open_kept(kept: bytes, *, name: str) -> list[SheetSource]:
    """Open what `keep_sheets` has made; see `open_source`."""
    end = kept.index(b"\n") + 1
    sources = []
    for title, visible, notes, special, size in json.loads(kept[:end]):
        start, end = end, end + size
        rows = _KeptRows(kept, start, end)
        layout = RowLayout(*map(set, special))
        sources.append(
            SheetSource(name=name, title=title, visible=visible, layout=layout, notes=tuple(notes), raw_rows=rows)
        )
    return sources


class _KeptRows:
    """The rows of one sheet; they can be read again and again."""

    def __init__(self, kept: bytes, start: int, end: int) -> None:
        self._kept, self._start, self._end = kept, start, end

    def __call__(self) -> Iterator[RawRow]:
        place = self._start
        while place < self._end:
            end = self._kept.find(b"\n", min(place + _CHUNK, self._end - 1), self._end)
            lines = self._kept[place:end].decode("utf-8", "surrogatepass").replace("\n", ",")
            for number, cells in json.loads(f"[{lines}]"):  # many lines at once: that takes half the time
                yield number, [cell if isinstance(cell, str) else _read_cell(cell) for cell in cells]
            place = end + 1


def _write_cell(cell: RawCell) -> Any:
    match cell:
        case Number():
            return [cell.value, cell.pattern, cell.from_1904]
        case Moment():
            return {"moment": cell.text}
        case Fault():
            return {"fault": cell.text}
        case Unfit():
            return {"unfit": [cell.reason, cell.shown]}
    return cell


def _read_cell(found: Any) -> RawCell:
    match found:
        case [value, pattern, from_1904]:
            return Number(value, pattern, from_1904)
        case {"moment": text}:
            return Moment(text)
        case {"fault": text}:
            return Fault(text)
        case {"unfit": [reason, shown]}:
            return Unfit(reason, shown)
    cell: RawCell = found
    return cell


def _dump(value: Any) -> str:
    return _ENCODER.encode(value) + "\n"
