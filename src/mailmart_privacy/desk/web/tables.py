"""The tables of `web`: people, sessions, links to sign in with, tokens, mails. They prove nothing; the log does.

Of what a browser holds (a session, a link) only the digest is kept: a copy of the file signs nobody in.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..database import Database
from ..sqlite import SqliteTables

# Each statement brings the tables one step forward, in SQLite and in PostgreSQL (see `database`); those that were
# released are never changed.
MIGRATIONS = (
    "CREATE TABLE people (id {key}, issuer TEXT NOT NULL, subject TEXT NOT NULL, name TEXT NOT NULL, "
    "roles TEXT NOT NULL, claimed TEXT NOT NULL DEFAULT '', UNIQUE (issuer, subject))",
    "CREATE TABLE sessions (digest TEXT PRIMARY KEY, person BIGINT NOT NULL REFERENCES people, form_token TEXT "
    "NOT NULL, begun_at DOUBLE PRECISION NOT NULL, seen_at DOUBLE PRECISION NOT NULL, "
    "proven_at DOUBLE PRECISION NOT NULL)",
    "CREATE TABLE sign_ins (digest TEXT PRIMARY KEY, target TEXT NOT NULL, person BIGINT REFERENCES people, "
    "begun_at DOUBLE PRECISION NOT NULL)",
    "CREATE TABLE links (digest TEXT PRIMARY KEY, person BIGINT NOT NULL REFERENCES people, expires_at "
    "DOUBLE PRECISION NOT NULL, used_at DOUBLE PRECISION)",
    "CREATE TABLE tokens (id {key}, digest TEXT NOT NULL UNIQUE, name TEXT NOT NULL, "
    "scopes TEXT NOT NULL, made_by TEXT NOT NULL, expires_at DOUBLE PRECISION NOT NULL, "
    "used_at DOUBLE PRECISION, revoked_at DOUBLE PRECISION)",
    "ALTER TABLE people ADD COLUMN email TEXT NOT NULL DEFAULT ''",
    # What each person was told by mail of what is due, and when.
    "CREATE TABLE letters (person BIGINT PRIMARY KEY REFERENCES people, sent_at DOUBLE PRECISION NOT NULL, "
    "told TEXT NOT NULL)",
    # When something was done last, of which no page asks: a backup, a mail.
    "CREATE TABLE marks (name TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL, words TEXT NOT NULL)",
    # Files that were checked: counted for good, and in detail for some time; see `checks`.
    "CREATE TABLE check_days (id {key}, day TEXT NOT NULL, verdict TEXT NOT NULL, files BIGINT NOT NULL, "
    "UNIQUE (day, verdict))",
    "CREATE TABLE checks (id {key}, at DOUBLE PRECISION NOT NULL, who TEXT NOT NULL, fingerprint TEXT NOT NULL, "
    "verdict TEXT NOT NULL)",
)
_SCHEMA = "mailmart_privacy_desk"


def open_database(place: str | Path, schema: str, migrations: Sequence[str]) -> Database:
    """Open tables; they are made, or brought forward, when they are opened.

    Args:
        place: a file, or "postgresql://…".
        schema: what the tables are called together; a database of PostgreSQL may hold several.
        migrations: statements, each of which brings the tables one step forward. Those that were released are never
            changed.

    Raises:
        DatabaseError: the database does not answer, or its tables are those of a newer desk.
        UsageError: the URL cannot be read.
    """
    if str(place).startswith(("postgresql:", "postgres:")):
        from ..postgres import PostgresTables

        return PostgresTables(str(place), schema, migrations)
    return SqliteTables(Path(place), migrations)


class Tables:
    """The tables, for any thread; they are made, or brought forward, when they are opened.

    Args:
        place: a file of SQLite, or "postgresql://…".

    Raises:
        DatabaseError: the database does not answer, or is that of a newer desk.
    """

    def __init__(self, place: str | Path) -> None:
        self._database = open_database(place, _SCHEMA, MIGRATIONS)

    def changing(self) -> contextlib.AbstractContextManager[None]:
        """Do several things, or none of them."""
        return self._database.changing()

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Ask for rows."""
        return self._database.query(sql, values)

    def change(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Change rows, and tell how many they were."""
        return self._database.change(sql, values)

    def note(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Change rows of which a power failure may take the last ones; see `Database.note`."""
        self._database.note(sql, values)

    def list_columns(self, table: str) -> list[str]:
        """Name the columns of a table."""
        return self._database.list_columns(table)

    def renumber(self, table: str) -> None:
        """Go on numbering rows above those that were added with their own numbers."""
        self._database.renumber(table)

    def close(self) -> None:
        """Close them."""
        self._database.close()
