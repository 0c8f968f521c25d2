"""What people do to what is on record; each act is an entry in the archive's log, with the person and the reason."""

from typing import TYPE_CHECKING

from ...archive.acts import withdraw as log_withdrawal
from ...archive.recipients import Details
from ..answers import CopyView, Done
from ..calls import Withdraw
from ..messages import RefusedError
from ..people_calls import ACTS, Note
from .views import Views, find_copy

if TYPE_CHECKING:
    from .desk import Desk


def withdraw(desk: "Desk", call: Withdraw) -> CopyView:
    """Log that a copy is withdrawn; asking again changes nothing.

    Raises:
        RefusedError: "no-such-copy", "not-yours", "reason-missing".
    """
    customer, copy = find_copy(desk, call.fingerprint)
    view = Views(desk, call.actor).copy(customer, copy)
    if not (view.own or call.any_copy):
        raise RefusedError("not-yours")
    if not call.reason.strip():
        raise RefusedError("reason-missing")
    if copy.withdrawn is None:
        with desk.writing(call.actor) as session:
            log_withdrawal(session, customer.record, copy.logged, details=Details(reason=call.reason.strip()))
    return Views(desk, call.actor).copy(*find_copy(desk, call.fingerprint))


def note(desk: "Desk", call: Note) -> Done:
    """Log what an administrator did to people or tokens."""
    if call.act not in ACTS:
        raise RefusedError("failed")
    with desk.writing(call.actor) as session:
        session.add_act(call.act, details=Details(reason=call.words))
    return Done()
