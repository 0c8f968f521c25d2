"""Issuing and archiving in one step: no copy is handed out without its entry."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .._files import open_whole
from .._sync import sync_file, sync_folder
from ..errors import ArchiveError, PrivacyError, UndeliveredError, UsageError
from .acts import withdraw
from .admission import admit
from .lookup import read_present
from .recipients import Details, open_details
from .references import ReferenceOwners
from .register import copies_of

if TYPE_CHECKING:
    from ..policy.ledger import Ledger
    from ..trust.anchors import Trusted
    from .entries import LogEntry
    from .service import ArchiveService
    from .session import Copy


_UNWRITTEN = "its file could not be written; never sent"


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchivedCopy:
    """A copy that is archived, and may be handed out.

    Attributes:
        pdf: its bytes.
        digest: lowercase hex SHA-256 of the file.
        recipient: the customer that it is addressed to.
        reference: what it is called.
        version: of the policy.
        issued_at: when it was issued (aware, UTC).
        entry: the number of its entry in the log.
        found: whether an earlier request of the same key had issued it.
    """

    pdf: bytes = field(repr=False)
    digest: str
    recipient: str
    reference: str
    version: str
    issued_at: datetime.datetime
    entry: int
    found: bool = False

    def __repr__(self) -> str:
        return f"<ArchivedCopy {self.reference[:80]!r}, entry {self.entry}, {self.digest[:16]}, found={self.found}>"


def deliver(
    service: "ArchiveService",
    recipient: str,
    *,
    issue: Callable[[], bytes],
    trust: "Trusted",
    ledger: "Ledger",
    request: str = "",
    matter: str = "",
    same_reference: bool = False,
) -> ArchivedCopy:
    """Issue a copy, archive it, and only then return it.

    Args:
        service: the archive; its `actor` is in the entry.
        recipient: the customer.
        issue: makes the copy: its bytes. It is called unless an earlier request of the same key has made one.
        trust: whom to trust for what.
        ledger: the recorded versions.
        request: a key that the requester chose. Repeating the request with the same key and customer gives the copy
            that is archived already. The caller must prevent two requests with one key at the same moment.
        matter: the matter that the copy belongs to.
        same_reference: accept a reference that another customer has.

    Raises:
        ReferenceConflictError: another customer has the reference; nothing was archived.
        VerificationError: the copy that was issued does not verify with this trust; nothing was archived.
        ArchiveError: it cannot be archived.
        UsageError: the copy that an earlier request of the same key has made was withdrawn, or its recipient erased.
        TamperedError: the file of that copy was changed, or is missing.
    """
    earlier = _find_request(service, recipient, request) if request else None
    if earlier is not None:
        return earlier
    copy = _judge(service, issue(), trust, ledger, request, matter)
    require_reference(service, copy, same_reference=same_reference)
    return _describe(copy, _add(service, copy, ledger))


def write_archived(
    service: "ArchiveService",
    path: Path,
    pdf: bytes,
    *,
    trust: "Trusted",
    ledger: "Ledger",
    force: bool = False,
    same_reference: bool = False,
) -> ArchivedCopy:
    """Write a copy under a temporary name, archive it, and only then give the file its name.

    If that fails, the log records that the copy is withdrawn: nobody received it.

    Args:
        service: the archive.
        path: the place of the file.
        pdf: the copy.
        trust: whom to trust for what.
        ledger: the recorded versions.
        force: replace a file that is there.
        same_reference: accept a reference that another customer has.

    Raises:
        OSError: the file cannot be written there.
        DestinationExistsError: a file is there, and `force` is not set.
        ArchiveError: it cannot be archived; no file was written.
        UndeliveredError: it was archived, and its file could not be put into its place after that.
    """
    copy = _judge(service, pdf, trust, ledger, "", "")
    require_reference(service, copy, same_reference=same_reference)
    added = None
    try:
        with open_whole(path, force=force, claimed=True) as file:
            file.write(pdf)
            file.flush()
            sync_file(file.fileno())
            sync_folder(path.parent)
            added = _add(service, copy, ledger)
    except BaseException as error:  # noqa: BLE001 - an interruption too leaves a copy that nobody received
        raise _withdraw(service, copy, added, error) from None
    return _describe(copy, added)


def pass_archived(
    service: "ArchiveService",
    stream: IO[bytes],
    pdf: bytes,
    *,
    trust: "Trusted",
    ledger: "Ledger",
    same_reference: bool = False,
    tell: Callable[[ArchivedCopy], None] = lambda copy: None,
) -> ArchivedCopy:
    """Archive a copy, and write it to a pipe after that; arguments and errors are those of `write_archived`.

    Args:
        tell: is told of the copy when it is archived, and not written yet: if the process is killed, nothing else shows
            that the pipe's reader may not have it.
    """
    copy = _judge(service, pdf, trust, ledger, "", "")
    require_reference(service, copy, same_reference=same_reference)
    added = None
    try:
        added = _add(service, copy, ledger)
        tell(_describe(copy, added))
        write_to(stream, pdf)
    except BaseException as error:  # noqa: BLE001 - an interruption too leaves a copy that nobody received
        raise _withdraw(service, copy, added, error) from None
    return _describe(copy, added)


def write_to(stream: IO[bytes], content: bytes) -> None:
    """Write to a pipe, and wait until its reader has it."""
    stream.write(content)
    stream.flush()


def require_reference(service: "ArchiveService", copy: "Copy", *, same_reference: bool) -> None:
    """Refuse a reference that another customer has. The same customer may have it again, for another version.

    Raises:
        ReferenceConflictError: another customer has it.
    """
    if not same_reference:
        ReferenceOwners(service.archive, service.keyring().names_key).claim(copy.reference, copy.recipient)


def _judge(
    service: "ArchiveService",
    pdf: bytes,
    trust: "Trusted",
    ledger: "Ledger",
    request: str,
    matter: str,
) -> "Copy":
    # A timestamp, or another process that certified the form, may be a moment ahead of the clock here.
    at = service.clock() + datetime.timedelta(seconds=5)
    return admit(pdf, trust=trust, at=at, ledger=ledger, request=request, matter=matter)


def _add(service: "ArchiveService", copy: "Copy", ledger: "Ledger") -> "LogEntry":
    try:
        with service.writing() as (session, _):
            (added,) = session.add_copies([copy], ledger)
    except OSError as error:  # else it would be reported as an error of the copy's own file
        place = error.filename or service.archive.storage.location
        raise ArchiveError(f"{place}: {error.strerror or error}") from error
    return added


def _withdraw(service: "ArchiveService", copy: "Copy", added: "LogEntry | None", error: BaseException) -> BaseException:
    """Log that a copy is withdrawn, if its entry was committed.

    Returns:
        The error to raise: the given one, unless the copy is in the archive.
    """
    try:
        withdrawn = _withdraw_committed(service, copy)
    except (PrivacyError, OSError):  # what went wrong first is what is raised
        withdrawn = False
    if not withdrawn and added is None:
        return error
    return UndeliveredError(error, 1, withdrawn=withdrawn)


def _withdraw_committed(service: "ArchiveService", copy: "Copy") -> bool:
    with service.writing() as (session, keyring):
        recipient = service.archive.find_recipient(keyring.names_key, copy.recipient)
        copies = copies_of(service.archive, recipient.pseudonym).copies if recipient is not None else ()
        found = [each for each in copies if each.entry.files[0].digest == copy.digest]
        for each in found:
            assert recipient is not None
            withdraw(session, recipient, each, details=Details(reason=_UNWRITTEN))
    return bool(found)


def _describe(copy: "Copy", added: "LogEntry") -> ArchivedCopy:
    return ArchivedCopy(
        pdf=copy.pdf,
        digest=copy.digest,
        recipient=copy.recipient,
        reference=copy.reference,
        version=copy.version,
        issued_at=copy.issued_at,
        entry=added.number,
    )


def _find_request(service: "ArchiveService", name: str, request: str) -> ArchivedCopy | None:
    """Find the copy that an earlier request of the same key has made for the customer."""
    recipient = service.archive.find_recipient(service.keyring().names_key, name)
    if recipient is None:
        return None
    register = copies_of(service.archive, recipient.pseudonym)
    for found in register.copies:
        entry = found.entry
        details = open_details(recipient.key, entry.sealed) if entry.sealed else Details()
        if details.request == request and entry.issued_at is not None:
            if (gone := register.withdrawn.get(found.number)) is not None:
                raise UsageError(
                    f"the copy of this request was withdrawn on {gone.entry.recorded_at:%Y-%m-%d}; ask for a new one "
                    "with another key"
                )
            return ArchivedCopy(
                pdf=read_present(service.archive, entry.files[0], entry.recipient),
                digest=entry.files[0].digest,
                recipient=recipient.name,
                reference=details.reference,
                version=entry.version or "",
                issued_at=entry.issued_at,
                entry=found.number,
                found=True,
            )
    return None
