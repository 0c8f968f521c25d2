"""Comparison → Markdown (CommonMark, with GitHub's strike-through and tables)."""

import re
from collections.abc import Iterable, Iterator, Sequence

from .._unicode import spell_out
from ..diff.comparison import Comparison, ProcessorChange, SectionChange
from ..diff.words import Span
from ..policy.markup import escape_markdown
from . import wording

_MARKS = {"removed": ("~~", "~~"), "added": ("**", "**")}
# For places where Markdown does not read its marks as marks, for instance between a letter and a full stop.
_TAGS = {"removed": ("<del>", "</del>"), "added": ("<ins>", "</ins>")}
_MORE = re.compile(r"[~|]")
_PARTS = re.compile(r"(\s*)(.*?)(\s*)", re.DOTALL)


def render_markdown(comparison: Comparison, *, full: bool = False) -> str:
    """Render a comparison as Markdown: `~~removed~~` and `**added**`.

    Args:
        comparison: what to render.
        full: show the text of unchanged sections, too.

    Returns:
        The Markdown. Whatever in the texts looks like markup is escaped.
    """
    return "\n\n".join(_write(comparison, full=full)) + "\n"


def _write(comparison: Comparison, *, full: bool) -> Iterator[str]:
    old, new = (_plain(wording.name_side(comparison, side)) for side in (comparison.old, comparison.new))
    yield f"# {_plain(wording.title(comparison))}"
    yield f"From {old} to {new}."
    for version in reversed(wording.list_released(comparison)):
        yield f"{_plain(wording.describe_version(version))}. {_plain(version.summary or '')}"
    how = "" if wording.is_same(comparison) else f" {wording.HOW_TO_READ.replace('underlined', 'bold')}"
    yield f"{_plain(wording.summarize(comparison))}.{how}"
    if any(span.kind != "same" for span in comparison.title):
        yield f"Title: {_words(comparison.title)}"
    for section in wording.list_changed(comparison):
        yield from _write_section(section, shown=full or section.status != "same")
    if listed := wording.list_processors(comparison, full=full):
        yield "## Processors"
        yield "\n".join(_write_table(listed))
    if full:
        for section in wording.list_unchanged(comparison):
            yield from _write_section(section, shown=True)
    elif unchanged := wording.describe_unchanged(comparison):
        yield f"Unchanged: {_plain(unchanged)}."


def _write_section(section: SectionChange, *, shown: bool) -> Iterator[str]:
    yield f"## {_words(wording.section_heading(section))}: {wording.describe_section(section)}"
    for kind, passages in wording.group_passages(section.passages if shown else ()):
        if kind == "item":
            yield "\n".join(f"- {_words(passage.spans)}" for passage in passages)
        else:
            yield ("### " if kind == "heading" else "") + _words(passages[0].spans)


def _write_table(listed: Iterable[ProcessorChange]) -> Iterator[str]:
    yield "| Processor | Change | Used for |"
    yield "| --- | --- | --- |"
    for each in listed:
        yield f"| {_plain(each.name)} | {wording.processor_status(each)} | {_words(wording.compare_uses(each))} |"


def _words(spans: Iterable[Span]) -> str:
    listed = [span for span in spans if span.text]
    return "".join(_mark(span, listed[:i], listed[i + 1 :]) for i, span in enumerate(listed))


def _mark(span: Span, before: Sequence[Span], after: Sequence[Span]) -> str:
    if span.kind == "same":
        return _plain(span.text)
    found = _PARTS.fullmatch(span.text)
    assert found is not None  # it matches any text
    left, words, right = found.groups()
    if not words:
        return span.text.join(_TAGS[span.kind])
    outside = (left or (before[-1].text[-1] if before else " "), right or (after[0].text[0] if after else " "))
    # CommonMark, 6.2: a mark counts as one if a letter follows it, or if none precedes it.
    clear = all(
        inner.isalnum() or not outer.isalnum()
        for inner, outer in zip((words[0], words[-1]), (outside[0][-1], outside[1][0]), strict=True)
    )
    open_mark, close_mark = (_MARKS if clear else _TAGS)[span.kind]
    return f"{left}{open_mark}{_plain(words)}{close_mark}{right}"


def _plain(text: str) -> str:
    return _MORE.sub(r"\\\g<0>", escape_markdown(spell_out(text)))
