"""What the index needs from a database, and its tables."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

from ...errors import ArchiveError

Read: TypeAlias = Callable[[str, Sequence[Any]], Iterator[tuple[Any, ...]]]  # rows of a query: SQL, values

SCHEMA = 2  # increased with every change to the tables; an index with another number is rebuilt

# The columns of each table. A database may hold several archives: "archive" is the key of one in it.
TABLES: dict[str, tuple[str, ...]] = {
    "archives": ("archive", "origin", "size", "peaks"),
    "commits": ("archive", "start", "digest", "root"),
    "files": (
        *("archive", "number", "position", "kind", "digest", "name", "size", "version", "policy_digest"),
        *("effective_at", "issued_at", "recorded_at", "level", "signer", "recipient", "sealed", "renews"),
    ),
    "anchors": ("archive", "number", "size", "recorded_at", "files"),
    "erasures": ("archive", "recipient", "number"),
}

# In the SQL of both databases; {exact} makes texts be compared byte by byte, {ordered} keeps rows in their order.
CREATE = (
    """CREATE TABLE archives (
        archive BIGINT NOT NULL PRIMARY KEY, origin TEXT NOT NULL UNIQUE,
        size BIGINT NOT NULL, peaks BYTEA NOT NULL)""",
    """CREATE TABLE commits (
        archive BIGINT NOT NULL, start BIGINT NOT NULL, digest BYTEA NOT NULL, root BYTEA NOT NULL,
        PRIMARY KEY (archive, start)){ordered}""",
    """CREATE TABLE files (
        archive BIGINT NOT NULL, number BIGINT NOT NULL, position BIGINT NOT NULL, kind TEXT NOT NULL,
        digest TEXT {exact} NOT NULL, name TEXT NOT NULL, size BIGINT NOT NULL, version TEXT, policy_digest TEXT,
        effective_at BIGINT, issued_at BIGINT, recorded_at BIGINT NOT NULL, level TEXT, signer TEXT,
        recipient TEXT {exact}, sealed TEXT, renews TEXT {exact}, PRIMARY KEY (archive, number, position)){ordered}""",
    """CREATE TABLE anchors (
        archive BIGINT NOT NULL, number BIGINT NOT NULL, size BIGINT NOT NULL, recorded_at BIGINT NOT NULL,
        files TEXT NOT NULL, PRIMARY KEY (archive, number)){ordered}""",
    """CREATE TABLE erasures (
        archive BIGINT NOT NULL, recipient TEXT {exact} NOT NULL, number BIGINT NOT NULL,
        PRIMARY KEY (archive, recipient)){ordered}""",
)
INDEXES = (
    "CREATE INDEX IF NOT EXISTS files_digest ON files (archive, digest)",
    "CREATE INDEX IF NOT EXISTS files_recipient ON files (archive, recipient, number)",
    "CREATE INDEX IF NOT EXISTS files_version ON files (archive, effective_at) WHERE kind = 'published-version'",
)


class DamagedError(ArchiveError):
    """The database cannot be read, so its content has to be rebuilt."""


class Database(Protocol):
    """A database with the index's tables, or one in which they can be created.

    A "?" in SQL stands for a value. Every method raises ArchiveError if the database cannot be used, and DamagedError
    if its tables cannot be read.

    Attributes:
        place: its name, for messages; without a password.
    """

    place: str

    def transaction(self, name: str) -> AbstractContextManager[None]:
        """Run what follows completely or not at all, and not while another process is in a transaction of that name."""
        ...

    def admit(self, origin: str) -> None:
        """Add an archive, unless it is there; within a transaction."""
        ...

    def clear(self, archive: int) -> None:
        """Forget all entries of an archive; within a transaction."""
        ...

    def add(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows to a table, except those whose key exists already; within a transaction."""
        ...

    def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Change rows; within a transaction."""
        ...

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read a few rows."""
        ...

    def snapshot(self, *, apart: bool) -> AbstractContextManager[Read]:
        """Read one state of the database, whatever is changed in the meantime.

        Args:
            apart: by a connection of its own: rows can be read one after the other, however many there are, while
                this one is used for something else.
        """
        ...

    def among(self, column: str, words: Sequence[str]) -> tuple[str, list[Any]]:
        """Write a condition that a column has one of some values: SQL, and what its "?" stand for."""
        ...

    def commit_staged(self) -> None:
        """Create what is left out while many rows are added; outside of a transaction."""
        ...

    def mend(self) -> None:
        """Create the tables again after a DamagedError; outside of a transaction."""
        ...

    def close(self) -> None:
        """Close it."""
        ...
