"""Many short texts that are searched as one: looking into 100,000 texts one by one takes twenty times as long."""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator
from itertools import accumulate, islice
from typing import Generic, TypeVar

_Owner = TypeVar("_Owner", bound=Hashable)
_MOST_COMMON = 2_000  # texts with one group of letters that are considered
_BLOCK = 1024  # lines that are joined at once, so that adding one does not copy all


class TextIndex(Generic[_Owner]):
    """Folded texts, and what each belongs to; not safe to use from several threads."""

    def __init__(self) -> None:
        self._whole: list[_Block[_Owner]] = []
        self._texts: list[str] = []
        self._owners: list[_Owner] = []
        self._last: _Block[_Owner] | None = None  # made when it is searched

    def add(self, text: str, owner: _Owner) -> None:
        """Add a text without line breaks."""
        self._texts.append(text)
        self._owners.append(owner)
        self._last = None
        if len(self._texts) == _BLOCK:
            self._whole.append(_Block(self._texts, self._owners))
            self._texts, self._owners = [], []

    def find(self, sought: str, *, at_start: bool = False) -> Iterator[_Owner]:
        """Find what the texts belong to that contain a text, or begin with it, in the order in which they were added.

        Args:
            sought: the text, without line breaks.
            at_start: whether they are to begin with it.
        """
        for block in self._list_blocks():
            yield from block.find("\n" + sought if at_start else sought)

    def rank(self, sought: str) -> list[_Owner]:
        """Find what the texts belong to that have groups of three letters of a text; those with rare groups first."""
        groups = {word[at : at + 3] for word in sought.split() for at in range(max(1, len(word) - 2))}
        weights = dict[_Owner, float]()
        for group in sorted(groups):
            found = list(islice(self.find(group), _MOST_COMMON))
            for owner in found:
                weights[owner] = weights.get(owner, 0) + 1 / len(found)
        return sorted(weights, key=weights.__getitem__, reverse=True)

    def remove(self, is_gone: Callable[[_Owner], bool]) -> None:
        """Remove what belongs to some, from memory too."""
        kept = [pair for block in self._list_blocks() for pair in block.list_all()]
        self._whole, self._texts, self._owners, self._last = [], [], [], None
        for text, owner in kept:
            if not is_gone(owner):
                self.add(text, owner)

    def _list_blocks(self) -> "list[_Block[_Owner]]":
        if self._last is None:
            self._last = _Block(self._texts, self._owners)
        return [*self._whole, self._last]


class _Block(Generic[_Owner]):
    def __init__(self, texts: list[str], owners: list[_Owner]) -> None:
        self._text, self._owners = "".join(f"\n{text}" for text in texts), tuple(owners)
        self._starts = list(accumulate((len(text) + 1 for text in texts), initial=0))

    def find(self, sought: str) -> Iterator[_Owner]:
        at = self._text.find(sought)
        while at >= 0:
            number = bisect_right(self._starts, at) - 1
            yield self._owners[number]
            at = self._text.find(sought, self._starts[number + 1])

    def list_all(self) -> Iterator[tuple[str, _Owner]]:
        return zip(self._text.split("\n")[1:], self._owners, strict=True)
