"""Archiving the copies of a batch: no copy is handed out without its entry."""

import contextlib
import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..archive.location import quiet
from ..archive.lookup import read_present
from ..errors import (
    ArchiveError,
    DestinationExistsError,
    NotAnchoredError,
    PrivacyError,
    RecordError,
    UndeliveredError,
)
from ..policy.ledger import shipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..archive.anchoring import Anchoring
    from ..archive.index.index import Index, Row
    from ..archive.location import Advance, ArchiveLocation
    from ..archive.recipients import Person, Recipient
    from ..archive.references import ReferenceOwners
    from ..archive.session import Session
    from ..sheets.rows import Planned
    from .destinations import Destination
    from .results import IssuedRow

_CLOCKS = datetime.timedelta(minutes=5)


class Archiving:
    """An archive that the copies of a batch go to.

    Args:
        session: the archive, open to be added to.
        index: its index, up to date.
        names_key: what its recipients' names are encrypted with.
        signer: the digest of the certificate that signs.
        version: of the policy.
        level: of the copies.
        references: tells which customer has which reference, or None where two customers may have one.

    Attributes:
        not_anchored: why the log was not anchored in the end, though an authority was named.
    """

    def __init__(
        self,
        session: "Session",
        index: "Index",
        names_key: bytes,
        *,
        signer: str,
        version: str,
        level: str,
        references: "ReferenceOwners | None" = None,
    ) -> None:
        self._session, self._index, self._names_key = session, index, names_key
        self._signer, self._version, self._level = signer, version, level
        self._references = references
        self.not_anchored: NotAnchoredError | None = None
        self._added: list[tuple[str, int]] = []
        self._reason = ""

    def claim(self, rows: "Sequence[Planned]") -> None:
        """Claim the references of all rows for their customers, before the first copy is issued.

        Raises:
            ReferenceConflictError: another customer has one of them.
        """
        if self._references is not None:
            for row in rows:
                self._references.claim(row.reference, row.recipient)

    def add(self, copies: "Sequence[IssuedRow]") -> None:
        """Archive copies, with the bytes that they carry."""
        from ..archive.session import Copy

        added = [
            Copy(
                pdf=copy.pdf or b"",
                digest=copy.digest,
                version=self._version,
                level=self._level,
                signer=self._signer,
                recipient=copy.recipient,
                reference=copy.reference,
                issued_at=copy.issued_at,
            )
            for copy in copies
        ]
        if added:
            try:
                done = self._session.add_copies(added, shipped())
            except OSError as error:  # else it would be reported as an error of the place that the copies go to
                raise ArchiveError(f"{error.filename or 'the archive'}: {error.strerror or error}") from error
            self._added += ((copy.recipient, entry.number) for copy, entry in zip(added, done, strict=True))

    @contextlib.contextmanager
    def all_or_none(self, reason: str) -> Iterator[None]:
        """Give out either all copies or none: if the work inside fails, those that it archived are withdrawn.

        Args:
            reason: for which they are.
        """
        self._added, self._reason = [], reason
        yield
        self._added, self._reason = [], ""

    def undelivered(self) -> tuple[list[tuple[str, int]], str]:
        """Tell which archived copies nobody was given (name and number of the entry), and why."""
        return (self._added if self._reason else []), self._reason

    def deliver(self, copies: "Sequence[IssuedRow]", files: dict[int, str], place: "Destination") -> "list[IssuedRow]":
        """Write copies beside their places, archive them, and only then put them into their places.

        In a store that has no such thing as a file beside its place, they are archived first.

        Raises:
            OSError: they cannot be written there; none of them was archived.
            DestinationExistsError: a file is there that is not the copy; none of them was archived.
        """
        taken = next((files[copy.number] for copy in copies if place.measure(files[copy.number]) is not None), None)
        if taken is not None:
            raise DestinationExistsError(f"{taken} exists, and is not the copy of this row; move it away")
        return self._put(copies, files, place, ready=lambda: self.add(copies))

    def find_delivered(
        self, rows: "Sequence[Planned]", since: datetime.datetime, place: "Destination"
    ) -> "Iterator[list[IssuedRow]]":
        """Hand out copies that an interrupted run has archived but neither handed out nor listed.

        Those that were withdrawn since are left out: their rows get other copies.
        """
        from .results import IssuedRow

        archived = self._archived_since(since) if rows else {}
        for row in rows if archived else ():
            recipient = self._session.archive.find_recipient(self._names_key, row.recipient)
            found = archived.get((recipient.pseudonym if recipient else "", row.reference))
            pdf = self._read(found) if found is not None else None
            if found is None or pdf is None or found.issued_at is None:
                continue
            copy = IssuedRow(
                number=row.number,
                recipient=row.recipient,
                reference=row.reference,
                issued_at=found.issued_at,
                digest=found.digest,
                size=found.size,
                pdf=pdf,
                found=True,
            )
            yield self._put([copy], {row.number: row.file}, place)

    def restore(self, lines: "Iterable[dict[str, Any]]", since: datetime.datetime, place: "Destination") -> None:
        """Put copies that are listed into a place that has lost them.

        Args:
            lines: of the manifest.
            since: when the batch was begun (aware).
            place: where they were.

        Raises:
            RecordError: the archive does not have one of them.
            UsageError: the customer of one was erased.
            TamperedError: the archive has lost the file of one.
        """
        rows = self._index.rows(kinds=("customer-copy",), version=self._version, since=since - _CLOCKS)
        archived: dict[str, Row] | None = None
        for line in lines:
            if place.measure(line["file"]) is not None:
                continue
            archived = {row.digest: row for row in rows} if archived is None else archived
            found = archived.get(line["digest"])
            if found is None:
                raise RecordError(
                    f"{line['file']} was issued, and this archive does not have it; name the one that it was added to"
                )
            place.put([(line["file"], read_present(self._session.archive, found.file, found.recipient))])

    def _archived_since(self, since: datetime.datetime) -> "dict[tuple[str, str], Row]":
        """Find what was archived since a batch was begun, by recipient and reference, but for withdrawn copies."""
        from ..archive.recipients import open_details
        from ..archive.register import read_register

        archive = self._session.archive
        recipients: dict[str, Recipient] = {}
        found: dict[tuple[str, str], Row] = {}
        withdrawn = read_register(archive).withdrawn
        for row in self._index.rows(kinds=("customer-copy",), version=self._version, since=since - _CLOCKS):
            if row.erased or row.recipient is None or row.sealed is None or row.signer != self._signer:
                continue
            if row.number in withdrawn:
                continue
            if not recipients:
                recipients = {record.pseudonym: record for record in archive.recipients(self._names_key)}
            if row.recipient in recipients:
                found[row.recipient, open_details(recipients[row.recipient].key, row.sealed).reference] = row
        return found

    def _read(self, row: "Row") -> bytes | None:
        return self._session.archive.read_file(row.file)

    def _put(
        self,
        copies: "Sequence[IssuedRow]",
        files: dict[int, str],
        place: "Destination",
        ready: "Callable[[], None]" = lambda: None,
    ) -> "list[IssuedRow]":
        contents = [(files[copy.number], copy.pdf or b"") for copy in copies]
        for (file, pdf), put in zip(contents, place.put(contents, ready=ready), strict=True):
            if not put and place.read(file) != pdf:
                raise DestinationExistsError(f"{file} exists, and is not the copy of this row; move it away")
        return [replace(copy, file=files[copy.number], pdf=None) for copy in copies]


