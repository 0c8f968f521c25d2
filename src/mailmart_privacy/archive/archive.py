"""An archive: opened to be read, or to be added to."""

import contextlib
import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from ..errors import ArchiveError, TamperedError
from .entries import Entry, File, read_entry, write_entry
from .keyring import Keyring
from .layout import CHECKPOINT, FULL, VERSIONS, name_copy, read_metadata, write_metadata
from .log import Log, LogWriter
from .recipients import Recipient, name_record, read_record, seal_reference, write_record

if TYPE_CHECKING:
    from ..policy.ledger import Ledger
    from .storage.base import Storage, StorageWriter
    from .tlog.notes import Checkpoint


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """A copy that is to be archived; it was found to hold.

    Attributes:
        pdf: its bytes.
        version: of the policy.
        level: "B-B" to "B-LTA".
        signer: lowercase hex SHA-256 of the certificate that it was delivered with, in DER.
        recipient: whom it is addressed to.
        reference: what it is called.
        issued_at: when it was issued (aware).
        renews: the digest of the copy that this one replaces.
    """

    pdf: bytes
    version: str
    level: str
    signer: str
    recipient: str
    reference: str
    issued_at: datetime.datetime
    renews: str | None = None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry in its place.

    Attributes:
        number: its place in the log, from 0.
        content: its bytes, as the tree covers them.
        entry: what it says.
    """

    number: int
    content: bytes
    entry: Entry


class Archive:
    """An archive, to be read.

    Args:
        storage: where it lies.

    Raises:
        ArchiveError: there is none, or one of a newer format.
        TamperedError: its own files contradict each other.
    """

    def __init__(self, storage: "Storage") -> None:
        self.storage = storage
        self.metadata = read_metadata(storage)
        storage.retention = self.metadata.retention
        self.log = Log(storage, self.metadata.key)

    def checkpoint(self) -> "Checkpoint":
        """Read the state of the log that was published last."""
        return self.log.checkpoint()

    def entries(self, start: int = 0) -> Iterator[LogEntry]:
        """Read what was committed, from an entry on with which a commit begins."""
        for first, contents in self.log.commits(start):
            for number, content in enumerate(contents, first):
                yield LogEntry(number, content, read_entry(content))

    def read_entry(self, number: int) -> LogEntry:
        """Read one entry of those that were published, held to the checkpoint; errors are those of `Log.prove`."""
        content, _ = self.log.prove(number, self.checkpoint())
        return LogEntry(number, content, read_entry(content))

    def read_file(self, file: File) -> bytes | None:
        """Read a file that an entry covers, or None where it is no more."""
        content = self.storage.read(file.name)
        if content is not None and sha256(content).hexdigest() != file.digest:
            raise TamperedError(f"{self.storage.location}: {file.name} was changed")
        return content

    def holds_version(self, name: str, paths: "Iterable[str]") -> bool:
        """Tell whether the files of a version are there and have their entry: who staged them may have been stopped."""

        def are_there() -> bool:
            return {path for path, _ in self.storage.find(f"{VERSIONS}/{name}")}.issuperset(paths)

        # Twice, since what was staged may be cleared away meanwhile.
        return are_there() and self.storage.staged().isdisjoint(paths) and are_there()

    def find_recipient(self, names_key: bytes, name: str) -> Recipient | None:
        """Find a recipient's record by name, or None where there is none, or no longer."""
        file = name_record(names_key, name)
        content = self.storage.read(file)
        return None if content is None else read_record(names_key, file, content)

    @contextlib.contextmanager
    def writing(self, keyring: Keyring, clock: Callable[[], datetime.datetime]) -> "Iterator[Session]":
        """Open it to be added to; what writers that were stopped have left is finished first.

        Args:
            keyring: its secrets.
            clock: tells what entries are recorded at (aware).
        """
        self.storage.recover(self.log.name_files)
        note = self.storage.read(CHECKPOINT)
        size = self.checkpoint().size if note is not None else 0
        with self.storage.writer(size) as writer:
            session = Session(self, keyring, writer, clock)
            session.add_facts()
            yield session
            session.publish()


