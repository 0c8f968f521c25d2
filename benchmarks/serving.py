"""What a request costs: in the core alone, and under uvicorn beside routes that do nothing."""

import contextlib
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from mailmart_privacy.web import Response, create_service

from .measure import in_turns, loop

ROUNDS, SECONDS, CALLS = 5, 4, 20_000
HEAD = """\

## Serving

A request to the core, in process, with the headers of a browser; and uvicorn (httptools, uvloop) with one worker, asked
by wrk over 16 connections for {seconds} seconds, in turns, medians of {rounds}. *Empty* is a Starlette route that
returns an empty `Response()`, alone in its application, and is sent the very same request: a header more costs time
there, too. *Same answer* is one that returns our headers and bytes, made beforehand, and looks at nothing: what is left
between it and *empty* is what an answer of that size costs.

| what | to reach | measured | beside |
|---|---|---|---|
"""
_APP = """\
from mailmart_privacy.web import create_service
from mailmart_privacy.web.starlette import create_routes
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

service = create_service()
_, headers, page = service.respond("GET", "/privacy", {})
headers = {name: value for name, value in headers if name != "Content-Length"}
_, unchanged, _ = service.respond("GET", "/privacy", {"If-None-Match": headers["ETag"]})

async def answer_empty(request):
    return Response()

async def answer_page(request):
    return Response(page, headers=headers)

async def answer_304(request):
    return Response(status_code=304, headers=dict(unchanged))

empty = Starlette(routes=[Route("/privacy", answer_empty)])
same = Starlette(routes=[Route("/privacy", answer_page), Route("/privacy/304", answer_304)])
ours = Starlette(routes=create_routes())
"""
_BROWSER = {
    "Host": "mailmart.com",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br",
}


def measure(folder: Path) -> str:
    """Measure and describe."""
    service = create_service()
    etag = dict(service.respond("GET", "/privacy", _BROWSER).headers)["ETag"]
    unchanged = _BROWSER | {"If-None-Match": etag}

    def ask(headers: dict[str, str], status: int) -> float:
        found: list[Response] = []
        took = loop(lambda _: found.append(service.respond("GET", "/privacy", headers)), CALLS) * 1000
        assert {answer.status for answer in found} == {status}
        return took

    core = in_turns({"304": lambda: ask(unchanged, 304), "200": lambda: ask(_BROWSER, 200)}, ROUNDS)
    (folder / "serving.py").write_text(_APP, encoding="utf-8")
    with contextlib.ExitStack() as stack:
        ports = {name: stack.enter_context(_serve(folder, name)) for name in ("empty", "same", "ours")}
        rates = in_turns(
            {
                "empty page": lambda: _load(ports["empty"], "/privacy"),
                "empty 304": lambda: _load(ports["empty"], "/privacy", f"If-None-Match: {etag}"),
                "same page": lambda: _load(ports["same"], "/privacy"),
                "same 304": lambda: _load(ports["same"], "/privacy/304", f"If-None-Match: {etag}"),
                "page": lambda: _load(ports["ours"], "/privacy"),
                "304": lambda: _load(ports["ours"], "/privacy", f"If-None-Match: {etag}"),
            },
            ROUNDS,
        )
    rows = [
        ("conditional request, core", "< 20 µs", f"{core['304']:.1f} µs", ""),
        ("full request, core", "< 50 µs", f"{core['200']:.1f} µs", ""),
        ("conditional request, uvicorn", "≥ 0.9 × empty", *_rate(rates, "304")),
        ("full page, uvicorn", "≥ 0.9 × empty", *_rate(rates, "page")),
    ]
    return HEAD.format(seconds=SECONDS, rounds=ROUNDS) + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _rate(rates: dict[str, float], side: str) -> Sequence[str]:
    same, empty = rates[f"same {side}"], rates[f"empty {side}"]
    beside = f"{rates[side] / empty:.2f} × empty ({empty:,.0f}); {rates[side] / same:.2f} × same answer ({same:,.0f})"
    return f"{rates[side]:,.0f} a second", beside


@contextlib.contextmanager
def _serve(folder: Path, name: str) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--port", str(port), "--no-access-log", "--loop", "uvloop"]
    command += ["--http", "httptools", "--log-level", "warning", f"serving:{name}"]
    with subprocess.Popen(command, cwd=folder) as process:
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def _load(port: int, path: str, *headers: str) -> float:
    """Requests answered in a second; none of them with an error."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("wrk is not installed; run make bench, or: apt-get install wrk")
    command = [wrk, "--threads", "1", "--connections", "16", "--duration", f"{SECONDS}s"]
    for header in headers:
        command += ["--header", header]
    said = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec:\s+([\d.]+)", said.stdout)
    if found is None or "Non-2xx" in said.stdout or "Socket errors" in said.stdout:
        raise RuntimeError(f"wrk could not measure: {said.stdout}")
    return float(found[1])
