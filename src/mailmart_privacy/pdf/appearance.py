"""What a field shows: text ↔ appearance stream, on the font that the form itself embeds.

The form carries one font with every character that a field may hold. Its `ToUnicode` says which
glyph a character has and `W` how wide it is, so a field is filled with no font library and no
layout engine, and what was filled in can be read back from what is shown (ISO 32000-1, 9.10.3
and 12.7.3.3).
"""

import datetime
import re
from dataclasses import dataclass, field
from typing import Any

from ..characters import is_refused, name_characters, normalize
from ..errors import FormError, RecipientError

MIN_SIZE = 8.0
PADDING = 3.0
SIGNATURE_PADDING = 7.0
_STEP = 0.25
_CAP_HEIGHT = 0.66
_LEADING = 1.3

_DA = re.compile(rb"/(?P<font>[^\s/]+) (?P<size>[0-9.]+) Tf\b")
_HEX = re.compile(rb"<([0-9A-Fa-f]+)>")
_SHOWN = re.compile(
    rb"q\nBT\n0 g\n(?P<lines>(?:/[^\s/]+ [0-9.]+ Tf\n1 0 0 1 [0-9.]+ [0-9.]+ Tm\n<[0-9a-f]*> Tj\n)*)ET\nQ"
)


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
        declared = _DA.search(_as_bytes(default["/DA"]))
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


def clean_value(field: str, value: str, font: FieldFont) -> str:
    """Bring a value into the form in which it is filled in, or refuse it.

    Args:
        field: what the messages call it, for instance "recipient".
        value: what the caller gave.
        font: the form's font.

    Returns:
        The value in Unicode's NFC, without blanks around it.

    Raises:
        RecipientError: it is empty, or holds characters that cannot stand in the form; they are
            named.
    """
    refused = [c for c in value if is_refused(c)]
    if refused:
        named = name_characters(refused)
        raise RecipientError(f"the {field} holds control or invisible characters ({named}); remove them")
    value = normalize(value.strip())
    if not value:
        raise RecipientError(f"the {field} is empty; say to whom or what the copy belongs")
    if missing := font.missing(value):
        raise RecipientError(
            f"the {field} holds characters that the form's font does not have ({name_characters(missing)}); "
            "it has Latin, Greek, Cyrillic and Vietnamese"
        )
    return value


def fit_text(field: str, value: str, font: FieldFont, width: float) -> float:
    """Find the size at which a value fits on one line of a field.

    Args:
        field: what the messages call it.
        value: what is to be shown.
        font: the form's font.
        width: of the field, in points.

    Returns:
        The size in points: the form's own, or smaller, down to 8.

    Raises:
        RecipientError: it does not fit at 8 points.
    """
    size = font.size
    while size >= MIN_SIZE:
        if font.measure(value, size) <= width - 2 * PADDING:
            return size
        size -= _STEP
    room = int(len(value) * (width - 2 * PADDING) / font.measure(value, MIN_SIZE))
    raise RecipientError(f"the {field} is too long for its field: {len(value)} characters, room for about {room}")


def show_text(value: str, font: FieldFont, *, size: float, height: float) -> bytes:
    """Write the appearance of a text field: one line, centred in its height.

    Returns:
        The content stream (ISO 32000-1, 12.7.3.3).
    """
    baseline = (height - _CAP_HEIGHT * size) / 2
    return b"/Tx BMC\n" + _show([(value, size, baseline)], font, PADDING) + b"\nEMC"


def signature_lines(
    verb: str, name: str, digest: str, self_signed: bool, moment: datetime.datetime
) -> list[tuple[str, float]]:
    """Say in words what a signature field shows, each line with its size in points.

    Args:
        verb: "Certified" or "Signed".
        name: of the signer.
        digest: of the signer's certificate.
        self_signed: whether no one but its holder vouches for it.
        moment: of signing (aware).
    """
    lines = [
        (name, 9.0),
        (f"{verb} {moment.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC", 8.0),
        ("Self-signed: no authority vouches for this name" if self_signed else "", 7.0),
        (f"Certificate, SHA-256 {digest[:32]}", 7.0),
        (digest[32:], 7.0),
    ]
    return [(text, size) for text, size in lines if text]


def show_lines(lines: list[tuple[str, float]], font: FieldFont, *, width: float, height: float) -> bytes:
    """Write the appearance of a signature field: lines from the top, each with its size in points.

    A line too wide for the field is cut, and ends in three points; characters that the font lacks
    (a signer's name may be in any script) become question marks, since the certificate says it in full.

    Returns:
        The content stream.
    """
    leading = sum(size * _LEADING for _, size in lines)
    y = height - max(0.0, (height - leading) / 2)
    placed = []
    for line, size in lines:
        text = "".join(c if c in font.glyphs else "?" for c in line) if font.missing(line) else line
        y -= size * _LEADING
        placed.append((_cut(text, font, size, width - 2 * SIGNATURE_PADDING), size, y + size * (_LEADING - 1)))
    return _show(placed, font, SIGNATURE_PADDING)


def read_shown(stream: bytes, font: FieldFont) -> list[str] | None:
    """Read back what an appearance stream shows.

    Args:
        stream: the content of the appearance.
        font: the form's font.

    Returns:
        The lines shown, or None where the stream holds anything else than `show_text` and
        `show_lines` write.
    """
    body = stream.removeprefix(b"/Tx BMC\n").removesuffix(b"\nEMC")
    found = _SHOWN.fullmatch(body)
    if found is None:
        return None
    characters = {glyph: c for c, glyph in reversed(font.glyphs.items())}
    lines = []
    for line in found["lines"].splitlines()[2::3]:
        codes = line[1 : line.index(b">")]
        glyphs = [int(codes[i : i + 4], 16) for i in range(0, len(codes), 4)]
        if any(glyph not in characters for glyph in glyphs):
            return None
        lines.append("".join(characters[glyph] for glyph in glyphs))
    return lines


def _show(placed: list[tuple[str, float, float]], font: FieldFont, left: float) -> bytes:
    parts = ["q\nBT\n0 g\n"]
    for text, size, y in placed:
        place = f"1 0 0 1 {_number(left)} {_number(y)} Tm"
        parts.append(f"/{font.name} {_number(size)} Tf\n{place}\n<{text.translate(font.codes)}> Tj\n")
    parts.append("ET\nQ")
    return "".join(parts).encode("ascii")


def _cut(text: str, font: FieldFont, size: float, width: float) -> str:
    if font.measure(text, size) <= width:
        return text
    while text and font.measure(text + "...", size) > width:
        text = text[:-1]
    return f"{text.rstrip()}..."


def _number(value: float) -> str:
    return f"{max(value, 0):.2f}".rstrip("0").rstrip(".")


def _as_bytes(value: Any) -> bytes:
    return getattr(value, "original_bytes", None) or str(value).encode("latin-1")


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
