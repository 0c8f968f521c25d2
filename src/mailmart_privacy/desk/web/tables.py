"""The tables of `web`: people, sessions, links to sign in with, tokens. They prove nothing; the archive's log does.

Of what a browser holds (a session, a link) only the digest is kept: a copy of the file signs nobody in.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

# Each statement brings the tables one step forward; those that were released are never changed.
MIGRATIONS = (
    "CREATE TABLE people (id INTEGER PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL, name TEXT NOT NULL, "
    "roles TEXT NOT NULL, claimed TEXT NOT NULL DEFAULT '', UNIQUE (issuer, subject))",
    "CREATE TABLE sessions (digest TEXT PRIMARY KEY, person INTEGER NOT NULL REFERENCES people, form_token TEXT "
    "NOT NULL, begun_at REAL NOT NULL, seen_at REAL NOT NULL, proven_at REAL NOT NULL)",
    "CREATE TABLE sign_ins (digest TEXT PRIMARY KEY, target TEXT NOT NULL, person BIGINT REFERENCES people, "
    "begun_at DOUBLE PRECISION NOT NULL)",
    "CREATE TABLE links (digest TEXT PRIMARY KEY, person INTEGER NOT NULL REFERENCES people, expires_at REAL NOT NULL, "
    "used_at REAL)",
    "CREATE TABLE tokens (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, name TEXT NOT NULL, "
    "scopes TEXT NOT NULL, made_by TEXT NOT NULL, expires_at REAL NOT NULL, used_at REAL, revoked_at REAL)",
)
_PATIENCE = 5.0  # seconds


class Tables:
    """The tables, in a file of SQLite, for any thread; it is made, or brought forward, when it is opened.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        with self.changing():
            (done,) = self._connection.execute("PRAGMA user_version").fetchone()
            for number, statement in enumerate(MIGRATIONS[done:], done + 1):
                self._connection.execute(statement)
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
