"""Writing to an archive in an object store."""

import datetime
import json
import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from ...errors import ArchiveError, TamperedError
from ..layout import ANCHORS, COMMITS, COPIES, ROTATIONS, VERSIONS
from .base import INCOMING, Retention
from .s3_cleanup import wait_for_clearing
from .s3_client import Client

_THREADS = 8
LOCKED = (f"{ANCHORS}/", f"{COMMITS}/", f"{COPIES}/", f"{ROTATIONS}/", f"{VERSIONS}/")


class S3Writer:
    """A writer; see `StorageWriter`.

    Args:
        client: the store.
        size: how many entries are committed.
        retention: for how long objects are locked, or None.
        patience: how long after the start of staging a writer may still commit.
    """

    def __init__(self, client: Client, size: int, retention: Retention | None, *, patience: datetime.timedelta) -> None:
        self._client, self._retention, self._patience = client, retention, patience
        self._folder, self._count = f"{INCOMING}/{size}-{secrets.token_hex(8)}", 0
        self._intents: list[str] = []
        self._staged: list[str] = []
        self._began: datetime.datetime | None = None

    def put(self, files: Iterable[tuple[str, bytes]]) -> list[bool]:
        """Put objects; see `StorageWriter.put`."""
        self._require_time()
        with ThreadPoolExecutor(_THREADS) as pool:
            return list(pool.map(lambda file: self._client.put(*file, **self._lock(file[0])), files))

    def stage(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Stage objects; see `StorageWriter.stage`."""
        remaining = iter(files)
        while some := list(islice(remaining, 256)):
            names = [name for name, _ in some]
            self._count += 1
            intent = f"{self._folder}/{self._count}.json"
            if self._began is None:
                self._began = self._client.tell_time()
            self._client.put(intent, json.dumps(names).encode())
            try:
                wait_for_clearing(self._client, names)
            except ArchiveError:
                self.remove([intent])
                raise
            self._intents.append(intent)
            self._staged += names
            with ThreadPoolExecutor(_THREADS) as pool:
                list(pool.map(lambda file: self._stage(*file), some))

    def commit_staged(self) -> None:
        """Remove the intents; see `StorageWriter.commit_staged`."""
        self.retain(self._staged)
        self.remove(self._intents)
        self._intents.clear()
        self._staged.clear()
        self._began = None

    def exchange(self, name: str, old: bytes | None, new: bytes) -> bool:
        """Replace an object; see `StorageWriter.exchange`."""
        if old is None:
            return self._client.put(name, new)
        found = self._client.get(name)
        return found is not None and found[0] == old and self._client.put(name, new, match=found[1])

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; see `StorageWriter.remove`."""
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._client.remove, names))

    def retain(self, names: Iterable[str]) -> None:
        """Lock objects that have an entry; without an entry, they must be removable."""
        if self._retention is not None:
            mode, until = self._retention.mode, self._until(self._retention)
            with ThreadPoolExecutor(_THREADS) as pool:
                list(pool.map(lambda name: self._client.retain(name, mode, until), names))

    def _stage(self, name: str, content: bytes) -> None:
        if not self._client.put(name, content, writer=self._folder):
            found = self._client.get(name)
            if found is None or found[0] != content:
                raise TamperedError(f"{self._client.location}: {name} is there, and is not what its name says")

    def _lock(self, name: str) -> dict[str, Any]:
        if self._retention is None or not name.startswith(LOCKED):
            return {}
        return {"ObjectLockMode": self._retention.mode, "ObjectLockRetainUntilDate": self._until(self._retention)}

    def _until(self, retention: Retention) -> datetime.datetime:
        return self._client.tell_time() + datetime.timedelta(days=retention.days)

    def _require_time(self) -> None:
        """Refuse to commit objects that others may regard as left behind and remove."""
        if self._began is not None and self._client.ask_time() - self._began > self._patience:
            raise ArchiveError(f"{self._client.location}: writing the copies took too long; none of them was logged")
