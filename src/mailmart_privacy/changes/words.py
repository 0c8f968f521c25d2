"""Two wordings of one passage: what was removed and what was added, in whole words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "removed", "added"]

# A word, with what joins its parts (don't, sub-processor, privacy@mailmart.com); a gap; any other character.
_TOKEN = re.compile(r"\w+(?:[-'’.@/]\w+)*|\s+|[^\w\s]")
_GLUE = 3  # letters: "or", "the", "to a"


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text, which both wordings have, or only the old one, or only the new one."""

    kind: Kind
    text: str


def compare_words(old: str, new: str) -> tuple[Span, ...]:
    """Compare two wordings of one passage.

    Args:
        old: the text before.
        new: the text after.

    Returns:
        The spans, in their order. The same and the removed ones, joined, give `old`; the same and
        the added ones give `new`. No span is empty, no word is cut, and where there are both, what
        was removed stands before what was added.
    """
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    pieces = [(tag == "equal", "".join(before[a:b]), "".join(after[c:d])) for tag, a, b, c, d in matcher.get_opcodes()]
    return tuple(_spans(_fold(pieces)))


def similarity(old: str, new: str) -> float:
    """Say how much two passages share: from 0 to 1, by the letters of the words that they have in common, in order."""
    before, after = _words(old), _words(new)
    total = sum(map(len, before)) + sum(map(len, after))
    if not total:
        return 1.0 if old == new else 0.0
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return 2 * sum(len(word) for at, _, size in blocks for word in before[at : at + size]) / total


def _words(text: str) -> list[str]:
    return [token for token in _TOKEN.findall(text) if token[0].isalnum()]


def _fold(pieces: list[tuple[bool, str, str]]) -> list[tuple[bool, str, str]]:
    """Join changes that no word stands between, or a lone short one: a reader would see confetti."""
    folded: list[tuple[bool, str, str]] = []
    for index, (same, old, new) in enumerate(pieces):
        inside = 0 < index < len(pieces) - 1
        changed = not same or (inside and sum(map(len, _words(old))) <= _GLUE)
        if changed and folded and not folded[-1][0]:
            _, before, after = folded.pop()
            folded.append((False, before + old, after + new))
        else:
            folded.append((not changed, old, new))
    return folded


def _spans(pieces: list[tuple[bool, str, str]]) -> Iterator[Span]:
    for same, old, new in pieces:
        if same:
            yield Span("same", old)
            continue
        if old:
            yield Span("removed", old)
        if new:
            yield Span("added", new)
