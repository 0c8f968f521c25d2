"""The levels of a PAdES signature (ETSI EN 319 142-1, 6)."""

from typing import Literal, get_args

from ..errors import UsageError

Level = Literal["B-B", "B-T", "B-LT", "B-LTA"]
LEVELS: tuple[Level, ...] = get_args(Level)


def require_level(level: object) -> None:
    """Refuse what is not a level; raises UsageError."""
    if level not in LEVELS:
        known = ", ".join(LEVELS)
        raise UsageError(f"there is no level {level!r}; there are: {known}", argument="level", known=LEVELS)
