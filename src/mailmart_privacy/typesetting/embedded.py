"""A font that a copy brings: its program and what its glyphs stand for → its objects in the PDF (ISO 32000-1, 9.7).

Nothing is compressed, so nothing can be hidden, and every byte can be compared.
"""

import re
from dataclasses import dataclass
from hashlib import sha256

from ..pdf.appearance import FILLER
from ..pdf.truetype import TrueTypeFont, read_font, write_font

_BLOCK = 100  # entries in a block of a ToUnicode table (Adobe Technical Note #5411)
_ENTRY = re.compile(rb"<(?!0000)[0-9a-f]{4}> <([0-9a-f]{4,256})>\n")
_PLAIN = re.compile(r"[A-Za-z0-9-]{1,60}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Embedded:
    """A font as a copy brings it.

    Attributes:
        font: its glyphs and widths.
        name: its own name, of letters, digits and hyphens.
        texts: what its glyphs from number 1 stand for; empty where a glyph before it stands for both.
        objects: the source of its objects: a dictionary each, and the stream that may follow. `%0` to
            `%4` stand for references to them; the first one is the font itself.
    """

    font: TrueTypeFont
    name: str
    texts: tuple[str, ...]
    objects: tuple[tuple[str, bytes | None], ...]

    def advance(self, code: int) -> float:
        """The width of a glyph, in ems."""
        return self.font.glyphs[code].advance / self.font.em


def embed_font(font: TrueTypeFont, name: str, texts: tuple[str, ...]) -> Embedded:
    """Write the objects of a font.

    Raises:
        ValueError: it cannot be written.
    """
    if not _PLAIN.fullmatch(name) or len(texts) != len(font.glyphs) - 1:
        raise ValueError("a font needs a plain name, and a text for each glyph")
    program, table = write_font(font), _write_to_unicode(texts)
    tag = "".join(chr(65 + byte % 26) for byte in sha256(program).digest()[:6])
    full = f"{tag}+{name}"  # ISO 32000-1, 9.6.4
    widths = " ".join(str(scale(glyph.advance, font.em)) for glyph in font.glyphs[1:])
    corners = " ".join(str(scale(n, font.em)) for n in font.box)
    rise, fall = scale(font.ascent, font.em), scale(font.descent, font.em)
    return Embedded(
        font=font,
        name=name,
        texts=texts,
        objects=(
            (
                f"<< /Type /Font /Subtype /Type0 /BaseFont /{full} /Encoding /Identity-H "
                "/DescendantFonts [ %1 ] /ToUnicode %4 >>",
                None,
            ),
            (
                f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{full} /CIDToGIDMap /Identity "
                "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
                f"/FontDescriptor %2 /DW 0 /W [ 1 [ {widths} ] ] >>",
                None,
            ),
            (
                f"<< /Type /FontDescriptor /FontName /{full} /Flags 4 /FontBBox [ {corners} ] /ItalicAngle 0 "
                f"/Ascent {rise} /Descent {fall} /CapHeight {rise} /StemV 80 /FontFile2 %3 >>",
                None,
            ),
            (f"<< /Length {len(program)} /Length1 {len(program)} >>", program),
            (f"<< /Length {len(table)} >>", table),
        ),
    )


def read_embedded(program: bytes, name: str, table: bytes) -> Embedded:
    """Make a font again from its program, its own name and its ToUnicode table; the caller compares.

    Raises:
        ValueError: these are not such as copies bring.
    """
    found = _ENTRY.findall(table)
    texts = tuple(bytes.fromhex(text.decode("ascii")).decode("utf-16-be") for text in found)
    return embed_font(read_font(program), name, tuple("" if text == FILLER else text for text in texts))


def scale(units: int, em: int) -> int:
    """Turn units of a font into thousandths of an em, rounded half up."""
    return (2000 * units + em) // (2 * em)


def _write_to_unicode(texts: tuple[str, ...]) -> bytes:
    """Write which text each code stands for (ISO 32000-1, 9.10.3)."""
    lines = [f"<{code:04x}> <{(text or FILLER).encode('utf-16-be').hex()}>" for code, text in enumerate(texts, 1)]
    blocks = [lines[i : i + _BLOCK] for i in range(0, len(lines), _BLOCK)]
    body = "\n".join(f"{len(b)} beginbfchar\n" + "\n".join(b) + "\nendbfchar" for b in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
        f"{body}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")
