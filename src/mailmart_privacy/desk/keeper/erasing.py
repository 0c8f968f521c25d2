"""Holds and erasures: each act is an entry of the archive's log. Two people erase a customer, neither of them alone."""

from typing import TYPE_CHECKING

from ..._clock import now
from ...archive import acts
from ...archive.recipients import NO_DETAILS, Details, fold, open_details
from ..answers import Actor, Done
from ..checker.calls import AskShelter
from ..checker.sheet_calls import FindName
from ..compliance_calls import (
    AskErasure,
    ComplianceView,
    ConfirmErasure,
    ErasureView,
    HoldView,
    LiftHolds,
    PlaceHold,
    RefuseErasure,
    ShowCompliance,
)
from ..messages import RefusedError
from .batches.folder import OPEN, BatchFolder, read_folders
from .batches.reading import ask_checker
from .desk import make_person
from .known import KnownCustomer
from .views import find_customer

if TYPE_CHECKING:
    from .desk import Desk


def show_compliance(desk: "Desk", call: ShowCompliance) -> ComplianceView:
    """Show the holds on a customer, and an erasure that was asked for."""
    customer = find_customer(desk, call.customer)
    asked = customer.asked
    person = desk.directory.names.find_staff(asked.entry.actor) if asked else None
    details = open_details(customer.record.key, asked.entry.sealed) if asked and asked.entry.sealed else NO_DETAILS
    return ComplianceView(
        id=customer.record.pseudonym,
        name=customer.record.name,
        copies=len(customer.copies),
        holds=tuple(_show_hold(desk, each) for each in _list_holds(desk, customer)),
        asked_at=asked.entry.recorded_at if asked else None,
        asked_by=person.name if person else "",
        asked_because=details.reason,
        own=asked is not None and asked.entry.actor == desk.pseudonym(call.actor),
        waits_until=customer.waiting.entry.due_at if customer.waiting else None,
    )


def place_hold(desk: "Desk", call: PlaceHold) -> Done:
    """Place a hold: while it is in place, nobody can erase the customer."""
    customer = find_customer(desk, call.customer)
    _require_reason(call.reason)
    _require_anonymous(customer, call.matter, call.reason)
    with desk.writing(call.actor) as session:
        acts.hold(session, customer.record, details=Details(matter=call.matter.strip(), reason=call.reason.strip()))
    return Done()


def lift_holds(desk: "Desk", call: LiftHolds) -> Done:
    """Lift all holds on a customer; if there is none, nothing happens."""
    customer = find_customer(desk, call.customer)
    _require_reason(call.reason)
    _require_anonymous(customer, call.reason)
    holds = _list_holds(desk, customer)
    if holds:
        with desk.writing(call.actor) as session:
            acts.release(session, holds, details=Details(reason=call.reason.strip()))
    return Done()


def ask_erasure(desk: "Desk", call: AskErasure) -> Done:
    """Log that an erasure is asked for; asking again changes nothing."""
    customer = find_customer(desk, call.customer)
    _require_reason(call.reason)
    _require_free(desk, customer)
    if customer.asked is None:
        with desk.writing(call.actor) as session:
            details = Details(matter=call.matter.strip(), reason=call.reason.strip())
            session.add_act("erase-asked", recipient=customer.record, details=details)
    return Done()


def refuse_erasure(desk: "Desk", call: RefuseErasure) -> Done:
    """Log that an erasure which was asked for is refused, or taken back."""
    customer = find_customer(desk, call.customer)
    if customer.asked is not None:
        with desk.writing(call.actor) as session:
            details = Details(reason=call.reason.strip())
            session.add_act("erase-refused", recipient=customer.record, details=details)
    return Done()


def confirm_erasure(desk: "Desk", call: ConfirmErasure) -> ErasureView:
    """Erase a customer: asked for by one person, and confirmed by another one, who typed the name.

    Raises:
        RefusedError: "nobody-asked", "needs-second", "name-differs", "held", "batch-under-way".
    """
    customer = find_customer(desk, call.customer)
    asked = customer.asked
    if asked is None:
        raise RefusedError("nobody-asked")
    person = desk.directory.names.find_staff(asked.entry.actor)
    if person is None or asked.entry.actor == desk.pseudonym(call.actor):
        raise RefusedError("needs-second")
    if fold(call.name) != fold(customer.record.name):
        raise RefusedError("name-differs")
    # First what the desk itself keeps: once the name is gone, nobody can look for it.
    for folder in [] if customer.holds else _find_batches(desk, customer.record.name):
        folder.remove()
    asker = Actor(issuer=person.issuer, subject=person.subject, name=person.name)
    second = make_person(call.actor)
    held: acts.HeldError | None = None
    done: acts.Erasure | None = None
    with desk.writing(asker) as session:
        try:
            done = acts.erase(session, desk.keyring.names_key, customer.record, at=now(), second=second)
        except acts.HeldError as error:  # that it was refused is in the log, and published
            held = error
    if done is None:
        raise RefusedError("held", about=", ".join(held.matters) if held else "")
    return ErasureView(number=done.entry.number, copies=done.copies, due_at=done.due_at)


def _find_batches(desk: "Desk", name: str) -> list[BatchFolder]:
    """Find the batches whose files name a customer, wherever that is: also in rows that were left out.

    Raises:
        RefusedError: "batch-under-way": copies of one of them are being issued.
    """
    found = []
    for folder, batch in read_folders(desk):
        try:
            kept = folder.kept if batch.ordered else folder.sheet
        except RefusedError:  # it was removed meanwhile
            continue
        if not _names(desk, kept, name):
            continue
        if batch.state in OPEN:
            raise RefusedError("batch-under-way")
        found.append(folder)
    return found


def _names(desk: "Desk", content: bytes, name: str) -> bool:
    """Tell whether a file names a customer. One that cannot be searched counts as if it did."""
    try:
        return ask_checker(desk, FindName(content=content, customer=name)).found
    except RefusedError:
        desk.checker.ask(AskShelter())  # if the checker itself does not answer, nothing is removed and nobody erased
        return True


def _list_holds(desk: "Desk", customer: KnownCustomer) -> list[acts.Hold]:
    if not customer.holds:
        return []
    found = acts.list_holds(desk.archive, desk.keyring.names_key)
    return [each for each in found if each.recipient == customer.record.pseudonym]


def _show_hold(desk: "Desk", hold: acts.Hold) -> HoldView:
    person = desk.directory.names.find_staff(hold.actor)
    return HoldView(
        number=hold.number,
        placed_at=hold.placed_at,
        placed_by=person.name if person else "",
        matter=hold.details.matter,
        reason=hold.details.reason,
    )


def _require_free(desk: "Desk", customer: KnownCustomer) -> None:
    if customer.holds:
        matters = sorted({each.details.matter for each in _list_holds(desk, customer)} - {""})
        raise RefusedError("held", about=", ".join(matters))
    if customer.waiting is not None:
        raise RefusedError("erasure-waits")


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise RefusedError("reason-missing")


def _require_anonymous(customer: KnownCustomer, *texts: str) -> None:
    """Refuse words that name the customer: what is said of holds stays readable after an erasure."""
    if any(fold(customer.record.name) in fold(text) for text in texts):
        raise RefusedError("names-customer")
