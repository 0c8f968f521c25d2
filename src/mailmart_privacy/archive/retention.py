"""Retention: customers whose relation ended are proposed for erasure; nobody is erased without a person who does it."""

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._time import require_moment
from .recipients import NO_DETAILS, Details, Recipient
from .register import read_register

if TYPE_CHECKING:
    from .archive import Archive
    from .entries import LogEntry
    from .register import Register
    from .session import Session


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A customer who is proposed for erasure.

    Attributes:
        name: of the customer.
        pseudonym: what entries call the customer.
        ended_at: when the relation ended (aware, UTC).
        due_at: when the retention period ends (aware, UTC).
        copies: how many copies the archive has for the customer.
        held: whether a hold is in place, so that the customer cannot be erased now.
    """

    name: str
    pseudonym: str
    ended_at: datetime.datetime
    due_at: datetime.datetime
    copies: int
    held: bool

    def __repr__(self) -> str:
        return f"<Proposal {self.name[:100]!r}, due on {self.due_at:%Y-%m-%d}, {self.copies} copies>"


def end_relation(
    session: "Session", recipient: Recipient, *, ended_at: datetime.datetime, details: Details = NO_DETAILS
) -> "LogEntry":
    """Log that the relation with a customer ended; a copy that is issued later says that it goes on.

    Args:
        session: the archive, open to be added to.
        recipient: the customer.
        ended_at: when it ended (aware).
        details: reason and matter.
    """
    require_moment(ended_at)
    return session.add_act("relation-ended", recipient=recipient, effective_at=ended_at, details=details)


def propose_erasures(archive: "Archive", names_key: bytes, *, retention: datetime.timedelta) -> list[Proposal]:
    """Propose customers for erasure: those whose relation ended and who got no copy since.

    Args:
        archive: whose. The whole log is read, and compared with its checkpoint.
        names_key: the archive's, which decrypts names.
        retention: how long copies are kept after the relation ended.

    Returns:
        All of them, also those whose period has not ended yet; the first due first. Customers whose erasure waits for
        the store are left out.

    Raises:
        TamperedError: the log is not that of its checkpoint, or a record was changed.
    """
    first = read_register(archive)
    ended = {key: each for key, each in first.ended.items() if key not in first.waiting and key not in first.erased}
    if not ended:
        return []
    sought = [f'"recipient":"{pseudonym}"'.encode() for pseudonym in ended]
    register = read_register(archive, lambda content: any(each in content for each in sought))
    proposals = []
    for record in archive.recipients(names_key):
        entry = ended.get(record.pseudonym)
        if entry is None or entry.entry.effective_at is None:
            continue
        copies = [copy for copy in register.copies if copy.entry.recipient == record.pseudonym]
        if any(_continues(copy, entry, register) for copy in copies):
            continue
        proposals.append(
            Proposal(
                name=record.name,
                pseudonym=record.pseudonym,
                ended_at=entry.entry.effective_at,
                due_at=_end(entry.entry.effective_at, retention),
                copies=len(copies),
                held=bool(register.holds_on(record.pseudonym)),
            )
        )
    return sorted(proposals, key=lambda each: (each.due_at, each.name))


def _end(ended_at: datetime.datetime, retention: datetime.timedelta) -> datetime.datetime:
    """Give the end of a period; a relation may be said to end so late that nobody can write when its period does."""
    try:
        return ended_at + retention
    except OverflowError:
        return datetime.datetime.max.replace(tzinfo=datetime.UTC)


def _continues(copy: "LogEntry", ended: "LogEntry", register: "Register") -> bool:
    """Tell whether a copy says that a relation goes on after its end was recorded.

    One that was only added later, and had been issued before the end, does not; nor does a renewed file of an earlier
    one, or a copy that was issued wrongly.
    """
    if copy.number < ended.number or copy.entry.renews is not None or copy.number in register.withdrawn:
        return False
    return (copy.entry.issued_at or copy.entry.recorded_at) > (ended.entry.effective_at or ended.entry.recorded_at)
