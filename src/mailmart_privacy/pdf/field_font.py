"""The font of the form's fields: which glyph a character has, and how wide it is.

The form carries one font with every character that a field may hold. What the form's notes say of
it is enough to fill in a field: no font library and no layout engine is needed.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class FieldFont:
    """The font of the form's fields.

    Attributes:
        name: its name in the form's resources, for instance "MailMartSans".
        resource: the reference to the font object, for instance "40 0 R".
        glyphs: the glyph of each character that the font has.
        widths: the advance of each glyph, in thousandths of the size. They are integers, so that their sums
            are exact, and the same in every version of Python and in every other language.
        codes: the glyph of each character, in hex.
        advances: the advance of each character.
    """

    name: str
    resource: str
    glyphs: dict[str, int]
    widths: dict[int, int]
    codes: dict[str, str] = field(init=False)
    advances: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        # The same facts by character, as they are asked for with every copy.
        object.__setattr__(self, "codes", {c: f"{glyph:04x}" for c, glyph in self.glyphs.items()})
        object.__setattr__(self, "advances", {c: self.widths[glyph] for c, glyph in self.glyphs.items()})

    def measure(self, text: str, size: float) -> float:
        """Measure a text in points; every character must be among `glyphs`."""
        return sum(map(self.advances.__getitem__, text)) * size / 1000

    def missing(self, text: str) -> str:
        """List the characters of a text that the font lacks, each once, in order."""
        return (
            "" if self.glyphs.keys() >= set(text) else "".join(dict.fromkeys(c for c in text if c not in self.glyphs))
        )
