"""How long people wait for a page while others send hostile files to be checked, to the same worker of uvicorn."""

import contextlib
import http.client
import time
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from tests.golden import load_golden
from tests.hostile import make_hostile

from .serving import APP, serve

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

SECONDS, APART = 10, 0.01
TEXT = """\

## Serving while hostile files are checked

`python -m benchmarks --uploads`: one worker of uvicorn is asked for the page every {apart:.0f} ms, while nothing else
is done, and while four others each send a file of 8 to 16 MiB that is made to keep a verifier busy, one after another.

| what | median | 95 of 100 | at most |
|---|---|---|---|
| the page | {0[0]:.1f} ms | {0[1]:.1f} ms | {0[2]:.0f} ms |
| the page, while hostile files are checked | {1[0]:.1f} ms | {1[1]:.1f} ms | {1[2]:.0f} ms |
"""


def measure(folder: Path) -> str:
    """Measure and describe."""
    (folder / "serving.py").write_text(APP, encoding="utf-8")
    copy = next(golden for golden in load_golden()[1] if golden.name == "p256-b-b-a4").pdf
    with serve(folder, "ours") as port:
        _ask(port, 1)  # the first request loads what it needs
        _send(port, (copy, "application/pdf"))
        quiet = _ask(port, SECONDS)
        context = get_context("spawn")
        stop = context.Event()
        senders = [context.Process(target=_keep_sending, args=(port, each, stop)) for each in make_hostile(copy)]
        for sender in senders:
            sender.start()
        time.sleep(2)  # until all of them send
        disturbed = _ask(port, SECONDS)
        stop.set()
        for sender in senders:
            sender.join()
    return TEXT.format(quiet, disturbed, apart=APART * 1000)


def _ask(port: int, seconds: float) -> tuple[float, float, float]:
    """Ask for the page over one connection; its median, 95th percentile and longest time, in milliseconds."""
    taken, until = [], time.monotonic() + seconds
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        while time.monotonic() < until:
            start = time.monotonic()
            connection.request("GET", "/privacy")
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            taken.append((time.monotonic() - start) * 1000)
            time.sleep(APART)
    taken.sort()
    return taken[len(taken) // 2], taken[len(taken) * 95 // 100], taken[-1]


def _keep_sending(port: int, body: tuple[bytes, str], stop: "Event") -> None:
    while not stop.is_set():
        with contextlib.suppress(OSError):
            if _send(port, body) == 503:
                time.sleep(0.5)


def _send(port: int, body: tuple[bytes, str]) -> int:
    content, kind = body
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", "/privacy/verify", content, {"Content-Type": kind, "Accept": "text/html"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
