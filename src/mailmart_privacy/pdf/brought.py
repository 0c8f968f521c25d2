"""Fonts that a copy brings for a name, held to the one shape in which copies bring them, and what their glyphs say."""

import re
from typing import Any

from ..errors import MissingExtraError

try:
    from pyhanko.pdf_utils import generic
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

MAX_GLYPHS = 400  # of one font in one field; a name has some eighty
_LABEL = re.compile(r"/E[0-9]")
_NAME = re.compile(r"/[A-Z]{6}\+[A-Za-z0-9-]{1,60}")
_BLOCK = re.compile(rb"[0-9]{1,3} beginbfchar\n((?:<[0-9a-f]{4}> <(?:[0-9a-f]{4}){1,64}>\n)+)endbfchar")
_FONT = {"/Type": "/Font", "/Subtype": "/Type0", "/Encoding": "/Identity-H"}
_DESCENDANT = {"/Type": "/Font", "/Subtype": "/CIDFontType2", "/CIDToGIDMap": "/Identity", "/DW": 0}
_DESCRIPTOR = {"/Type": "/FontDescriptor", "/Flags": 4, "/ItalicAngle": 0}


def is_brought(label: str, font: Any) -> bool:
    """Tell whether a font has the shape of those that copies bring, and nothing else in it."""
    try:
        (descendant,) = font["/DescendantFonts"]
        descendant = descendant.get_object()
        descriptor, program = descendant["/FontDescriptor"], descendant["/FontDescriptor"]["/FontFile2"]
        names = {str(font["/BaseFont"]), str(descendant["/BaseFont"]), str(descriptor["/FontName"])}
        first, widths = descendant["/W"]
        return (
            _LABEL.fullmatch(label) is not None
            and len(names) == 1
            and _NAME.fullmatch(names.pop()) is not None
            and _has(font, _FONT, "/BaseFont /DescendantFonts /ToUnicode")
            and _has(descendant, _DESCENDANT, "/BaseFont /CIDSystemInfo /FontDescriptor /W")
            and _has(descriptor, _DESCRIPTOR, "/FontName /FontBBox /Ascent /Descent /CapHeight /StemV /FontFile2")
            and isinstance(program, generic.StreamObject)
            and set(program) == {"/Filter", "/Length", "/Length1"}
            and len(program.data) == program["/Length1"]
            and (first, len(widths)) == (1, len(read_glyphs(font)))
        )
    except (KeyError, ValueError, TypeError, AttributeError):
        return False


def read_glyphs(font: Any) -> dict[int, str]:
    """Read what the glyphs of such a font stand for.

    Raises:
        ValueError: its `ToUnicode` is not written as in copies.
    """
    found: dict[int, str] = {}
    for block in _BLOCK.findall(font["/ToUnicode"].data):
        for line in block.splitlines():
            code, text = line[1:5], line[8:-1]
            found[int(code, 16)] = bytes.fromhex(text.decode("ascii")).decode("utf-16-be")
    if not found or len(found) > MAX_GLYPHS or sorted(found) != list(range(1, len(found) + 1)):
        raise ValueError("its ToUnicode table is not such as a copy has")
    return found


def _has(dictionary: Any, fixed: dict[str, Any], more: str) -> bool:
    return set(dictionary) == {*fixed, *more.split()} and all(dictionary[key] == fixed[key] for key in fixed)
