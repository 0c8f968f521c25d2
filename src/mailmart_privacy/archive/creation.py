"""A new archive: its key, its metadata, and the published versions."""

import datetime
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from .archive import Archive
from .keyring import Keyring, create_keyring, load_keyring
from .layout import CHECKPOINT, FACTS, KEY, README, ArchiveMetadata, write_metadata

if TYPE_CHECKING:
    from ..policy.ledger import Ledger
    from .storage.base import Retention, Storage


def create_archive(
    storage: "Storage",
    *,
    key: Callable[[str], Path],
    ledger: "Ledger",
    clock: Callable[[], datetime.datetime],
    retention: "Retention | None" = None,
) -> Archive:
    """Make an archive with the published versions in it, or finish one whose creation was interrupted.

    Args:
        storage: where; nothing else may be there.
        key: where its secrets are kept, by the name of its log.
        ledger: the recorded versions.
        clock: tells what time it is (aware).
        retention: for how long the store should lock archived files.

    Raises:
        UsageError: something is there already.
        ArchiveError: the key of an archive that was not finished is not there.
    """
    if storage.read(FACTS) is None:
        keyring = _begin(storage, key, clock, retention)
        archive = Archive(storage)
    else:
        archive = Archive(storage)
        keyring = _find_unfinished(archive, key, retention)
    with archive.writing(keyring, clock) as session:
        for version in ledger.versions:
            session.add_version(version.version, ledger)
    return archive


def _begin(
    storage: "Storage",
    key: Callable[[str], Path],
    clock: Callable[[], datetime.datetime],
    retention: "Retention | None",
) -> Keyring:
    """Make the key and the metadata of an archive."""
    if (found := next(storage.find(), None)) is not None:
        raise UsageError(f"{storage.location} is not empty ({found.name}); an archive begins with nothing")
    storage.retention = retention
    origin = f"mailmart-privacy/archive/{secrets.token_hex(8)}"
    with storage.writer(0) as writer:  # first: where nothing can be written, no key is made
        keyring = create_keyring(key(origin), origin)
        files = write_metadata(ArchiveMetadata(key=keyring.public, created_at=clock(), retention=retention))
        # One after the other: of several processes one puts its key, and it alone goes on. The metadata comes last: a
        # place without metadata is not an archive yet.
        for name in (KEY, README, FACTS):
            if not writer.put([(name, files[name])])[0]:
                raise UsageError(f"{storage.location} is being made an archive by another process")
    return keyring


def _find_unfinished(archive: Archive, key: Callable[[str], Path], retention: "Retention | None") -> Keyring:
    """Find the key of an unfinished archive; an archive that lost its checkpoint later is not repaired here."""
    location, metadata = archive.storage.location, archive.metadata
    if archive.storage.read(CHECKPOINT) is not None:
        raise UsageError(f"{location} is an archive already")
    keyring = load_keyring(key(metadata.origin), metadata.key)
    if keyring.seen().size:
        raise UsageError(f"{location} is an archive already, and has lost its {CHECKPOINT}; put it back from a backup")
    if retention != metadata.retention:
        raise UsageError(f"{location} was begun with another retention; give the same again")
    return keyring
