"""A value → what its field contains and shows: one line, or a smaller one or two for a long value, in any script for
which there is a font.

The rules here belong to the format of copies: a verifier lays a value out by them again, and compares.
"""

import datetime
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from .._time import format_second
from .._unicode import name_characters
from ..errors import RecipientError
from ..pdf.appearance import (
    MIN_SIZE,
    MIRRORED,
    PADDING,
    TWO_LINES,
    baselines,
    clean_value,
    describe_invisible,
    fit_line,
    show_text,
    wrap_content,
    write_number,
    write_text,
)
from ..pdf.field_font import FieldFont
from ..pdf.field_names import ISSUED_AT, RECIPIENT, WORDS

if TYPE_CHECKING:
    from ..pdf.notes import FormNotes
    from .embedded import Embedded
    from .fonts import Typeface
    from .shaping import Run
    from .subset import Part

_TWO_LINES = (RECIPIENT,)
_NO_SPACES = ("THAI", "LAO", "KHMER", "MYANMAR")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class FilledField:
    """A text field, filled in.

    Attributes:
        name: of the field.
        value: what it holds.
        content: the content stream that shows it.
        fonts: the fonts that it needs beside the form's own, by their names in its resources.
    """

    name: str
    value: str
    content: bytes
    fonts: "tuple[tuple[str, Embedded], ...]" = ()


def fill_field(notes: "FormNotes", name: str, value: str, fonts: "Sequence[Typeface]" = ()) -> FilledField:
    """Fill in a text field: clean the value, fit it into the field, and write what the field shows.

    Args:
        notes: of the form.
        name: of the field.
        value: what the caller gave.
        fonts: for characters that the form's font does not have, the preferred one first.

    Raises:
        RecipientError: the value is empty, does not fit, or holds characters that cannot be shown.
        UsageError: a font cannot be used.
    """
    return lay_out_field(notes, name, clean_value(WORDS[name], value), fonts)


def fit_field(notes: "FormNotes", name: str, value: str, fonts: "Sequence[Typeface]" = ()) -> str:
    """Clean a value as `fill_field` does, and see that its field can show it; what shows it is not written.

    Returns:
        The value as the field would hold it; errors are those of `fill_field`.
    """
    cleaned = clean_value(WORDS[name], value)
    if notes.font.missing(cleaned):
        lay_out_field(notes, name, cleaned, fonts)  # whether a font can be used is seen when it is
    else:
        _lay_out(notes, name, cleaned)
    return cleaned


def require_clean(name: str, value: str) -> None:
    """Refuse a value that `fill_field` would have changed or refused, in a file that somebody else wrote.

    Characters that this Python's Unicode version does not know are accepted: the issuer's version knew them.

    Raises:
        ValueError: it is not clean.
    """
    known = value if value.isascii() else "".join(c for c in value if unicodedata.category(c) != "Cn")
    if invisible := describe_invisible(known):
        raise ValueError(f"it holds {invisible}")
    if not known or clean_value(WORDS[name], known) != known or value != value.strip():
        raise ValueError("it is not in the form in which values are filled in")


def lay_out_field(notes: "FormNotes", name: str, value: str, fonts: "Sequence[Typeface]" = ()) -> FilledField:
    """Fill in a text field with a value that is clean already; see `fill_field`."""
    if notes.font.missing(value):
        return _write(notes, name, value, *_lay_out_runs(notes, name, value, fonts))
    lines, size = _lay_out(notes, name, value)
    content = show_text(lines, notes.font, size=size, height=notes.fields[name].height)
    return FilledField(name=name, value=value, content=content)


def lay_out_moment(notes: "FormNotes", moment: datetime.datetime) -> FilledField:
    """Fill in the moment of a copy (aware)."""
    return _lay_out_moment(notes, moment.astimezone(datetime.UTC))


@lru_cache(64)  # copies of a batch share their moment
def _lay_out_moment(notes: "FormNotes", moment: datetime.datetime) -> FilledField:
    return lay_out_field(notes, ISSUED_AT, format_second(moment))


def _lay_out(notes: "FormNotes", name: str, value: str) -> tuple[list[str], float]:
    """Lay out a value on the form's font alone."""
    return _fit(notes, name, value, lambda line: notes.font.measure(line, 1))


def _lay_out_runs(
    notes: "FormNotes", name: str, value: str, fonts: "Sequence[Typeface]"
) -> "tuple[list[list[Run]], float]":
    """Lay out a value with other fonts."""
    if not fonts:
        raise RecipientError(
            f"the {WORDS[name]} holds characters that the form's font does not have "
            f"({name_characters(notes.font.missing(value))}); it has Latin, Greek, Cyrillic and Vietnamese",
            argument="fonts",
            characters="".join(dict.fromkeys(notes.font.missing(value))),
        )
    from .shaping import shape_line

    def shape(line: str) -> "list[Run]":
        return shape_line(WORDS[name], line, notes.font, fonts)

    lines, size = _fit(notes, name, value, lambda line: sum(run.width for run in shape(line)))
    return [shape(line) for line in lines], size


