"""What two sequences have in common, within a bound of work that is the same on any machine."""

from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import Match, SequenceMatcher
from itertools import accumulate
from typing import Any

from ..errors import UsageError

STEPS = 40_000_000  # a few seconds
_SETUP, _PART = 60, 4  # what it takes to set up, and for one part of the old text, in steps


class Effort:
    """What a comparison may still cost.

    Args:
        steps: how often a part of one text may be held against an equal part of the other.
    """

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take from what is left; raises UsageError where it is not enough."""
        self.left -= steps
        if self.left < 0:
            raise UsageError("the two texts are too long, and have too little in common, to be compared")


class Matcher(SequenceMatcher[Any]):
    """A `SequenceMatcher` that spends its steps from an effort, before it takes them.

    Args:
        old: the parts before.
        new: the parts after.
        effort: what it may cost.
    """

    def __init__(self, old: Sequence[Hashable], new: Sequence[Hashable], effort: Effort) -> None:
        self.effort = effort
        effort.spend(_SETUP + _PART * (len(old) + len(new)))
        super().__init__(None, old, new, autojunk=False)
        places = Counter(new)
        self._steps = [0, *accumulate(_PART + places[part] for part in old)]

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        """Find what `SequenceMatcher` does; it goes through all places that each part of the old text has."""
        self.effort.spend(self._steps[-1 if ahi is None else ahi] - self._steps[alo])
        return super().find_longest_match(alo, ahi, blo, bhi)
