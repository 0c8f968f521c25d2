"""A fair sample of what passes by, of which nobody knows how much there will be."""

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..batch.results import IssuedCopy


class Sample:
    """Keeps some of the copies that pass by, each with the same chance (Vitter's algorithm R).

    Attributes:
        copies: those that are kept.
    """

    def __init__(self, room: int) -> None:
        self.copies: list[IssuedCopy] = []
        self._room, self._seen, self._chance = room, 0, random.SystemRandom()

    def offer(self, copy: "IssuedCopy") -> None:
        """Let one pass."""
        self._seen += 1
        if len(self.copies) < self._room:
            self.copies.append(copy)
        elif self._room and (place := self._chance.randrange(self._seen)) < self._room:
            self.copies[place] = copy
