"""The files that people and services had checked: how many there were on each day for good, details for 90 days.

They are not in the archive's log: checking a file changes nothing, and a stranger's file is not ours to keep on record.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from ..answers import Actor
from .tables import Tables

KEPT = datetime.timedelta(days=90)
VERDICTS = {
    "ours": "ours",
    "withdrawn": "ours, but withdrawn",
    "not on record": "signed by us, not on record",
    "changed": "changed after it was issued",
    "not ours": "signed by somebody else",
    "not a copy": "not made out to anybody",
    "cannot tell": "nobody can tell",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedDay:
    """How many files were checked on a day (UTC), with one outcome.

    Attributes:
        day: the day.
        outcome: in words.
        files: how many.
    """

    day: datetime.date
    outcome: str
    files: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """A file that was checked.

    Attributes:
        at: when (aware, UTC).
        who: the name of the person or service.
        fingerprint: of the file.
        outcome: in words.
    """

    at: datetime.datetime
    who: str
    fingerprint: str
    outcome: str


class Checks:
    """What was checked.

    Args:
        tables: where it is kept.
        clock: tells the seconds since 1970.
    """

    def __init__(self, tables: Tables, clock: Callable[[], float]) -> None:
        self._tables, self._clock = tables, clock

    def note(self, actor: Actor, content: bytes, verdict: str) -> None:
        """Count a check, keep its details, and remove those that are too old; this waits for the disk."""
        now = self._clock()
        day = datetime.datetime.fromtimestamp(now, datetime.UTC).date().isoformat()
        with self._tables.changing():
            self._tables.change(
                "INSERT INTO check_days (day, verdict, files) VALUES (?, ?, 1) "
                "ON CONFLICT (day, verdict) DO UPDATE SET files = check_days.files + 1",
                [day, verdict],
            )
            self._tables.change(
                "INSERT INTO checks (at, who, fingerprint, verdict) VALUES (?, ?, ?, ?)",
                [now, actor.name, sha256(content).hexdigest(), verdict],
            )
            self._tables.change("DELETE FROM checks WHERE at < ?", [now - KEPT.total_seconds()])

    def list_days(self, *, since: datetime.date | None = None, until: datetime.date | None = None) -> list[CheckedDay]:
        """Tell how many files were checked on each day, the newest day first.

        Args:
            since: the first day; None for all from the beginning.
            until: the day after the last one; None for all up to now.
        """
        rows = self._tables.query(
            "SELECT day, verdict, files FROM check_days WHERE day >= ? AND day < ? ORDER BY day DESC, verdict",
            [since.isoformat() if since else "", until.isoformat() if until else "9"],
        )
        return [
            CheckedDay(day=datetime.date.fromisoformat(day), outcome=_describe(verdict), files=files)
            for day, verdict, files in rows
        ]

    def list_details(self) -> list[Check]:
        """List the checks of the last 90 days, the newest first."""
        rows = self._tables.query(
            "SELECT at, who, fingerprint, verdict FROM checks WHERE at >= ? ORDER BY id DESC",
            [self._clock() - KEPT.total_seconds()],
        )
        return [
            Check(
                at=datetime.datetime.fromtimestamp(at, datetime.UTC),
                who=who,
                fingerprint=fingerprint,
                outcome=_describe(verdict),
            )
            for at, who, fingerprint, verdict in rows
        ]


def _describe(verdict: str) -> str:
    """Say a verdict in words; one of a newer release as it is called there."""
    return VERDICTS.get(verdict, verdict)
