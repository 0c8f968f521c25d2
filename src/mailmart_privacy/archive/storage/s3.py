"""An archive in an object store: S3, or one that honours conditional writes as S3 does.

`If-None-Match: *` makes an append atomic: of several writers, one creates an object of a name. There is no rename; so a
separate object (an intent) names the objects that are about to be written, until an entry names them.
"""

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ...errors import ArchiveError, TamperedError, UsageError
from ..layout import limit_of
from .base import INCOMING, Lock, Retention, Stored
from .s3_cleanup import begin_clearing, end_clearing, is_abandoned
from .s3_client import Client, connect
from .s3_writer import LOCKED, S3Writer

if TYPE_CHECKING:
    from .base import StorageWriter

STALE = timedelta(hours=1)  # after which a writer counts as interrupted
_INTENT = re.compile(rf"{INCOMING}/([0-9]+)-[0-9a-f]+/[0-9]+\.json")


class Bucket:
    """An archive in a store of objects; see `Storage`.

    Args:
        client: the store.
        stale: after what time an unfinished writer counts as interrupted.
    """

    def __init__(self, client: Client, *, stale: timedelta = STALE) -> None:
        self.location = client.location
        self.retention: Retention | None = None
        self._client, self._stale = client, stale
        self._tested = False

    def read(self, name: str, at_most: int | None = None) -> bytes | None:
        """Read an object; see `Storage.read`."""
        limit = limit_of(name) if at_most is None else at_most
        if any(part in ("", ".", "..") for part in name.split("/")):
            raise TamperedError(f"{self.location}: {name!r} has no place in an archive")
        found = self._client.get(name, at_most=limit)
        return None if found is None else found[0]

    def find(self, folder: str = "") -> Iterator[Stored]:
        """Find objects; see `Storage.find`."""
        for name, size, _ in self._client.find(folder):
            if not name.startswith(f"{INCOMING}/"):
                yield Stored(name, size)

    def staged(self) -> set[str]:
        """Name what was staged; see `Storage.staged`."""
        return {name for _, _, names, _ in self._read_intents(self._client.find(INCOMING)) for name in names}

    def shadowed(self) -> Iterator[tuple[str, str]]:
        """Name objects that were written over or deleted; see `Storage.shadowed`."""
        for name, versions, deleted in self._client.find_versions():
            if not name.startswith(LOCKED) and "/" in name:
                continue  # what is replaced and removed in the course of things
            if deleted:
                yield name, f"was deleted; the store still has version {', '.join(versions)}"
            elif len(versions) > 1:
                yield name, f"was written over; the store has versions {', '.join(versions)}"

    def hold(self, name: str, *, on: bool) -> bool:
        """Hold an object, where the bucket has object lock; see `Storage.hold`."""
        return self._client.hold(name, on=on)

    def lock(self, name: str) -> Lock:
        """Find out what prevents the removal of an object; see `Storage.lock`."""
        return self._client.lock(name)

    @contextlib.contextmanager
    def writer(self, size: int) -> "Iterator[StorageWriter]":
        """Open it for writing; see `Storage.writer`."""
        if not self._tested:
            self._client.require_locks(wanted=self.retention is not None)
            self._client.require_conditions()
            self._tested = True
        writer = S3Writer(self._client, size, self.retention, patience=self._stale / 2)
        yield writer
        writer.commit_staged()

    def recover(self, logged: Callable[[int], Iterable[str]]) -> None:
        """Finish for interrupted writers; see `Storage.recover`."""
        began = self._client.ask_time()
        self._client.clear_probes(began - self._stale)
        listed = list(self._client.find(INCOMING))
        intents = self._read_intents(listed)
        left = {name for _, _, names, changed in intents if began - changed >= self._stale for name in names}
        # A cleaner may have been stopped when it had removed all intents; its announcement still makes writers wait.
        if not left and not is_abandoned(listed, began - self._stale):
            return
        if not begin_clearing(self._client, left, self._stale):
            return
        try:
            self._clear(began, logged)
        finally:
            if self._client.ask_time() - began <= self._stale / 2:  # else it may be another's
                end_clearing(self._client)

    def _clear(self, began: datetime, logged: Callable[[int], Iterable[str]]) -> None:
        """Remove what was left behind before a moment, unless another process takes over."""
        # Listed again, now that other writers know what may be removed.
        intents = list(self._read_intents(self._client.find(INCOMING)))
        needed = {name for _, _, names, changed in intents if began - changed < self._stale for name in names}
        for intent, size, names, changed in intents:
            if began - changed < self._stale:
                continue
            # After the intents: an object without an intent has its entry by now.
            entered = set(logged(size)).intersection(names)
            if self._client.ask_time() - began > self._stale / 2:
                return  # the next writer continues
            writer = S3Writer(self._client, size, self.retention, patience=self._stale / 2)
            left = self._find_left(intent.rpartition("/")[0], set(names) - entered)
            writer.remove(sorted(left - needed))
            writer.retain(sorted(entered))
            # Who needs it may be stopped as well; then this intent alone tells who has put it.
            if left.isdisjoint(needed):
                writer.remove([intent])

    def _find_left(self, writer: str, names: set[str]) -> set[str]:
        """Find the objects that a writer has created; those that existed belong to others, who may have logged them
        long ago."""
        return {name for name in names if self._client.find_writer(name) == writer}

    def _read_intents(
        self, listed: Iterable[tuple[str, int, datetime]]
    ) -> Iterator[tuple[str, int, list[str], datetime]]:
        for name, _, changed in listed:
            match = _INTENT.fullmatch(name)
            found = self._client.get(name) if match else None
            if match is None or found is None:
                continue
            try:
                names: Any = json.loads(found[0])
            except ValueError:
                names = None
            if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
                raise TamperedError(f"{self.location}: {name} is not what a writer leaves there")
            yield name, int(match[1]), names, changed


def open_bucket(url: str) -> Bucket:
    """Open a place in an object store. Endpoint, region and credentials come from boto3's configuration.

    Args:
        url: "s3://bucket/prefix".

    Raises:
        UsageError: it names no bucket.
        ArchiveError: the store cannot be reached, or has no such bucket.
        MissingExtraError: boto3 is not installed.
    """
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    parts = prefix.strip("/").split("/") if prefix.strip("/") else []
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket) or any(part in ("", ".", "..") for part in parts):
        raise UsageError(f"{url} names no place in a store; write s3://BUCKET/PREFIX")
    client = connect(bucket, "/".join(parts))
    if not client.exists():
        raise ArchiveError(f"{url}: there is no such bucket; make it first, with versioning and object lock")
    return Bucket(client)
