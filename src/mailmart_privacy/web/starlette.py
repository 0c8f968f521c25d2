"""The policy in Starlette and FastAPI: a list of routes."""

from typing import TYPE_CHECKING, Unpack
from urllib.parse import quote

from ..errors import MissingExtraError
from .bodies import Body
from .core import HEADERS_READ, Service
from .edge import create_service
from .mounting import mount
from .refusals import refuse
from .settings import EdgeOptions

try:
    from anyio import fail_after  # what Starlette runs on
    from starlette.concurrency import run_in_threadpool
    from starlette.routing import BaseRoute, Route
except ImportError:
    raise MissingExtraError("starlette", "Starlette") from None

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

    from .refusals import Response

_KEPT = 64  # answers
_PATIENCE = 60  # seconds in which a file has to arrive
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
        """Read a body, up to the limits, and check it in a thread, so that serving continues."""
        service, target = self._find(scope)
        try:
            with Body() as body:
                if service.takes_file(scope["method"], target):
                    with fail_after(_PATIENCE):
                        await _read(receive, body)
                # What came in is put together in the thread, too: 16 MiB take milliseconds.
                status, sent, content = await run_in_threadpool(self._respond, scope, asked, body)
        except TimeoutError:
            slow = refuse(scope["method"], 408, f"The file did not arrive within {_PATIENCE} seconds; try again.")
            status, sent, content = _encode(slow)
        except ConnectionResetError:
            return
        await send({"type": "http.response.start", "status": status, "headers": list(sent)})
        await send({"type": "http.response.body", "body": content})

    def _find(self, scope: "Scope") -> tuple[Service, str]:
        """Find the service as it is mounted for a request, and the request's target."""
        raw: bytes | None = scope.get("raw_path")
        path: str = scope["path"]
        target = raw.decode("latin-1") if raw else quote(path)
        root = scope.get("root_path", "").rstrip("/")
        if root and not target.startswith(f"{root}/"):  # some servers leave it out of the path
            path, target = root + path, root + target
        # What comes before is known from what the route has matched: root_path, mounts, and FastAPI's include_router.
        service = self._below(path.removesuffix(self._service.path + _rest(scope["path_params"])))
        query = scope["query_string"]
        return service, f"{target}?{query.decode('latin-1')}" if query else target

    def _respond(
        self, scope: "Scope", asked: "tuple[tuple[bytes, bytes], ...]", body: Body | None = None
    ) -> "_Encoded":
        service, target = self._find(scope)
        headers: dict[str, str] = {}
        for encoded, value in asked:
            name, text = encoded.decode("latin-1"), value.decode("latin-1")
            headers[name] = f"{headers[name]}, {text}" if name in headers else text
        content = b"" if body is None else body.content
        return _encode(service.respond(scope["method"], target, headers, content))


async def _read(receive: "Receive", body: Body) -> None:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        more = body.add(message.get("body", b"")) and message.get("more_body", False)


def _encode(answer: "Response") -> _Encoded:
    status, sent, body = answer
    return status, tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in sent), body


def _rest(matched: "Mapping[str, str]") -> str:
    """Return the part of the request's path after the path of the service, as one of the routes matched it."""
    if "ending" in matched:
        return f".{matched['ending']}"
    return f"/{matched['below']}" if "below" in matched else ""
