"""What is known of copies and customers, as answers have it."""

from typing import TYPE_CHECKING

from ...archive.finding import fold_for_search
from ...archive.recipients import open_details
from ..answers import Actor, CopyView, CustomerView
from ..messages import RefusedError
from .known import KnownCopy, KnownCustomer

if TYPE_CHECKING:
    from .desk import Desk


class Views:
    """Shows copies and customers to a person.

    Args:
        desk: what is known.
        actor: the person who asks.
    """

    def __init__(self, desk: "Desk", actor: Actor) -> None:
        self._desk, self._own = desk, desk.pseudonym(actor)

    def copy(self, customer: KnownCustomer, copy: KnownCopy) -> CopyView:
        """Show a copy."""
        entry, gone = copy.logged.entry, copy.withdrawn
        person = self._desk.directory.names.find_staff(entry.actor)
        because = open_details(customer.record.key, gone.entry.sealed).reason if gone and gone.entry.sealed else ""
        return CopyView(
            number=copy.logged.number,
            fingerprint=copy.digest,
            size=entry.files[0].size,
            version=entry.version or "",
            customer=customer.record.name,
            customer_id=customer.record.pseudonym,
            reference=copy.details.reference,
            matter=copy.details.matter,
            issued_at=entry.issued_at or entry.recorded_at,
            recorded_at=entry.recorded_at,
            level=entry.level or "",
            issued_by=person.name if person else "",
            own=bool(self._own) and entry.actor == self._own,
            withdrawn_at=gone.entry.recorded_at if gone else None,
            withdrawn_because=because,
            replaced=copy.replaced,
        )

    def customer(self, customer: KnownCustomer, copies: list[KnownCopy] | None = None) -> CustomerView:
        """Show a customer, with all copies or with some."""
        chosen = customer.copies if copies is None else copies
        return CustomerView(
            id=customer.record.pseudonym,
            name=customer.record.name,
            copies=tuple(self.copy(customer, each) for each in reversed(chosen)),
            held=bool(customer.holds),
            erasure_asked=customer.asked is not None,
            erasure_due_at=customer.waiting.entry.due_at if customer.waiting else None,
        )


def find_copy(desk: "Desk", fingerprint: str, actor: Actor | None = None) -> tuple[KnownCustomer, KnownCopy]:
    """Find a copy by the whole fingerprint.

    Args:
        desk: what is known.
        fingerprint: of the file.
        actor: who asks; somebody who issued a copy is told that its customer was erased.

    Raises:
        RefusedError: there is no such copy on record, or its customer was erased.
    """
    desk.directory.refresh()
    found = desk.directory.by_digest.get(fingerprint)
    if found is None:
        by = desk.directory.gone.get(fingerprint)
        raise RefusedError("erased" if by and actor and by == desk.pseudonym(actor) else "no-such-copy")
    return found


def find_customer(desk: "Desk", customer: str) -> KnownCustomer:
    """Find a customer by the id that pages use.

    Raises:
        RefusedError: there is no such customer on record, or not any more.
    """
    desk.directory.refresh()
    found = desk.directory.customers.get(customer)
    if found is None:
        raise RefusedError("no-such-customer")
    return found


def require_words(text: str) -> None:
    """Refuse a search for nothing."""
    if not fold_for_search(text):
        raise RefusedError("nothing-to-find")
