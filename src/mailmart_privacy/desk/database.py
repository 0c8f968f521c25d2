"""The desk's own tables, in a file of SQLite or in PostgreSQL, with the same statements for both.

They prove nothing: what was issued is in the archive's log. Statements are written as both understand them: `?` for
values, `ON CONFLICT DO NOTHING`, and in migrations DOUBLE PRECISION for moments, `{key}` for a number that the database
gives out, and `{bytes}` for bytes.
"""

import contextlib
from collections.abc import Sequence
from typing import Any, Protocol

from ..errors import PrivacyError


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

    def note(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Change rows of which a power failure may take the last ones; without waiting for the disk, where it can.

        It is for what is noted with many requests, such as that a session was seen. Errors are those of `query`.
        """
        raise NotImplementedError

    def list_columns(self, table: str) -> list[str]:
        """Name the columns of a table, which the caller has not taken from a request."""
        raise NotImplementedError

    def renumber(self, table: str) -> None:
        """Go on numbering the rows of a table above those that were added with numbers of their own."""

    def close(self) -> None:
        """Close it."""


def require_known(place: str, done: int, known: int) -> None:
    """Refuse tables that a newer desk has made.

    Raises:
        DatabaseError: they are newer.
    """
    if done > known:
        raise DatabaseError(
            f"{place} was brought forward by a newer desk (step {done}; this one knows {known}); install that version"
        )
