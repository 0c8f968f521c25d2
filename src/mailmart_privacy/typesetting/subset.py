"""The glyphs that a name needs → a font that its copy brings (ISO 32000-1, 9.7; ISO 19005-3, 6.2.11).

The font has these glyphs alone, as TrueType outlines, each once for each text that it stands for. So
its `ToUnicode` is exact, and a reader or a verifier gets back what was shaped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from typing import Any
from zlib import compress

from ..errors import MissingExtraError, RecipientError, UsageError, one_line
from ..pdf.shown import FILLER
from .fonts import Typeface, open_typeface

try:
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.recordingPen import DecomposingRecordingPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
except ImportError as error:
    raise MissingExtraError("names", error.name or "fontTools") from None

Part = tuple[int, str]  # a glyph of a font, and what it stands for
_ERROR = 0.001  # how far a curve may be off, in ems


@dataclass(frozen=True, kw_only=True, slots=True)
class Embedded:
    """A font as a copy brings it.

    Attributes:
        objects: the source of its objects: a dictionary each, and the stream that may follow. `%0` to
            `%4` stand for references to them; the first one is the font itself.
    """

    objects: tuple[tuple[str, bytes | None], ...]


@lru_cache(maxsize=64)
def embed(typeface: Typeface, parts: tuple[Part, ...]) -> Embedded:
    """Make a font of some glyphs; the code of each is its place among them, from 1.

    Raises:
        RecipientError: a glyph has no outline.
        UsageError: the font is damaged.
    """
    try:
        outlines = open_typeface(typeface)[1]
        program, widths, box, rise, fall = _build(outlines, parts)
        name = _name(typeface, outlines, program)
    except (RecipientError, MissingExtraError):
        raise
    except Exception as error:  # noqa: BLE001 - fontTools raises many classes on damaged fonts
        raise UsageError(f"{typeface.name} cannot be embedded ({one_line(error)[:120]})") from None
    packed, table = compress(program, 9), compress(_write_to_unicode(parts), 9)
    advances = " ".join(f"{width:g}" for width in widths)
    corners = " ".join(str(n) for n in box)
    return Embedded(
        objects=(
            (
                f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H "
                "/DescendantFonts [ %1 ] /ToUnicode %4 >>",
                None,
            ),
            (
                f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDToGIDMap /Identity "
                "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
                f"/FontDescriptor %2 /DW 0 /W [ 1 [ {advances} ] ] >>",
                None,
            ),
            (
                f"<< /Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [ {corners} ] /ItalicAngle 0 "
                f"/Ascent {rise} /Descent {fall} /CapHeight {rise} /StemV 80 /FontFile2 %3 >>",
                None,
            ),
            (f"<< /Filter /FlateDecode /Length {len(packed)} /Length1 {len(program)} >>", packed),
            (f"<< /Filter /FlateDecode /Length {len(table)} >>", table),
        )
    )


def _build(outlines: Any, parts: Sequence[Part]) -> tuple[bytes, list[float], tuple[int, int, int, int], int, int]:
    """Build the font program; its times are fixed, so that the same glyphs give the same bytes."""
    em = outlines["head"].unitsPerEm
    order, source = outlines.getGlyphOrder(), outlines.getGlyphSet()
    glyphs, metrics = {".notdef": TTGlyphPen(None).glyph()}, {".notdef": (em // 2, 0)}
    for code, (number, text) in enumerate(parts, 1):
        name = order[number]
        recording = DecomposingRecordingPen(source)
        source[name].draw(recording)
        drawn = TTGlyphPen(None)
        recording.replay(Cu2QuPen(drawn, em * _ERROR, reverse_direction="glyf" not in outlines))
        glyph = drawn.glyph()
        glyphs[f"g{code}"] = glyph
        if not glyph.numberOfContours and text.strip() and not _may_be_blank(text):
            raise RecipientError(
                f"the font has no outline for {text!r} (it may be one of coloured pictures)", argument="fonts"
            )
        metrics[f"g{code}"] = (round(source[name].width), 0)
    builder = FontBuilder(em, isTTF=True)
    builder.font.recalcTimestamp = False
    builder.setupGlyphOrder(list(glyphs))
    builder.setupGlyf(glyphs)
    table = builder.font["glyf"]
    metrics = {name: (width, getattr(table[name], "xMin", 0) or 0) for name, (width, _) in metrics.items()}
    builder.setupHorizontalMetrics(metrics)
    head: Any = builder.font["head"]
    heights = outlines["hhea"]
    builder.setupHorizontalHeader(ascent=heights.ascent, descent=heights.descent)
    builder.setupPost(keepGlyphNames=False)
    head.created = head.modified = 0
    output = BytesIO()
    builder.save(output)
    scale = 1000 / em
    widths = [round(metrics[f"g{code}"][0] * scale, 2) for code in range(1, len(parts) + 1)]
    box = tuple(round(n * scale) for n in (head.xMin, head.yMin, head.xMax, head.yMax))
    return (
        output.getvalue(),
        widths,
        (box[0], box[1], box[2], box[3]),
        round(heights.ascent * scale),
        round(heights.descent * scale),
    )


def _may_be_blank(text: str) -> bool:
    import unicodedata

    return all(unicodedata.category(c) in ("Zs", "Cf", "Mn") for c in text)


def _name(typeface: Typeface, outlines: Any, program: bytes) -> str:
    """Name the font as ISO 32000-1, 9.6.4 has it: six letters for the subset, and the font's own name."""
    own = outlines["name"].getDebugName(6) or typeface.name
    plain = "".join(c for c in own if c.isascii() and (c.isalnum() or c == "-"))[:60] or "Font"
    tag = "".join(chr(65 + byte % 26) for byte in sha256(program).digest()[:6])
    return f"{tag}+{plain}"


def _write_to_unicode(parts: Sequence[Part]) -> bytes:
    """Write which text each code stands for (ISO 32000-1, 9.10.3)."""
    lines = [f"<{code:04x}> <{(text or FILLER).encode('utf-16-be').hex()}>" for code, (_, text) in enumerate(parts, 1)]
    blocks = [lines[i : i + 100] for i in range(0, len(lines), 100)]
    body = "\n".join(f"{len(b)} beginbfchar\n" + "\n".join(b) + "\nendbfchar" for b in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
        f"{body}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")
