"""Where an archive lies: what is asked of a folder, or of a store of objects."""

import datetime
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from ...errors import TamperedError

INCOMING = "incoming"


class Stored(NamedTuple):
    """A file that is there.

    Attributes:
        name: its path below the archive.
        size: in bytes.
    """

    name: str
    size: int


class Retention(NamedTuple):
    """For how long a store is to keep objects, whoever asks for their removal (S3 Object Lock).

    Attributes:
        mode: "GOVERNANCE" or "COMPLIANCE".
        days: how many, from when they were put.
    """

    mode: str
    days: int


class Lock(NamedTuple):
    """What keeps a file from being removed in its store.

    Attributes:
        held: whether it is under legal hold there.
        until: until when it is locked (aware), or None.
    """

    held: bool = False
    until: datetime.datetime | None = None


class TooLargeError(TamperedError):
    """A file of an archive is larger than it can be.

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
    """A writer's way into the archive. What it has put is durable when the call returns.

    Every method raises OSError where it cannot do what it says.
    """

    def put(self, files: Iterable[tuple[str, bytes]]) -> list[bool]:
        """Put files where none is of that name; of several writers, one does it.

        Args:
            files: names and contents. They are made durable together.

        Returns:
            For each of them, whether it was put.
        """
        ...

    def stage(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Take files in that no entry names yet. They can be read, and are of the archive after `commit_staged`.

        Args:
            files: names, each with the digest of its content in it or in its entry, and contents.
        """
        ...

    def commit_staged(self) -> None:
        """Put what was staged into its place: an entry that names it was committed."""
        ...

    def exchange(self, name: str, old: bytes | None, new: bytes) -> bool:
        """Replace a file if it is still the old one; of several writers, one does it."""
        ...

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, in all of their versions; they need not be there."""
        ...


class Storage(Protocol):
    """A folder or a store, to be read, and with a way in for writers.

    Every method raises OSError where it cannot do what it says.

    Attributes:
        location: its name, for messages.
        retention: for how long what has an entry is locked there, or None.
    """

    location: str
    retention: Retention | None

    def read(self, name: str, at_most: int | None = None) -> bytes | None:
        """Read a file, also one that was staged, or None where there is none.

        Args:
            name: its path below the archive.
            at_most: how many bytes it may have; by default as many as `limit_of` gives.

        Raises:
            TooLargeError: it is larger; no more of it was read.
        """
        ...

    def find(self, folder: str = "") -> Iterator[Stored]:
        """Find all files in and below a folder, in no order. In a store of objects, also those that were staged."""
        ...

    def staged(self) -> set[str]:
        """Name what was staged and not settled."""
        ...

    def shadowed(self) -> Iterator[tuple[str, str]]:
        """Name files that never change, of which the store has another version, or that were deleted there.

        Yields:
            Names, and what is to be said of them, with the identifiers of the versions.
        """
        ...

    def hold(self, name: str, *, on: bool) -> bool:
        """Have the store keep a file whatever its retention, or no longer (S3 legal hold).

        Returns:
            Whether the store can do that; a folder cannot.
        """
        ...

    def lock(self, name: str) -> Lock:
        """Ask what keeps a file from being removed in the store."""
        ...

    def writer(self, size: int) -> AbstractContextManager[StorageWriter]:
        """Open a way in.

        Args:
            size: how many entries are committed.
        """
        ...

    def recover(self, logged: Callable[[int], Iterable[str]]) -> None:
        """Finish for writers that were stopped: what has an entry is settled, all else of theirs goes.

        Args:
            logged: names the files of all entries from one on, by its number.
        """
        ...
