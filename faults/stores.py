"""Archives in a store of objects, to be harmed."""

import contextlib
import datetime
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mailmart_privacy.archive.archive import Archive
from mailmart_privacy.archive.session import Copy
from mailmart_privacy.archive.storage.base import INCOMING
from mailmart_privacy.archive.storage.s3 import Bucket
from mailmart_privacy.archive.storage.s3_client import connect
from mailmart_privacy.errors import ArchiveError

from .places import Place, create_in

# Soon, so that in a race some clear away what others have left. But a writer that commits may be held up, by a busy
# machine, for half of it, and no longer: then its files are gone. The store's clock counts whole seconds.
STALE = datetime.timedelta(seconds=10)
_PASSING = ("took too long; none of them was logged", "is being cleared away after a writer that was stopped")


@dataclass(frozen=True, slots=True)
class PlaceInStore(Place):
    """An archive in a store, and its key in a folder.

    Attributes:
        url: where in the store it lies.
    """

    url: str

    @property
    def cleaners(self) -> int:
        """A writer clears away for half of `STALE`, which is soon over on a busy machine; the next ones continue."""
        return 10

    def storage(self) -> Bucket:
        """Open the storage; a writer that has not finished after some seconds counts as interrupted."""
        bucket, _, prefix = self.url.removeprefix("s3://").partition("/")
        return Bucket(connect(bucket, prefix), stale=STALE)

    def archive(self) -> Archive:
        """Open the archive again: nothing is remembered from before."""
        return Archive(self.storage())

    def staging_folders(self) -> list[Path]:
        """List what writers that were stopped have left behind."""
        bucket, _, prefix = self.url.removeprefix("s3://").partition("/")
        return [Path(name) for name, *_ in connect(bucket, prefix).find(INCOMING)]

    def add(self, *batches: list[Copy]) -> list[tuple[int, str]]:
        """Be the next writer. Where it was too slow, nothing of it was logged, and the one after it tries."""
        for _ in range(self.cleaners):
            with self.passing():
                return super(PlaceInStore, self).add(*batches)
        raise AssertionError(f"{self.url}: {self.cleaners} writers in a row were too slow")

    @contextlib.contextmanager
    def passing(self) -> Iterator[None]:
        """Let a writer go on after what it may be told though nothing is amiss: that it was too slow."""
        try:
            yield
        except ArchiveError as error:
            if not any(words in str(error) for words in _PASSING):
                raise

    def rest(self) -> None:
        """Wait until interrupted writers count as interrupted."""
        time.sleep(STALE.total_seconds() + 1)


def make_place_in_store(path: Path, url: str) -> PlaceInStore:
    """Make a new archive in a store, and its key in a folder."""
    path.mkdir(parents=True)
    place = PlaceInStore(path, url)
    create_in(place, place.storage())
    return place
