"""What a field shows: text ↔ appearance stream, in the font that the form embeds.

The form carries one font with every character that a field may hold. Its `ToUnicode` says which
glyph a character has and `W` how wide it is, so a field is filled with no font library and no
layout engine, and what was filled in can be read back from what is shown (ISO 32000-1, 9.10.3
and 12.7.3.3).
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from .._time import format_second
from .._unicode import find_refused, name_characters, normalize
from ..errors import RecipientError
from .field_font import FieldFont

MIN_SIZE = 8.0
PADDING = 3.0
BOX_PADDING = 9.0  # of the delivery's box, which has a ground of its own
_STEP = 0.25
_CAP_HEIGHT = 0.66
_LEADING = 1.3
TWO_LINES = 15.0  # a recipient's name is set in two lines before one line becomes smaller than this
_APART = 1.25

BLACK, GREY = "0 g", "0.36 g"
FILLER = "\u200b"  # what further glyphs of a cluster stand for, whose text the first one stands for
MIRRORED = dict(zip("()[]{}<>«»‹›≤≥", ")(][}{><»«›‹≥≤", strict=True))  # of the form's font, from right to left


def clean_value(field: str, value: str) -> str:
    """Clean a value for its field, or refuse it.

    Args:
        field: what the messages call it, for instance "recipient".
        value: what the caller gave.

    Returns:
        The value in Unicode's NFC, without blanks around it.

    Raises:
        RecipientError: it is empty, or contains invisible characters; the message names them.
    """
    if invisible := describe_invisible(value):
        raise RecipientError(f"the {field} holds {invisible}; remove them")
    value = normalize(value.strip())
    if not value:
        raise RecipientError(f"the {field} is empty; say to whom or what the copy belongs")
    return value


def describe_invisible(value: str) -> str:
    """Name the control and invisible characters of a value; empty if it has none."""
    if value.isprintable() or not (refused := find_refused(value)):
        return ""
    return f"control or invisible characters ({name_characters(refused)})"


def fit_line(length: float, largest: float, width: float, smallest: float = MIN_SIZE) -> float | None:
    """Find the size at which a line fits into a field.

    Args:
        length: of the line, at a size of one point.
        largest: the size to begin with.
        width: of the field, in points.
        smallest: the size to end with.

    Returns:
        The largest size in points, in steps of a quarter, at which it fits; None if the line does not fit.
    """
    size = largest
    while size >= smallest:
        if length * size <= width - 2 * PADDING:
            return size
        size -= _STEP
    return None


def baselines(count: int, size: float, height: float) -> list[float]:
    """Place one or two lines in the height of a field: their baselines, the upper first."""
    lower = (height - _CAP_HEIGHT * size - (count - 1) * _APART * size) / 2
    return [lower + line * _APART * size for line in reversed(range(count))]


def show_text(lines: Sequence[str], font: FieldFont, *, size: float, height: float) -> bytes:
    """Write the appearance of a text field: one line or two, centred in its height.

    Returns:
        The content stream (ISO 32000-1, 12.7.3.3).
    """
    placed = zip(lines, baselines(len(lines), size, height), strict=True)
    return wrap_content([write_text(line, font, size, PADDING, y) for line, y in placed])


def wrap_content(lines: Sequence[str]) -> bytes:
    """Make the appearance of a text field of what was written for each of its lines."""
    blocks = "".join(f"BT\n{BLACK}\n{line}ET\n" for line in lines)
    return f"/Tx BMC\nq\n{blocks}Q\nEMC".encode("ascii")


def write_text(text: str, font: FieldFont, size: float, x: float, y: float) -> str:
    """Write a text on the form's font, at a place."""
    place = f"1 0 0 1 {write_number(x)} {write_number(y)} Tm"
    codes = "".join(map(font.codes.__getitem__, text))
    return f"/{font.name} {write_number(size)} Tf\n{place}\n<{codes}> Tj\n"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BoxLine:
    """A line in the box of a signature.

    Attributes:
        text: what it says.
        size: in points.
        grey: whether it is set in grey rather than black.
    """

    text: str
    size: float
    grey: bool = True


def publisher_lines(title: str, vouching: str) -> list[BoxLine]:
    """Say who issued a copy, and who vouches for that."""
    return [BoxLine(title, 10.5, grey=False), BoxLine(vouching, 8.0)]


def delivery_lines(digest: str, moment: datetime.datetime) -> list[BoxLine]:
    """Say when a copy was signed, and with which certificate.

    Args:
        digest: of the signer's certificate, in hex.
        moment: of signing (aware).
    """
    groups = [digest[i : i + 8] for i in range(0, len(digest), 8)]
    return [
        BoxLine(f"Signed {format_second(moment)}", 9.0, grey=False),
        BoxLine("Certificate, SHA-256", 7.0),
        BoxLine(" ".join(groups[:4]), 7.0),
        BoxLine(" ".join(groups[4:]), 7.0),
    ]


def show_box(lines: list[BoxLine], font: FieldFont, *, width: float, height: float, padding: float) -> bytes:
    """Write the appearance of a signature field: lines from the top.

    A line too wide for the field is cut, and ends in three points; characters that the font lacks
    (a signer's name may be in any script) become question marks, since the certificate says it in full.

    Returns:
        The content stream.
    """
    leading = sum(line.size * _LEADING for line in lines)
    y = height - max(0.0, (height - leading) / 2)
    placed = []
    for line in lines:
        text = "".join(c if c in font.glyphs else "?" for c in line.text) if font.missing(line.text) else line.text
        y -= line.size * _LEADING
        text = _cut(text, font, line.size, width - 2 * padding)
        written = write_text(text, font, line.size, padding, y + line.size * (_LEADING - 1))
        placed.append(f"{GREY if line.grey else BLACK}\n{written}")
    return f"q\nBT\n{''.join(placed)}ET\nQ".encode("ascii")


def _cut(text: str, font: FieldFont, size: float, width: float) -> str:
    if font.measure(text, size) <= width:
        return text
    while text and font.measure(text + "...", size) > width:
        text = text[:-1]
    return f"{text.rstrip()}..."


@lru_cache(1024)  # the same few sizes and places in every copy
def write_number(value: float) -> str:
    """Write a length as copies do: never negative, rounded half up to two decimals.

    Rounding is done on an integer, so that another language gets the same digits.
    """
    hundredths = int(max(value, 0) * 100 + 0.5)
    return f"{hundredths // 100}.{hundredths % 100:02d}".rstrip("0").rstrip(".")
