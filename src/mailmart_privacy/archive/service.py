"""The archive as one object: what a command line, a web application or a script asks of it."""

import contextlib
import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..errors import UsageError
from . import acts
from .adding import Added, add_files
from .anchoring import Anchoring, indexed_anchors
from .audit import Report, audit
from .evidence import gather_evidence
from .finding import Found, find
from .in_force import InForce, in_force
from .keyring import Keyring, name_memory, read_memory
from .location import Advance, ArchiveLocation, quiet
from .log_audit import Root
from .lookup import compare_row, find_customer, find_file, recipient_of
from .occasion import describe_occasion
from .proofs import write_proof
from .recipients import NO_DETAILS, Details, Person
from .renewal import Renewal
from .rotation import rotate_key

if TYPE_CHECKING:
    from pathlib import Path

    from ..policy.ledger import Ledger
    from ..trust.anchors import Trusted
    from .archive import Archive
    from .entries import LogEntry
    from .index.index import Index, Row
    from .session import Session


class ArchiveService:
    """An archive, opened; see `archive.open`.

    Args:
        location: where it lies, and where its key and its index are.
        clock: tells what time it is (aware).
        actor: the person who does what is asked; entries carry their pseudonym.
        advance: is told how far long work has come.

    Raises:
        ArchiveError: there is no archive, or one of a newer format.
    """

    def __init__(
        self,
        location: ArchiveLocation,
        *,
        clock: Callable[[], datetime.datetime],
        actor: Person | None = None,
        advance: Advance = quiet,
    ) -> None:
        self.location, self.clock, self.actor, self.advance = location, clock, actor, advance
        self.archive: Archive = location.open()

    def keyring(self) -> Keyring:
        """Load the archive's secrets; most questions need none."""
        return self.location.keyring(self.archive)

    @contextlib.contextmanager
    def index(self) -> "Iterator[Index]":
        """Open the index, up to date."""
        with self.location.open_index(self.archive, self.advance) as index:
            yield index

    @contextlib.contextmanager
    def writing(self) -> "Iterator[tuple[Session, Keyring]]":
        """Open the archive to add to it."""
        keyring = self.keyring()
        with self.archive.writing(keyring, self.clock, self.actor) as session:
            yield session, keyring

    def add(
        self,
        paths: "Iterable[Path]",
        *,
        trust: "Trusted",
        ledger: "Ledger",
        same_reference: bool = False,
    ) -> list[Added]:
        """Archive copies that were issued elsewhere; see `adding.add_files`."""
        with self.index() as index, self.writing() as (session, keyring):
            return list(
                add_files(
                    session,
                    index,
                    paths,
                    names_key=keyring.names_key,
                    trust=trust,
                    ledger=ledger,
                    clock=self.clock,
                    same_reference=same_reference,
                )
            )

    def find(self, text: str, *, exact: bool = False) -> Found:
        """Find customers and copies by parts of names and references, or beginnings of digests; see `finding.find`."""
        return find(self.archive, self.keyring().names_key, text, exact=exact)

    def in_force(self, at: datetime.datetime, *, trust: "Trusted") -> InForce:
        """Find the version in force at a moment; see `in_force.in_force`."""
        return in_force(self, at, trust=trust)

    def fetch(self, digest: str) -> bytes:
        """Read an archived file by its digest, or the first eight or more characters of it.

        Raises:
            NoSuchFileError: the archive has no such file.
            UsageError: the file is gone: its recipient was erased.
            TamperedError: the file, its entry or its row in the index was changed.
        """
        with self.index() as index:
            row, _ = find_file(self.archive, index, digest)
        content = self.archive.read_file(row.file)
        if content is None:
            raise UsageError(f"{row.name} is no longer there: its recipient was erased")
        return content

    def fetch_text(self, digest: str, name: str) -> bytes:
        """Read the text that a file is of: one of the recorded files of its version.

        Args:
            digest: of the file.
            name: "policy.txt", "policy.md" or "policy.json".

        Raises:
            UsageError: the archive has no such file of that version.
        """
        with self.index() as index:
            row, _ = find_file(self.archive, index, digest)
            for each in index.rows(kinds=("published-version",), version=row.version):
                if each.name.endswith(f"/{name}"):
                    compare_row(self.archive, each)
                    content = self.archive.read_file(each.file)
                    if content is not None:
                        return content
        raise UsageError(f"the archive has no {name} of version {row.version}")

    def prove(self, digest: str) -> "tuple[Row, bytes]":
        """Write the proof that a file is in the log (C2SP tlog-proof).

        Returns:
            What the index says of the file, and the proof.
        """
        with self.index() as index:
            row, entry = find_file(self.archive, index, digest)
        return row, write_proof(self.archive, entry.number)

    def evidence(
        self, digest: str, *, trust: "Trusted", ledger: "Ledger", matter: str = ""
    ) -> "tuple[Row, dict[str, bytes]]":
        """Gather all that shows an outsider what a file is, and when it was archived; see `gather_evidence`.

        Where the archive's key is here, the page names the customer and the reference.

        Args:
            digest: of the file.
            trust: whom to trust for what.
            ledger: the recorded versions.
            matter: the matter that it is for.

        Returns:
            What the index says of the file, and the files of the bag: names and contents.
        """
        from .anchors import require_holding

        at = self.clock()
        with self.index() as index:
            row, entry = find_file(self.archive, index, digest)
            policy = list(index.rows(kinds=("published-version",), version=row.version))
            anchors = require_holding(indexed_anchors(self.archive, index, trust=trust, at=at))
        return row, gather_evidence(
            self.archive,
            entry,
            row.file,
            policy=[each.file for each in policy],
            published=policy[0].number if policy else None,
            anchors=anchors,
            at=at,
            occasion=describe_occasion(self, entry, matter=matter, trust=trust, ledger=ledger),
        )

    def verify(self, roots: Sequence[Root] = ()) -> Report:
        """Audit the whole archive: every entry has its files, every file its entry; it writes nothing.

        Args:
            roots: states of the log that are known from elsewhere; see also `known_roots`.

        Returns:
            What was found; call its `require_sound`.
        """
        return audit(self.archive, roots=roots, advance=self.advance)

    def known_roots(self) -> list[Root]:
        """List the state that was signed last with the key that is here, if it is here."""
        path = self.location.key_path(self.archive.metadata.origin)
        seen = read_memory(path)
        return [Root(seen.size, seen.root, str(name_memory(path)))] if seen.size else []

    def anchor(self, anchoring: Anchoring) -> None:
        """Have the log signed by witnesses and stamped by an authority."""
        with self.writing() as (session, _):
            anchoring.anchor(session, self.clock())

    def erase(self, name: str, *, details: Details = NO_DETAILS, second: Person | None = None) -> acts.Erasure:
        """Erase the customer of exactly this name; see `acts.erase`.

        Raises:
            NoSuchCustomerError: nobody is called so.
            HeldError: a hold stands.
        """
        with self.writing() as (session, keyring):
            recipient = find_customer(self.archive, keyring.names_key, name)
            try:
                return acts.erase(
                    session, keyring.names_key, recipient, at=self.clock(), details=details, second=second
                )
            except acts.HeldError as error:
                held = error  # raised below, once it is published that the erasure was refused
        raise held

    def hold(self, *, name: str | None = None, digest: str | None = None, details: Details = NO_DETAILS) -> "LogEntry":
        """Place a hold on a customer, by name, or on one copy, by digest; see `acts.hold`."""
        with self.writing() as (session, keyring):
            if digest is not None:
                entry = self._find_copy(digest)
                recipient = recipient_of(self.archive, keyring.names_key, entry)
                return acts.hold(session, recipient, about=entry, details=details)
            return acts.hold(session, find_customer(self.archive, keyring.names_key, name or ""), details=details)

    def holds(self) -> list[acts.Hold]:
        """List the holds that stand."""
        return acts.list_holds(self.archive, self.keyring().names_key)

    def release(self, holds: Sequence[acts.Hold], *, details: Details = NO_DETAILS) -> "list[LogEntry]":
        """Lift holds."""
        with self.writing() as (session, _):
            return acts.release(session, holds, details=details)

    def withdraw(self, digest: str, *, details: Details = NO_DETAILS) -> "LogEntry":
        """Log that a copy is withdrawn; see `acts.withdraw`."""
        with self.writing() as (session, keyring):
            entry = self._find_copy(digest)
            recipient = recipient_of(self.archive, keyring.names_key, entry)
            return acts.withdraw(session, recipient, entry, details=details)

    def rotate_key(self) -> "Path":
        """Replace the log's key; see `rotation.rotate_key`.

        Returns:
            The file that the former key is kept in now.
        """
        path = self.location.key_path(self.archive.metadata.origin)
        return rotate_key(self.archive, path, self.clock, self.actor)

    def renewal(
        self,
        *,
        trust: "Trusted",
        limit: datetime.datetime,
        ledger: "Ledger",
    ) -> Renewal:
        """Find what is due for renewal before a moment; see `Renewal`."""
        with self.index() as index:
            return Renewal(
                self.archive,
                index,
                trust=trust,
                limit=limit,
                ledger=ledger,
                clock=self.clock,
                advance=self.advance,
            )

    def _find_copy(self, digest: str) -> "LogEntry":
        with self.index() as index:
            return find_file(self.archive, index, digest)[1]
