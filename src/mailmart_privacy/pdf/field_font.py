"""The font of the form's fields: which glyph a character has, and how wide it is.

The form carries one font with every character that a field may hold. Its `ToUnicode` says which
glyph a character has and `W` how wide it is, so a field is filled with no font library and no
layout engine.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from ..errors import FormError

_DA = re.compile(rb"/(?P<font>[^\s/]+) (?P<size>[0-9.]+) Tf\b")
_HEX = re.compile(rb"<([0-9A-Fa-f]+)>")


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldFont:
    """The font of the form's fields.

    Attributes:
        name: its name in the form's resources, for instance "MailMartSans".
        size: the size that the form sets its fields in, in points.
        resource: the reference to the font object, for instance "40 0 R".
        glyphs: the glyph of each character that the font has.
        widths: the advance of each glyph, in thousandths of the size.
        codes: the glyph of each code point, in hex.
        advances: the advance of each character.
    """

    name: str
    size: float
    resource: str
    glyphs: dict[str, int]
    widths: dict[int, float]
    codes: dict[int, str] = field(init=False, repr=False, compare=False)
    advances: dict[str, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The same facts by character, as they are asked for with every copy.
        object.__setattr__(self, "codes", {ord(c): f"{glyph:04x}" for c, glyph in self.glyphs.items()})
        object.__setattr__(self, "advances", {c: self.widths[glyph] for c, glyph in self.glyphs.items()})

    def measure(self, text: str, size: float) -> float:
        """Measure a text in points; every character must be among `glyphs`."""
        return sum(map(self.advances.__getitem__, text)) * size / 1000

    def missing(self, text: str) -> str:
        """List the characters of a text that the font lacks, each once, in order."""
        return (
            "" if self.glyphs.keys() >= set(text) else "".join(dict.fromkeys(c for c in text if c not in self.glyphs))
        )


def read_field_font(acroform: Any) -> FieldFont:
    """Read the font of the form's fields from the PDF.

    Args:
        acroform: the form dictionary, as pyHanko reads it.

    Returns:
        The font.

    Raises:
        FormError: the form has no such font, or its tables cannot be read.
    """
    try:
        default = next(field for field in (f.get_object() for f in acroform["/Fields"]) if "/DA" in field)
        declared = _DA.search(as_bytes(default["/DA"]))
        assert declared is not None
        name = declared["font"].decode("ascii")
        fonts = acroform["/DR"]["/Font"]
        reference = fonts.raw_get(f"/{name}")
        font = reference.get_object()
        glyphs = _read_to_unicode(font["/ToUnicode"].data)
        widths = _read_widths(font["/DescendantFonts"][0].get_object()["/W"])
        return FieldFont(
            name=name,
            size=float(declared["size"]),
            resource=f"{reference.idnum} {reference.generation} R",
            glyphs=glyphs,
            widths={glyph: widths[glyph] for glyph in glyphs.values()},
        )
    except (KeyError, StopIteration, AssertionError, ValueError, IndexError) as error:
        raise FormError(f"the form has no font for its fields ({error!r})") from None


def as_bytes(text: Any) -> bytes:
    """Give the bytes of a string, which pyHanko takes for text where it can be decoded as such."""
    found: bytes = getattr(text, "original_bytes", None) or bytes(text)
    return found


def _read_to_unicode(cmap: bytes) -> dict[str, int]:
    glyphs: dict[str, int] = {}

    def note(glyph: int, code: bytes) -> None:
        text = bytes.fromhex(code.decode("ascii")).decode("utf-16-be")
        if len(text) == 1:
            glyphs.setdefault(text, glyph)

    for block in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        codes = _HEX.findall(block)
        for glyph, code in zip(codes[::2], codes[1::2], strict=True):
            note(int(glyph, 16), code)
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        codes = _HEX.findall(block)
        for first, last, code in zip(codes[::3], codes[1::3], codes[2::3], strict=True):
            for offset in range(int(last, 16) - int(first, 16) + 1):
                note(int(first, 16) + offset, b"%04x" % (int(code, 16) + offset))
    return glyphs


def _read_widths(table: Any) -> dict[int, float]:
    widths: dict[int, float] = {}
    entries, i = list(table), 0
    while i < len(entries):
        following = entries[i + 1]
        if isinstance(following, list):
            widths.update({int(entries[i]) + n: float(width) for n, width in enumerate(following)})
            i += 2
        else:
            widths.update(dict.fromkeys(range(int(entries[i]), int(following) + 1), float(entries[i + 2])))
            i += 3
    return widths
