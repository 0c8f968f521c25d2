"""Adding to an archive: copies, versions, anchors, and what people did."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ..errors import ArchiveError, UsageError
from .acts import HeldError
from .conflicts import refuse_conflicts
from .entries import Entry, File, LogEntry, write_entry
from .keyring import Keyring
from .layout import FULL, VERSIONS, name_copy, write_metadata
from .log_writer import LogWriter
from .recipients import NO_DETAILS, Details, Person, Recipient, derive_acts_key, seal_details
from .records import Records
from .register import copies_of

if TYPE_CHECKING:
    from ..policy.ledger import Ledger
    from .archive import Archive
    from .storage.base import StorageWriter
    from .tlog.notes import Checkpoint


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """A verified copy that is to be archived.

    Attributes:
        pdf: its bytes.
        digest: lowercase hex SHA-256 of them.
        version: of the policy.
        level: "B-B" to "B-LTA".
        signer: lowercase hex SHA-256 of the certificate that it was delivered with, in DER.
        recipient: the customer that it is addressed to.
        reference: what it is called.
        issued_at: when it was issued (aware).
        renews: the digest of the copy that this one replaces.
        request: the key of the request that asked for it.
        matter: the matter that it belongs to.
        pseudonym: the customer's, where it is known: a renewed copy stays with the customer of the former one.
    """

    pdf: bytes
    digest: str
    version: str
    level: str
    signer: str
    recipient: str
    reference: str
    issued_at: datetime.datetime
    renews: str | None = None
    request: str = ""
    matter: str = ""
    pseudonym: str | None = None


class Session:
    """An archive that is being added to; see `Archive.writing`."""

    def __init__(
        self,
        archive: "Archive",
        keyring: Keyring,
        writer: "StorageWriter",
        clock: Callable[[], datetime.datetime],
        actor: Person | None = None,
        successor: Keyring | None = None,
    ) -> None:
        self.archive, self._keyring, self._writer, self._clock = archive, keyring, writer, clock
        self._actor = actor
        self._log_writer = LogWriter(archive.log, keyring, writer, successor)
        self._records = Records(archive, keyring.names_key, writer)
        self._versions: set[str] = set()
        self._failed = False

    def add_copies(self, copies: "Sequence[Copy]", ledger: "Ledger") -> list[LogEntry]:
        """Archive copies, and before them their versions. When it returns, they are archived permanently.

        Args:
            copies: what was verified, or issued by this process.
            ledger: the recorded versions.

        Raises:
            UsageError: the customer of a renewed copy was erased meanwhile.
        """
        for name in dict.fromkeys(copy.version for copy in copies):
            self.add_version(name, ledger)
        recipients = self._records.find_recipients(copy.recipient for copy in copies if copy.pseudonym is None)
        moment = self._clock()
        entries, files = [], []
        for copy in copies:
            version = ledger.version(copy.version)
            known = copy.pseudonym
            recipient = recipients[copy.recipient] if known is None else self._records.find_record(known)
            file = File(name=name_copy(copy.digest, moment), digest=copy.digest, size=len(copy.pdf))
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
                    sealed=seal_details(
                        recipient.key, Details(reference=copy.reference, request=copy.request, matter=copy.matter)
                    ),
                    renews=copy.renews,
                )
            )
        return self._add(entries, files)

    def add_facts(self) -> None:
        """Archive the archive's own files, unless that was done: their entry is the first one."""
        if self._log_writer.size:
            return
        metadata = self.archive.metadata
        # As they are: another release may have begun the archive, with other words in README.txt.
        contents = {name: self.archive.storage.read(name) or b"" for name in sorted(write_metadata(metadata))}
        described = tuple(File.of(name, content) for name, content in contents.items())
        self._log_writer.append([write_entry(Entry(kind="archive", files=described, recorded_at=metadata.created_at))])

    def add_version(self, name: str, ledger: "Ledger") -> LogEntry | None:
        """Archive a published version, unless it is archived already."""
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
            files=tuple(File.of(path, content) for path, content in zip(paths, contents, strict=True)),
            recorded_at=self._clock(),
            version=version.version,
            policy_digest=version.digest,
            effective_at=version.effective_at,
        )
        return self._add([entry], list(zip(paths, contents, strict=True)))[0]

    def add_anchor(self, size: int, files: Sequence[tuple[str, bytes]]) -> LogEntry:
        """Archive a checkpoint and its timestamp, under names that are not taken."""
        if taken := [name for name, _ in files if self.archive.storage.read(name) is not None]:
            raise ArchiveError(f"{self.archive.storage.location}: {taken[0]} is there already")
        described = tuple(File.of(name, content) for name, content in files)
        entry = Entry(kind="anchor", files=described, recorded_at=self._clock(), size=size)
        return self._add([entry], files)[0]

    def add_act(
        self,
        act: str,
        *,
        recipient: Recipient | None = None,
        about: int | None = None,
        details: Details = NO_DETAILS,
        outlives: bool = False,
        due_at: datetime.datetime | None = None,
        effective_at: datetime.datetime | None = None,
        digest: str | None = None,
        second: Person | None = None,
    ) -> LogEntry:
        """Log what a person did.

        Args:
            act: the word for it; see `Entry.act`.
            recipient: the customer that it concerns.
            about: the number of the entry that it concerns.
            details: reason and matter, which are encrypted.
            outlives: encrypt them so that they can be read after the recipient was erased; they must not name one.
            due_at: when a waiting erasure can be carried out (aware).
            effective_at: since when that is true (aware).
            digest: of a document that was handed over.
            second: the person who confirmed it.
        """
        key = derive_acts_key(self._keyring.names_key) if outlives or recipient is None else recipient.key
        entry = Entry(
            kind="act",
            recorded_at=self._clock(),
            act=act,
            recipient=recipient.pseudonym if recipient else None,
            about=about,
            due_at=due_at,
            effective_at=effective_at,
            digest=digest,
            second=self._records.find_person(second) if second else None,
            sealed=seal_details(key, details) if details != NO_DETAILS else None,
        )
        return self._add([entry], [])[0]

    def withdraw_copies(self, copies: Sequence[tuple[str, int]], reason: str) -> list[LogEntry]:
        """Log that copies are withdrawn, many in one commit.

        Args:
            copies: the customer's name and the number of the entry of each copy.
            reason: why; it is encrypted.
        """
        recipients = self._records.find_recipients(name for name, _ in copies)
        moment = self._clock()
        entries = []
        for name, number in copies:
            recipient = recipients[name]
            sealed = seal_details(recipient.key, Details(reason=reason))
            entries.append(
                Entry(
                    kind="act",
                    recorded_at=moment,
                    act="withdrawn",
                    recipient=recipient.pseudonym,
                    about=number,
                    sealed=sealed,
                )
            )
        return self._add(entries, [])

    def erase(self, recipient: Recipient, *, second: Person | None = None) -> LogEntry:
        """Log that a recipient is erased, then remove their copies and their record.

        Call `acts.erase`, which asks first whether anything keeps them. What an interruption leaves is removed when
        the erasure is asked for again.
        """
        entry = Entry(
            kind="erasure",
            recorded_at=self._clock(),
            recipient=recipient.pseudonym,
            second=self._records.find_person(second) if second else None,
        )
        done = self._add([entry], [])[0]
        self._records.put_aside(recipient)  # at once: from now on, a copy for the same name gets a new pseudonym
        own = copies_of(self.archive, recipient.pseudonym).copies  # now: until then, others may have added some
        self.remove_erased(recipient, [file for copy in own for file in copy.entry.files])
        return done

    def erase_person(self, record: Recipient) -> LogEntry:
        """Log that a member of staff is erased, then remove the record; entries keep the pseudonym."""
        entry = Entry(kind="erasure", recorded_at=self._clock(), act="staff", recipient=record.pseudonym)
        done = self._add([entry], [])[0]
        self.publish()  # as in `remove_erased`
        self._records.remove(record)
        return done

    def remove_erased(self, recipient: Recipient, copies: Sequence[File]) -> None:
        """Remove the copies and the record of a recipient whose erasure is logged."""
        self.publish()  # first: an audit excuses what is missing by signed entries alone
        self._writer.remove(file.name for file in copies)
        # Last, when the others are gone for good: by it they are found when it is asked for again.
        self._records.remove(recipient)

    def put_record_aside(self, recipient: Recipient) -> None:
        """Free the name of a recipient whose erasure waits; see `Records.put_aside`."""
        self._records.put_aside(recipient)

    def rotate_key(self, successor: Keyring) -> None:
        """Log and publish that a key replaces the one that signs; nothing can be added in this session after that.

        Where the entry was committed before an interruption, it is only published.
        """
        if not self._log_writer.is_replaced:
            self._add([Entry(kind="key-rotation", recorded_at=self._clock(), key=str(successor.public))], [])
        self._log_writer.publish_rotation()

    def publish(self) -> "Checkpoint":
        """Publish what was committed: tiles and checkpoint."""
        self._require_whole()
        return self._log_writer.publish()

    def _require_whole(self) -> None:
        """Refuse to continue after a failure: the next writer finds out whether the commit was made."""
        if self._failed:
            raise ArchiveError(f"{self.archive.storage.location}: adding to it has failed before; open it again")

    def _add(self, entries: Sequence[Entry], files: Sequence[tuple[str, bytes]]) -> list[LogEntry]:
        self._require_whole()
        if self._actor is not None:
            actor = self._records.find_person(self._actor)
            entries = [replace(entry, actor=actor) for entry in entries]
        self._failed = True  # until it is done
        contents = [write_entry(entry) for entry in entries]
        added: list[LogEntry] = []
        names = dict(files)
        for start in range(0, len(entries), FULL):
            some = entries[start : start + FULL]
            self._writer.stage((file.name, names[file.name]) for entry in some for file in entry.files)
            try:
                first = self._log_writer.append(contents[start : start + FULL], partial(refuse_conflicts, some))
            except (UsageError, HeldError):  # refused: nothing of these was logged
                self._failed = bool(names)  # what was staged for them must not stay
                raise
            self._writer.commit_staged()
            added += (LogEntry(first + i, contents[start + i], entry) for i, entry in enumerate(some))
        self._failed = False
        return added
