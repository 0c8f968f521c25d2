"""The index in a database of PostgreSQL."""

import contextlib
import functools
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from ...errors import ArchiveError, MissingExtraError, UsageError, one_line
from .database import CREATE, INDEXES, SCHEMA, TABLES, DamagedError, Read

try:
    import psycopg
    from psycopg import sql as names
    from psycopg.conninfo import conninfo_to_dict
except ImportError:
    raise MissingExtraError("archive-postgres", "psycopg") from None

_SCHEMA = "mailmart_privacy_archive"
_TIMEOUT = 10  # seconds to wait for a server, unless the URL says otherwise
_SOME = 500  # rows that are fetched together


class PostgresDatabase:
    """A schema in a database of PostgreSQL; see `Database`. It holds any number of archives.

    Args:
        url: of the database.
        schema: the name of the schema.

    Raises:
        ArchiveError: it cannot be reached, or not by this user.
        UsageError: the URL cannot be read.
    """

    def __init__(self, url: str, schema: str = _SCHEMA) -> None:
        self._settings = read_url(url, "index")
        self.place = name_place(self._settings)
        self._schema = schema
        self._connection = self._connect()
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def transaction(self, name: str) -> Iterator[None]:
        """Do what follows whole or not at all; see `Database.transaction`."""
        key = int.from_bytes(sha256(f"{self._schema} {name}".encode()).digest()[:8], signed=True)
        with self._translate_errors(), self._connection.transaction():
            self.query("SELECT pg_advisory_xact_lock(?)", [key])
            yield

    def admit(self, origin: str) -> None:
        """Make room for an archive beside others; see `Database.admit`."""
        self.execute(
            "INSERT INTO archives SELECT coalesce(max(archive), 0) + 1, ?, 0, '' FROM archives ON CONFLICT DO NOTHING",
            [origin],
        )

    def clear(self, archive: int) -> None:
        """Forget all entries of an archive; see `Database.clear`."""
        for table in TABLES:
            if table != "archives":
                self.execute(f"DELETE FROM {table} WHERE archive = ?", [archive])  # noqa: S608
        self.execute("UPDATE archives SET size = 0, peaks = '' WHERE archive = ?", [archive])

    def add(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows; see `Database.add`."""
        columns = ", ".join(TABLES[table])
        with self._translate_errors(), self._connection.cursor() as cursor:
            if table == "erasures":  # one recipient may be erased twice; all other places are kept by the transaction
                places = ", ".join(["%s"] * len(TABLES[table]))
                query = f"INSERT INTO {table} ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608
                cursor.executemany(query.encode(), rows)
            elif rows:
                with cursor.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
                    for row in rows:
                        copy.write_row(row)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Change rows; see `Database.execute`."""
        with self._translate_errors():
            self._connection.execute(_spell(sql), values)

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read a few rows; see `Database.query`."""
        with self._translate_errors():
            return self._connection.execute(_spell(sql), values).fetchall()

    @contextlib.contextmanager
    def snapshot(self, *, apart: bool) -> Iterator[Read]:
        """Read one state of the database; see `Database.snapshot`."""
        connecting = self._connect() if apart else contextlib.nullcontext(self._connection)
        with self._translate_errors(), connecting as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield functools.partial(_stream if apart else _fetch, connection)

    def among(self, column: str, words: Sequence[str]) -> tuple[str, list[Any]]:
        """Write a condition; see `Database.among`."""
        return f"{column} = ANY(?)", [list(words)]

    def commit_staged(self) -> None:
        """Do nothing: the indexes exist from the beginning, since other archives need them."""

    def mend(self) -> None:
        """Create the tables again, for all archives; see `Database.mend`."""
        with self.transaction(""):
            self._make()

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def _open(self) -> None:
        """Create the tables if they are missing or belong to another version."""
        if not self._is_ready():
            with self.transaction(""):
                if not self._is_ready():  # nobody else has made them meanwhile
                    self._make()

    def _is_ready(self) -> bool:
        """Tell whether the tables are there, with all of their columns."""
        found = self.query(
            "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = ? AND c.relkind = 'r' AND NOT a.attisdropped",
            [self._schema],
        )
        wanted = {(table, column) for table, columns in TABLES.items() for column in columns} | {("about", "version")}
        return wanted <= set(found) and self.query("SELECT version FROM about") == [(SCHEMA,)]

    def _make(self) -> None:
        if not self.query(
            "SELECT 1 FROM pg_namespace WHERE nspname = ?", [self._schema]
        ):  # who may not make it, may use it
            self.execute(f"CREATE SCHEMA {self._quoted}")
        for table in ("about", *TABLES):
            self.execute(f"DROP TABLE IF EXISTS {table}")
        for sql in (*CREATE, *INDEXES, "CREATE TABLE about (version BIGINT NOT NULL)"):
            self.execute(sql.format(exact='COLLATE "C"', ordered=""))
        self.execute("INSERT INTO about VALUES (?)", [SCHEMA])

    @property
    def _quoted(self) -> str:
        return names.Identifier(self._schema).as_string()

    def _connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        with self._translate_errors():
            connection = psycopg.connect(**self._settings, autocommit=True)
            try:
                connection.execute("SELECT set_config('search_path', %s, false)", [self._quoted])
            except BaseException:
                connection.close()
                raise
            return connection

    @contextlib.contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Translate PostgreSQL's errors into one line, without the password."""
        try:
            yield
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
            raise DamagedError(f"{self.place} lacks a table of the index", argument="index") from None
        except psycopg.Error as error:
            words = describe_error(error, self._settings)
            raise ArchiveError(f"the index in {self.place} cannot be used: {words}") from None


def read_url(url: str, what: str) -> dict[str, Any]:
    """Read the URL of a database, as keywords for `psycopg.connect`.

    Args:
        url: "postgresql://…".
        what: whose database it is, as messages name it.

    Raises:
        UsageError: it cannot be read, or a part of the password could be taken for another part.
    """
    user, at, rest = url.partition("://")[2].partition("@")
    if "@" in rest or (at and "/" in user):
        raise UsageError(
            f"the URL of the {what} has an @ or a / too many; within a password write %40 and %2F for them"
        )
    try:
        settings = conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # whose message may show the password
        raise UsageError(
            f"the URL of the {what} cannot be read; write it like postgresql://user@host/database, with other signs "
            "than letters and digits as %40 and the like"
        ) from None
    return {"connect_timeout": _TIMEOUT, **settings}


def name_place(settings: dict[str, Any]) -> str:
    """Name a database in messages, without its user and password."""
    host, port, name = (str(settings.get(key) or "") for key in ("host", "port", "dbname"))
    return f"postgresql://{host}{port and ':'}{port}/{name}"


def describe_error(error: "psycopg.Error", settings: dict[str, Any]) -> str:
    """Describe an error of PostgreSQL in one line, without the password."""
    words = one_line(error)
    password = settings.get("password")
    return words.replace(str(password), "…") if password else words


def _fetch(
    connection: "psycopg.Connection[tuple[Any, ...]]", sql: str, values: Sequence[Any]
) -> Iterator[tuple[Any, ...]]:
    return iter(connection.execute(_spell(sql), values).fetchall())


def _stream(
    connection: "psycopg.Connection[tuple[Any, ...]]", sql: str, values: Sequence[Any]
) -> Iterator[tuple[Any, ...]]:
    with connection.cursor("rows") as cursor:
        cursor.itersize = _SOME
        cursor.execute(_spell(sql), values)
        yield from cursor


def _spell(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()
