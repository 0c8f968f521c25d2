"""What a field shows: text ↔ appearance stream, in the font that the form embeds.

The form carries one font with every character that a field may hold. Its `ToUnicode` says which
glyph a character has and `W` how wide it is, so a field is filled with no font library and no
layout engine, and what was filled in can be read back from what is shown (ISO 32000-1, 9.10.3
and 12.7.3.3).
"""

import datetime
from collections.abc import Sequence

from .._unicode import find_refused, name_characters, normalize
from ..errors import RecipientError
from .field_font import FieldFont

MIN_SIZE = 8.0
PADDING = 3.0
SIGNATURE_PADDING = 7.0
_STEP = 0.25
_CAP_HEIGHT = 0.66
_LEADING = 1.3
TWO_LINES = 9.0  # the largest size at which two lines are legible in a field
_APART = 1.25

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
    if not value.isprintable() and (refused := find_refused(value)):
        named = name_characters(refused)
        raise RecipientError(f"the {field} holds control or invisible characters ({named}); remove them")
    value = normalize(value.strip())
    if not value:
        raise RecipientError(f"the {field} is empty; say to whom or what the copy belongs")
    return value


def fit_line(length: float, largest: float, width: float) -> float | None:
    """Find the size at which a line fits into a field.

    Args:
        length: of the line, at a size of one point.
        largest: the size that the form sets its fields in.
        width: of the field, in points.

    Returns:
        The size in points: that size, or a smaller one, down to 8; None if the line does not fit.
    """
    size = largest
    while size >= MIN_SIZE:
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
    blocks = "".join(f"BT\n0 g\n{line}ET\n" for line in lines)
    return f"/Tx BMC\nq\n{blocks}Q\nEMC".encode("ascii")


def write_text(text: str, font: FieldFont, size: float, x: float, y: float) -> str:
    """Write a text on the form's font, at a place."""
    place = f"1 0 0 1 {write_number(x)} {write_number(y)} Tm"
    return f"/{font.name} {write_number(size)} Tf\n{place}\n<{text.translate(font.codes)}> Tj\n"


def signature_lines(
    verb: str, name: str, digest: str, self_signed: bool, moment: datetime.datetime
) -> list[tuple[str, float]]:
    """Write the lines that a signature field shows, each with its size in points.

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
        text = _cut(text, font, size, width - 2 * SIGNATURE_PADDING)
        placed.append(write_text(text, font, size, SIGNATURE_PADDING, y + size * (_LEADING - 1)))
    return f"q\nBT\n0 g\n{''.join(placed)}ET\nQ".encode("ascii")


def _cut(text: str, font: FieldFont, size: float, width: float) -> str:
    if font.measure(text, size) <= width:
        return text
    while text and font.measure(text + "...", size) > width:
        text = text[:-1]
    return f"{text.rstrip()}..."


def write_number(value: float) -> str:
    """Write a length as copies do: never negative, rounded half up to two decimals.

    Rounding is done on an integer, so that another language gets the same digits.
    """
    hundredths = int(max(value, 0) * 100 + 0.5)
    return f"{hundredths // 100}.{hundredths % 100:02d}".rstrip("0").rstrip(".")
