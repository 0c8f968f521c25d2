"""The life of a process of the desk: told on standard input what to do, and ended when that is closed.

However the launcher ends, its end of the pipe is closed then; so no process outlives it.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable

from ..errors import PrivacyError
from ..release.named_data import use_named_data
from .codec import decode
from .settings import ChildSettings

READY = b"ready\n"
LIFELINE = 0  # standard input


def begin() -> ChildSettings:
    """Read the settings, use the same data as the launcher, and leave Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = bytearray()
    while not line.endswith(b"\n"):
        some = os.read(LIFELINE, 2**16)
        if not some:
            raise SystemExit(1)
        line += some
    try:
        use_named_data()
    except PrivacyError as error:
        print(f"desk: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    return decode(ChildSettings, json.loads(line), [])


def follow(stop: Callable[[], None]) -> None:
    """Call a function, from a thread, when the launcher ends or says that it is time to end."""

    def wait() -> None:
        while os.read(LIFELINE, 2**10):
            pass
        stop()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def announce() -> None:
    """Tell the launcher that this process is ready for requests."""
    os.write(1, READY)
