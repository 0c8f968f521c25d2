"""Running a desk: its folder and its archive are locked, its processes are started and watched until Ctrl-C."""

import contextlib
import hashlib
import json
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from .launcher import Launcher
from .lines import write_line
from .lock import archive_locked, locked

if TYPE_CHECKING:
    from .settings import DeskSettings

_BACKLOG = 128


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningDesk:
    """Where a desk answers.

    Attributes:
        address: what to open in a browser. On this computer alone it signs its reader in, once.
        local: where the desk listens; for a team, the proxy passes requests on to it.
    """

    address: str
    local: str


def run_desk(settings: "DeskSettings", *, listen: str, port: int, ready: Callable[[RunningDesk], None]) -> None:
    """Run a desk until this process gets SIGINT or SIGTERM; call this in the main thread.

    Args:
        settings: of the desk.
        listen: the address of this computer to listen at.
        port: the port; 0 takes any.
        ready: is called once, when requests are answered.

    Raises:
        UsageError: another desk works with the folder or the archive, or the port is taken.
        DeskFailedError: a process could not start, or died repeatedly.
    """
    token = "" if settings.for_team else secrets.token_urlsafe(32)
    with (
        locked(Path(settings.folder), settings.user) as note,
        archive_locked(settings.archive, settings.user),
        _listening(listen, port) as listener,
    ):
        local = f"http://{listen}:{listener.getsockname()[1]}"
        origin = settings.origin or local
        note.write(json.dumps({"process": os.getpid(), "origin": origin}))
        note.flush()
        digest = hashlib.sha256(token.encode()).hexdigest() if token else ""
        launcher = Launcher(
            replace(settings, origin=origin, token_digest=digest),
            listener,
            clock=time.monotonic,
            report=lambda words: write_line("launcher", words),
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: launcher.stop())
        try:
            if launcher.start():
                ready(RunningDesk(address=f"{origin}/?token={token}" if token else origin, local=local))
                launcher.run()
        finally:
            launcher.close()


@contextlib.contextmanager
def _listening(address: str, port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
        except OSError as error:
            raise UsageError(f"cannot listen at {address}, port {port} ({error.strerror})", argument="port") from None
        listener.listen(_BACKLOG)
        yield listener
