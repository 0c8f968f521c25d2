"""Removing from an object store what interrupted writers left there, while other writers continue.

An object store has no locks that end with their owner. So each process first announces what it is about to do, and then
reads the announcements of the others. A writer puts its intent, and then reads `CLEARING`. A cleaner puts `CLEARING`,
and then reads the intents. If both concern the same object, at least one sees the other: the cleaner leaves the object,
and the writer waits.
"""

import datetime
import json
import secrets
from collections.abc import Iterable
from threading import Event

from ...errors import ArchiveError, TamperedError
from .base import INCOMING
from .s3_client import Client

CLEARING = f"{INCOMING}/clearing.json"
PATIENCE = 60  # times to look again
_PAUSE = 0.5  # seconds


def begin_clearing(client: Client, names: Iterable[str], stale: datetime.timedelta) -> bool:
    """Announce which objects may be removed.

    Args:
        client: the store.
        names: of the objects.
        stale: after what time an unfinished cleaner counts as interrupted.

    Returns:
        False if another cleaner is working.
    """
    content = json.dumps({"by": secrets.token_hex(8), "names": sorted(names)}).encode()
    if client.put(CLEARING, content):
        return True
    found = client.get(CLEARING)  # before its date: what another cleaner puts in between does not match
    if found is None or not is_abandoned(client.find(INCOMING), client.ask_time() - stale):
        return False
    return client.put(CLEARING, content, match=found[1])


def is_abandoned(listed: Iterable[tuple[str, int, datetime.datetime]], before: datetime.datetime) -> bool:
    """Tell whether a cleaner announced itself before a moment, by a list of `INCOMING`; then it is interrupted."""
    return any(name == CLEARING and changed <= before for name, _, changed in listed)


def end_clearing(client: Client) -> None:
    """Announce that the removal is done."""
    client.remove(CLEARING)


def wait_for_clearing(client: Client, names: Iterable[str]) -> None:
    """Wait while any of these objects is being removed; an intent must name them already.

    Raises:
        ArchiveError: that takes too long.
        TamperedError: the announcement was changed.
    """
    wanted, looked = set(names), 0
    while (found := client.get(CLEARING)) is not None:
        try:
            cleared = wanted.intersection(json.loads(found[0])["names"])
        except (ValueError, TypeError, KeyError):
            raise TamperedError(f"{client.location}: {CLEARING} is not what a writer leaves there") from None
        if not cleared:
            return
        if looked == PATIENCE:
            raise ArchiveError(
                f"{client.location}: {min(cleared)} is being cleared away after a writer that was stopped; add it "
                "again in an hour"
            )
        looked += 1
        Event().wait(_PAUSE)
