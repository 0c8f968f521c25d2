"""The updates that follow a recorded form, held to the one shape that a copy's have, before anything follows them.

Each update is objects, a cross-reference stream that says where they stand, and the three lines that end
it (ISO 32000-1, 7.5.6 and 7.5.8). Here each stream has to name the one before it, and to point to
objects of its own update only. So what a reader finds is bounded by the file's size, and nothing in a
file can be reached that its update did not bring.
"""

import re
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zlib import decompressobj

from ..errors import AlteredError, MissingExtraError, one_line

try:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.decode_limits import DecodeLimits, DocumentDecodeBudget, StreamDecodeLimits
    from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_REVISIONS = 64  # a copy that was renewed 25 times has 55
MAX_OBJECTS = 4096
MAX_SYNTAX = 1_200_000  # bytes, but for plain streams; each renewal takes some 40,000
MAX_READS = 500_000  # parts of objects; a copy takes 16,000, one that was renewed 25 times 360,000
_MIB = 2**20
_LIMITS = DecodeLimits(
    per_stream=StreamDecodeLimits(max_ratio=100, max_output_size=8 * _MIB),
    document_budget=DocumentDecodeBudget(base_allowance=64 * _MIB, max_ratio=1),
)
_END = re.compile(rb"startxref\n([0-9]{1,10})\n%%EOF\n?\Z")
_NAMES = frozenset(("/Type", "/W", "/Size", "/Index", "/Prev", "/Root", "/Info", "/ID", "/Filter", "/Length"))
_PLAIN_STREAM = re.compile(rb"[0-9]{1,7} 0 obj\n<<[^<>()\[\]]{0,400}>>\nstream\n")
_HEADER = re.compile(rb"([0-9]{1,7}) 0 obj\n")
_CLOSED = re.compile(rb"\nendobj\n\n?startxref\n([0-9]{1,10})\n%%EOF\n")


def require_revisions(pdf: bytes, form: bytes) -> None:
    """Refuse updates that are not in the shape of a copy's.

    Args:
        pdf: a file that begins with a recorded form.
        form: that form.

    Raises:
        AlteredError: they are not, or there are too many of them.
    """
    ended = _END.search(pdf, max(0, len(pdf) - 40))
    first = _END.search(form, len(form) - 40)
    if ended is None or first is None:
        raise AlteredError("what follows the recorded form cannot be read as an update of it: it does not end as one")
    origin = int(first[1])
    place, following, objects, syntax, revisions = int(ended[1]), len(pdf), 0, 0, 0
    while place != origin:
        revisions += 1
        if revisions > MAX_REVISIONS:
            raise AlteredError(f"more than {MAX_REVISIONS} updates follow the recorded form; no copy has as many")
        try:
            if not len(form) <= place < following:
                raise ValueError(f"it looks for its cross-references at byte {place}, outside of it")
            previous, entries = _read_section(pdf, place, following)
            begin = len(form) if previous == origin else _find_end(pdf, previous, place)
            objects += len(entries)
            syntax += _measure(pdf, begin, place, following, entries)
            if objects > MAX_OBJECTS or syntax > MAX_SYNTAX:
                raise ValueError("with those behind it, it holds more than any copy does")
        except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on damaged files
            what = f"the update that ends at byte {following} is not one of a copy's"
            raise AlteredError(f"{what}: {one_line(error)}") from None
        place, following = previous, begin


def _measure(pdf: bytes, begin: int, place: int, end: int, entries: dict[int, int]) -> int:
    """Count the bytes that a reader may have to take apart, in an update that is a row of objects and nothing else."""
    count = 0
    for number, offset in entries.items():
        if not begin <= offset <= place:
            raise ValueError(f"the cross-references look for object {number} at byte {offset}, outside of it")
        if not pdf.startswith(b"%d 0 obj" % number, offset):
            raise ValueError(f"the cross-references look for object {number} at byte {offset}, where it is not")
    offsets = sorted({*entries.values(), place})
    if offsets[0] != begin or len(offsets) < len(entries):
        raise ValueError(f"the cross-references do not name what stands at byte {begin}")
    for offset, following in pairwise((*offsets, end)):
        closed = pdf.find(b"endobj", offset, following) + len(b"endobj")
        behind = pdf[closed:following].strip()
        if behind != (b"startxref\n%d\n%%%%EOF" % place if offset == place else b""):
            raise ValueError(
                f"between byte {offset} and byte {following}, there is more than the object that the "
                "cross-references name"
            )
        plain = _PLAIN_STREAM.match(pdf, offset)
        count += (plain.end() if plain else following) - offset
    return count


def _find_end(pdf: bytes, place: int, before: int) -> int:
    """Find where the update ends whose cross-reference stream stands at a place."""
    found = _CLOSED.search(pdf, place, before)
    if found is None or int(found[1]) != place:
        raise ValueError(f"its cross-references name others before them, at byte {place}, which are none")
    return found.end()


