"""Issuing one copy: claimed, looked up, issued, archived, and only then given out."""

import datetime
from typing import TYPE_CHECKING

from ..._clock import now
from ...archive.admission import admit
from ...archive.lookup import read_present
from ...archive.recipients import fold
from ...errors import LevelError, RecipientError, UsageError
from ...policy.papers import Paper
from ..answers import Actor, Copies, CopyFile, IssueOutcome
from ..api_calls import ListCopies
from ..calls import FetchCopy, Issue, ListIssued
from ..messages import RefusedError
from .known import KnownCopy, KnownCustomer
from .views import Views, find_copy

if TYPE_CHECKING:
    from ...copies.issuer import IssuedCopy
    from .desk import Desk

# A timestamp, or another process that certified the form, may be a moment ahead of the clock here.
_AHEAD = datetime.timedelta(seconds=5)


def issue(desk: "Desk", call: Issue) -> IssueOutcome:
    """Issue a copy, unless a request of the same key did, or the customer has one of this version.

    Raises:
        RefusedError: "unfit-name", "unfit-reference", "reference-taken", "request-reused", "under-way", "no-authority".
    """
    with desk.claim(call.actor, call.request) as request:
        desk.directory.refresh()
        earlier = desk.directory.by_request.get(request)
        if earlier is not None:
            return _repeat(desk, call, earlier)
        version = desk.ledger.version_in_force(now()).version
        record = desk.directory.names.find_by_name(call.recipient)
        known = desk.directory.customers.get(record.pseudonym) if record else None
        existing = find_current(known, version)
        if known is not None and existing is not None and not call.again:
            view = Views(desk, call.actor).copy(known, existing)
            return IssueOutcome(copy=None, existing=view, repeated=False)
        _require_free(desk, call.reference, known)
        issued = _sign(desk, call, version)
        _archive(desk, call.actor, issued, request)
        return IssueOutcome(
            copy=Views(desk, call.actor).copy(*find_copy(desk, issued.digest)), existing=None, repeated=False
        )


def list_issued(desk: "Desk", call: ListIssued) -> Copies:
    """List the copies that a person issued recently."""
    desk.directory.refresh()
    views, own = Views(desk, call.actor), desk.pseudonym(call.actor)
    newest = desk.directory.newest(own, call.limit) if own else []
    return Copies(copies=tuple(views.copy(*each) for each in newest))


def list_copies(desk: "Desk", call: ListCopies) -> Copies:
    """List the copies that a service issued, the oldest first, after a record; by exact recipient and reference."""
    desk.directory.refresh()
    views, own = Views(desk, call.actor), desk.pseudonym(call.actor)
    found = []
    for customer in desk.directory.snapshot() if own else ():
        if call.recipient and fold(call.recipient) != fold(customer.record.name):
            continue
        found += [
            (customer, copy)
            for copy in customer.copies
            if copy.logged.entry.actor == own
            and copy.logged.number > call.after
            and call.reference in ("", copy.details.reference)
        ]
    found.sort(key=lambda each: each[1].logged.number)
    return Copies(copies=tuple(views.copy(*each) for each in found[: call.limit]))


def fetch(desk: "Desk", call: FetchCopy) -> CopyFile:
    """Give out the file of a copy, once that is logged.

    Raises:
        RefusedError: "no-such-copy".
        TamperedError: the archive has lost the file.
    """
    customer, copy = find_copy(desk, call.fingerprint)
    try:
        content = read_present(desk.archive, copy.logged.entry.files[0], customer.record.pseudonym)
    except UsageError:  # the customer was erased a moment ago
        raise RefusedError("no-such-copy") from None
    if call.logged:
        with desk.writing(call.actor) as session:
            session.add_act("download", recipient=customer.record, about=copy.logged.number)
    return CopyFile(copy=Views(desk, call.actor).copy(customer, copy), pdf=content)


def find_current(customer: KnownCustomer | None, version: str) -> KnownCopy | None:
    """Find the copy of a version that a customer has, the newest one; withdrawn ones do not count."""
    copies = customer.copies if customer else []
    return next(
        (each for each in reversed(copies) if each.logged.entry.version == version and not each.withdrawn), None
    )


def _repeat(desk: "Desk", call: Issue, earlier: tuple[KnownCustomer, KnownCopy]) -> IssueOutcome:
    """Give the copy of an earlier request of the same key again.

    Raises:
        RefusedError: that request was for something else.
    """
    customer, copy = earlier
    same_reference = not call.reference or fold(call.reference) == fold(copy.details.reference)
    if fold(call.recipient) != fold(customer.record.name) or not same_reference:
        raise RefusedError("request-reused")
    return IssueOutcome(copy=Views(desk, call.actor).copy(customer, copy), existing=None, repeated=True)


def _require_free(desk: "Desk", reference: str, customer: KnownCustomer | None) -> None:
    owner = desk.directory.find_owner(reference)
    if owner is not None and owner is not customer:
        raise RefusedError("reference-taken", about=owner.record.name)


def _sign(desk: "Desk", call: Issue, version: str) -> "IssuedCopy":
    paper: Paper = "letter" if call.paper == "letter" else "a4"
    try:
        return desk.signing.issuer.issue(
            desk.ledger.policy(version),
            recipient=call.recipient,
            reference=call.reference or None,
            issued_at=now().replace(microsecond=0),
            paper=paper,
        )
    except RecipientError as error:
        code = "unfit-reference" if str(error).startswith("the reference") else "unfit-name"
        raise RefusedError(code, str(error)) from None
    except LevelError as error:
        raise RefusedError("no-authority", str(error)) from None


def _archive(desk: "Desk", actor: Actor, issued: "IssuedCopy", request: str) -> None:
    copy = admit(issued.pdf, trust=desk.signing.trust, at=now() + _AHEAD, ledger=desk.ledger, request=request)
    with desk.writing(actor) as session:
        session.add_copies([copy], desk.ledger)
        desk.directory.names.find_by_name(issued.recipient)
