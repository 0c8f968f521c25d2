"""Opening and creating an archive: the first calls to make in Python."""

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..policy.ledger import shipped
from .creation import create_archive
from .location import Advance, ArchiveLocation, quiet
from .recipients import Person
from .service import ArchiveService

if TYPE_CHECKING:
    from .storage.base import Retention

Clock = Callable[[], datetime.datetime]


def open(
    name: str,
    *,
    clock: Clock,
    key: str | None = None,
    index: str | None = None,
    actor: Person | None = None,
    advance: Advance = quiet,
) -> ArchiveService:
    """Open an archive.

    Args:
        name: its folder, or "s3://bucket/prefix".
        clock: tells what time it is (aware).
        key: the file of its key, by default in the user's state folder; needed to add, to find, and to read names.
        index: a file or "postgresql://…", by default in the user's state folder; it is created if it does not exist.
        actor: the person who does what is asked; entries carry a pseudonym.
        advance: is told how far long work has come: how many entries, and of how many.

    Raises:
        ArchiveError: there is no archive, or one of a newer format.
    """
    return ArchiveService(ArchiveLocation(name, key, index), clock=clock, actor=actor, advance=advance)


def create(
    name: str,
    *,
    clock: Clock,
    key: str | None = None,
    index: str | None = None,
    actor: Person | None = None,
    retention: "Retention | None" = None,
) -> ArchiveService:
    """Create an archive with the published versions in it, or finish one whose creation was interrupted.

    Args:
        name: a folder that is empty or does not exist, or "s3://bucket/prefix".
        clock: tells what time it is (aware).
        key: the file in which its key is to be kept, by default in the user's state folder. Keep a second copy.
        index: as for `open`.
        actor: as for `open`.
        retention: for how long the store should lock archived files; S3 with object lock only.

    Raises:
        UsageError: something is there already.
        ArchiveError: the key of an archive that was not finished is not there.
    """
    location = ArchiveLocation(name, key, index)
    location.make_folder()
    create_archive(location.storage(), key=location.key_path, ledger=shipped(), clock=clock, retention=retention)
    return ArchiveService(location, clock=clock, actor=actor)
