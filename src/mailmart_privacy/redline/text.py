"""Comparison → text, with the marks of `git diff --word-diff`; in colour for a terminal."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from .._unicode import spell_out
from ..diff.comparison import Comparison, ProcessorChange, SectionChange
from ..diff.words import Kind, Span
from . import wording

_MARKS = {"removed": ("[-", "-]"), "added": ("{+", "+}"), "same": ("", "")}
# ECMA-48, 8.3.117: red and green, around the marks, so that what is read is the same without colour.
_COLORS = {"removed": ("\x1b[31m", "\x1b[0m"), "added": ("\x1b[32m", "\x1b[0m"), "same": ("", "")}
_STRONG = ("\x1b[1m", "\x1b[0m")
_PIECE = re.compile(r"\s+|\S+")

_Line = list[tuple[Kind, str]]


def render_text(comparison: Comparison, *, color: bool = False, full: bool = False, width: int | None = None) -> str:
    """Render a comparison as text.

    Args:
        comparison: what to render.
        color: paint `[-removed-]` red, `{+added+}` green and headings bold (ECMA-48).
        full: show the text of unchanged sections, too.
        width: how many letters a line may have, or None for one line for each paragraph.

    Returns:
        The text. Nothing in it moves a terminal's cursor: control characters of the texts are spelt out.
    """
    writer = _Writer(color=color, width=width)
    return "\n".join(writer.write(comparison, full=full)) + "\n"


class _Writer:
    """Lays out lines."""

    def __init__(self, *, color: bool, width: int | None) -> None:
        self.color = color
        self.width = width

    def write(self, comparison: Comparison, *, full: bool) -> Iterator[str]:
        old, new = (wording.name_side(comparison, side) for side in (comparison.old, comparison.new))
        yield self.strong(wording.title(comparison))
        yield f"from {old} to {new}"
        for version in reversed(wording.list_released(comparison)):
            yield ""
            yield from self.fill([Span("same", wording.describe_version(version))], "")
            yield from self.fill([Span("same", version.summary or "")], "  ")
        yield ""
        yield from self.fill([Span("same", f"{wording.summarize(comparison)}.")], "")
        if any(span.kind != "same" for span in comparison.title):
            yield ""
            yield from self.fill([Span("same", "Title: "), *comparison.title], "")
        for section in wording.list_changed(comparison):
            yield from self.section(section, shown=full or section.status != "same")
        yield from self.processors(wording.list_processors(comparison, full=full))
        if full:
            for section in wording.list_unchanged(comparison):
                yield from self.section(section, shown=True)
        elif unchanged := wording.describe_unchanged(comparison):
            yield ""
            yield from self.fill([Span("same", f"Unchanged: {unchanged}.")], "")

    def section(self, section: SectionChange, *, shown: bool) -> Iterator[str]:
        yield ""
        said = Span("same", f": {wording.describe_section(section)}")
        (heading,) = self.fill([*wording.section_heading(section), said], "", wrap=False)
        yield self.strong(heading) if all(span.kind == "same" for span in wording.section_heading(section)) else heading
        for kind, passages in wording.group_passages(section.passages if shown else ()):
            yield ""
            for passage in passages:
                yield from self.fill(passage.spans, "   ", "  • " if kind == "item" else "")

    def processors(self, listed: tuple[ProcessorChange, ...]) -> Iterator[str]:
        if not listed:
            return
        yield ""
        yield self.strong("Processors")
        yield ""
        width = max(len(spell_out(each.name)) for each in listed)
        said = [wording.processor_status(each) for each in listed]
        for each, status in zip(listed, said, strict=True):
            name = spell_out(each.name)
            head = f"{status:<{max(map(len, said))}}  {name:<{width}}  "
            (line,) = self.fill([Span("same", head), *wording.compare_uses(each)], "", wrap=False)
            yield f"  {line}"

    def strong(self, text: str) -> str:
        return text.join(_STRONG) if self.color else text

    def fill(self, spans: Iterable[Span], indent: str, bullet: str = "", *, wrap: bool = True) -> Iterator[str]:
        """Break spans into lines between words, and paint each line for itself."""
        hanging = indent + " " * len(bullet)
        line: _Line = []
        for word in _words(spans):
            full = wrap and self.width is not None and self.measure([*line, *word]) + len(hanging) > self.width
            if line and full:
                yield f"{indent}{bullet}{self.paint(line)}"
                indent, bullet, line = hanging, "", [(kind, text) for kind, text in word if not text.isspace()]
            else:
                line += word
        yield f"{indent}{bullet}{self.paint(line)}"

    def measure(self, line: _Line) -> int:
        marks = sum(len("".join(_MARKS[kind])) for kind, _ in _runs(line))
        return sum(len(spell_out(text)) for _, text in line) + marks

    def paint(self, line: _Line) -> str:
        marked = ((kind, spell_out(text).join(_MARKS[kind])) for kind, text in _runs(line))
        return "".join(text.join(_COLORS[kind]) if self.color else text for kind, text in marked)


def _words(spans: Iterable[Span]) -> Iterator[_Line]:
    """Split spans before each gap: a word that is changed in part stays whole."""
    word: _Line = []
    for span in spans:
        for piece in _PIECE.findall(span.text):
            if piece.isspace() and any(not text.isspace() for _, text in word):
                yield word
                word = []
            word.append((span.kind, piece))
    if word:
        yield word


def _runs(line: _Line) -> Iterator[tuple[Kind, str]]:
    """Join what stands next to each other and is marked alike."""
    for kind, run in groupby(line, key=itemgetter(0)):
        yield kind, "".join(text for _, text in run)
