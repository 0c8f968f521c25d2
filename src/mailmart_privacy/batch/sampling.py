"""A fair sample of copies whose number is not known beforehand."""

import random

from .results import IssuedRow


class Sample:
    """Keeps some of the copies that are offered, each with the same chance (Vitter's algorithm R).

    Args:
        size: how many are kept.

    Attributes:
        copies: those that are kept.
    """

    def __init__(self, size: int) -> None:
        self.copies: list[IssuedRow] = []
        self._size, self._offered, self._chance = size, 0, random.SystemRandom()

    def offer(self, copy: IssuedRow) -> None:
        """Offer one copy."""
        self._offered += 1
        if len(self.copies) < self._size:
            self.copies.append(copy)
        elif self._size and (place := self._chance.randrange(self._offered)) < self._size:
            self.copies[place] = copy
