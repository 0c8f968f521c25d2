"""A new archive: its key, what it says of itself, and the published versions."""

import datetime
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from .archive import Archive
from .keyring import create_keyring
from .layout import FACTS, Facts, write_facts

if TYPE_CHECKING:
    from ..ledger import Ledger
    from .storage import Retention, Storage


def create_archive(
    storage: "Storage",
    *,
    key: Callable[[str], Path],
    ledger: "Ledger",
    clock: Callable[[], datetime.datetime],
    retention: "Retention | None" = None,
) -> Archive:
    """Make an archive, with the published versions in it.

    Args:
        storage: where; nothing may be there.
        key: where its secrets are kept, by the name of its log.
        ledger: the recorded versions.
        clock: tells what time it is (aware).
        retention: for how long the store is to lock what has an entry.

    Raises:
        UsageError: something is there already.
    """
    if storage.read(FACTS) is not None:
        raise UsageError(f"{storage.location} is an archive already")
    if (found := next(storage.find(), None)) is not None:
        raise UsageError(f"{storage.location} is not empty ({found.name}); an archive begins with nothing")
    storage.retention = retention
    origin = f"mailmart-privacy/archive/{secrets.token_hex(8)}"
    with storage.intake(0) as intake:  # first: where nothing can be written, no key is made
        keyring = create_keyring(key(origin), origin)
        files = write_facts(Facts(key=keyring.public, created_at=clock(), retention=retention))
        # The facts come last: what has none is no archive yet.
        put = [*intake.put((name, files[name]) for name in sorted(files) if name != FACTS)]
        if not all([*put, *intake.put([(FACTS, files[FACTS])])]):
            raise UsageError(f"{storage.location} is being made an archive by another process")
    archive = Archive(storage)
    with archive.writing(keyring, clock) as session:
        for version in ledger.versions:
            session.add_version(version.version, ledger)
    return archive
