"""The index of an archive, for quick answers. It is disposable: it is built from the log alone."""

import contextlib
import datetime
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..._time import require_moment
from ...errors import ArchiveError, UsageError
from .database import DamagedError, Database, Read
from .refresh import Reached, refresh
from .rows import KINDS, LARGEST, Anchor, AnchorCoverage, Row, read_anchor, read_row, write_moment
from .sqlite import SqliteDatabase

if TYPE_CHECKING:
    from ..archive import Archive

__all__ = ["Anchor", "Index", "Row", "open_index"]

_SHORTEST, _WHOLE = 8, 64  # characters of a digest
_CANDIDATES = 10  # that a message names
_TRIES = 100  # times that other processes may restart the index in the meantime
_ROWS = (
    "SELECT f.number, f.kind, f.digest, f.name, f.size, f.version, f.policy_digest, f.effective_at, f.issued_at, "
    "f.recorded_at, f.level, f.signer, f.recipient, f.sealed, f.renews, e.number IS NOT NULL "
    "FROM files f LEFT JOIN erasures e ON e.archive = f.archive AND e.recipient = f.recipient WHERE f.archive = ?"
)


class Index:
    """An index; see `open_index`.

    Until it is refreshed, it is as the last process left it. In a database with several archives, `refresh` tells it
    which one it belongs to. Where another process rebuilds it after that, or uses its file for another archive, it is
    refreshed again before it answers.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reached: Reached | None = None

    def __enter__(self) -> "Index":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        self._database.close()

    @property
    def size(self) -> int:
        """How many entries it covers."""
        with self._snapshot() as read:
            found = list(read("SELECT size FROM archives WHERE archive = ?", [self._find_key()]))
        return int(found[0][0]) if found else 0

    def refresh(self, archive: "Archive", advance: "Callable[[int, int], None]" = lambda done, total: None) -> None:
        """Read what is new in the log; rebuild the index if it is damaged, or belongs to another log.

        Args:
            archive: whose index it is.
            advance: is told how many entries were read, and how many there are.

        Raises:
            ArchiveError: the database cannot be used.
            TamperedError: the log cannot be read.
        """
        self._reached = refresh(self._database, archive, advance, rebuild=False)

    def rebuild(self, archive: "Archive", advance: "Callable[[int, int], None]" = lambda done, total: None) -> None:
        """Rebuild the index; arguments and errors are those of `refresh`."""
        self._reached = refresh(self._database, archive, advance, rebuild=True)

    def rows(
        self,
        *,
        kinds: Collection[str] = (),
        version: str | None = None,
        recipients: Collection[str] = (),
        digest: str | None = None,
        signer: str | None = None,
        since: datetime.datetime | None = None,
        until: datetime.datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[Row]:
        """Find files of copies and of published versions, in the order of their entries.

        Args:
            kinds: of entries; none: all.
            version: of the policy.
            recipients: pseudonyms; none: all.
            digest: of the file, or its beginning (8 characters or more).
            signer: of copies.
            since: what was recorded at this moment (aware) or later.
            until: what was recorded before this moment (aware).
            limit: how many rows, at most.

        Raises:
            UsageError: an argument cannot be used.
            ArchiveError: the database cannot be used.
        """
        conditions, values = list[str](), list[Any]()
        if unknown := set(kinds).difference(KINDS):
            raise UsageError(f"{min(unknown)!r} is not a kind of entry that has rows; the kinds are {', '.join(KINDS)}")
        if len(set(kinds)) == 1:
            conditions.append(f"f.kind = '{min(kinds)}'")  # written out: else no database uses its index for it
        if recipients:
            sql, words = self._database.among("f.recipient", sorted(set(recipients)))
            conditions.append(sql)
            values += words
        if digest is not None:
            conditions.append("f.digest >= ? AND f.digest < ?")
            values += _bounds(digest)
        for column, wanted in (("version", version), ("signer", signer)):
            if wanted is not None:
                conditions.append(f"f.{column} = ?")
                values.append(wanted)
        for sign, moment in ((">=", since), ("<", until)):
            if moment is not None:
                require_moment(moment)
                conditions.append(f"f.recorded_at {sign} ?")
                values.append(write_moment(moment))
        if limit is not None and limit < 0:
            raise UsageError(f"{limit} is not a number of rows")
        return self._select(conditions, values, limit)

    def find(self, digest: str) -> Row | None:
        """Find a file by its digest.

        Args:
            digest: all of it, or a beginning (8 characters or more) that no other digest has.

        Returns:
            The first row with it, or None if there is none.

        Raises:
            UsageError: it is not a digest, or several digests begin with it.
        """
        sql = (
            "SELECT DISTINCT digest FROM files WHERE archive = ? AND digest >= ? AND digest < ? ORDER BY digest LIMIT ?"
        )
        bounds = _bounds(digest)
        with self._snapshot() as read:
            found = list(read(sql, [self._find_key(), *bounds, _CANDIDATES + 1]))
            if len(found) > 1:
                names = [each for (each,) in found[:_CANDIDATES]] + ["…"] * (len(found) > _CANDIDATES)
                words = ", ".join(names)
                raise UsageError(f"several digests begin with {digest}: {words}; give more of the one you mean")
            return next(self._read(read, ["f.digest = ?"], [found[0][0]], 1), None) if found else None

    def in_force(self, at: datetime.datetime, *, below: int = LARGEST, without: Sequence[str] = ()) -> list[Row]:
        """Find the published version in force at a moment, as its publisher claims.

        Args:
            at: an aware datetime.
            below: look at entries with smaller numbers only, those that an anchor covers for instance.
            without: versions that were withdrawn before they took effect.

        Returns:
            The files of its entry; empty if no version was in force yet.

        Raises:
            UsageError: `at` is naive, or a date.
        """
        require_moment(at, because=", since a day on which the policy changes has two versions")
        sql = (
            "SELECT number FROM files WHERE archive = ? AND kind = 'published-version' AND effective_at <= ? "
            "AND number < ?"
        )
        sql = " AND version <> ".join([sql, *"?" * len(without)]) + " ORDER BY effective_at DESC, number DESC LIMIT 1"
        with self._snapshot() as read:
            found = list(read(sql, [self._find_key(), write_moment(at), below, *without]))
            return list(self._read(read, ["f.number = ?"], [found[0][0]])) if found else []

    def anchors(self) -> list[Anchor]:
        """List all anchors, in the order of their entries."""
        sql = "SELECT number, size, recorded_at, files FROM anchors WHERE archive = ? ORDER BY number"
        try:
            with self._snapshot() as read:
                return [read_anchor(values) for values in read(sql, [self._find_key()])]
        except (TypeError, ValueError, OverflowError):
            raise self._damaged() from None

    def _select(self, conditions: Sequence[str], values: Sequence[Any], limit: int | None) -> Iterator[Row]:
        with self._snapshot(apart=True) as read:
            yield from self._read(read, conditions, values, limit)

    def _read(
        self, read: Read, conditions: Sequence[str], values: Sequence[Any], limit: int | None = None
    ) -> Iterator[Row]:
        sql = " AND ".join([_ROWS, *conditions]) + " ORDER BY f.number, f.position"
        values = [self._find_key(), *values]
        if limit is not None:
            sql += " LIMIT ?"
            values.append(min(limit, LARGEST))
        anchors = "SELECT number, size FROM anchors WHERE archive = ? ORDER BY number"
        cover = AnchorCoverage([(number, size) for number, size in read(anchors, values[:1])])
        for found in read(sql, values):
            try:
                row = read_row(found, cover)
            except (TypeError, ValueError, OverflowError):
                raise self._damaged() from None
            yield row

    @contextlib.contextmanager
    def _snapshot(self, *, apart: bool = False) -> Iterator[Read]:
        """Read one state of it, one that has all that was read of the log; see `Database.snapshot`."""
        for _ in range(_TRIES):
            with self._database.snapshot(apart=apart) as read:
                if self._reached is None or self._has(read, self._reached):
                    yield read
                    return
            self.refresh(self._reached.archive)  # another process has begun it again
        raise ArchiveError(f"{self._database.place}: other processes keep restarting this index")

    @staticmethod
    def _has(read: Read, reached: Reached) -> bool:
        sql = "SELECT size FROM archives WHERE archive = ? AND origin = ? AND size >= ?"
        return bool(list(read(sql, [reached.key, reached.archive.metadata.origin, reached.size])))

    def _find_key(self) -> int:
        """Find the key of its archive: the only one, as long as it was not refreshed."""
        if self._reached is not None:
            return self._reached.key
        found = self._database.query("SELECT archive FROM archives")
        if len(found) > 1:
            raise UsageError(f"{self._database.place} has indexes of several archives; refresh the one that you mean")
        return int(found[0][0]) if found else 0

    def _damaged(self) -> DamagedError:
        return DamagedError(f"{self._database.place} is damaged", argument="index")


def open_index(place: Path | str) -> Index:
    """Open an index, to be used in a `with` statement; it is created if it does not exist.

    Args:
        place: the file of an SQLite database, or the URL of a PostgreSQL database: "postgresql://…". In that one, the
            index has a schema of its own, and several archives may share it.

    Raises:
        ArchiveError: the database cannot be used.
        UsageError: the file is not an index, or the URL cannot be used.
        MissingExtraError: PostgreSQL needs the extra `archive-postgres`.
    """
    if isinstance(place, str) and place.startswith(("postgresql://", "postgres://")):
        from .postgres import PostgresDatabase

        return Index(PostgresDatabase(place))
    return Index(SqliteDatabase(Path(place)))


def _bounds(digest: str) -> tuple[str, str]:
    """Return the bounds between which all digests with this beginning lie."""
    words = digest.lower()
    if not _SHORTEST <= len(words) <= _WHOLE or not set(words) <= set("0123456789abcdef"):
        raise UsageError(f"{digest!r} is not a digest: give 64 hexadecimal digits, or the first {_SHORTEST} or more")
    return words, words + "g"
