"""An archive that was opened to be asked and added to: its key, its index, and a way in."""

import contextlib
import datetime
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .keyring import Keyring
from .location import Advance, ArchiveLocation, quiet
from .recipients import Person

if TYPE_CHECKING:
    from .archive import Archive
    from .index.index import Index
    from .session import Session


class OpenArchive:
    """An archive that was opened.

    Args:
        location: where it is, and where its key and its index are.
        clock: tells what time it is (aware).
        actor: the person who does what is asked; entries carry their pseudonym.
        advance: is told how far long work has come.

    Raises:
        ArchiveError: there is no archive, or one of a newer format.
    """

    def __init__(
        self,
        location: ArchiveLocation,
        *,
        clock: Callable[[], datetime.datetime],
        actor: Person | None = None,
        advance: Advance = quiet,
    ) -> None:
        self.location, self.clock, self.actor, self.advance = location, clock, actor, advance
        self.archive: Archive = location.open()

    def keyring(self) -> Keyring:
        """Load the archive's secrets; most questions need none."""
        return self.location.keyring(self.archive)

    @contextlib.contextmanager
    def index(self) -> "Iterator[Index]":
        """Open the index, up to date."""
        with self.location.open_index(self.archive, self.advance) as index:
            yield index

    @contextlib.contextmanager
    def writing(self) -> "Iterator[tuple[Session, Keyring]]":
        """Open the archive to add to it."""
        keyring = self.keyring()
        with self.archive.writing(keyring, self.clock, self.actor) as session:
            yield session, keyring