class Session:
    """An archive that is being added to."""

    def __init__(
        self, archive: Archive, keyring: Keyring, writer: "StorageWriter", clock: Callable[[], datetime.datetime]
    ) -> None:
        self.archive, self._keyring, self._writer, self._clock = archive, keyring, writer, clock
        self._log_writer = LogWriter(archive.log, keyring, writer)
        self._recipients: dict[str, Recipient] = {}
        self._versions: set[str] = set()
        self._failed = False

    def add_copies(self, copies: "Sequence[Copy]", ledger: "Ledger") -> list[LogEntry]:
        """Archive copies, and before them the versions that they are of. When it returns, they are there for good.

        Args:
            copies: what was verified, or issued by this process.
            ledger: the recorded versions.
        """
        for name in dict.fromkeys(copy.version for copy in copies):
            self.add_version(name, ledger)
        self._find_recipients(copy.recipient for copy in copies)
        moment = self._clock()
        entries, files = [], []
        for copy in copies:
            version = ledger.version(copy.version)
            recipient = self._recipients[copy.recipient]
            digest = sha256(copy.pdf).hexdigest()
            file = File(name=name_copy(digest, moment), digest=digest, size=len(copy.pdf))
            files.append((file.name, copy.pdf))
            entries.append(
                Entry(
                    kind="customer-copy",
                    files=(file,),
                    recorded_at=moment,
                    version=version.version,
                    policy_digest=version.digest,
                    effective_at=version.effective_at,
                    issued_at=copy.issued_at,
                    level=copy.level,
                    signer=copy.signer,
                    recipient=recipient.pseudonym,
                    sealed=seal_reference(recipient, copy.reference),
                    renews=copy.renews,
                )
            )
        return self._add(entries, files)

    def add_facts(self) -> None:
        """Archive the archive's own files, unless this was done: their entry is the first one."""
        if self._log_writer.size:
            return
        metadata = self.archive.metadata
        described = tuple(_describe(name, content) for name, content in sorted(write_metadata(metadata).items()))
        self._log_writer.append([write_entry(Entry(kind="archive", files=described, recorded_at=metadata.created_at))])

    def add_version(self, name: str, ledger: "Ledger") -> LogEntry | None:
        """Archive a published version, unless it is there."""
        if name in self._versions:
            return None
        version = ledger.version(name)
        paths = [f"{VERSIONS}/{name}/{record}" for record, _ in version.records]
        self._versions.add(name)
        if self.archive.holds_version(name, paths):
            return None
        contents = [ledger.record(name, record) for record, _ in version.records]
        entry = Entry(
            kind="published-version",
            files=tuple(_describe(path, content) for path, content in zip(paths, contents, strict=True)),
            recorded_at=self._clock(),
            version=version.version,
            policy_digest=version.digest,
            effective_at=version.effective_at,
        )
        return self._add([entry], list(zip(paths, contents, strict=True)))[0]

    def add_anchor(self, size: int, files: Sequence[tuple[str, bytes]]) -> LogEntry:
        """Archive a checkpoint and what was stamped over it, in files of names that are not taken."""
        if taken := [name for name, _ in files if self.archive.storage.read(name) is not None]:
            raise ArchiveError(f"{self.archive.storage.location}: {taken[0]} is there already")
        described = tuple(_describe(name, content) for name, content in files)
        entry = Entry(kind="anchor", files=described, recorded_at=self._clock(), size=size)
        return self._add([entry], files)[0]

    def erase(self, recipient: Recipient, copies: Sequence[File]) -> LogEntry:
        """Forget a recipient: log that it is done, then remove their record and their copies.

        What a stop leaves there is removed when it is asked for again.
        """
        entry = Entry(kind="erasure", recorded_at=self._clock(), recipient=recipient.pseudonym)
        done = self._add([entry], [])[0]
        self._writer.remove(file.name for file in copies)
        # Last, when the others are gone for good: by it they are found when it is asked for again.
        self._writer.remove([recipient.file])
        self._recipients.clear()
        return done

    def publish(self) -> "Checkpoint":
        """Publish what was committed: tiles and checkpoint."""
        self._require_whole()
        return self._log_writer.publish()

    def _require_whole(self) -> None:
        """Refuse to go on after a failure: whether its commit was made is for the next writer to find out."""
        if self._failed:
            raise ArchiveError(f"{self.archive.storage.location}: adding to it has failed before; open it anew")

    def _add(self, entries: Sequence[Entry], files: Sequence[tuple[str, bytes]]) -> list[LogEntry]:
        self._require_whole()
        self._failed = True  # until it is done
        contents = [write_entry(entry) for entry in entries]
        added: list[LogEntry] = []
        names = dict(files)
        for start in range(0, len(entries), FULL):
            some = entries[start : start + FULL]
            self._writer.stage((file.name, names[file.name]) for entry in some for file in entry.files)
            first = self._log_writer.append(contents[start : start + FULL])
            self._writer.commit_staged()
            added += (LogEntry(first + i, contents[start + i], entry) for i, entry in enumerate(some))
        self._failed = False
        return added

    def _find_recipients(self, names: "Iterable[str]") -> None:
        """Find the records of recipients, and make those that are not there."""
        key = self._keyring.names_key
        missing = [name for name in dict.fromkeys(names) if name not in self._recipients]
        while missing:
            made = dict[str, tuple[str, bytes, Recipient]]()
            for name in missing:
                found = self.archive.find_recipient(key, name)
                if found is not None:
                    self._recipients[name] = found
                else:
                    content, found = write_record(key, name)
                    made.setdefault(found.file, (name, content, found))
            put = self._writer.put([(file, content) for file, (_, content, _) in made.items()])
            self._recipients |= {name: found for (name, _, found), done in zip(made.values(), put, strict=True) if done}
            missing = [name for name in missing if name not in self._recipients]  # spelt otherwise, or made by others


def _describe(name: str, content: bytes) -> File:
    return File(name=name, digest=sha256(content).hexdigest(), size=len(content))
