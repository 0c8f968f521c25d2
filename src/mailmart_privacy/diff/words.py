"""Two wordings of one passage: what was removed and what was added, in whole words."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from .sequence_matcher import Effort, Matcher

Kind = Literal["same", "removed", "added"]

# A word, with what joins its parts (don't, sub-processor, privacy@mailmart.com); a gap; any other character.
_TOKEN = re.compile(r"\w+(?:[-'’.@/]\w+)*|\s+|[^\w\s]")
_GLUE = 3  # letters: "or", "the", "to a"
_PAIR, _COMMON = 10, 4  # what it takes to look at two passages, and at a word of both, in steps of an `Effort`


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text, which both wordings have, or only the old one, or only the new one."""

    kind: Kind
    text: str

    def __repr__(self) -> str:
        return f"<Span {self.kind} {self.text[:100]!r}>"


def compare_words(old: str, new: str, effort: Effort | None = None) -> tuple[Span, ...]:
    """Compare two wordings of one passage.

    Args:
        old: the text before.
        new: the text after.
        effort: how much work it may do; None for the default.

    Returns:
        The spans, in order. Joining those that are the same or removed gives `old`; joining those that
        are the same or added gives `new`. No span is empty, and no word is cut. A removed span comes
        before the added one that replaces it.

    Raises:
        UsageError: it would take more effort than that.
    """
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    matcher = Matcher(before, after, effort or Effort())
    pieces = [(tag == "equal", "".join(before[a:b]), "".join(after[c:d])) for tag, a, b, c, d in matcher.get_opcodes()]
    return tuple(_spans(_fold(pieces)))


def similarities(
    old: Sequence[str], new: Sequence[str], effort: Effort | None = None, *, least: float = 0
) -> list[list[float]]:
    """Measure how much passages share, from 0 to 1: by the letters of the words that they have in common, in order.

    Args:
        old: the passages before.
        new: the passages after.
        effort: how much work it may do; None for the default.
        least: passages that share less than this may be given 0.

    Returns:
        A row for each old passage, with its share for each new passage.

    Raises:
        UsageError: it would take more effort than that.
    """
    effort = effort or Effort()
    before, after = ([_Counted(text) for text in texts] for texts in (old, new))
    return [[_share(one, other, effort, least) for other in after] for one in before]


class _Counted:
    """The words of a passage, counted once for all comparisons."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = _words(text)
        self.counts = Counter(self.words)
        self.letters = sum(map(len, self.words))


def _share(old: _Counted, new: _Counted, effort: Effort, least: float) -> float:
    total = old.letters + new.letters
    if not total:
        return 1.0 if old.text == new.text else 0.0
    common = old.counts.keys() & new.counts.keys()
    effort.spend(_PAIR + _COMMON * len(common))
    most = sum(len(word) * min(old.counts[word], new.counts[word]) for word in common)  # in whatever order
    if not most or 2 * most < least * total:
        return 0.0
    blocks = Matcher(old.words, new.words, effort).get_matching_blocks()
    return 2 * sum(len(word) for at, _, size in blocks for word in old.words[at : at + size]) / total


def _words(text: str) -> list[str]:
    return [token for token in _TOKEN.findall(text) if token[0].isalnum()]


def _fold(pieces: list[tuple[bool, str, str]]) -> list[tuple[bool, str, str]]:
    """Join changes with no word, or only one short word, between them: otherwise a redline would look like confetti."""
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
