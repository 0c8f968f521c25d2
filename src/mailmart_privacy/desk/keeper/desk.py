"""What the keeper works with, in one place: the archive, its names, the key that signs, and the checker."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ..._clock import now
from ..._files import make_folder
from ...archive.entries import write_json
from ...archive.layout import CHECKPOINT
from ...archive.location import ArchiveLocation
from ...archive.opening import create
from ...archive.recipients import Person, name_staff_record, read_record
from ...archive.service import ArchiveService
from ...policy.ledger import shipped
from ..answers import Actor
from ..connections import Connection
from ..lines import write_line
from ..messages import RefusedError
from ..settings import ChildSettings, DeskSettings
from .batches.queue import BatchQueue
from .batches.reading import Reading
from .directory import Directory
from .signing import Signing, open_signing

if TYPE_CHECKING:
    from ...archive.session import Session
    from .batches.shared import SharedBatches

_LARGE = 10_000  # entries that take more than a second to read
_CHECK_PATIENCE = 150  # seconds; the checker ends what takes longer
_CLAIM_PATIENCE = 20


@dataclass(slots=True)
class _Claim:
    """A key that is claimed: its lock, and how many requests have it or wait for it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    requests: int = 0


class Desk:
    """What requests work with; safe to use from several threads.

    Args:
        settings: of this process.

    Raises:
        PrivacyError: the archive or the key cannot be used.
    """

    def __init__(self, settings: ChildSettings) -> None:
        self.settings, self.ledger = settings.desk, shipped()
        make_folder(Path(self.settings.folder), mode=0o700)
        self.location = find_location(self.settings)
        service = open_archive(self.settings)
        self.archive, self.keyring = service.archive, service.keyring()
        self.signing: Signing = open_signing(self.settings)
        self.batches = _open_batches(self.settings, self.keyring.names_key)
        self.directory = Directory(self.archive, self.keyring.names_key)
        entries = self.archive.checkpoint().size
        if entries >= _LARGE:
            write_line("keeper", f"reading the {entries:,} entries of the archive, before requests are answered")
        self.directory.refresh()
        self.checker = Connection(settings.checker, patience=_CHECK_PATIENCE)
        self.queue = BatchQueue(self, settings.checker)
        self.reading = Reading(self)
        self._writing = threading.Lock()
        self._claims: dict[str, _Claim] = {}
        self._claims_lock = threading.Lock()

    def prepare(self) -> None:
        """Certify the form of the version in force, so that the first copy takes no longer than others."""
        policy = self.ledger.in_force(now())
        self.signing.issuer.prepare(policy, at=now().replace(microsecond=0))

    def service(self, actor: Actor | None = None) -> ArchiveService:
        """Open the archive for what a person does."""
        return ArchiveService(self.location, clock=now, actor=make_person(actor) if actor else None)

    @contextlib.contextmanager
    def writing(self, actor: Actor) -> "Iterator[Session]":
        """Open the archive to add to it, one thread at a time; the directory knows of it afterwards."""
        with self._writing:
            with self.archive.writing(self.keyring, now, make_person(actor)) as session:
                yield session
            self.directory.refresh()

    def pseudonym(self, actor: Actor) -> str:
        """Tell what entries call a person; empty where none names them yet."""
        file = name_staff_record(self.keyring.names_key, make_person(actor))
        content = self.archive.storage.read(file)
        return "" if content is None else read_record(self.keyring.names_key, file, content).pseudonym

    @contextlib.contextmanager
    def claim(self, actor: Actor, request: str) -> Iterator[str]:
        """Claim the key of a request before any work is done; a second request of the same key waits.

        Args:
            actor: who asks; the keys of two persons are never the same.
            request: the key that they chose.

        Yields:
            What stands for the key in the log, sealed.

        Raises:
            RefusedError: the first request of this key is still under way.
        """
        key = sha256(write_json([actor.issuer, actor.subject, request])).hexdigest()
        with self._claims_lock:
            claim = self._claims.setdefault(key, _Claim())
            claim.requests += 1
        try:
            if not claim.lock.acquire(timeout=_CLAIM_PATIENCE):
                raise RefusedError("under-way")
            try:
                with self._claim_everywhere(key):
                    yield key
            finally:
                claim.lock.release()
        finally:
            with self._claims_lock:
                claim.requests -= 1
                if not claim.requests:  # else the next one would not wait for those who have it, or get it next
                    del self._claims[key]

    @contextlib.contextmanager
    def _claim_everywhere(self, key: str) -> Iterator[None]:
        """Claim a key among all desks that share the database; the log knows what another one did."""
        if self.batches is None:
            yield
            return
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(self.batches.tables.locked(f"claim {key}", seconds=_CLAIM_PATIENCE))
            except TimeoutError:
                raise RefusedError("under-way") from None
            yield


def open_archive(settings: DeskSettings) -> ArchiveService:
    """Open the archive; one in a folder is made on first use, or finished where its making was interrupted."""
    location = find_location(settings)
    if "://" in settings.archive or location.storage().read(CHECKPOINT) is not None:
        return ArchiveService(location, clock=now)
    make_folder(Path(settings.folder), mode=0o700)
    return create(settings.archive, clock=now, key=settings.archive_key or None, index=settings.archive_index or None)


def find_location(settings: DeskSettings) -> ArchiveLocation:
    """Name the archive of a desk."""
    return ArchiveLocation(settings.archive, settings.archive_key or None, settings.archive_index or None)


def _open_batches(settings: DeskSettings, names_key: bytes) -> "SharedBatches | None":
    if not settings.database:
        return None
    from .batches.shared import SharedBatches

    return SharedBatches(settings.database, names_key)


def make_person(actor: Actor) -> Person:
    """Describe a person in the way that entries name them."""
    return Person(issuer=actor.issuer, subject=actor.subject, name=actor.name)
