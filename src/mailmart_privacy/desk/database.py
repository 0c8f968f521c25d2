"""The desk's own tables, in a file of SQLite or in PostgreSQL, with the same statements for both.

They prove nothing: what was issued stands in the archive's log. Statements are written as both understand them: `?` for
values, `ON CONFLICT DO NOTHING`, and in migrations DOUBLE PRECISION for moments, `{key}` for a number that the database
gives out, and `{bytes}` for bytes.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from ..errors import PrivacyError

_PATIENCE = 5.0  # seconds
_KEY, _BYTES = "INTEGER PRIMARY KEY", "BLOB"


class DatabaseError(PrivacyError):
    """The database of the desk cannot be used."""


class Database(Protocol):
    """Tables that any thread may use."""

    place: str
    """How messages name it."""

    def changing(self) -> contextlib.AbstractContextManager[None]:
        """Do several things, or none of them."""
        raise NotImplementedError

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Ask for rows.

        Raises:
            DatabaseError: the database does not answer.
        """
        raise NotImplementedError

    def change(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Change rows, and tell how many they were; errors are those of `query`."""
        raise NotImplementedError

    def close(self) -> None:
        """Close it."""


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
        from .postgres import PostgresTables

        return PostgresTables(str(place), schema, migrations)
    return SqliteTables(Path(place), migrations)


def require_known(place: str, done: int, known: int) -> None:
    """Refuse tables that a newer desk has made.

    Raises:
        DatabaseError: they are newer.
    """
    if done > known:
        raise DatabaseError(
            f"{place} was brought forward by a newer desk (step {done}; this one knows {known}); install that version"
        )


class SqliteTables:
    """Tables in a file of SQLite; see `Database`.

    Args:
        path: the file.
        migrations: see `open_database`.
    """

    def __init__(self, path: Path, migrations: Sequence[str]) -> None:
        self.place = str(path)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        with self.changing():
            (done,) = self._connection.execute("PRAGMA user_version").fetchone()
            require_known(self.place, done, len(migrations))
            for number, statement in enumerate(migrations[done:], done + 1):
                self._connection.execute(statement.format(key=_KEY, bytes=_BYTES))
                self._connection.execute(f"PRAGMA user_version = {number}")

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Do several things, or none of them."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Ask for rows."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def change(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Change rows, and tell how many they were."""
        with self._lock:
            return self._connection.execute(sql, values).rowcount

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
