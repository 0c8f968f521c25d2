"""What people do to what is archived: hold, release, withdraw, erase."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._unicode import spell_out
from ..errors import ArchiveError, UsageError
from .entries import LogEntry
from .recipients import NO_DETAILS, Details, Person, Recipient, derive_acts_key, open_details
from .register import Register, copies_of, read_register

if TYPE_CHECKING:
    from .archive import Archive
    from .session import Session


class HeldError(ArchiveError):
    """A customer cannot be erased while a hold is in place.

    Attributes:
        holds: the numbers of the holds' entries; empty if only the store holds a file.
        matters: the matters that they belong to.
    """

    def __init__(self, holds: Sequence[int], matters: Sequence[str]) -> None:
        self.holds, self.matters = tuple(holds), tuple(matters)
        which = f"hold {', '.join(f'no. {number:,}' for number in holds)}" if holds else "a legal hold in the store"
        matter = f" (matter {', '.join(map(spell_out, matters))})" if matters else ""
        super().__init__(f"this customer cannot be erased while {which} is in place{matter}; nothing was erased")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.holds, self.matters)


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """The outcome of an erasure.

    Attributes:
        entry: in the log: of the erasure, or of the fact that it waits.
        copies: how many copies it concerns.
        due_at: until when the store locks one of them (aware, UTC); None if the erasure is done.
    """

    entry: LogEntry
    copies: int
    due_at: datetime.datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """A hold that is in place.

    Attributes:
        number: of its entry.
        placed_at: when the archive says that it was placed (aware, UTC).
        recipient: the customer's pseudonym.
        about: the number of the copy's entry, if the hold is on one copy.
        actor: the pseudonym of the person who placed it, or None.
        details: reason and matter.
    """

    number: int
    placed_at: datetime.datetime
    recipient: str | None
    about: int | None
    actor: str | None
    details: Details

    def __repr__(self) -> str:
        return f"<Hold no. {self.number}, placed on {self.placed_at:%Y-%m-%d}, about={self.about}>"


def hold(session: "Session", recipient: Recipient, *, about: LogEntry | None = None, details: Details) -> LogEntry:
    """Place a hold on a customer, or on one copy; while it is in place, nobody can erase the customer.

    Args:
        session: the archive, open to be added to.
        recipient: the customer.
        about: one of the customer's copies; by default all, also those that come later. A store with object lock holds
            the files that are there by now; those that come later are held by the log alone.
        details: reason and matter, which must not name the customer: they outlive an erasure.
    """
    number = None if about is None else about.number
    placed = session.add_act("hold", recipient=recipient, about=number, details=details, outlives=True)
    _hold_files(session, [about] if about else copies_of(session.archive, recipient.pseudonym).copies, on=True)
    return placed


def release(session: "Session", holds: Sequence[Hold], *, details: Details = NO_DETAILS) -> list[LogEntry]:
    """Lift holds. If the store also holds the files, it releases those that no other hold concerns."""
    done = [session.add_act("release", about=each.number, details=details, outlives=True) for each in holds]
    for each in holds:
        register = copies_of(session.archive, each.recipient or "")
        standing = [other.entry.about for other in register.holds_on(each.recipient or "")]
        if None not in standing:
            freed = [copy for copy in register.copies if copy.number not in standing]
            _hold_files(session, [copy for copy in freed if each.about in (None, copy.number)], on=False)
    return done


def list_holds(archive: "Archive", names_key: bytes, register: Register | None = None) -> list[Hold]:
    """List the holds that are in place, the oldest first.

    Args:
        archive: whose.
        names_key: decrypts reasons and matters.
        register: what was read of the log already.

    Raises:
        TamperedError: the log is not that of its checkpoint.
    """
    key = derive_acts_key(names_key)
    register = register or read_register(archive)
    return [
        Hold(
            number=each.number,
            placed_at=each.entry.recorded_at,
            recipient=each.entry.recipient,
            about=each.entry.about,
            actor=each.entry.actor,
            details=open_details(key, each.entry.sealed) if each.entry.sealed else NO_DETAILS,
        )
        for each in register.holds
    ]


def withdraw(
    session: "Session", recipient: Recipient, copy: LogEntry, *, details: Details, register: Register | None = None
) -> LogEntry:
    """Log that a copy is withdrawn: it was issued wrongly, or was never sent. The copy stays in the archive.

    Renewed files are the same copy, so an entry of its own withdraws each file that renewed it, or that it renewed.

    Args:
        session: the archive, open to be added to.
        recipient: its customer.
        copy: its entry.
        details: why.
        register: what the log says of the customer's copies, or None to read the whole log for that.

    Returns:
        The entry that withdraws the copy.

    Raises:
        UsageError: it is withdrawn already.
    """
    register = register or copies_of(session.archive, recipient.pseudonym)
    if copy.number in register.withdrawn:
        moment = register.withdrawn[copy.number].entry.recorded_at
        raise UsageError(f"the copy of entry {copy.number:,} was withdrawn on {moment:%Y-%m-%d} already")
    # The copy itself comes last: until then, an interrupted withdrawal can be asked for again.
    for other in _list_renewals(copy, register.copies):
        if other.number not in register.withdrawn:
            session.add_act("withdrawn", recipient=recipient, about=other.number, details=details)
    return session.add_act("withdrawn", recipient=recipient, about=copy.number, details=details)


def _list_renewals(copy: LogEntry, copies: Sequence[LogEntry]) -> list[LogEntry]:
    """List the other files of a copy: the one that it renewed, those that renewed it, and so on."""
    found, digests = list[LogEntry](), _name_files(copy)
    others = [each for each in copies if each.number != copy.number]
    while more := [each for each in others if _name_files(each) & digests]:
        found += more
        digests = digests.union(*map(_name_files, more))
        others = [each for each in others if each not in more]
    return sorted(found, key=lambda each: each.number)


def _name_files(copy: LogEntry) -> set[str]:
    """Name the file of a copy, and the one that it renewed, by their digests."""
    return {copy.entry.files[0].digest, *([copy.entry.renews] if copy.entry.renews else [])}


def erase(
    session: "Session",
    names_key: bytes,
    recipient: Recipient,
    *,
    at: datetime.datetime,
    details: Details = NO_DETAILS,
    second: Person | None = None,
) -> Erasure:
    """Erase a customer: the name, and the copies that show it. Holds and locks are asked first.

    Where the store locks a copy, the erasure waits: that is logged with its due date, and `finish_erasures` does it
    then. A copy that is issued to the same name meanwhile belongs to a new pseudonym.

    Args:
        session: the archive, open to be added to.
        names_key: the archive's, which decrypts matters.
        recipient: the customer.
        at: now (aware).
        details: reason and matter of the request.
        second: the person who confirmed it.

    Raises:
        HeldError: a hold is in place. The log records only that the erasure was refused.
    """
    register = copies_of(session.archive, recipient.pseudonym)
    try:
        due_at = _find_due(session.archive, names_key, register, recipient.pseudonym, at)
    except HeldError:
        session.add_act("erase-refused", recipient=recipient, details=details, second=second)
        raise
    if due_at is not None:
        entry = session.add_act(
            "erase-waiting", recipient=recipient, due_at=due_at, details=details, outlives=True, second=second
        )
        session.put_record_aside(recipient)
        return Erasure(entry=entry, copies=len(register.copies), due_at=due_at)
    entry = session.erase(recipient, second=second)
    return Erasure(entry=entry, copies=len(register.copies), due_at=None)


def finish_erasures(
    session: "Session", names_key: bytes, *, clock: Callable[[], datetime.datetime]
) -> tuple[list[Erasure], list[str]]:
    """Carry out the erasures that waited and are due, and finish those that were interrupted.

    Args:
        session: the archive, open to be added to.
        names_key: the archive's, which decrypts records.
        clock: tells what time it is (aware).

    Returns:
        What was erased, and why others still wait.
    """
    done, missed = list[Erasure](), list[str]()
    register = read_register(session.archive)
    awaited = {each.entry.recipient or "" for each in register.acts if each.entry.act == "erase-waiting"}
    concerned = awaited | register.erased
    records = [record for record in session.archive.recipients(names_key) if record.pseudonym in concerned]
    for record in records:
        own = copies_of(session.archive, record.pseudonym)
        if record.pseudonym in register.erased:  # logged, and interrupted before everything was removed
            session.remove_erased(record, [file for copy in own.copies for file in copy.entry.files])
            continue
        try:
            due_at = _find_due(session.archive, names_key, own, record.pseudonym, clock())
        except HeldError as error:
            missed.append(str(error))
            continue
        if due_at is not None:
            missed.append(f"the store locks a copy until {due_at:%Y-%m-%d %H:%M} UTC")
            continue
        done.append(Erasure(entry=session.erase(record), copies=len(own.copies), due_at=None))
    return done, missed


def _find_due(
    archive: "Archive", names_key: bytes, register: Register, pseudonym: str, at: datetime.datetime
) -> datetime.datetime | None:
    """Tell until when the store locks a copy, or None; raise HeldError if a hold is in place."""
    holds = register.holds_on(pseudonym)
    if holds:
        matters = {each.number: each.details.matter for each in list_holds(archive, names_key, register)}
        numbers = [each.number for each in holds]
        raise HeldError(numbers, sorted({matters[number] for number in numbers} - {""}))
    locks = [archive.storage.lock(file.name) for copy in register.copies for file in copy.entry.files]
    if any(lock.held for lock in locks):
        raise HeldError((), ())
    return max((lock.until for lock in locks if lock.until is not None and lock.is_locked(at)), default=None)


def _hold_files(session: "Session", copies: Sequence[LogEntry], *, on: bool) -> None:
    storage = session.archive.storage
    for copy in copies:
        for file in copy.entry.files:
            if not storage.hold(file.name, on=on):
                return  # this store cannot, so the entry alone binds
