"""Access for services: tokens with scopes, an end, and when they were used last. Only digests are kept."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from ..answers import Actor
from .people import make_digest
from .tables import Tables

ISSUE, READ, CHECK = "issue", "read", "check"
SCOPES = (ISSUE, READ, CHECK)
PREFIX = "mmdesk_"  # so that scanners for leaked secrets find it
_BYTES = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A service that may use the API.

    Attributes:
        id: in the tables.
        name: of the service, as entries of the log show it.
        scopes: what it may do.
        made_by: the name of the administrator.
        expires_at: seconds since 1970.
        used_at: when it was used last, or None.
        revoked: whether it was revoked.
    """

    id: int
    name: str
    scopes: tuple[str, ...]
    made_by: str
    expires_at: float
    used_at: float | None
    revoked: bool

    @property
    def actor(self) -> Actor:
        """The service, as entries of the log name it."""
        return Actor(issuer="desk-token", subject=str(self.id), name=self.name)


class Tokens:
    """The tokens of a desk.

    Args:
        tables: where they are kept.
        clock: tells the seconds since 1970.
    """

    def __init__(self, tables: Tables, clock: Callable[[], float]) -> None:
        self._tables, self._clock = tables, clock

    def make(self, name: str, scopes: tuple[str, ...], *, made_by: str, seconds: float) -> str:
        """Make a token; it is shown once."""
        secret = PREFIX + secrets.token_urlsafe(_BYTES)
        self._tables.change(
            "INSERT INTO tokens (digest, name, scopes, made_by, expires_at) VALUES (?, ?, ?, ?, ?)",
            [make_digest(secret), name, " ".join(scopes), made_by, self._clock() + seconds],
        )
        return secret

    def find(self, secret: str) -> Token | None:
        """Find a token that can be used now, and note that it was; None if there is none."""
        now, digest = self._clock(), make_digest(secret)
        rows = self._tables.query(f"SELECT {_COLUMNS} FROM tokens WHERE digest = ?", [digest])  # noqa: S608
        if not rows:
            return None
        token = _read(rows[0])
        if token.revoked or token.expires_at <= now:
            return None
        self._tables.note("UPDATE tokens SET used_at = ? WHERE id = ?", [now, token.id])
        return token

    def has_usable(self, name: str) -> bool:
        """Tell whether a service of this name has a token that can be used now."""
        sql = "SELECT id FROM tokens WHERE name = ? AND revoked_at IS NULL AND expires_at > ?"
        return bool(self._tables.query(sql, [name, self._clock()]))

    def revoke(self, number: str) -> None:
        """Revoke a token; it cannot be used any more."""
        if not number.isdecimal():
            return
        self._tables.change(
            "UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", [self._clock(), int(number)]
        )

    def list_all(self) -> list[Token]:
        """List all tokens, the newest first."""
        return [_read(row) for row in self._tables.query(f"SELECT {_COLUMNS} FROM tokens ORDER BY id DESC")]  # noqa: S608


_COLUMNS = "id, name, scopes, made_by, expires_at, used_at, revoked_at IS NOT NULL"


def _read(row: "tuple[int, str, str, str, float, float | None, int]") -> Token:
    number, name, scopes, made_by, expires_at, used_at, revoked = row
    return Token(
        id=number,
        name=name,
        scopes=tuple(scopes.split()),
        made_by=made_by,
        expires_at=expires_at,
        used_at=used_at,
        revoked=bool(revoked),
    )
