"""Appearance stream → text: what a field shows, read back, and refused where copies are not written so.

A field shows one line or two. Each is a row of pieces in the order in which they are read, each at its
place: text on the form's font, or a glyph of a font that the copy brings. Where glyphs and characters are
not one to one, the pieces stand in a span with the text that they stand for together.
"""

import re
from collections.abc import Mapping

from .field_font import FieldFont

FILLER = "\u200b"  # what further glyphs of a cluster stand for, whose text the first one stands for

MIRRORED = dict(zip("()[]{}<>«»‹›≤≥", ")(][}{><»«›‹≥≤", strict=True))  # of the form's font, from right to left

_NUMBER = r"[0-9]{1,3}(?:\.[0-9]{1,2})?"
_TEXT = rf"/[A-Za-z0-9]+ {_NUMBER} Tf\n1 0 0 1 {_NUMBER} {_NUMBER} Tm\n<(?:[0-9a-f]{{4}})*> Tj\n"
_PIECE = re.compile(
    rf"(?P<plain>{_TEXT})|/Span << /ActualText <feff(?P<actual>(?:[0-9a-f]{{4}})+)> >> BDC\n(?P<span>(?:{_TEXT})+)EMC\n"
)
_CODES = re.compile(r"/(?P<font>[A-Za-z0-9]+) .* Tf\n.* Tm\n<(?P<codes>[0-9a-f]*)> Tj\n")


def read_shown(stream: bytes, font: FieldFont, others: Mapping[str, Mapping[int, str]]) -> list[str] | None:
    """Read back what the appearance stream of a text field shows.

    Args:
        stream: the content of the appearance.
        font: the form's font.
        others: of each font that the copy brings, what its glyphs stand for.

    Returns:
        The lines shown, or None where the stream holds anything else than is written into copies.
    """
    try:
        body = stream.decode("ascii").removeprefix("/Tx BMC\nq\n").removesuffix("Q\nEMC")
    except UnicodeDecodeError:
        return None
    if len(body) != len(stream) - len("/Tx BMC\nq\nQ\nEMC"):
        return None
    own = {glyph: c for c, glyph in reversed(font.glyphs.items())}
    *blocks, end = body.split("ET\n")
    lines = [_read_block(block, {**others, font.name: own}) for block in blocks]
    if end or len(lines) not in (1, 2) or None in lines:
        return None
    return [line for line in lines if line is not None]


def _read_block(block: str, fonts: Mapping[str, Mapping[int, str]]) -> str | None:
    if not block.startswith("BT\n0 g\n"):
        return None
    line, place = "", len("BT\n0 g\n")
    while place < len(block):
        piece = _PIECE.match(block, place)
        text = None if piece is None else _read_piece(piece, fonts)
        if piece is None or text is None:
            return None
        line, place = line + text, piece.end()
    return line


def _read_piece(piece: re.Match[str], fonts: Mapping[str, Mapping[int, str]]) -> str | None:
    said = ""
    for found in _CODES.finditer(piece["plain"] or piece["span"]):
        texts, codes = fonts.get(found["font"], {}), found["codes"]
        numbers = [int(codes[i : i + 4], 16) for i in range(0, len(codes), 4)]
        if any(number not in texts for number in numbers):
            return None
        said += "".join(texts[number] for number in numbers)
    if piece["plain"]:
        return None if FILLER in said else said
    actual = bytes.fromhex(piece["actual"]).decode("utf-16-be", errors="replace")
    return actual if actual in (said.replace(FILLER, ""), MIRRORED.get(said)) else None
