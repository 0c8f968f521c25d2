"""The desk's tables in PostgreSQL, which several desks share."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from ..archive.index.postgres import describe_error, name_place, read_url
from ..errors import MissingExtraError
from .database import DatabaseError, require_known

try:
    import psycopg
    from psycopg import sql as names
except ImportError:
    raise MissingExtraError("archive-postgres", "psycopg") from None

_KEY, _BYTES = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "BYTEA"
# A holder that has lost the server hears of it within 20 seconds, before the server gives its lock to another one.
_HOLDING = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}
_KEEPING = (
    "SET tcp_keepalives_idle = 30",
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 3",
    "SET idle_in_transaction_session_timeout = 0",
)
_STEPS = "CREATE TABLE IF NOT EXISTS migrations (step BIGINT PRIMARY KEY, at TIMESTAMPTZ NOT NULL DEFAULT now())"


class PostgresTables:
    """Tables in a schema of PostgreSQL; see `Database`.

    A connection that the server has closed is opened again for the next question. Within `changing` it is not: what
    was begun is lost then, and the caller hears of it.

    Args:
        url: of the database.
        schema: the name of the schema; it is made where it is missing and the user may make it.
        migrations: see `web.tables.open_database`.
    """

    def __init__(self, url: str, schema: str, migrations: Sequence[str]) -> None:
        self._settings, self._schema = read_url(url, "desk's database"), schema
        self.place = name_place(self._settings)
        self._lock = threading.RLock()
        self._depth = 0  # of what belongs together
        with self._translate_errors():
            self._connection = self._connect()
        try:
            self._migrate(migrations)
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Do several things, or none of them."""
        with self._lock, self._translate_errors():
            self._revive()
            with self._connection.transaction():
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Ask for rows."""
        with self._lock, self._translate_errors():
            return self._execute(sql, values).fetchall()

    def change(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Change rows, and tell how many they were."""
        with self._lock, self._translate_errors():
            return self._execute(sql, values).rowcount

    @contextlib.contextmanager
    def locked(self, name: str, *, seconds: float) -> Iterator[None]:
        """Hold a lock that all desks of this database know by its name; it ends with the connection, too.

        Args:
            name: of the lock.
            seconds: how long to wait for another one who holds it.

        Raises:
            TimeoutError: another one held it all that time.
            DatabaseError: the database does not answer.
        """
        with self._translate_errors(), contextlib.closing(self._connect()) as connection:
            connection.execute("SELECT set_config('lock_timeout', %s, false)", [f"{max(1, round(seconds * 1000))}ms"])
            try:
                connection.execute("SELECT pg_advisory_lock(%s)", [self._number(name)])
            except psycopg.errors.LockNotAvailable:
                raise TimeoutError from None
            yield  # closing the connection ends the lock

    @contextlib.contextmanager
    def holding(
        self, sql: str, values: Sequence[Any] = ()
    ) -> Iterator[tuple[list[tuple[Any, ...]], Callable[[], None]]]:
        """Lock rows on a connection of its own; they stay locked until the end, or the death of this process.

        Args:
            sql: a query that ends in FOR UPDATE.
            values: its values.

        Yields:
            The rows, and what raises a DatabaseError when the connection, and so the lock, was lost.
        """

        def probe() -> None:
            with self._translate_errors():
                connection.execute("SELECT 1")

        with self._translate_errors(), contextlib.closing(self._connect(**_HOLDING)) as connection:
            for setting in _KEEPING:
                connection.execute(setting)
            with connection.transaction():
                yield connection.execute(sql.replace("?", "%s").encode(), values).fetchall(), probe

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _execute(self, sql: str, values: Sequence[Any]) -> "psycopg.Cursor[tuple[Any, ...]]":
        query = sql.replace("?", "%s").encode()
        self._revive()
        try:
            return self._connection.execute(query, values)
        except psycopg.OperationalError:
            # The server was started again. A statement that was interrupted did not happen, or can be repeated:
            # those that count something run within `changing`.
            if self._depth or not self._connection.closed:
                raise
            self._revive()
            return self._connection.execute(query, values)

    def _revive(self) -> None:
        if self._connection.closed and not self._depth:
            self._connection = self._connect()

    def _connect(self, **options: Any) -> "psycopg.Connection[tuple[Any, ...]]":
        connection = psycopg.connect(**self._settings | options, autocommit=True)
        try:
            quoted = names.Identifier(self._schema).as_string()
            connection.execute("SELECT set_config('search_path', %s, false)", [quoted])
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate(self, migrations: Sequence[str]) -> None:
        """Bring the tables forward, one desk at a time."""
        with self.changing():
            self.query("SELECT pg_advisory_xact_lock(?)", [self._number("migrations")])
            if not self.query("SELECT 1 FROM pg_namespace WHERE nspname = ?", [self._schema]):
                self.change(f"CREATE SCHEMA {names.Identifier(self._schema).as_string()}")
            if not self.query("SELECT to_regclass('migrations')::text")[0][0]:
                self.change(_STEPS)
            ((done,),) = self.query("SELECT coalesce(max(step), 0) FROM migrations")
            require_known(self.place, done, len(migrations))
            for number, statement in enumerate(migrations[done:], done + 1):
                self.change(statement.format(key=_KEY, bytes=_BYTES))
                self.change("INSERT INTO migrations (step) VALUES (?)", [number])

    def _number(self, name: str) -> int:
        """Number a lock: PostgreSQL knows advisory locks by numbers of 64 bits."""
        return int.from_bytes(sha256(f"{self._schema} {name}".encode()).digest()[:8], signed=True)

    @contextlib.contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            words = describe_error(error, self._settings)
            raise DatabaseError(f"the desk's database {self.place} cannot be used: {words}") from None
