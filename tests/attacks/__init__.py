"""Makes, from a fresh copy, the files that someone might want to pass off as one."""

from .making import ATTACKS, LEVELS, Attack, Given, certify_again, field, rewrite, stream, update
from .saving import UPDATES, redraw, refill

__all__ = [
    "ATTACKS",
    "LEVELS",
    "UPDATES",
    "Attack",
    "Given",
    "certify_again",
    "field",
    "redraw",
    "refill",
    "rewrite",
    "stream",
    "update",
]
