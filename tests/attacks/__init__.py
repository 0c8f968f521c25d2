"""Makes, from a fresh copy, the files that someone might want to pass off as one."""

from .making import ATTACKS, LEVELS, Attack, Given, certify_again, field, rewrite, stream, update, update_plainly
from .saving import UPDATES, redraw, refill
from .shadow import HIDE
from .signatures import read_container
from .store import POISON
from .structure import updates_of
from .writing import write_otherwise

__all__ = [
    "ATTACKS",
    "HIDE",
    "LEVELS",
    "POISON",
    "UPDATES",
    "Attack",
    "Given",
    "certify_again",
    "field",
    "read_container",
    "redraw",
    "refill",
    "rewrite",
    "stream",
    "update",
    "update_plainly",
    "updates_of",
    "write_otherwise",
]
