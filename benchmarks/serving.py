"""What a request costs: in the core alone, and under uvicorn beside routes that do nothing."""

import contextlib
import functools
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from mailmart_privacy.web import Response, create_service

from .measure import each_turn, in_turns, loop

ROUNDS, SECONDS, CALLS = 9, 2, 20_000
HEAD = """\

## Serving

A request to the core, in process, with the headers of a browser; and uvicorn (httptools, uvloop) with one worker, asked
by wrk over 16 connections for {seconds} seconds, in turns, {rounds} rounds; rates and ratios are medians, a ratio
within its round. *Empty* is a Starlette route that returns an empty `Response()`, alone in its application, and is sent
the very same request: a header more costs time there, too. *Same answer* is a route that returns our headers and bytes,
made beforehand. *No framework* is an ASGI application of two lines that sends them to every client, with no Starlette
in between. The page falls short: its eleven headers and its body cost about as much in uvicorn and the kernel as all of
Starlette's routing, so that nothing that runs under Starlette and sends them reaches 0.9 (ours does less than a route
that has them at hand).

| what | to reach | measured | beside |
|---|---|---|---|
"""
APP = """\
from mailmart_privacy.web import create_service
from mailmart_privacy.web.starlette import create_routes
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

service = create_service()
page = service.respond("GET", "/privacy", {})
unchanged = service.respond("GET", "/privacy", {"If-None-Match": dict(page.headers)["ETag"]})

async def answer_empty(request):
    return Response()

def answer_same(answer):
    headers = {name: value for name, value in answer.headers if name != "Content-Length"}
    async def respond(request):
        return Response(answer.body, answer.status, headers)
    return respond

def answer_bare(answer):
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
    async def respond(scope, receive, send):
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": answer.status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": answer.body})
    return respond

empty = Starlette(routes=[Route("/privacy", answer_empty)])
same_page = Starlette(routes=[Route("/privacy", answer_same(page))])
same_304 = Starlette(routes=[Route("/privacy", answer_same(unchanged))])
bare_page = answer_bare(page)
bare_304 = answer_bare(unchanged)
ours = Starlette(routes=create_routes())
"""
_SERVED = ("empty", "same_page", "same_304", "bare_page", "bare_304", "ours")
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
    (folder / "serving.py").write_text(APP, encoding="utf-8")
    asks = {"page": (), "304": (f"If-None-Match: {etag}",)}
    with contextlib.ExitStack() as stack:
        ports = {name: stack.enter_context(serve(folder, name)) for name in _SERVED}
        rates = each_turn(
            {
                f"{name} {ask}": functools.partial(_load, ports.get(name) or ports[f"{name}_{ask}"], *headers)
                for ask, headers in asks.items()
                for name in ("empty", "same", "bare", "ours")
            },
            ROUNDS,
        )
    rows = [
        ("conditional request, core", "< 20 µs", f"{core['304']:.1f} µs", ""),
        ("full request, core", "< 50 µs", f"{core['200']:.1f} µs", ""),
        ("conditional request, uvicorn", "≥ 0.9 × empty", *_compare(rates, "304")),
        ("full page, uvicorn", "≥ 0.9 × empty", *_compare(rates, "page")),
    ]
    return HEAD.format(seconds=SECONDS, rounds=ROUNDS) + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _compare(rates: dict[str, list[float]], ask: str) -> Sequence[str]:
    def ratio(name: str) -> str:
        pairs = zip(rates[f"{name} {ask}"], rates[f"empty {ask}"], strict=True)
        return f"{statistics.median(ours / empty for ours, empty in pairs):.2f} × empty"

    def rate(name: str) -> str:
        return f"{statistics.median(rates[f'{name} {ask}']):,.0f}/s"

    beside = f"{rate('ours')}, empty {rate('empty')}; same answer {ratio('same')}, no framework {ratio('bare')}"
    return ratio("ours"), beside


@contextlib.contextmanager
def serve(folder: Path, name: str) -> Iterator[int]:
    """Start an application of `APP`, which is in the folder, and give its port."""
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


def _load(port: int, *headers: str) -> float:
    """Requests answered in a second; none of them with an error."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("wrk is not installed; run make bench, or: apt-get install wrk")
    command = [wrk, "--threads", "1", "--connections", "16", "--duration", f"{SECONDS}s"]
    for header in headers:
        command += ["--header", header]
    said = subprocess.run([*command, f"http://127.0.0.1:{port}/privacy"], capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec:\s+([\d.]+)", said.stdout)
    if found is None or "Non-2xx" in said.stdout or "Socket errors" in said.stdout:
        raise RuntimeError(f"wrk could not measure: {said.stdout}")
    return float(found[1])
