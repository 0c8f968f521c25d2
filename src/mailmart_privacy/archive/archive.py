"""An archive: opened to be read, or to be added to."""

import contextlib
import datetime
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import chain, islice
from typing import TYPE_CHECKING

from ..errors import PrivacyError, TamperedError
from .entries import File, LogEntry, read_entry
from .keyring import Keyring
from .layout import CHECKPOINT, RECIPIENTS, STAFF, VERSIONS, limit_of, read_metadata
from .log import Log
from .log_keys import LogKeys
from .recipients import Person, Recipient, name_record, read_person, read_record
from .session import Session
from .storage.base import TooLargeError

if TYPE_CHECKING:
    from .storage.base import Storage
    from .tlog.notes import Checkpoint


_THREADS = 8
_AT_ONCE = 64  # records that a thread reads before they are decrypted, since work of one kind at a time takes less


class Archive:
    """An archive, to be read.

    Args:
        storage: where it is.

    Raises:
        ArchiveError: there is none, or one of a newer format.
        TamperedError: its own files contradict each other.
    """

    def __init__(self, storage: "Storage") -> None:
        self.storage = storage
        self.metadata = read_metadata(storage)
        storage.retention = self.metadata.retention
        self.keys = LogKeys(storage, self.metadata.key)
        self.log = Log(storage, self.keys)

    def checkpoint(self) -> "Checkpoint":
        """Read the state of the log that was published last."""
        return self.log.checkpoint()

    def entries(self, start: int = 0) -> Iterator[LogEntry]:
        """Read commits, from the one that begins with an entry."""
        for first, contents in self.log.commits(start):
            for number, content in enumerate(contents, first):
                yield LogEntry(number, content, read_entry(content))

    def read_entry(self, number: int) -> LogEntry:
        """Read one published entry, and compare it with the checkpoint; errors are those of `Log.prove`."""
        content, _ = self.log.prove(number, self.checkpoint())
        return LogEntry(number, content, read_entry(content))

    def read_entries(self) -> Callable[[int], LogEntry]:
        """Open the published log for many entries, each one compared with the checkpoint; tiles are read once."""
        checkpoint = self.checkpoint()
        tiles = self.log.tiles(checkpoint.size)

        def read(number: int) -> LogEntry:
            content, _ = self.log.prove(number, checkpoint, tiles)
            return LogEntry(number, content, read_entry(content))

        return read

    def read_file(self, file: File) -> bytes | None:
        """Read a file that an entry covers, or None if it was removed."""
        try:
            content = self.storage.read(file.name, min(file.size, limit_of(file.name)))
        except TooLargeError:
            raise TamperedError(f"{self.storage.location}: {file.name} was changed") from None
        if content is not None and sha256(content).hexdigest() != file.digest:
            raise TamperedError(f"{self.storage.location}: {file.name} was changed")
        return content

    def holds_version(self, name: str, paths: "Iterable[str]") -> bool:
        """Tell whether the files of a version exist and have their entry; a writer may have been interrupted."""

        def are_there() -> bool:
            return {path for path, _ in self.storage.find(f"{VERSIONS}/{name}")}.issuperset(paths)

        # Twice, since what was staged may be cleared away meanwhile.
        return are_there() and self.storage.staged().isdisjoint(paths) and are_there()

    def find_recipient(self, names_key: bytes, name: str) -> Recipient | None:
        """Find a recipient's record by name, or None if there is none or it was erased."""
        file = name_record(names_key, name)
        content = self.storage.read(file)
        return None if content is None else read_record(names_key, file, content)

    def recipients(self, names_key: bytes) -> Iterator[Recipient]:
        """Read all recipients' records, also those whose erasure waits.

        Raises:
            TamperedError: one cannot be decrypted.
        """
        yield from self._all_records(names_key, RECIPIENTS)

    def read_records(self, names_key: bytes, names: Iterable[str]) -> Iterator[Recipient]:
        """Read some records, in any order, without those that were erased; several at once, for a store takes its time.

        Args:
            names_key: decrypts them.
            names: of their files.

        Raises:
            TamperedError: one cannot be decrypted.
        """

        def read(share: list[str]) -> list[tuple[str, bytes | None]]:
            return [(name, self.storage.read(name)) for name in share]

        remaining = iter(names)
        with ThreadPoolExecutor(_THREADS) as pool:
            while some := list(islice(remaining, _THREADS * _AT_ONCE)):
                shares = [some[first::_THREADS] for first in range(min(_THREADS, len(some)))]
                for name, content in chain.from_iterable(pool.map(read, shares)):
                    if content is not None:
                        yield read_record(names_key, name, content)

    def list_records(self) -> "Iterator[str]":
        """Name the files of all records, of customers and of staff."""
        return (name for folder in (RECIPIENTS, STAFF) for name, _ in self.storage.find(folder))

    def find_staff(self, names_key: bytes, name: str) -> list[Recipient]:
        """Find the records of the members of staff who are called so, or whom an issuer calls so."""
        records = self._all_records(names_key, STAFF)
        return [each for each in records if name in ((person := read_person(each)).name, person.subject)]

    def staff(self, names_key: bytes) -> dict[str, Person]:
        """Read the records of staff: persons by their pseudonyms."""
        return {record.pseudonym: read_person(record) for record in self._all_records(names_key, STAFF)}

    def _all_records(self, names_key: bytes, folder: str) -> Iterator[Recipient]:
        return self.read_records(names_key, (name for name, _ in self.storage.find(folder)))

    @contextlib.contextmanager
    def writing(
        self,
        keyring: Keyring,
        clock: Callable[[], datetime.datetime],
        actor: Person | None = None,
        *,
        successor: Keyring | None = None,
    ) -> "Iterator[Session]":
        """Open it for adding; the unfinished work of interrupted writers is finished first.

        Args:
            keyring: its secrets.
            clock: tells what entries are recorded at (aware).
            actor: the person who causes the entries, or None.
            successor: the secrets that are to replace those of the keyring; see `rotation.rotate_key`.
        """
        self.storage.recover(self.log.name_files)
        note = self.storage.read(CHECKPOINT)
        size = self.checkpoint().size if note is not None else 0
        try:
            with self.storage.writer(size) as writer:
                session = Session(self, keyring, writer, clock, actor, successor)
                session.add_facts()
                yield session
                session.publish()
        except PrivacyError:  # what was staged and refused may name somebody who was erased, so it does not stay
            with contextlib.suppress(PrivacyError, OSError):
                self.storage.recover(self.log.name_files)
            raise
