"""When something was done last that the page of what is due tells about: a backup, a mail to staff."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from .tables import Tables

BACKUP, MAIL = "backup", "mail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """When something was done last.

    Attributes:
        at: the moment (aware, UTC).
        words: why it failed; empty where it did not.
    """

    at: datetime.datetime
    words: str


class Marks:
    """What was done last.

    Args:
        tables: where it is kept.
        clock: tells the seconds since 1970.
    """

    def __init__(self, tables: Tables, clock: Callable[[], float]) -> None:
        self._tables, self._clock = tables, clock

    def write(self, name: str, words: str = "") -> None:
        """Keep that something was done now, or why it failed."""
        self._tables.change(
            "INSERT INTO marks (name, at, words) VALUES (?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET at = excluded.at, words = excluded.words",
            [name, self._clock(), words],
        )

    def read(self, name: str) -> Mark | None:
        """Tell when something was done last; None where it never was."""
        rows = self._tables.query("SELECT at, words FROM marks WHERE name = ?", [name])
        if not rows:
            return None
        ((at, words),) = rows
        return Mark(at=datetime.datetime.fromtimestamp(at, datetime.UTC), words=str(words))
