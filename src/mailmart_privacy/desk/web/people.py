"""Who is signed in: people, sessions in a browser, and links that sign somebody in once."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from ..answers import Actor
from .tables import Tables

IDLE, LONGEST = 30 * 60, 10 * 60 * 60  # seconds that a session lasts without a request, and in all
_BYTES = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who may use the desk.

    Attributes:
        id: in the tables.
        actor: as entries of the log name them.
        roles: what they are to the desk.
    """

    id: int
    actor: Actor
    roles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A browser in which somebody is signed in.

    Attributes:
        digest: of what the browser's cookie holds.
        person: who is signed in.
        form_token: stands in every form that this browser gets.
    """

    digest: str
    person: Person
    form_token: str


class People:
    """The people of a desk and their sessions.

    Args:
        tables: where they are kept.
        clock: tells the seconds since 1970.
    """

    def __init__(self, tables: Tables, clock: Callable[[], float]) -> None:
        self._tables, self._clock = tables, clock

    def put(self, actor: Actor, roles: tuple[str, ...]) -> Person:
        """Add a person, or change the name and the roles of one."""
        self._tables.change(
            "INSERT INTO people (issuer, subject, name, roles) VALUES (?, ?, ?, ?) ON CONFLICT (issuer, subject) "
            "DO UPDATE SET name = excluded.name, roles = excluded.roles",
            [actor.issuer, actor.subject, actor.name, " ".join(roles)],
        )
        (row,) = self._tables.query(
            f"SELECT {_PERSON} FROM people p WHERE issuer = ? AND subject = ?",  # noqa: S608 - names of columns
            [actor.issuer, actor.subject],
        )
        return _read_person(row)

    def list_all(self) -> list[Person]:
        """List all people, by name."""
        rows = self._tables.query(f"SELECT {_PERSON} FROM people p ORDER BY p.name, p.id")  # noqa: S608
        return [_read_person(row) for row in rows]

    def add_link(self, digest: str, person: Person, *, seconds: float) -> None:
        """Keep a link by which a person can sign in once; one that is known already stays as it is."""
        self._tables.change(
            "INSERT OR IGNORE INTO links (digest, person, expires_at) VALUES (?, ?, ?)",
            [digest, person.id, self._clock() + seconds],
        )

    def use_link(self, token: str) -> str | None:
        """Sign in with a link: the new session's cookie, or None where the link is unknown, used, or too old."""
        now, digest = self._clock(), make_digest(token)
        with self._tables.changing():
            used = self._tables.change(
                "UPDATE links SET used_at = ? WHERE digest = ? AND used_at IS NULL AND expires_at > ?",
                [now, digest, now],
            )
            if not used:
                return None
            ((person,),) = self._tables.query("SELECT person FROM links WHERE digest = ?", [digest])
            return self._begin(person)

    def find(self, cookie: str) -> Session | None:
        """Find the session of a browser, and note that it was seen; None where there is none, or it has ended."""
        now, digest = self._clock(), make_digest(cookie)
        self._tables.change("DELETE FROM sessions WHERE seen_at < ? OR begun_at < ?", [now - IDLE, now - LONGEST])
        rows = self._tables.query(
            f"SELECT {_PERSON}, s.form_token FROM sessions s JOIN people p ON p.id = s.person "  # noqa: S608
            "WHERE s.digest = ?",
            [digest],
        )
        if not rows:
            return None
        self._tables.change("UPDATE sessions SET seen_at = ? WHERE digest = ?", [now, digest])
        return Session(digest=digest, person=_read_person(rows[0][:-1]), form_token=rows[0][-1])

    def end(self, session: Session) -> None:
        """Sign out in this browser."""
        self._tables.change("DELETE FROM sessions WHERE digest = ?", [session.digest])

    def _begin(self, person: int) -> str:
        cookie, now = secrets.token_urlsafe(_BYTES), self._clock()
        self._tables.change(
            "INSERT INTO sessions (digest, person, form_token, begun_at, seen_at) VALUES (?, ?, ?, ?, ?)",
            [make_digest(cookie), person, secrets.token_urlsafe(_BYTES), now, now],
        )
        return cookie


_PERSON = "p.id, p.issuer, p.subject, p.name, p.roles"


def make_digest(secret: str) -> str:
    """Make the digest of a secret that a browser holds."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _read_person(row: "tuple[int, str, str, str, str]") -> Person:
    number, issuer, subject, name, roles = row
    return Person(id=number, actor=Actor(issuer=issuer, subject=subject, name=name), roles=tuple(roles.split()))
