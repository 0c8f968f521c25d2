"""Find what two sequences have in common, with a limit on the work that is the same on any machine."""

from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import Match, SequenceMatcher
from itertools import accumulate
from typing import Any

from ..errors import UsageError

STEPS = 40_000_000  # a few seconds
_SETUP, _PART = 60, 4  # what it takes to set up, and for one part of the old text, in steps


class Effort:
    """How much work a comparison may still do.

    Args:
        steps: how often a part of one text may be compared with an equal part of the other.
    """

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Use some of the steps that are left; raises UsageError if there are too few."""
        self.left -= steps
        if self.left < 0:
            raise UsageError("these two texts cannot be compared: they are too long and have too little in common")


class Matcher(SequenceMatcher[Any]):
    """A `SequenceMatcher` that counts its work against a limit before it does it.

    Args:
        old: the parts before.
        new: the parts after.
        effort: how much work it may do.
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
