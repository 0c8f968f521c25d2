"""Files that many people send at once, or slowly: what they take of the memory, and that pages are served meanwhile."""

import asyncio
import io
from typing import Any

import flask
import pytest
from starlette.applications import Starlette

from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.web import bodies, starlette
from mailmart_privacy.web.bodies import Body
from mailmart_privacy.web.core import Service
from mailmart_privacy.web.flask import create_blueprint
from mailmart_privacy.web.starlette import create_routes

from .conftest import NOW

KIB = 1024
MIB = 1024 * KIB
PIECE = bytes(64 * KIB)
SENT = ((b"content-type", b"application/pdf"), (b"accept", b"application/json"))


@pytest.fixture
def service() -> Service:
    return Service(shipped(), clock=lambda: NOW)


class Uploads:
    """An application that is sent files without a server; the largest amount that it held is noted."""

    def __init__(self, service: Service) -> None:
        self.app = Starlette(routes=create_routes(service))
        self.most = 0

    async def ask(self, method: str, path: str, pieces: list[bytes], *, ends: bool = True) -> dict[str, Any]:
        """Ask, and give the first message that a server is sent, with its headers as a dict; {} for none."""
        sent: list[dict[str, Any]] = []
        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b""}
        scope |= {"root_path": "", "headers": list(SENT)}
        coming = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        coming.append({"type": "http.request"} if ends else {"type": "http.disconnect"})

        async def receive() -> Any:
            await asyncio.sleep(0)  # the others' turn
            self.most = max(self.most, bodies._held)
            return coming.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        return {**sent[0], "headers": dict(sent[0]["headers"])} if sent else {}


def test_a_hundred_files_at_once_take_bounded_memory(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too much is told to come back while it is still being sent; a page is served; nothing stays taken."""
    monkeypatch.setattr(bodies, "TOGETHER", 2 * MIB)
    uploads = Uploads(service)

    async def ask_all() -> list[dict[str, Any]]:
        sending = [uploads.ask("POST", "/privacy/verify", [PIECE] * 16) for _ in range(100)]
        return await asyncio.gather(uploads.ask("GET", "/privacy", []), *sending, uploads.ask("GET", "/privacy", []))

    first, *answers, last = asyncio.run(ask_all())
    assert (first["status"], last["status"]) == (200, 200)
    refused = [answer for answer in answers if answer["status"] == 503]
    assert {answer["status"] for answer in answers} <= {200, 503}
    assert refused
    assert {answer["headers"][b"retry-after"] for answer in refused} == {b"5"}
    assert MIB < uploads.most <= 2 * MIB
    assert bodies._held == 0
    assert asyncio.run(uploads.ask("POST", "/privacy/verify", [PIECE]))["status"] == 200


def test_a_file_that_does_not_arrive(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told so after a while, unless it has gone; the memory is given back."""
    uploads = Uploads(service)
    assert asyncio.run(uploads.ask("POST", "/privacy/verify", [PIECE], ends=False)) == {}
    assert bodies._held == 0
    monkeypatch.setattr(starlette, "_PATIENCE", -1)
    assert asyncio.run(uploads.ask("POST", "/privacy/verify", [PIECE]))["status"] == 408
    assert bodies._held == 0


def test_a_body_is_read_only_where_a_file_is_taken(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """At other addresses, and where no files are taken, not a byte of it is."""
    uploads = Uploads(service)
    assert asyncio.run(uploads.ask("POST", "/privacy/2026-02-24/verify", [PIECE]))["status"] == 404
    closed = Uploads(Service(shipped(), clock=lambda: NOW, uploads=False))
    assert asyncio.run(closed.ask("POST", "/privacy/verify", [PIECE]))["status"] == 405
    assert (uploads.most, closed.most) == (0, 0)


def test_flask_reads_no_more_than_there_is_room_for(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in an adapter that reads a stream."""
    monkeypatch.setattr(bodies, "TOGETHER", 2 * MIB)
    app = flask.Flask(__name__)
    app.register_blueprint(create_blueprint(service))
    stream = io.BytesIO(bytes(8 * MIB))
    sent = {"content_type": "application/pdf", "content_length": 8 * MIB}
    answer = app.test_client().post("/privacy/verify", input_stream=stream, **sent)  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert stream.tell() < 3 * MIB
    assert bodies._held == 0


def test_a_body_that_is_too_large_is_read_up_to_there() -> None:
    """So that it can be refused for its size; what it took is given back afterwards."""
    with Body() as body:
        body.read(lambda size: bytes(MIB))
        assert body.content is not None
        assert len(body.content) == 17 * MIB
    with Body() as body:
        body.add(PIECE)
        assert bodies._held == len(PIECE)
    assert bodies._held == 0
