"""Issue a copy, and the page of a copy."""

import datetime
from dataclasses import dataclass

from starlette.responses import Response

from ...._lookalikes import find_lookalikes
from ....batch.file_names import name_file
from ...answers import CopyView
from ...calls import FetchCopy, Issue, ListIssued, ListVersions, ShowCopy, Withdraw
from ...drafts import write_draft
from ...messages import RefusedError
from ..downloads import is_taken
from ..permissions import Permission
from ..visit import Visit, make_request_key
from ..words import explain

_LATELY = 5
_LONGEST = 400  # characters of a name that are read at all


@dataclass(frozen=True, kw_only=True, slots=True)
class Entered:
    """What a person typed into the form."""

    customer: str = ""
    reference: str = ""
    paper: str = "a4"


async def show_form(visit: Visit) -> Response:
    """Show the form for one copy; also for one that corrects another, which is withdrawn."""
    withdrawn = visit.query("corrects")
    if not withdrawn:
        return await _show(visit, Entered(customer=visit.query("customer")))
    copy = await visit.services.keeper.ask(ShowCopy(actor=visit.actor, fingerprint=withdrawn))
    if copy.withdrawn_at is None:
        return visit.go(f"/copies/{copy.fingerprint}")
    return await _show(visit, Entered(customer=copy.customer, reference=copy.reference), corrects=copy)


async def issue(visit: Visit) -> Response:
    """Issue a copy, unless the customer has one of this version."""
    entered = Entered(
        customer=visit.field("customer"),
        reference=visit.field("reference"),
        paper="letter" if visit.field("paper") == "letter" else "a4",
    )
    if not entered.customer:
        return await _show(visit, entered, status=422, fault=("customer", "Type the customer’s name."))
    for place, text in (("customer", entered.customer), ("reference", entered.reference)):
        if len(text) > _LONGEST:
            return await _show(visit, entered, status=422, fault=(place, "This is too long for a copy."))
    request = visit.field("request") or make_request_key()
    call = Issue(
        actor=visit.actor,
        recipient=entered.customer,
        reference=entered.reference,
        paper=entered.paper,
        request=request,
        again=visit.field("again") == "yes",
    )
    try:
        outcome = await visit.services.keeper.ask(call)
    except RefusedError as refusal:
        status, words = explain(refusal)
        about = "reference" if refusal.code in ("unfit-reference", "reference-taken") else "customer"
        return await _show(visit, entered, status=status, fault=(about, words))
    if outcome.copy is None:
        assert outcome.existing is not None
        return visit.page("issue_again.html", existing=outcome.existing, request=request, entered=entered)
    return visit.go(f"/copies/{outcome.copy.fingerprint}?ready")


async def show_copy(visit: Visit) -> Response:
    """Show a copy: ready, or as it is on record."""
    copy = await _find(visit)
    may_withdraw = visit.may(Permission.WITHDRAW_ANY) or (copy.own and visit.may(Permission.WITHDRAW_OWN))
    return visit.page(
        "copy.html",
        copy=copy,
        ready="ready" in visit.request.query_params,
        note=find_lookalikes(copy.customer) or "",
        file=name_copy(copy),
        can_withdraw=may_withdraw and copy.withdrawn_at is None,
    )


async def download(visit: Visit) -> Response:
    """Give the file of a copy."""
    found = await visit.services.keeper.ask(
        FetchCopy(actor=visit.actor, fingerprint=_fingerprint(visit), logged=is_taken(visit.request))
    )
    return visit.file(found.pdf, name=name_copy(found.copy), kind="application/pdf")


async def draft(visit: Visit) -> Response:
    """Give a draft of an e-mail with the copy; it opens in the person's own program."""
    found = await visit.services.keeper.ask(
        FetchCopy(actor=visit.actor, fingerprint=_fingerprint(visit), logged=is_taken(visit.request))
    )
    copy, file = found.copy, name_copy(found.copy)
    written = write_draft(
        customer=copy.customer,
        reference=copy.reference,
        version=datetime.date.fromisoformat(copy.version),
        sender=visit.actor.name,
        pdf=found.pdf,
        file=file,
    )
    return visit.file(written, name=file.removesuffix(".pdf") + ".eml", kind="message/rfc822")


async def ask_withdrawal(visit: Visit) -> Response:
    """Ask why a copy is to be withdrawn."""
    copy = await _find(visit)
    if copy.withdrawn_at is not None:
        return visit.go(f"/copies/{copy.fingerprint}")
    return visit.page("withdraw.html", copy=copy, fault=None, reason="")


async def withdraw(visit: Visit) -> Response:
    """Withdraw a copy; with the second button, lead to the corrected one."""
    reason = visit.field("reason")
    call = Withdraw(
        actor=visit.actor,
        fingerprint=_fingerprint(visit),
        reason=reason,
        any_copy=visit.may(Permission.WITHDRAW_ANY),
    )
    try:
        copy = await visit.services.keeper.ask(call)
    except RefusedError as refusal:
        if refusal.code != "reason-missing":
            raise
        return visit.page("withdraw.html", status=422, copy=await _find(visit), fault=explain(refusal)[1], reason="")
    if visit.field("then") == "correct" and visit.may(Permission.ISSUE):
        return visit.go(f"/issue?corrects={copy.fingerprint}")
    return visit.go(f"/copies/{copy.fingerprint}")


def name_copy(copy: CopyView) -> str:
    """Name the file of a copy."""
    return name_file(copy.version, copy.customer, copy.reference)


async def _show(
    visit: Visit,
    entered: Entered,
    *,
    status: int = 200,
    fault: tuple[str, str] | None = None,
    corrects: CopyView | None = None,
) -> Response:
    versions = await visit.services.keeper.ask(ListVersions(counted=False))
    lately = await visit.services.keeper.ask(ListIssued(actor=visit.actor, limit=_LATELY))
    return visit.page(
        "issue.html",
        status=status,
        entered=entered,
        fault=fault,
        corrects=corrects,
        request=make_request_key(),
        lately=lately.copies,
        current=next(each for each in versions.versions if each.state == "in force"),
        announced=[each for each in versions.versions if each.state == "announced"],
    )


async def _find(visit: Visit) -> CopyView:
    return await visit.services.keeper.ask(ShowCopy(actor=visit.actor, fingerprint=_fingerprint(visit)))


def _fingerprint(visit: Visit) -> str:
    return str(visit.request.path_params["fingerprint"])