@contextlib.contextmanager
def open_archiving(
    location: "ArchiveLocation",
    anchoring: "Anchoring | None",
    *,
    clock: "Callable[[], datetime.datetime]",
    signer: str,
    version: str,
    level: str,
    actor: "Person | None" = None,
    same_reference: bool = False,
    advance: "Advance" = quiet,
) -> Iterator[Archiving]:
    """Open the archive that the copies of a batch go to; anchor it afterwards.

    Args:
        location: where it is.
        anchoring: who anchors it, or None.
        clock: gives the time (aware).
        signer: the digest of the certificate that signs.
        version: of the policy.
        level: of the copies.
        actor: the person who runs the batch.
        same_reference: accept references that other customers have already.
        advance: is told how far the reading of the log has come.

    Raises:
        UndeliveredError: copies were archived, and not handed out; see `Archiving.all_or_none`.
    """
    from ..archive.anchoring import anchor_added
    from ..archive.references import ReferenceOwners

    opened = location.open()
    keyring = location.keyring(opened)
    archiving = None
    try:
        with location.open_index(opened, advance) as index, opened.writing(keyring, clock, actor) as session:
            archiving = Archiving(
                session,
                index,
                keyring.names_key,
                signer=signer,
                version=version,
                level=level,
                references=None if same_reference else ReferenceOwners(opened, keyring.names_key),
            )
            yield archiving
            archiving.not_anchored = anchor_added(session, anchoring, clock())
    except BaseException as error:
        copies, reason = archiving.undelivered() if archiving is not None else ([], "")
        if not copies:
            raise
        # By another session, since after a failure nothing is added in the same one.
        withdrawn = False
        with contextlib.suppress(PrivacyError, OSError), opened.writing(keyring, clock, actor) as session:
            session.withdraw_copies(copies, reason)
            withdrawn = True
        raise UndeliveredError(error, len(copies), withdrawn=withdrawn) from None
