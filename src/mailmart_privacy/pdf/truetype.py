"""A TrueType font of a few glyphs ↔ its bytes, in canonical form: the fonts that copies embed for names in other
scripts.

Such a font has outlines and widths, and nothing else: no hints, no names, no tables that a PDF does not need (ISO
32000-1, 9.9). It is written here from values, so that the same glyphs give the same bytes whichever library found them;
and read here, so that a verifier can write it again and compare. The layout of the tables is that of the OpenType
specification; what it leaves open is fixed: seven tables in the order of their tags, every glyph on four bytes, long
offsets, no repeated flags, all times zero.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise

MAX_GLYPHS = 512
_MAX_POINTS = 16_384  # of one glyph
_TAGS = (b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp", b"post")
_MAGIC = 0xB1B0AFBA
_ON, _X_SHORT, _Y_SHORT, _X_SAME, _Y_SAME = 0x01, 0x02, 0x04, 0x10, 0x20

Point = tuple[int, int, bool]  # x, y, whether it lies on the curve
Contour = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """One glyph.

    Attributes:
        advance: its width, in units of the font.
        contours: its closed contours of quadratic curves; none where it is blank.
    """

    advance: int
    contours: tuple[Contour, ...] = ()

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The smallest and the largest coordinates: left, bottom, right, top."""
        xs, ys = [[point[axis] for contour in self.contours for point in contour] or [0] for axis in (0, 1)]
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrueTypeFont:
    """A font.

    Attributes:
        em: units in an em.
        ascent: how far it rises, in units.
        descent: how far it falls, in units; negative.
        glyphs: the glyphs from number 0, which stands for what is missing.
    """

    em: int
    ascent: int
    descent: int
    glyphs: tuple[Outline, ...]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The box that all glyphs lie in."""
        boxes = [glyph.box for glyph in self.glyphs if glyph.contours] or [(0, 0, 0, 0)]
        return (
            min(box[0] for box in boxes),
            min(box[1] for box in boxes),
            max(box[2] for box in boxes),
            max(box[3] for box in boxes),
        )


def write_font(font: TrueTypeFont) -> bytes:
    """Write a font.

    Raises:
        ValueError: a number is too large for its place in the file.
    """
    try:
        tables = _write_tables(font)
    except struct.error as error:
        raise ValueError(f"the font has a number that is too large ({error})") from None
    count = len(_TAGS)
    place = 12 + 16 * count
    directory, body, head = b"", b"", 0
    for tag in _TAGS:
        content = tables[tag]
        if tag == b"head":
            head = place + len(body)
        directory += tag + struct.pack(">III", _sum(content), place + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    made = struct.pack(">IHHHH", 0x00010000, count, 64, 2, 16 * count - 64) + directory + body
    adjustment = struct.pack(">I", (_MAGIC - _sum(made)) & 0xFFFFFFFF)
    return made[: head + 8] + adjustment + made[head + 12 :]


def read_font(content: bytes) -> TrueTypeFont:
    """Read a font that `write_font` wrote.

    Raises:
        ValueError: these bytes are not in its canonical form.
    """
    try:
        font = _read(content)
    except (struct.error, IndexError):
        raise ValueError("the font is cut off") from None
    if write_font(font) != content:
        raise ValueError("the font is not written as copies carry it")
    return font


def _write_tables(font: TrueTypeFont) -> dict[bytes, bytes]:
    glyphs, places = b"", [0]
    for glyph in font.glyphs:
        glyphs += _write_glyph(glyph)
        places.append(len(glyphs))
    count, boxes = len(font.glyphs), [(glyph, glyph.box) for glyph in font.glyphs]
    left, bottom, right, top = font.box
    shown = [(glyph, box) for glyph, box in boxes if glyph.contours] or [(Outline(0), (0, 0, 0, 0))]
    points = max(sum(map(len, glyph.contours)) for glyph in font.glyphs)
    contours = max(len(glyph.contours) for glyph in font.glyphs)
    return {
        b"glyf": glyphs,
        b"head": struct.pack(
            ">IIIIHHQQhhhhHHhhh",
            0x00010000, 0x00010000, 0, 0x5F0F3CF5, 3, font.em, 0, 0, left, bottom, right, top, 0, 8, 2, 1, 0,
        ),
        b"hhea": struct.pack(
            ">IhhhHhhhhhhhhhhhH",
            0x00010000, font.ascent, font.descent, 0, max(glyph.advance for glyph in font.glyphs),
            min(box[0] for _, box in shown), min(glyph.advance - box[2] for glyph, box in shown),
            max(box[2] for _, box in shown), 1, 0, 0, 0, 0, 0, 0, 0, count,
        ),
        b"hmtx": b"".join(struct.pack(">Hh", glyph.advance, box[0]) for glyph, box in boxes),
        b"loca": struct.pack(f">{count + 1}I", *places),
        b"maxp": struct.pack(">I14H", 0x00010000, count, points, contours, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
        b"post": struct.pack(">IIhhIIIII", 0x00030000, 0, 0, 0, 0, 0, 0, 0, 0),
    }  # fmt: skip


def _write_glyph(glyph: Outline) -> bytes:
    if not glyph.contours:
        return b""
    ends, number = [], -1
    for contour in glyph.contours:
        number += len(contour)
        ends.append(number)
    head = struct.pack(">hhhhh", len(ends), *glyph.box) + struct.pack(f">{len(ends)}HH", *ends, 0)
    flags, xs, ys = bytearray(), bytearray(), bytearray()
    before = (0, 0)
    for x, y, on in (point for contour in glyph.contours for point in contour):
        flag = _ON if on else 0
        axes = ((x - before[0], xs, _X_SHORT, _X_SAME), (y - before[1], ys, _Y_SHORT, _Y_SAME))
        for delta, octets, short, same in axes:
            if delta == 0:
                flag |= same
            elif -256 < delta < 256:
                flag |= short | (same if delta > 0 else 0)
                octets.append(abs(delta))
            else:
                octets += struct.pack(">h", delta)
        flags.append(flag)
        before = (x, y)
    content = head + bytes(flags) + bytes(xs) + bytes(ys)
    return content + bytes(-len(content) % 4)


def _sum(content: bytes) -> int:
    padded = content + bytes(-len(content) % 4)
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF


def _read(content: bytes) -> TrueTypeFont:
    tables = {}
    for index, tag in enumerate(_TAGS):
        found, _, start, length = struct.unpack_from(">4sIII", content, 12 + 16 * index)
        if found != tag or start + length > len(content):
            raise ValueError("the font has other tables")
        tables[tag] = content[start : start + length]
    (em,) = struct.unpack_from(">H", tables[b"head"], 18)
    ascent, descent = struct.unpack_from(">hh", tables[b"hhea"], 4)
    (count,) = struct.unpack_from(">H", tables[b"maxp"], 4)
    if not 1 <= count <= MAX_GLYPHS or em == 0:
        raise ValueError(f"the font has {count} glyphs")
    places = struct.unpack_from(f">{count + 1}I", tables[b"loca"])
    glyphs = []
    for number in range(count):
        (advance,) = struct.unpack_from(">H", tables[b"hmtx"], 4 * number)
        glyphs.append(Outline(advance, _read_glyph(tables[b"glyf"][places[number] : places[number + 1]])))
    return TrueTypeFont(em=em, ascent=ascent, descent=descent, glyphs=tuple(glyphs))


def _read_glyph(content: bytes) -> tuple[Contour, ...]:
    if not content:
        return ()
    (count,) = struct.unpack_from(">h", content)
    if count < 1:
        raise ValueError("a glyph of the font has no contours")
    ends = struct.unpack_from(f">{count}H", content, 10)
    total = ends[-1] + 1
    if total > _MAX_POINTS or any(one >= other for one, other in pairwise(ends)):
        raise ValueError("a glyph of the font has too many points")
    place = 12 + 2 * count
    flags = content[place : place + total]
    place += total
    axes = []
    for short, same in ((_X_SHORT, _X_SAME), (_Y_SHORT, _Y_SAME)):
        values, value = [], 0
        for flag in flags:
            if flag & short:
                value += content[place] if flag & same else -content[place]
                place += 1
            elif not flag & same:
                value += struct.unpack_from(">h", content, place)[0]
                place += 2
            values.append(value)
        axes.append(values)
    points = [(x, y, bool(flag & _ON)) for x, y, flag in zip(*axes, flags, strict=True)]
    starts = (0, *(end + 1 for end in ends[:-1]))
    return tuple(tuple(points[start : end + 1]) for start, end in zip(starts, ends, strict=True))
