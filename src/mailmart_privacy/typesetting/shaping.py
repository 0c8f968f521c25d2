"""A name in any script → runs of glyphs: split by font, script and direction, and shaped by HarfBuzz.

Characters that the form's font has stay in it. Others go to the first font that has them, by whole
clusters: a mark, a joiner or a modifier stays with its letter. Directions follow UAX #9.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from .._unicode import name_characters
from ..errors import MissingExtraError, RecipientError
from ..pdf.field_font import FieldFont
from .clusters import IGNORED, split_clusters
from .fonts import Typeface, open_typeface

try:
    import uharfbuzz
    from bidi import algorithm
    from fontTools.unicodedata import script
except ImportError as error:
    raise MissingExtraError("names", error.name or "uharfbuzz") from None

_SPACES = ("Zs",)


@dataclass(frozen=True, slots=True)
class Glyph:
    """One glyph, its lengths in ems.

    Attributes:
        number: in its font.
        text: what it stands for; empty where a glyph before it stands for its whole cluster.
        x: where it is drawn, from the beginning of its run.
        y: how far above the baseline.
    """

    number: int
    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a line in one font and one direction.

    Attributes:
        text: what it says, in the order in which it is read.
        typeface: its font; None for the form's own.
        glyphs: in the order in which they are read; none on the form's font.
        backwards: whether it runs from right to left.
        width: in ems.
        rank: its place in the line, from left to right.
    """

    text: str
    typeface: Typeface | None
    glyphs: tuple[Glyph, ...]
    backwards: bool
    width: float
    rank: int


def shape_line(field: str, text: str, font: FieldFont, typefaces: Sequence[Typeface]) -> list[Run]:
    """Shape a line.

    Args:
        field: what the messages call it.
        text: the line.
        font: the form's font.
        typefaces: what may be used beside it, the preferred one first.

    Returns:
        Its runs, in the order in which they are read.

    Raises:
        RecipientError: none of the fonts has a character.
        UsageError: a font cannot be used.
    """
    fonts = _choose_fonts(field, text, font, typefaces)
    levels = _find_levels(text)
    scripts = _find_scripts(text)
    spans: list[tuple[int, int]] = []
    for i in range(len(text)):
        same = i and (fonts[i], levels[i]) == (fonts[i - 1], levels[i - 1])
        if same and (fonts[i] is None or scripts[i] == scripts[i - 1]):
            spans[-1] = (spans[-1][0], i + 1)
        else:
            spans.append((i, i + 1))
    ranks = _order([levels[start] for start, _ in spans])
    return [
        _shape(text[start:stop], fonts[start], levels[start] % 2 == 1, font, rank)
        for (start, stop), rank in zip(spans, ranks, strict=True)
    ]


def _choose_fonts(field: str, text: str, font: FieldFont, typefaces: Sequence[Typeface]) -> list[Typeface | None]:
    tables = [(typeface, open_typeface(typeface)[1].getBestCmap()) for typeface in typefaces]
    chosen: list[Typeface | None] = []
    missing: list[str] = []
    for cluster in split_clusters(text):
        needed = [c for c in cluster if c not in IGNORED]
        found: Typeface | None = None
        if font.missing(cluster):
            found = next((face for face, cmap in tables if all(ord(c) in cmap for c in needed)), None)
            if found is None:
                missing += [c for c in needed if not any(ord(c) in cmap for _, cmap in tables)] or needed
        chosen += [found] * len(cluster)
    if missing:
        raise RecipientError(
            f"the {field} holds characters that no font here has ({name_characters(missing)}); "
            "the form's own has Latin, Greek, Cyrillic and Vietnamese",
            argument="fonts",
            characters="".join(dict.fromkeys(missing)),
        )
    # A space between two words in one font is that font's, so that they are shaped as one.
    for i in range(1, len(text) - 1):
        between = chosen[i - 1] is not None and chosen[i - 1] == chosen[i + 1] and chosen[i] is None
        if between and unicodedata.category(text[i]) in _SPACES:
            cmap = next(cmap for face, cmap in tables if face == chosen[i - 1])
            chosen[i] = chosen[i - 1] if ord(text[i]) in cmap else None
    return chosen


def _find_levels(text: str) -> list[int]:
    """Find the embedding level of each character (UAX #9); odd ones run from right to left."""
    storage: Any = algorithm.get_empty_storage()
    storage["base_level"] = algorithm.get_base_level(text)
    storage["base_dir"] = ("L", "R")[storage["base_level"]]
    algorithm.get_embedding_levels(text, storage)
    for place, character in enumerate(storage["chars"]):
        character["place"] = place
    for resolve in (
        algorithm.explicit_embed_and_overrides,
        algorithm.resolve_weak_types,
        algorithm.resolve_neutral_types,
        algorithm.resolve_implicit_levels,
    ):
        resolve(storage, False)
    found = {character["place"]: int(character["level"]) for character in storage["chars"]}
    levels: list[int] = []
    for place in range(len(text)):  # joiners are left out by these rules, and go with what they join
        levels.append(found.get(place, levels[-1] if levels else storage["base_level"]))
    return levels


def _find_scripts(text: str) -> list[str]:
    """Find the script of each character; those of no script of their own take that of their neighbour."""
    scripts = [script(c) for c in text]
    known = next((s for s in scripts if s not in ("Zyyy", "Zinh")), "Zyyy")
    for i, found in enumerate(scripts):
        known = found if found not in ("Zyyy", "Zinh") else known
        scripts[i] = known
    return scripts


def _order(levels: list[int]) -> list[int]:
    """Order runs from left to right (UAX #9, L2): give each one's rank."""
    order = list(range(len(levels)))
    for level in range(max(levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            stop = start
            while stop < len(order) and levels[order[stop]] >= level:
                stop += 1
            order[start:stop] = reversed(order[start:stop])
            start = stop + 1
    return [order.index(i) for i in range(len(levels))]


def _shape(text: str, typeface: Typeface | None, backwards: bool, font: FieldFont, rank: int) -> Run:
    if typeface is None:
        return Run(text, None, (), backwards, font.measure(text, 1), rank)
    shaping, outlines = open_typeface(typeface)
    buffer = uharfbuzz.Buffer()  # pyright: ignore[reportAttributeAccessIssue] - compiled
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if backwards else "ltr"
    uharfbuzz.shape(shaping, buffer)  # pyright: ignore[reportAttributeAccessIssue]
    em = outlines["head"].unitsPerEm
    infos, positions = buffer.glyph_infos, buffer.glyph_positions
    ends = dict(pairwise([*sorted({info.cluster for info in infos}), len(text)]))
    x, taken, glyphs = 0.0, set[int](), list[Glyph]()
    placed = []
    for info, position in zip(infos, positions, strict=True):
        placed.append((info, x + position.x_offset, position.y_offset))
        x += position.x_advance
    for info, left, up in reversed(placed) if backwards else placed:
        said = "" if info.cluster in taken else text[info.cluster : ends[info.cluster]]
        taken.add(info.cluster)
        if said and glyphs and not said.strip(IGNORED):  # a joiner: it goes with what it follows, and shows nothing
            said = glyphs[-1].text + said
            glyphs[-1] = replace(glyphs[-1], text=said)
            continue
        glyphs.append(Glyph(info.codepoint, said, left / em, up / em))
    return Run(text, typeface, tuple(glyphs), backwards, x / em, rank)
