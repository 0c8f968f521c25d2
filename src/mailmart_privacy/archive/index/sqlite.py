"""The index in a file of SQLite."""

import contextlib
import functools
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...errors import ArchiveError, UsageError, one_line
from .database import INDEXES, SCHEMA, TABLES, DamagedError, Read
from .sqlite_tables import APPLICATION, make_database, make_tables, stream

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be removed
    fcntl = None  # type: ignore[assignment]

MAGIC, _AT = b"SQLite format 3\0", 68
# Errors that say nothing about the file, such as a full disk. After any other one it is rebuilt from the log.
_CIRCUMSTANCES = (
    *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_ABORT, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM),
    *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT),
    *(sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_RANGE),
)
_SAMPLE = 1000  # rows of each index that ANALYZE looks at
_LISTED = 500  # values that a condition names one by one
_TIMEOUT = 60.0  # seconds to wait for another process's transaction
_TRIES, _PAUSE = 200, 0.05  # seconds between tries to have the file alone


class SqliteDatabase:
    """A file of SQLite; see `Database`. It contains one archive; readers do not wait for writers (WAL).

    Every process that has it open shares a lock on a file beside it. Only a process that has this lock exclusively may
    remove a damaged database: SQLite does not allow that while another process has it open.

    Args:
        path: the file.

    Raises:
        ArchiveError: it cannot be opened or made.
        UsageError: it is another program's database.
    """

    def __init__(self, path: Path) -> None:
        self.place, self._path = str(path), path
        self._connection: sqlite3.Connection | None = None
        self._lock: int | None = None
        self._grown = False
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def transaction(self, name: str) -> Iterator[None]:
        """Do what follows whole or not at all; see `Database.transaction`."""
        with self._translate_errors():
            self._opened.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._opened.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._opened.execute("ROLLBACK")
                raise

    def admit(self, origin: str) -> None:
        """Make room for an archive, in place of another one; see `Database.admit`."""
        if not self.query("SELECT archive FROM archives WHERE origin = ?", [origin]):
            self._begin(origin)

    def clear(self, archive: int) -> None:
        """Forget all entries; see `Database.clear`."""
        for (origin,) in self.query("SELECT origin FROM archives WHERE archive = ?", [archive]):
            self._begin(origin)

    def add(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows; see `Database.add`."""
        places = ", ".join("?" * len(TABLES[table]))
        with self._translate_errors():
            self._opened.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({places})", rows)  # noqa: S608
            self._grown = True

    def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Change rows; see `Database.execute`."""
        self.query(sql, values)

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read a few rows; see `Database.query`."""
        with self._translate_errors():
            return self._opened.execute(sql, values).fetchall()

    @contextlib.contextmanager
    def snapshot(self, *, apart: bool) -> Iterator[Read]:
        """Read one state of the file; see `Database.snapshot`."""
        lock = self._share() if apart else None
        try:
            connecting = contextlib.closing(self._connect()) if apart else contextlib.nullcontext(self._opened)
            with self._translate_errors(), connecting as connection:
                connection.execute("BEGIN")
                try:
                    yield functools.partial(stream, connection)
                finally:
                    with contextlib.suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
        finally:
            _release(lock)

    def among(self, column: str, words: Sequence[str]) -> tuple[str, list[Any]]:
        """Write a condition; see `Database.among`."""
        if len(words) <= _LISTED:
            return f"{column} IN ({', '.join('?' * len(words))})", list(words)
        return f"{column} IN (SELECT value FROM json_each(?))", [json.dumps(words)]  # noqa: S608

    def commit_staged(self) -> None:
        """Create the indexes; after many rows, that is much faster than updating them with each row."""
        with self._translate_errors():
            if self.query("SELECT count(*) FROM sqlite_master WHERE type = 'index' AND sql <> ''") != [(len(INDEXES),)]:
                for sql in INDEXES:
                    self._opened.execute(sql)
            if self._grown:
                self._analyze()
                self._grown = False

    def _analyze(self) -> None:
        """Let SQLite count rows, so that it chooses the right index; again whenever there are twice as many."""
        ((size,),) = self.query("SELECT coalesce(max(size), 0) FROM archives")
        ((counted,),) = self.query("SELECT coalesce(max(CAST(stat AS INTEGER)), 0) FROM sqlite_stat1")
        if size >= 2 * counted:
            self._opened.execute(f"PRAGMA analysis_limit = {_SAMPLE}")
            self._opened.execute("ANALYZE")

    def mend(self) -> None:
        """Remove the damaged file, and begin with a new one; see `Database.mend`."""
        self._open(damaged=True)

    def close(self) -> None:
        """Close it."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None
        _release(self._lock)
        self._lock = None

    @property
    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise ArchiveError(f"the index {self.place} was closed")
        return self._connection

    def _open(self, *, damaged: bool = False) -> None:
        """Open it; the process that has it exclusively creates or repairs it first, while all others wait."""
        for _ in range(_TRIES):
            self.close()
            if not damaged:
                self._lock = self._share()
                with contextlib.suppress(DamagedError):
                    self._connection = self._connect()
                    if self._is_ready(self._connection):
                        return
                self.close()
            lock = self._open_lock()
            try:
                if self._take(lock, alone=True):
                    self._make(damaged=damaged)
                    damaged = False
                    continue
            finally:
                _release(lock)
            threading.Event().wait(_PAUSE)
        raise ArchiveError(
            f"{self.place} has to be rebuilt, but other processes have it open; try again when they are done"
        )

    def _make(self, *, damaged: bool) -> None:
        """Create the tables, in a new file if this one is damaged; no other process has it open."""
        if not damaged:
            try:
                self._make_database()
            except DamagedError:
                damaged = True
        if damaged:
            self._remove()
            self._make_database()

    def _make_database(self) -> None:
        with self._translate_errors(), contextlib.closing(self._connect()) as connection:
            if self._is_ready(connection):
                return
            make_database(connection)

    def _begin(self, origin: str) -> None:
        """Start an archive; its indexes are created once its rows are there."""
        with self._translate_errors():
            make_tables(self._opened)
            self._opened.execute("INSERT INTO archives VALUES (1, ?, 0, ?)", [origin, b""])

    def _is_ready(self, connection: sqlite3.Connection) -> bool:
        """Tell whether the tables are there.

        Raises:
            UsageError: there are another program's tables.
        """
        with self._translate_errors():
            ((application,),) = connection.execute("PRAGMA application_id")
            ((version,),) = connection.execute("PRAGMA user_version")
            ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
        if application != APPLICATION and (application or tables):
            raise UsageError(f"{self.place} is a database, and not one of an archive's index; it was left alone")
        return bool(application == APPLICATION and version == SCHEMA)

    def _remove(self) -> None:
        """Remove the file; one that may not be an index of this package is renamed instead."""
        try:
            with self._path.open("rb") as file:
                header = file.read(_AT + 4)
            if header and (not header.startswith(MAGIC) or int.from_bytes(header[_AT:]) != APPLICATION):
                os.replace(self._path, f"{self.place}.damaged")
            for name in (self.place, f"{self.place}-wal", f"{self.place}-shm"):
                Path(name).unlink(missing_ok=True)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise self._unusable(error) from None

    def _connect(self) -> sqlite3.Connection:
        with self._translate_errors():
            connection = sqlite3.connect(self._path, timeout=_TIMEOUT, isolation_level=None)
            try:
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("PRAGMA cache_size = -32768")  # 32 MiB
            except BaseException:
                connection.close()
                raise
            return connection

    def _open_lock(self) -> int:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(f"{self.place}.lock", os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise self._unusable(error) from None

    def _share(self) -> int:
        lock = self._open_lock()
        try:
            self._take(lock, alone=False)
        except BaseException:
            _release(lock)
            raise
        return lock

    def _take(self, lock: int, *, alone: bool) -> bool:
        if fcntl is None:
            return True
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
        except BlockingIOError:
            return False
        except OSError as error:  # not every file system has locks
            raise self._unusable(error) from None
        return True

    @contextlib.contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Translate SQLite's errors into one line."""
        try:
            yield
        except sqlite3.Error as error:
            # Errors of Python itself have no code: it could not decode a text, or was called the wrong way.
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            if code in _CIRCUMSTANCES or isinstance(error, sqlite3.ProgrammingError):
                raise self._unusable(error) from None
            raise DamagedError(f"{self.place} is damaged ({one_line(error)})", argument="index") from None

    def _unusable(self, error: Exception) -> ArchiveError:
        words = (isinstance(error, OSError) and error.strerror) or one_line(error)
        return ArchiveError(f"the index {self.place} cannot be used ({words}); name another place for it")


def _release(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)
