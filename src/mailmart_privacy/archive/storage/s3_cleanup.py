"""Clearing away in a store what stopped writers have left there, while others go on.

Nothing in a store is let go when its holder dies. So each one first says what it is about, and then looks what
the others say: who stages puts its intent, and then reads `CLEARING`; who clears away puts `CLEARING`, and then
reads the intents. Of two that are about the same object at least one sees the other: who clears away leaves the
object, and who stages waits.
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
    """Say which objects may be removed.

    Args:
        client: the store.
        names: of the objects.
        stale: after which time another one that has not ended is held to have been stopped.

    Returns:
        False where another one is at it.
    """
    content = json.dumps({"by": secrets.token_hex(8), "names": sorted(names)}).encode()
    if client.put(CLEARING, content):
        return True
    changed = next((changed for name, _, changed in client.find(INCOMING) if name == CLEARING), None)
    found = client.get(CLEARING)
    if found is None or changed is None or client.ask_time() - changed < stale:
        return False
    return client.put(CLEARING, content, match=found[1])


def end_clearing(client: Client) -> None:
    """Say that it is done."""
    client.remove(CLEARING)


def wait_for_clearing(client: Client, names: Iterable[str]) -> None:
    """Wait while any of these objects is being cleared away; an intent must name them already.

    Raises:
        ArchiveError: that takes too long.
        TamperedError: what says so was changed.
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
