"""The tables of the index in a file of SQLite."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from .database import CREATE, SCHEMA, TABLES

APPLICATION = 0x4D4D5049  # in the file's header: it is an index of this package
_SOME = 500  # rows that are fetched together


def make_database(connection: sqlite3.Connection) -> None:
    """Make the tables in a new file, or those of another version again."""
    connection.execute("PRAGMA page_size = 16384")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    make_tables(connection)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {SCHEMA}")
    connection.execute("COMMIT")


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables, in place of those that are there; within a transaction."""
    for table in TABLES:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    for sql in CREATE:
        connection.execute(sql.format(exact="", ordered=" WITHOUT ROWID"))
    connection.execute("ANALYZE")  # makes the table of the statistics


def stream(connection: sqlite3.Connection, sql: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Read the rows of a query, some at a time."""
    cursor = connection.execute(sql, values)
    while some := cursor.fetchmany(_SOME):
        yield from some