def _read_section(pdf: bytes, place: int, end: int) -> tuple[int, dict[int, int]]:
    """Read a cross-reference stream: where the one before stands, and the objects with their places."""
    header = _HEADER.match(pdf, place)
    if header is None:
        raise ValueError(f"its cross-references are not at byte {place}, where it looks for them")
    source = BytesIO(pdf[header.end() : end])
    section: Any = generic.read_object(source, generic.Reference(int(header[1]), 0, None))
    if not isinstance(section, generic.StreamObject) or section.raw_get("/Type") != "/XRef":
        raise ValueError(f"its cross-references are not at byte {place}, where it looks for them")
    for name in section:
        if name not in _NAMES:
            raise ValueError(f"its trailer has an entry {name}, which no copy's has")
    widths, size, pairs = (_integers(section, name) for name in ("/W", "/Size", "/Index"))
    if len(widths) != 3 or widths[0] != 1 or not 1 <= widths[1] <= 8 or not 1 <= widths[2] <= 2:
        raise ValueError(f"its cross-reference stream has columns of {widths} bytes")
    counts = pairs[1::2]
    if len(pairs) % 2 or sum(counts) > MAX_OBJECTS or size[0] > 2**20:
        raise ValueError("its cross-reference stream counts more objects than any copy has")
    data, length = section.encoded_data, sum(counts) * sum(widths)
    if "/Filter" in section:
        if section.raw_get("/Filter") != "/FlateDecode":
            raise ValueError("its cross-reference stream is packed in a way that no copy's is")
        data = decompressobj().decompress(data, length + 1)  # no more: it may hold a thousand times as much
    if len(data) != length:
        raise ValueError("its cross-reference stream has another length than it says")
    numbers = [n for first, count in zip(pairs[::2], counts, strict=True) for n in range(first, first + count)]
    if numbers != sorted(set(numbers)) or (numbers and numbers[-1] >= size[0]):
        raise ValueError("its cross-reference stream does not count its objects once, in their order")
    (previous,) = _integers(section, "/Prev")
    return previous, dict(_read_entries(data, numbers, widths))


def _read_entries(data: bytes, numbers: list[int], widths: list[int]) -> "Iterator[tuple[int, int]]":
    for i, number in enumerate(numbers):
        entry = data[i * sum(widths) : (i + 1) * sum(widths)]
        kind, offset, last = entry[0], entry[1 : 1 + widths[1]], entry[1 + widths[1] :]
        if kind == 1 and not any(last):
            yield number, int.from_bytes(offset, "big")
        elif (kind, number) != (0, 0):
            raise ValueError(f"it hides its object {number}: the object was freed, or stands in another one")


def _integers(section: Any, name: str) -> list[int]:
    value = section.raw_get(name)
    found = value if isinstance(value, generic.ArrayObject) else [value]
    if not all(isinstance(n, generic.NumberObject) and n >= 0 for n in found):
        raise ValueError(f"its cross-reference stream has no proper {name}")
    return [int(n) for n in found]


class _Budget:
    """How much more may be read."""

    def __init__(self) -> None:
        self.left = MAX_READS

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise AlteredError("what follows the recorded form leads in circles, or to more than any copy holds")


class _Reader(PdfFileReader):
    def __init__(self, pdf: bytes) -> None:
        self.budget = _Budget()
        self._packed: dict[int, tuple[BytesIO, int, list[int]]] = {}
        super().__init__(BytesIO(pdf), strict=True, decode_limits=_LIMITS)

    def get_object(self, ref: Any, *args: Any, **kwargs: Any) -> Any:
        self.budget.spend()
        read: Any = super().get_object
        return read(ref, *args, **kwargs)

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> Any:
        """Read a packed object (ISO 32000-1, 7.5.7). pyHanko reads the table of its stream anew for each.

        Only the recorded form has any: `require_revisions` refuses them in updates.
        """
        if stmnum not in self._packed:
            stream: Any = generic.Reference(stmnum, 0, self).get_object()
            first, content = int(stream["/First"]), stream.data
            self._packed[stmnum] = BytesIO(content), first, [int(n) for n in content[:first].split()]
        source, first, table = self._packed[stmnum]
        if table[2 * idx] != idnum:
            raise ValueError(f"object {idnum} is not where its cross-reference says")
        source.seek(first + table[2 * idx + 1])
        return generic.read_object(source, generic.Reference(idnum, 0, self))

    def get_historical_resolver(self, revision: int) -> HistoricalResolver:
        cache = self._historical_resolver_cache
        if revision not in cache:
            cache[revision] = _Resolver(self, revision)
        return cache[revision]


class _Resolver(HistoricalResolver):
    def __init__(self, reader: _Reader, revision: int) -> None:
        self.budget = reader.budget
        super().__init__(reader, revision)
        self._decode_context = reader.decode_context  # one for all revisions

    def get_object(self, ref: Any, *args: Any, **kwargs: Any) -> Any:
        self.budget.spend()
        read: Any = super().get_object
        return read(ref, *args, **kwargs)

    def _subsume_object(self, obj: Any) -> Any:
        self.budget.spend()
        subsume: Any = super()._subsume_object
        return subsume(obj)


def open_pdf(pdf: bytes) -> PdfFileReader:
    """Open a file for reading, strictly, and for no longer than any copy needs.

    Raises:
        AlteredError: later, where more than `MAX_READS` parts of objects are read.
    """
    return _Reader(pdf)
