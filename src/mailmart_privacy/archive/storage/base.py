"""The storage of an archive: what a folder or an object store has to offer."""

import datetime
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from ...errors import TamperedError

INCOMING = "incoming"


class Stored(NamedTuple):
    """A stored file.

    Attributes:
        name: its path below the archive.
        size: in bytes.
    """

    name: str
    size: int


class Retention(NamedTuple):
    """For how long a store keeps objects, no matter who asks for their removal (S3 Object Lock).

    Attributes:
        mode: "GOVERNANCE" or "COMPLIANCE".
        days: how many, from when they were written.
    """

    mode: str
    days: int


class Lock(NamedTuple):
    """What prevents the removal of a file in its store.

    Attributes:
        held: whether it is under legal hold there.
        until: until when it is locked (aware), or None.
        asked_at: what time it was by the store's clock, which ends the lock (aware); None where the store has none.
    """

    held: bool = False
    until: datetime.datetime | None = None
    asked_at: datetime.datetime | None = None

    def is_locked(self, at: datetime.datetime) -> bool:
        """Tell whether the lock is in place at a moment (aware); the clock here may be ahead of the store's."""
        return self.until is not None and self.until > min(at, self.asked_at or at)


class TooLargeError(TamperedError):
    """A file of an archive is larger than it may be.

    Attributes:
        name: its path below the archive.
        at_most: how many bytes it may have.
    """

    def __init__(self, name: str, at_most: int) -> None:
        self.name, self.at_most = name, at_most
        super().__init__(f"{name} has more than {at_most:,} bytes")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.name, self.at_most)


class StorageWriter(Protocol):
    """Writes to the archive. What it has written is durable when the call returns.

    Every method raises OSError if it fails.
    """

    def put(self, files: Iterable[tuple[str, bytes]]) -> list[bool]:
        """Write files whose names are free; if several writers try, one succeeds.

        Args:
            files: names and contents. They are made durable together.

        Returns:
            For each of them, whether it was written.
        """
        ...

    def stage(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Stage files that no entry names yet. They can be read, and belong to the archive after `commit_staged`.

        Args:
            files: names, each with the digest of its content in it or in its entry, and contents.
        """
        ...

    def commit_staged(self) -> None:
        """Move staged files to their places: an entry that names them was committed."""
        ...

    def exchange(self, name: str, old: bytes | None, new: bytes) -> bool:
        """Replace a file if it is still the old one; if several writers try, one succeeds."""
        ...

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, in all of their versions; they need not be there."""
        ...


class Storage(Protocol):
    """A folder or an object store, for readers and writers.

    Every method raises OSError if it fails.

    Attributes:
        location: its name, for messages.
        retention: for how long archived files are locked there, or None.
    """

    location: str
    retention: Retention | None

    def read(self, name: str, at_most: int | None = None) -> bytes | None:
        """Read a file, also a staged one, or None if there is none.

        Args:
            name: its path below the archive.
            at_most: how many bytes it may have; by default as many as `limit_of` gives.

        Raises:
            TooLargeError: it is larger; no more of it was read.
        """
        ...

    def find(self, folder: str = "") -> Iterator[Stored]:
        """Find all files in and below a folder, in any order; in an object store, also staged ones."""
        ...

    def staged(self) -> set[str]:
        """Name the staged files that are not committed."""
        ...

    def shadowed(self) -> Iterator[tuple[str, str]]:
        """Name files that must never change, but that have another version in the store or were deleted there.

        Yields:
            Names, each with a sentence that gives the identifiers of the versions.
        """
        ...

    def hold(self, name: str, *, on: bool) -> bool:
        """Have the store keep a file regardless of its retention, or end that (S3 legal hold).

        Returns:
            Whether the store can do that; a folder cannot.
        """
        ...

    def lock(self, name: str) -> Lock:
        """Find out what prevents the removal of a file in the store."""
        ...

    def writer(self, size: int) -> AbstractContextManager[StorageWriter]:
        """Open the storage for writing.

        Args:
            size: how many entries are committed.
        """
        ...

    def recover(self, logged: Callable[[int], Iterable[str]]) -> None:
        """Finish for interrupted writers: commit their staged files that have an entry, and remove the others.

        Args:
            logged: names the files of all entries from one on, by its number.
        """
        ...
