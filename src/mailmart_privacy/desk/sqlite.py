"""The desk's tables in a file of SQLite, for one desk."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .database import require_known

_PATIENCE = 5.0  # seconds
_TRIES, _PAUSE = 100, 0.05  # seconds between tries
_KEY, _BYTES = "INTEGER PRIMARY KEY", "BLOB"


class SqliteTables:
    """Tables in a file of SQLite; see `Database`.

    Args:
        path: the file.
        migrations: see `web.tables.open_database`.
    """

    def __init__(self, path: Path, migrations: Sequence[str]) -> None:
        self.place = str(path)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        self._write_ahead()
        self._connection.execute("PRAGMA foreign_keys = ON")
        with self.changing():
            (done,) = self._connection.execute("PRAGMA user_version").fetchone()
            require_known(self.place, done, len(migrations))
            for number, statement in enumerate(migrations[done:], done + 1):
                self._connection.execute(statement.format(key=_KEY, bytes=_BYTES))
                self._connection.execute(f"PRAGMA user_version = {number}")

    def _write_ahead(self) -> None:
        """Let readers not wait for a writer; SQLite itself does not wait while another process does the same."""
        for left in reversed(range(_TRIES)):
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                if not left:
                    raise
                threading.Event().wait(_PAUSE)
            else:
                return

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

    def note(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Change rows without waiting for the disk, which may be busy with a batch; see `Database.note`."""
        with self._lock:
            self._connection.execute("PRAGMA synchronous = NORMAL")  # the file stays whole (SQLite, "WAL", 2.3)
            try:
                self._connection.execute(sql, values)
            finally:
                self._connection.execute("PRAGMA synchronous = FULL")

    def list_columns(self, table: str) -> list[str]:
        """Name the columns of a table."""
        return [str(name) for _, name, *_ in self.query(f"PRAGMA table_info({table})")]

    def renumber(self, table: str) -> None:
        """Do nothing: the next number is always above all others."""

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