def _fit(notes: "FormNotes", name: str, value: str, measure: Callable[[str], float]) -> tuple[list[str], float]:
    """Fit a value on one line, or a recipient's name on the two most even ones before it becomes small."""
    width, length, largest = notes.fields[name].width, measure(value), notes.fields[name].size
    size = fit_line(length, largest, width, TWO_LINES if name in _TWO_LINES else MIN_SIZE)
    if size is not None:
        return [value], size
    best: tuple[float, list[str]] | None = None
    # Two lines of 8 points hold no more than this; longer ones need not be tried.
    if name in _TWO_LINES and length * MIN_SIZE <= 2 * (width - 2 * PADDING):
        for lines in _split(value):
            longest = max(map(measure, lines))
            if best is None or longest < best[0]:
                best = longest, lines
    size = None if best is None else fit_line(best[0], TWO_LINES, width)
    if size is None and (small := fit_line(length, min(TWO_LINES, largest), width)):
        return [value], small  # there is no place to split it at
    if best is None or size is None:
        lines_there = 2 if name in _TWO_LINES else 1
        room = int(lines_there * len(value) * (width - 2 * PADDING) / (length * MIN_SIZE))
        raise RecipientError(
            f"the {WORDS[name]} is too long for its field: {len(value)} characters, room for about {room}"
        )
    return best[1], size


def _split(value: str) -> Iterator[list[str]]:
    """Split a value in two, wherever a line may end: at a space, or where the script has none."""
    for i in range(1, len(value)):
        if value[i] == " ":
            yield [value[:i].rstrip(), value[i:].lstrip()]
        elif value[i - 1] != " " and _is_dense(value[i]) and _is_dense(value[i - 1]):
            yield [value[:i], value[i:]]


def _is_dense(c: str) -> bool:
    """Tell whether a character belongs to a script that is written without spaces. Combining marks do not count."""
    if unicodedata.category(c)[0] not in "LNS":
        return False
    return unicodedata.east_asian_width(c) in "WF" or unicodedata.name(c, "").startswith(_NO_SPACES)


def _write(notes: "FormNotes", name: str, value: str, lines: "list[list[Run]]", size: float) -> FilledField:
    """Write runs in the order in which they are read, each at its place."""
    from .subset import embed

    faces: dict[Typeface, dict[Part, int]] = {}
    written = []
    for runs, y in zip(lines, baselines(len(lines), size, notes.fields[name].height), strict=True):
        lefts, x = {}, PADDING
        for run in sorted(runs, key=lambda run: run.rank):
            lefts[run.rank] = x
            x += run.width * size
        pieces = []
        for run in runs:
            if run.typeface is None:
                pieces.append(_write_own(run, notes.font, size, lefts[run.rank], y))
                continue
            codes = faces.setdefault(run.typeface, {})
            label = f"E{list(faces).index(run.typeface)}"
            pieces.append(_write_run(run, label, codes, size, lefts[run.rank], y))
        written.append("".join(pieces))
    embedded = tuple((f"E{i}", embed(face, tuple(codes))) for i, (face, codes) in enumerate(faces.items()))
    return FilledField(name=name, value=value, content=wrap_content(written), fonts=embedded)


def _write_own(run: "Run", font: FieldFont, size: float, x: float, y: float) -> str:
    """Write a run on the form's font; from right to left, each character at its own place, brackets mirrored."""
    if not run.backwards:
        return write_text(run.text, font, size, x, y)
    pieces, right = [], x + run.width * size
    for c in run.text:
        glyph = MIRRORED.get(c, c)
        right -= font.measure(glyph, size)
        piece = write_text(glyph, font, size, right, y)
        pieces.append(piece if glyph == c else _span(c, piece))
    return "".join(pieces)


def _write_run(run: "Run", label: str, codes: "dict[Part, int]", size: float, x: float, y: float) -> str:
    """Write a run on a font that the copy brings, cluster by cluster."""
    clusters: list[tuple[str, list[str]]] = []
    for glyph in run.glyphs:
        code = codes.setdefault((glyph.number, glyph.text), len(codes) + 1)
        place = f"1 0 0 1 {write_number(x + glyph.x * size)} {write_number(y + glyph.y * size)} Tm"
        piece = f"/{label} {write_number(size)} Tf\n{place}\n<{code:04x}> Tj\n"
        if glyph.text:
            clusters.append((glyph.text, [piece]))
        else:
            clusters[-1][1].append(piece)
    return "".join(
        pieces[0] if len(text) == len(pieces) == 1 else _span(text, "".join(pieces)) for text, pieces in clusters
    )


def _span(text: str, content: str) -> str:
    """Say which text some content stands for (ISO 32000-1, 14.9.4)."""
    return f"/Span << /ActualText <feff{text.encode('utf-16-be').hex()}> >> BDC\n{content}EMC\n"
