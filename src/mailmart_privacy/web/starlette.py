"""The policy in Starlette and FastAPI: a list of routes."""

from typing import TYPE_CHECKING, Unpack
from urllib.parse import quote

from ..errors import MissingExtraError
from .checking import MAX_BODY
from .core import HEADERS_READ, Service
from .edge import create_service
from .mounting import mount
from .settings import EdgeOptions

try:
    from starlette.concurrency import run_in_threadpool
    from starlette.routing import BaseRoute, Route
except ImportError:
    raise MissingExtraError("starlette", "Starlette") from None

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

_KEPT = 64  # answers
_READ = {name.encode() for name in HEADERS_READ}  # ASGI has names in lower case

_Encoded = tuple[int, tuple[tuple[bytes, bytes], ...], bytes]


def create_routes(service: Service | None = None, **options: Unpack[EdgeOptions]) -> list[BaseRoute]:
    """Make the routes of the policy, for `Starlette(routes=…)`, `FastAPI(routes=…)` or `app.router.routes`.

    Args:
        service: what answers; without one it is made from the options.
        options: those of `create_service`. `path` is the path within the application; `root_path`, a `Mount` and the
            prefix of FastAPI's `include_router` come before it.

    Returns:
        Routes that answer every method, and everything at the path and below it. The first one is named
        "privacy_policy".

    Raises:
        UsageError: an option cannot be used; the message says what to give.
        RecordError: the ledger has changed or is missing.
    """
    service = service or create_service(**options)
    answer = _Answer(service)
    return [
        Route(service.path, answer, name="privacy_policy"),
        Route(f"{service.path}.{{ending:path}}", answer, include_in_schema=False),
        Route(f"{service.path}/{{below:path}}", answer, include_in_schema=False),
    ]


class _Answer:
    """An ASGI application; a route that has one, and no function, leaves all methods to it.

    What was answered is kept as long as the same request gets the same answer: most requests are alike.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._below = mount(service)
        self._kept: dict[tuple[object, ...], _Encoded] = {}
        self._kept_while: object = None

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        asked = tuple([(name, value) for name, value in scope["headers"] if name in _READ])
        root = scope.get("root_path")
        request = (scope["method"], scope.get("raw_path"), scope["path"], root, scope["query_string"], asked)
        if scope["method"] == "POST":
            await self._respond_to_file(scope, receive, send, asked)
            return
        token = self._service.cache_token()
        if token is not self._kept_while or len(self._kept) >= _KEPT:
            self._kept.clear()
            self._kept_while = token
        answer = self._kept.get(request)
        if answer is None:
            answer = self._respond(scope, asked)
            if token is not None and answer[0] in (200, 304):
                self._kept[request] = answer
        status, sent, body = answer
        # Middleware writes into the list that it is sent, so each answer gets one of its own.
        await send({"type": "http.response.start", "status": status, "headers": list(sent)})
        await send({"type": "http.response.body", "body": body})

    async def _respond_to_file(
        self, scope: "Scope", receive: "Receive", send: "Send", asked: "tuple[tuple[bytes, bytes], ...]"
    ) -> None:
        """Read a body, up to the limit, and check it in a thread, so that serving continues."""
        body, more = bytearray(), scope["path"].endswith("/verify")
        while more and len(body) <= MAX_BODY:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        status, sent, content = await run_in_threadpool(self._respond, scope, asked, bytes(body))
        await send({"type": "http.response.start", "status": status, "headers": list(sent)})
        await send({"type": "http.response.body", "body": content})

    def _respond(self, scope: "Scope", asked: "tuple[tuple[bytes, bytes], ...]", body: bytes = b"") -> "_Encoded":
        raw: bytes | None = scope.get("raw_path")
        path: str = scope["path"]
        target = raw.decode("latin-1") if raw else quote(path)
        root = scope.get("root_path", "").rstrip("/")
        if root and not target.startswith(f"{root}/"):  # some servers leave it out of the path
            path, target = root + path, root + target
        # What stands before is known from what the route has matched: root_path, mounts, and FastAPI's include_router.
        service = self._below(path.removesuffix(self._service.path + _rest(scope["path_params"])))
        if query := scope["query_string"]:
            target = f"{target}?{query.decode('latin-1')}"
        headers: dict[str, str] = {}
        for encoded, value in asked:
            name, text = encoded.decode("latin-1"), value.decode("latin-1")
            headers[name] = f"{headers[name]}, {text}" if name in headers else text
        status, sent, body = service.respond(scope["method"], target, headers, body)
        return status, tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in sent), body


def _rest(matched: "Mapping[str, str]") -> str:
    """Return the part of the request's path after the path of the service, as one of the routes matched it."""
    if "ending" in matched:
        return f".{matched['ending']}"
    return f"/{matched['below']}" if "below" in matched else ""
