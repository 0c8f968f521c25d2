"""The process `keeper`: answers `web` at a socket that this user alone can reach, each connection in a thread."""

import contextlib
import gc
import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from ...errors import PrivacyError, TamperedError
from ..api_calls import API_CALLS, ListCopies
from ..batch_calls import (
    BATCH_CALLS,
    BeginBatch,
    ListBatches,
    OrderBatch,
    PlanBatch,
    ReadBatchFile,
    ShowBatch,
    ShowPlan,
    ShowSheets,
    StartBatch,
    StopBatch,
)
from ..calls import (
    KEEPER_CALLS,
    AskHealth,
    AskInForce,
    CheckFile,
    FetchCopy,
    Find,
    Issue,
    ListIssued,
    ListLacking,
    ListVersions,
    ShowCopy,
    ShowCustomer,
    ShowSigning,
    Status,
    Withdraw,
)
from ..child import announce, begin, follow
from ..codec import MessageError
from ..compliance_calls import (
    COMPLIANCE_CALLS,
    AskErasure,
    ConfirmErasure,
    LiftHolds,
    ListDeeds,
    MakeEvidence,
    MakeReport,
    PlaceHold,
    PrintReport,
    RefuseErasure,
    Seal,
    ShowCompliance,
)
from ..lines import write_line
from ..messages import (
    Call,
    ClosedError,
    RefusedError,
    read_call,
    receive,
    write_answer,
    write_refusal,
)
from ..people_calls import PEOPLE_CALLS, Note
from . import accounting, acting, asking, erasing, issuing, opening, sealing
from .batches import files, steps
from .desk import Desk

_HANDLERS: dict[type[Call[Any]], Callable[[Desk, Any], object]] = {
    AskErasure: erasing.ask_erasure,
    AskInForce: asking.ask_in_force,
    ConfirmErasure: erasing.confirm_erasure,
    LiftHolds: erasing.lift_holds,
    ListDeeds: accounting.list_deeds,
    MakeEvidence: accounting.make_evidence,
    MakeReport: accounting.report,
    PrintReport: accounting.print_report,
    Note: acting.note,
    AskHealth: asking.tell_health,
    PlaceHold: erasing.place_hold,
    RefuseErasure: erasing.refuse_erasure,
    Seal: sealing.seal,
    ShowCompliance: erasing.show_compliance,
    BeginBatch: steps.begin,
    ListCopies: issuing.list_copies,
    ListBatches: steps.list_batches,
    OrderBatch: steps.order,
    PlanBatch: steps.plan,
    ReadBatchFile: files.read_file,
    ShowBatch: steps.show_batch,
    ShowPlan: steps.show_plan,
    ShowSheets: steps.show_sheets,
    StartBatch: steps.start,
    StopBatch: steps.stop,
    CheckFile: asking.check_file,
    FetchCopy: issuing.fetch,
    Find: asking.find,
    Issue: issuing.issue,
    ListIssued: issuing.list_issued,
    ListLacking: asking.list_lacking,
    ListVersions: asking.list_versions,
    ShowCopy: asking.show_copy,
    ShowCustomer: asking.show_customer,
    ShowSigning: asking.show_signing,
    Status: asking.show_status,
    Withdraw: acting.withdraw,
}


_LONGEST_TURN = 0.0005  # seconds of one thread while others wait, so that answers, which are short, come first

KNOWN_CALLS = API_CALLS | KEEPER_CALLS | BATCH_CALLS | COMPLIANCE_CALLS | PEOPLE_CALLS


def main() -> None:
    settings = begin()
    sys.setswitchinterval(_LONGEST_TURN)
    follow(lambda: os._exit(0))  # each act is whole in the archive, or finished by the next writer
    try:
        desk = Desk(settings)
        desk.prepare()
    except (PrivacyError, OSError) as error:
        print(f"desk: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    gc.freeze()  # the names and copies of the archive: to look for garbage among them would hold up searches
    listener = socket.socket(fileno=settings.listener)
    opening.log_start(desk)
    desk.queue.begin()
    desk.reading.begin()
    sealing.DailySeal(desk).begin()
    announce()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=(desk, connection), daemon=True).start()


def _serve(desk: Desk, connection: socket.socket) -> None:
    with connection, contextlib.suppress(ClosedError, OSError):
        while True:
            connection.sendall(answer(desk, *receive(connection)))


def answer(desk: Desk, document: object, parts: list[bytes]) -> bytes:
    """Answer a question with a frame: what was asked for, or why not."""
    try:
        call = read_call(document, parts, KNOWN_CALLS)
        return write_answer(_HANDLERS[type(call)](desk, call))
    except MessageError as error:
        return write_refusal(RefusedError("misunderstood", str(error)))
    except RefusedError as refusal:
        return write_refusal(refusal)
    except TamperedError as error:
        _log(error)
        return write_refusal(RefusedError("tampered"))
    except Exception as error:  # noqa: BLE001 - one request that fails must not end the others
        _log(error)
        return write_refusal(RefusedError("failed"))


def _log(error: Exception) -> None:
    """Log where an error came from, without its message: that may name a customer."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{place.name}, line {place.lineno}"
    write_line("keeper", "a request failed", error=type(error).__name__, where=where)


if __name__ == "__main__":
    main()
