"""A field that is drawn with fonts embedded in the copy, read without these fonts' files.

What such a field shows cannot be written again from its value alone: which glyph stands for a character is for the
font to say. So glyphs, positions and the font are read, checked by the rules below, and written again:

1. The font is in the canonical form of `pdf.truetype`: outlines, widths, nothing else; its objects follow from it.
2. The field shows one line or two, in one size that the rules for fitting give, on the baselines that they give.
3. Read piece by piece, the lines say what the field holds.
4. A font that the copy brings is used for characters that the form's own font lacks, and for blanks between them.
5. Every piece lies inside the field. Where all is written from left to right, each begins where the one before it
   ends, but for kerning.

Whether an outline looks like its character is not checked; the verdict says so.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..pdf.appearance import FILLER, MIN_SIZE, MIRRORED, PADDING, TWO_LINES, baselines, wrap_content, write_number
from ..pdf.field_names import RECIPIENT
from ..typesetting.clusters import split_clusters
from ..typesetting.embedded import Embedded, read_embedded
from ..typesetting.fields import FilledField

if TYPE_CHECKING:
    from ..pdf.notes import FormNotes

_MAX_FONT = 2 * 1024 * 1024
_KERNING = 0.5  # ems by which a piece may begin before or behind the end of the one before it
_RAISED = 1.5  # ems by which a mark may be above or below its line
_STEP = 0.25
_RESOURCES = re.compile(
    rb"<< /Type /XObject /Subtype /Form /BBox \[ [0-9. ]{1,40} \] /Resources << /Font << ([^<>]{1,300}) >> >> "
    rb"/Length ([0-9]{1,6}) >>\nstream\n"
)
_BROUGHT = re.compile(rb" /(E[0-9]) ([0-9]{1,10}) 0 R")
_BASE_FONT = re.compile(rb"<< /Type /Font /Subtype /Type0 /BaseFont /[A-Z]{6}\+([A-Za-z0-9-]{1,60}) ")
_LENGTH = re.compile(rb"<< /Length ([0-9]{1,8})(?: /Length1 [0-9]{1,8})? >>\nstream\n")
_NUMBER = r"(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{0,1}[1-9])?"
_TEXT = rf"/[A-Za-z0-9]+ {_NUMBER} Tf\n1 0 0 1 {_NUMBER} {_NUMBER} Tm\n<(?:[0-9a-f]{{4}})+> Tj\n"
_PIECE = re.compile(
    rf"(?P<plain>{_TEXT})|/Span << /ActualText <feff(?P<actual>(?:[0-9a-f]{{4}})+)> >> BDC\n(?P<span>(?:{_TEXT})+)EMC\n"
)
_SHOWN = re.compile(rf"/(\S+) ({_NUMBER}) Tf\n1 0 0 1 ({_NUMBER}) ({_NUMBER}) Tm\n<([0-9a-f]+)> Tj\n")


@dataclass(frozen=True, slots=True)
class _Glyphs:
    """Some glyphs of one font at one place."""

    label: str
    size: float
    x: float
    y: float
    codes: tuple[int, ...]


def read_drawn(pdf: bytes, start: int, notes: "FormNotes", name: str, value: str, number: int) -> FilledField:
    """Read a field that is drawn with fonts embedded in the copy.

    Args:
        pdf: the file.
        start: where the update begins that fills the field in.
        notes: of the form.
        name: of the field.
        value: what it holds.
        number: the object number of what it shows.

    Returns:
        The field; written again, it gives the bytes that are there, or the caller finds that it does not.

    Raises:
        ValueError: it is not drawn as copies draw it.
    """
    place = _find_object(pdf, start, number)
    head = _RESOURCES.match(pdf, place)
    if head is None:
        raise ValueError("what it shows cannot be read")
    content = pdf[head.end() : head.end() + int(head[2])]
    fonts = {found[1].decode("ascii"): _read_font(pdf, start, int(found[2])) for found in _BROUGHT.finditer(head[1])}
    if sorted(fonts) != [f"E{i}" for i in range(len(fonts))] or not fonts:
        raise ValueError("its fonts are not those of a copy")
    _require_lines(content, notes, name, value, fonts)
    return FilledField(name=name, value=value, content=content, fonts=tuple(sorted(fonts.items())))


def _find_object(pdf: bytes, start: int, number: int) -> int:
    head = b"\n%d 0 obj\n" % number
    place = pdf.find(head, start)
    if place < 0:
        raise ValueError("an object of what it shows is missing")
    return place + len(head)


def _read_font(pdf: bytes, start: int, number: int) -> Embedded:
    base = _BASE_FONT.match(pdf, _find_object(pdf, start, number))
    if base is None:
        raise ValueError("its font is not that of a copy")
    streams = []
    for offset in (3, 4):
        place = _find_object(pdf, start, number + offset)
        length = _LENGTH.match(pdf, place)
        if length is None or int(length[1]) > _MAX_FONT:
            raise ValueError("its font is not that of a copy")
        streams.append(pdf[length.end() : length.end() + int(length[1])])
    return read_embedded(streams[0], base[1].decode("ascii"), streams[1])


def _require_lines(content: bytes, notes: "FormNotes", name: str, value: str, fonts: dict[str, Embedded]) -> None:
    """Check what a field shows by rules 2 to 5."""
    body = content.decode("ascii").removeprefix("/Tx BMC\nq\n").removesuffix("Q\nEMC")
    blocks = [block.removeprefix("BT\n0 g\n") for block in body.split("ET\n")[:-1]]
    if not 1 <= len(blocks) <= (2 if name == RECIPIENT else 1) or wrap_content(blocks) != content:
        raise ValueError("it shows something else than lines")
    texts, sizes = [], set()
    for index, block in enumerate(blocks):
        text, pieces = _read_line(block, notes, fonts)
        sizes |= {piece.size for piece in pieces}
        texts.append(text)
        size = pieces[0].size
        _require_places(
            pieces, notes, name, baselines(len(blocks), size, notes.fields[name].height)[index], fonts, text
        )
    (size,) = sizes if len(sizes) == 1 else (0.0,)
    largest = notes.fields[name].size if len(blocks) == 1 else TWO_LINES
    if not MIN_SIZE <= size <= largest or (largest - size) % _STEP:
        raise ValueError("it is not drawn in one of the sizes of a copy")
    if value not in (" ".join(texts), "".join(texts)):
        raise ValueError("it shows another text than it holds")


def _read_line(block: str, notes: "FormNotes", fonts: dict[str, Embedded]) -> tuple[str, list[_Glyphs]]:
    own = {glyph: c for c, glyph in reversed(notes.font.glyphs.items())}
    line, place, pieces, brought = "", 0, list[_Glyphs](), list[bool]()
    while place < len(block):
        piece = _PIECE.match(block, place)
        if piece is None:
            raise ValueError("it shows something else than text")
        said, found = "", [_read_glyphs(shown) for shown in _SHOWN.finditer(piece["plain"] or piece["span"])]
        for glyphs in found:
            said += "".join(_say(glyphs.label, code, own, notes, fonts) for code in glyphs.codes)
        if piece["span"]:
            actual = bytes.fromhex(piece["actual"]).decode("utf-16-be")
            if actual not in (said.replace(FILLER, ""), MIRRORED.get(said)):
                raise ValueError("it shows another text than it says")
            said = actual
        brought += [any(glyphs.label in fonts for glyphs in found)] * len(said)
        line, place = line + said, piece.end()
        pieces += found
    if not pieces:
        raise ValueError("it shows nothing")
    start = 0
    for cluster in split_clusters(line):
        if any(brought[start : start + len(cluster)]) and not _is_needed(cluster, notes):
            raise ValueError("a font that it brings draws what the form's own font has")
        start += len(cluster)
    return line, pieces


def _read_glyphs(shown: re.Match[str]) -> _Glyphs:
    codes = tuple(int(shown[5][i : i + 4], 16) for i in range(0, len(shown[5]), 4))
    return _Glyphs(shown[1], float(shown[2]), float(shown[3]), float(shown[4]), codes)


def _say(label: str, code: int, own: dict[int, str], notes: "FormNotes", fonts: dict[str, Embedded]) -> str:
    """Tell what a glyph stands for."""
    if label == notes.font.name and code in own:
        return own[code]
    if label not in fonts or not 1 <= code <= len(fonts[label].texts):
        raise ValueError("it shows a glyph that stands for nothing")
    return fonts[label].texts[code - 1] or FILLER


def _is_needed(text: str, notes: "FormNotes") -> bool:
    return bool(notes.font.missing(text)) or all(unicodedata.category(c) in ("Zs", "Mn", "Mc", "Cf") for c in text)


def _require_places(
    pieces: list[_Glyphs], notes: "FormNotes", name: str, baseline: float, fonts: dict[str, Embedded], text: str
) -> None:
    right = notes.fields[name].width - PADDING
    line = float(write_number(baseline))
    spans = []
    for piece in pieces:
        embedded = fonts.get(piece.label)
        if embedded is None:
            advance = sum(notes.font.widths[code] for code in piece.codes) / 1000 * piece.size
        else:
            advance = sum(embedded.advance(code) for code in piece.codes) * piece.size
        if abs(piece.y - line) > (0.011 if embedded is None else _RAISED * piece.size):
            raise ValueError("it is drawn beside its line")
        if piece.x < PADDING - _KERNING * piece.size or piece.x + advance > right + _KERNING * piece.size:
            raise ValueError("it is drawn outside its field")
        spans.append((piece.x, piece.x + advance, piece.size))
    if any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in text):
        return
    end = PADDING
    for left, stop, size in spans:
        if not end - _KERNING * size <= left <= end + _KERNING * size and not _is_mark(left, end, size):
            raise ValueError("its letters do not follow each other")
        end = max(end, stop)


def _is_mark(left: float, end: float, size: float) -> bool:
    """Tell whether something may be above what is drawn already: no more than two ems back."""
    return end - 2 * size <= left <= end
