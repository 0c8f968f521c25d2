"""Who is signed in: people, sessions in a browser, and links that sign somebody in once."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from ..answers import Actor
from .tables import Tables

IDLE, LONGEST = 30 * 60, 10 * 60 * 60  # seconds that a session lasts without a request, and in all
_SEEN = 60  # seconds after which it is noted again that a session was seen
_BYTES = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who may use the desk.

    Attributes:
        id: in the tables.
        actor: as entries of the log name them.
        roles: what they are to the desk, by all that gives roles.
        claimed: those of them that the identity provider gave when they signed in last.
        email: where mail about what is due goes; empty where they get none.
    """

    id: int
    actor: Actor
    roles: tuple[str, ...]
    claimed: tuple[str, ...]
    email: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A browser in which somebody is signed in.

    Attributes:
        digest: of what the browser's cookie holds.
        person: who is signed in.
        form_token: what is in every form that this browser gets.
        proven_at: when the person last proved who they are, in seconds since 1970; 0 where that is unknown.
    """

    digest: str
    person: Person
    form_token: str
    proven_at: float


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

    def admit(self, actor: Actor, claimed: tuple[str, ...], *, email: str = "") -> Person:
        """Let in a person whom the identity provider has signed in; somebody new has the claimed roles alone.

        Args:
            actor: the person; the name may be empty.
            claimed: the roles that the identity provider gives them.
            email: their address, as the provider knows it; empty where it does not say, or was not asked.
        """
        self._tables.change(
            "INSERT INTO people (issuer, subject, name, roles, claimed) VALUES (?, ?, ?, '', ?) "
            "ON CONFLICT (issuer, subject) DO UPDATE SET claimed = excluded.claimed",
            [actor.issuer, actor.subject, actor.name or actor.subject, " ".join(claimed)],
        )
        if actor.name:
            self._tables.change(
                "UPDATE people SET name = ? WHERE issuer = ? AND subject = ?",
                [actor.name, actor.issuer, actor.subject],
            )
        person = self.find_person(actor.issuer, actor.subject)
        assert person is not None
        if email and email != person.email:
            self.set_email(person, email)
            person = replace(person, email=email)
        return person

    def set_email(self, person: Person, email: str) -> None:
        """Change where a person gets mail, or that they get none; at a new address they are told of everything."""
        with self._tables.changing():
            self._tables.change("UPDATE people SET email = ? WHERE id = ?", [email, person.id])
            self._tables.change("DELETE FROM letters WHERE person = ?", [person.id])

    def find_person(self, issuer: str, subject: str) -> Person | None:
        """Find a person by what an issuer calls them; None where nobody is known by that."""
        rows = self._tables.query(
            f"SELECT {_PERSON} FROM people p WHERE issuer = ? AND subject = ?",  # noqa: S608 - names of columns
            [issuer, subject],
        )
        return _read_person(rows[0]) if rows else None

    def list_all(self) -> list[Person]:
        """List all people, by name."""
        rows = self._tables.query(f"SELECT {_PERSON} FROM people p ORDER BY LOWER(p.name), p.id")  # noqa: S608
        return [_read_person(row) for row in rows]

    def add_link(self, digest: str, person: Person, *, seconds: float) -> None:
        """Keep a link by which a person can sign in once; one that is known already stays as it is."""
        self._tables.change(
            "INSERT INTO links (digest, person, expires_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
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
            return self.begin(person, proven_at=now)

    def find(self, cookie: str) -> Session | None:
        """Find the session of a browser, and note that it was seen; None if there is none, or it has ended."""
        now, digest = self._clock(), make_digest(cookie)
        rows = self._tables.query(
            f"SELECT {_PERSON}, s.form_token, s.proven_at, s.begun_at, s.seen_at "  # noqa: S608 - names of columns
            "FROM sessions s JOIN people p ON p.id = s.person WHERE s.digest = ?",
            [digest],
        )
        if not rows:
            return None
        *person, form_token, proven_at, begun_at, seen_at = rows[0]
        if seen_at < now - IDLE or begun_at < now - LONGEST:
            self._tables.change("DELETE FROM sessions WHERE digest = ?", [digest])
            return None
        if seen_at < now - _SEEN:
            self._tables.note("UPDATE sessions SET seen_at = ? WHERE digest = ?", [now, digest])
        return Session(digest=digest, person=_read_person(person), form_token=form_token, proven_at=proven_at)

    def end(self, session: Session) -> None:
        """Sign out in this browser."""
        self._tables.change("DELETE FROM sessions WHERE digest = ?", [session.digest])

    def begin(self, person: int, *, proven_at: float) -> str:
        """Begin a session with an id of its own, and tell what the browser's cookie is to hold.

        Args:
            person: the id of the person in the tables.
            proven_at: when they proved who they are, in seconds since 1970; 0 where that is unknown.
        """
        cookie, now = secrets.token_urlsafe(_BYTES), self._clock()
        self._tables.change("DELETE FROM sessions WHERE seen_at < ? OR begun_at < ?", [now - IDLE, now - LONGEST])
        self._tables.change(
            "INSERT INTO sessions (digest, person, form_token, begun_at, seen_at, proven_at) VALUES (?, ?, ?, ?, ?, ?)",
            [make_digest(cookie), person, secrets.token_urlsafe(_BYTES), now, now, proven_at],
        )
        return cookie


_PERSON = "p.id, p.issuer, p.subject, p.name, p.roles, p.claimed, p.email"


def make_digest(secret: str) -> str:
    """Make the digest of a secret that a browser holds."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _read_person(row: "Sequence[Any]") -> Person:
    number, issuer, subject, name, roles, claimed, email = row
    given = tuple(claimed.split())
    return Person(
        id=number,
        actor=Actor(issuer=issuer, subject=subject, name=name),
        roles=tuple(dict.fromkeys((*roles.split(), *given))),
        claimed=given,
        email=email,
    )
