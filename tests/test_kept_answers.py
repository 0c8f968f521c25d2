"""The Starlette adapter keeps answers as long as they are correct, and no longer."""

import asyncio
import datetime
from typing import Any

import pytest
from starlette.applications import Starlette

from mailmart_privacy.web.core import Service
from mailmart_privacy.web.starlette import create_routes

from .versions import SECOND, THIRD, three_version_ledger

Headers = tuple[tuple[bytes, bytes], ...]


class Asked:
    """An application whose clock the test sets, asked without a server."""

    def __init__(self) -> None:
        self.ledger = three_version_ledger()
        self.now = self.ledger.version(THIRD).effective_at
        service = Service(
            self.ledger, clock=lambda: self.now, path="/privacy", base_url="https://example.com", max_age=3600
        )
        self.app = Starlette(routes=create_routes(service))

    def ask(self, path: str = "/privacy", *headers: Any, method: str = "GET", root: str = "") -> list[dict[str, Any]]:
        """Ask, and give the two messages that a server is sent."""
        sent: list[dict[str, Any]] = []
        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b""}
        scope |= {"root_path": root, "headers": list(headers)}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, None, send))  # type: ignore[arg-type] - nothing is received
        return sent


@pytest.fixture
def asked() -> Asked:
    return Asked()


def test_the_same_request_gets_the_same_answer(asked: Asked) -> None:
    """Kept or not: equal in every byte, with a list of headers of its own."""
    first, second = asked.ask(), asked.ask()
    assert first == second
    assert first[0]["headers"] is not second[0]["headers"]
    first[0]["headers"].append((b"content-encoding", b"gzip"))
    assert asked.ask() == second


def test_what_decides_is_told_apart(asked: Asked) -> None:
    """Each method, path, prefix and header that is read has its own answer, whatever was kept before."""
    page = asked.ask()
    etag = dict(page[0]["headers"])[b"etag"]
    wanted = {
        "unchanged": (asked.ask("/privacy", (b"if-none-match", etag)), 304),
        "JSON": (asked.ask("/privacy", (b"accept", b"application/json")), 200),
        "precondition": (asked.ask("/privacy", (b"if-match", b'"other"')), 412),
        "HEAD": (asked.ask(method="HEAD"), 200),
        "POST": (asked.ask(method="POST"), 405),
        "nothing": (asked.ask("/privacy/nowhere"), 404),
        "prefix": (asked.ask("/app/privacy", root="/app"), 200),
    }
    for name, (answer, status) in wanted.items():
        assert answer[0]["status"] == status, name
        assert answer != page, name
    assert asked.ask() == page
    # Pairs may come as lists (ASGI says: iterables), and a header in two lines is one list.
    assert asked.ask("/privacy", [b"if-none-match", b'"other"'], [b"if-none-match", etag])[0]["status"] == 304


def test_nothing_is_kept_beyond_its_time(asked: Asked) -> None:
    """At the moment of a version its text takes over; before it, each answer counts the seconds until then."""
    turn = asked.now
    newest = asked.ask()
    for seconds in (20, 10, 1):
        asked.now = turn - datetime.timedelta(seconds=seconds)
        early = asked.ask()
        assert f"max-age={seconds}," in dict(early[0]["headers"])[b"cache-control"].decode()
        assert f"/privacy/{SECOND}.pdf".encode() in early[1]["body"]
    asked.now = turn
    assert asked.ask() == newest
    assert f"/privacy/{THIRD}.pdf".encode() in newest[1]["body"]


def test_a_flood_of_requests_is_not_kept(asked: Asked) -> None:
    """However many different requests come, what is kept is bounded, and the answers stay right."""
    page = asked.ask()
    for number in range(300):
        assert asked.ask("/privacy", (b"if-none-match", f'"{number}"'.encode()))[1] == page[1]
    answer: Any = asked.app.router.routes[0].app  # type: ignore[attr-defined]
    assert 0 < len(answer._kept) <= 64
    assert asked.ask() == page
