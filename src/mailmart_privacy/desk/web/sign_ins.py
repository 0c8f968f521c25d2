"""Sign-ins that have begun: a browser is at the identity provider, and comes back within ten minutes, or not at all."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from .people import make_digest
from .tables import Tables

PATIENCE = 10 * 60  # seconds
_PATH = re.compile(r"/(?!/)[A-Za-z0-9/_.-]{0,300}")


@dataclass(frozen=True, kw_only=True, slots=True)
class SignIn:
    """A sign-in that has begun.

    Attributes:
        target: the page of this desk where the person wants to go.
        person: the one person whose proof is wanted again; None where anybody may sign in.
        begun_at: when it began, in seconds since 1970.
    """

    target: str
    person: int | None
    begun_at: float


class SignIns:
    """The sign-ins that have begun; each of them ends once.

    Args:
        tables: where they are kept.
        clock: tells the seconds since 1970.
    """

    def __init__(self, tables: Tables, clock: Callable[[], float]) -> None:
        self._tables, self._clock = tables, clock

    def begin(self, secret: str, *, target: str, person: int | None) -> None:
        """Keep what is to happen when the browser comes back.

        Args:
            secret: that the browser keeps; only its digest is kept here.
            target: a page of this desk; see `choose_target`.
            person: the one person whose proof is wanted again, or None.
        """
        now = self._clock()
        self._tables.change("DELETE FROM sign_ins WHERE begun_at < ?", [now - PATIENCE])
        self._tables.change(
            "INSERT INTO sign_ins (digest, target, person, begun_at) VALUES (?, ?, ?, ?)",
            [make_digest(secret), target, person, now],
        )

    def take(self, secret: str) -> SignIn | None:
        """Take a sign-in, so that no second answer can end it; None where it has ended, or is too old."""
        digest = make_digest(secret)
        with self._tables.changing():
            rows = self._tables.query("SELECT target, person, begun_at FROM sign_ins WHERE digest = ?", [digest])
            taken = self._tables.change("DELETE FROM sign_ins WHERE digest = ?", [digest])
        if not taken or rows[0][2] < self._clock() - PATIENCE:
            return None
        target, person, begun_at = rows[0]
        return SignIn(target=target, person=person, begun_at=begun_at)


def choose_target(path: str) -> str:
    """Choose where to go after signing in: a path of this desk, and "/" instead of anything else.

    What follows a question mark is left out: searches have names in them, which are kept in no table.
    """
    path = path.partition("?")[0]
    return path if _PATH.fullmatch(path) and not path.startswith("/sign-") else "/"
