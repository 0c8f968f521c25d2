"""Comparing two archives that have one log: an older copy of the other, or a fork.

A log forks when entries are added in two places with copies of one key. Neither place can see that by itself.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from ..errors import TamperedError, UsageError
from .entries import read_entry
from .register import read_log

if TYPE_CHECKING:
    from .archive import Archive


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The entries that two archives of one log share, and those that only one of them has.

    Attributes:
        common: how many entries both have, from the first one on.
        here: how many entries of each kind only this one has.
        there: how many entries of each kind only the other one has.
    """

    common: int
    here: dict[str, int]
    there: dict[str, int]

    @property
    def has_acts(self) -> bool:
        """Whether people did something else on one of the sides than add copies: hold, withdraw, erase."""
        return not {"act", "erasure", "key-rotation"}.isdisjoint((*self.here, *self.there))

    @property
    def is_fork(self) -> bool:
        """Whether each has entries that the other one lacks."""
        return bool(self.here and self.there)


class ForkError(TamperedError):
    """The log was forked: entries were added in two places with one key.

    Attributes:
        comparison: what each side has.
    """

    def __init__(self, comparison: Comparison, here: str, there: str) -> None:
        self.comparison, self._places = comparison, (here, there)
        sides = "; ".join(
            f"{place} has {sum(kinds.values()):,} more (from no. {comparison.common:,}: {_describe(kinds)})"
            for place, kinds in ((here, comparison.here), (there, comparison.there))
        )
        # Copies can be added. What else was done in the other one, a hold for instance, would be without effect.
        repeat = ", and repeat in it what people did in the other one (its report lists that)"
        super().__init__(
            f"the log was forked: both have the first {comparison.common:,} entries; {sides}. Nothing is lost yet. "
            "Continue with one of them, add the copies in the other one's folder `copies` to it"
            f"{repeat if comparison.has_acts else ''}. Keep the other one unchanged, since proofs from it may be in use"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.comparison, *self._places)


def compare_logs(archive: "Archive", other: "Archive") -> Comparison:
    """Compare two archives of one log, entry by entry.

    Raises:
        UsageError: they are of different logs.
        ForkError: each has entries that the other one lacks.
        TamperedError: one of them is not that of its checkpoint.
    """
    if archive.metadata.key != other.metadata.key:
        raise UsageError(f"{other.storage.location} is another log: {other.metadata.origin}")
    common, same = 0, True
    here, there = Counter[str](), Counter[str]()
    for ours, theirs in zip_longest(read_log(archive), read_log(other)):
        same = same and ours == theirs
        if same:
            common += 1
            continue
        for each, kinds in ((ours, here), (theirs, there)):
            if each is not None:
                kinds[read_entry(each[1]).kind] += 1
    found = Comparison(common=common, here=dict(here), there=dict(there))
    if found.is_fork:
        raise ForkError(found, archive.storage.location, other.storage.location)
    return found


def _describe(kinds: dict[str, int]) -> str:
    return ", ".join(f"{count:,} of the kind {kind}" for kind, count in sorted(kinds.items()))
