"""The process `checker`: for each question a fork of it, which ends with its answer or after half a minute.

The fork finds everything loaded, and a file that takes it over has taken over nothing else.
"""

import contextlib
import os
import selectors
import signal
import socket
import sys

from ...errors import PrivacyError
from ...typesetting.fonts import Typeface, find_typeface
from ..child import LIFELINE, announce, begin
from ..codec import MessageError
from ..messages import Call, ClosedError, RefusedError, read_call, receive, write_answer, write_refusal
from . import judging, spreadsheets
from .calls import CHECKER_CALLS, AskShelter, JudgePdf, Shelter
from .sheet_calls import SHEET_CALLS
from .shelter import enter_shelter

_SECONDS = 30  # that a file may take
_AT_ONCE = 4


def main() -> None:
    settings = begin()
    fonts = tuple(map(find_typeface, settings.desk.fonts))
    judging.prepare()
    spreadsheets.prepare()
    try:
        shelter = enter_shelter(settings.desk.checker_user, required=settings.desk.for_team)
    except PrivacyError as error:
        print(f"desk: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    listener = socket.socket(fileno=settings.listener)
    listener.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)  # so that waiting is interrupted
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(woken)
    selector = selectors.DefaultSelector()
    for each in (listener, LIFELINE, wake):
        selector.register(each, selectors.EVENT_READ)
    workers: set[int] = set()
    announce()
    while True:
        ready = {key.fileobj for key, _ in selector.select()}
        if LIFELINE in ready and not os.read(LIFELINE, 1024):
            break
        if wake in ready:
            os.read(wake, 1024)
        workers -= _reap(workers)
        if listener in ready and len(workers) < _AT_ONCE:
            with contextlib.suppress(BlockingIOError):
                connection, _ = listener.accept()
                workers.add(_fork(connection, shelter, fonts))
        # Where all are busy, those who wait stay in the queue of the socket.
        _listen(selector, listener, wanted=len(workers) < _AT_ONCE)
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)


def _listen(selector: selectors.BaseSelector, listener: socket.socket, *, wanted: bool) -> None:
    registered = listener in selector.get_map()
    if wanted and not registered:
        selector.register(listener, selectors.EVENT_READ)
    elif not wanted and registered:
        selector.unregister(listener)


def _reap(workers: set[int]) -> set[int]:
    return {worker for worker in workers if os.waitpid(worker, os.WNOHANG)[0]}


def _fork(connection: socket.socket, shelter: Shelter, fonts: tuple[Typeface, ...]) -> int:
    worker = os.fork()
    if worker:
        connection.close()
        return worker
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, _SECONDS)  # by default the alarm ends the process
        connection.setblocking(True)
        _answer(connection, shelter, fonts)
        status = 0
    finally:
        os._exit(status)


def _answer(connection: socket.socket, shelter: Shelter, fonts: tuple[Typeface, ...]) -> None:
    try:
        call = read_call(*receive(connection), CHECKER_CALLS | SHEET_CALLS)
        if type(call).__name__ in SHEET_CALLS:
            signal.setitimer(signal.ITIMER_REAL, spreadsheets.SECONDS)
        frame = write_answer(_do(call, shelter, fonts))
    except ClosedError:
        return
    except MessageError as error:
        frame = write_refusal(RefusedError("misunderstood", str(error)))
    except (PrivacyError, MemoryError, RecursionError) as error:
        frame = write_refusal(RefusedError("unreadable", str(error)))
    connection.sendall(frame)


def _do(call: Call[object], shelter: Shelter, fonts: tuple[Typeface, ...]) -> object:
    match call:
        case JudgePdf():
            return judging.judge_pdf(call)
        case AskShelter():
            return shelter
    found = spreadsheets.answer_sheet(call, fonts)
    if found is not None:
        return found
    raise MessageError("the checker was asked for something that it does not do")


if __name__ == "__main__":
    main()
