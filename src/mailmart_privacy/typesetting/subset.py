"""The glyphs that a name needs → a font that its copy brings (ISO 32000-1, 9.7; ISO 19005-3, 6.2.11).

The font has these glyphs alone, as TrueType outlines, each once for each text that it stands for. So
its `ToUnicode` is exact, and a reader or a verifier gets back what was shaped.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ..errors import MissingExtraError, RecipientError, UsageError, one_line
from ..pdf.truetype import Contour, Outline, TrueTypeFont
from .embedded import Embedded, embed_font
from .fonts import Typeface, open_typeface

try:
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.recordingPen import DecomposingRecordingPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
except ImportError as error:
    raise MissingExtraError("names", error.name or "fontTools") from None

Part = tuple[int, str]  # a glyph of a font, and what it stands for
_ERROR = 0.001  # how far a curve may be off, in ems


@lru_cache(maxsize=64)
def embed(typeface: Typeface, parts: tuple[Part, ...]) -> Embedded:
    """Make a font of some glyphs; the code of each is its place among them, from 1.

    Raises:
        RecipientError: a glyph has no outline.
        UsageError: the font is damaged.
    """
    try:
        outlines = open_typeface(typeface)[1]
        own = outlines["name"].getDebugName(6) or typeface.name
        plain = "".join(c for c in own if c.isascii() and (c.isalnum() or c == "-"))[:60] or "Font"
        return embed_font(_build(outlines, parts), plain, tuple(text for _, text in parts))
    except (RecipientError, MissingExtraError):
        raise
    except Exception as error:  # noqa: BLE001 - fontTools raises many classes on damaged fonts
        raise UsageError(f"{typeface.name} cannot be embedded ({one_line(error)[:120]})") from None


def _build(outlines: Any, parts: Sequence[Part]) -> TrueTypeFont:
    """Take the outlines of glyphs out of a font, composed ones in one piece, cubic curves as quadratic ones."""
    em = outlines["head"].unitsPerEm
    order, source = outlines.getGlyphOrder(), outlines.getGlyphSet()
    glyphs = [Outline(em // 2)]
    for number, text in parts:
        name = order[number]
        recording = DecomposingRecordingPen(source)
        source[name].draw(recording)
        drawn = TTGlyphPen(None)
        recording.replay(Cu2QuPen(drawn, em * _ERROR, reverse_direction="glyf" not in outlines))
        glyph = drawn.glyph()
        if not glyph.numberOfContours and text.strip() and not _may_be_blank(text):
            raise RecipientError(
                f"the font has no outline for {text!r} (it may be one of coloured pictures)", argument="fonts"
            )
        glyphs.append(Outline(round(source[name].width), _read_contours(glyph)))
    heights = outlines["hhea"]
    return TrueTypeFont(em=em, ascent=heights.ascent, descent=heights.descent, glyphs=tuple(glyphs))


def _read_contours(glyph: Any) -> tuple[Contour, ...]:
    if not glyph.numberOfContours:
        return ()
    points = [(int(x), int(y), bool(on & 1)) for (x, y), on in zip(glyph.coordinates, glyph.flags, strict=True)]
    ends = [end + 1 for end in glyph.endPtsOfContours]
    return tuple(tuple(points[start:end]) for start, end in zip([0, *ends[:-1]], ends, strict=True))


def _may_be_blank(text: str) -> bool:
    import unicodedata

    return all(unicodedata.category(c) in ("Zs", "Cf", "Mn") for c in text)
