"""What every request has to get past, before anybody asks who sent it: host, origin, size, time; and what every answer
says to the browser.

A page of another port of this machine is "same-site" to a browser, so cookies do not tell it apart: the origin does.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from .problems import make_problem
from .proxies import Proxies

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

API = "/api/"
HEALTH = "/healthz"  # is asked by programs on the desk's own computer, which know no public address
LARGEST_BODY = 20 * 2**20 + 2**16  # bytes: a workbook, and what a form puts around it
BODY_SECONDS = 60.0
_CSP = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
_HEADERS = {
    b"content-security-policy": _CSP.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",  # "no-referrer" would make the Origin of our own forms "null"
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"x-frame-options": b"DENY",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=()",
    b"cache-control": b"no-store",
}
_READING = ("GET", "HEAD")
TOO_LARGE = (
    "That is too large for this desk. Files may have up to 20 MB: go back, and choose a smaller one, or split it."
)
_CODES = {403: "other-site", 405: "method", 413: "too-large", 421: "other-host"}  # as the API names what is refused


class TooLargeError(Exception):
    """The body of a request has more bytes than are read."""


class TooSlowError(Exception):
    """The body of a request did not come in time."""


class Guard:
    """The outermost layer of the desk.

    Args:
        app: what is behind it.
        origin: how browsers reach the desk, "http://127.0.0.1:8640".
        proxies: the addresses or networks of the TLS proxies in front of the desk. Where there are any, requests come
            from them alone, and only they are believed about who asks, and by which protocol.
        body_seconds: how long the body of a request may take.
        draw: makes a page that says why something is refused; without it, people see the bare sentence.
    """

    def __init__(
        self,
        app: App,
        *,
        origin: str,
        proxies: tuple[str, ...] = (),
        body_seconds: float = BODY_SECONDS,
        draw: Callable[[str], str] | None = None,
    ) -> None:
        self._draw = draw
        self._app, self._origin, self._seconds = app, origin, body_seconds
        self._host = urlsplit(origin).netloc
        self._proxies = Proxies(proxies) if proxies else None
        self._headers = dict(_HEADERS)
        if origin.startswith("https:"):
            self._headers[b"strict-transport-security"] = b"max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            return
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        refused = None
        if scope["path"] != HEALTH:
            if self._proxies is not None:
                scope, refused = self._proxies.admit(scope, headers)
            refused = refused or self._refuse(scope["method"], headers, is_api=scope["path"].startswith(API))
        if refused is not None:
            await self._answer(*refused, scope, headers)(scope, receive, self._dress(send))
            return
        await self._app(scope, self._bound(receive), self._dress(send))

    def _refuse(self, method: str, headers: dict[str, list[str]], *, is_api: bool) -> tuple[int, str] | None:
        """Tell why a request is refused, or None."""
        if headers.get("host") != [self._host]:
            return 421, f"This desk answers at {self._origin} only."
        site, mode = headers.get("sec-fetch-site", []), headers.get("sec-fetch-mode", [])
        if is_api and headers.get("origin", []) not in ([], [self._origin]):
            return 403, "Pages of other sites cannot use this desk."
        if method in _READING:
            # Another page may lead here, and not take anything from here.
            if site in ([], ["same-origin"], ["none"]) or mode == ["navigate"]:
                return None
            return 403, "Pages of other sites cannot use this desk."
        if method != "POST":
            return 405, "This desk accepts only GET, HEAD and POST."
        origin = headers.get("origin", [])
        # A service sends neither; its token, unlike a cookie, comes with no request of a page elsewhere.
        known = bool(site or origin) or is_api
        if site not in ([], ["same-origin"]) or origin not in ([], [self._origin]) or not known:
            return 403, "This form was not sent from a page of this desk. Open the page again, and send it from there."
        length = headers.get("content-length", ["0"])
        if len(length) != 1 or not length[0].isdecimal() or int(length[0]) > LARGEST_BODY:
            return 413, TOO_LARGE
        return None

    def _bound(self, receive: Receive) -> Receive:
        """Count what comes in, and stop waiting for it in time."""
        size, ends = 0, asyncio.get_running_loop().time() + self._seconds
        whole = False

        async def bounded() -> MutableMapping[str, Any]:
            nonlocal size, whole
            if whole:  # what comes now is only that the browser has gone
                return await receive()
            try:
                async with asyncio.timeout_at(ends):
                    message = await receive()
            except TimeoutError:
                raise TooSlowError from None
            size += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if size > LARGEST_BODY:
                raise TooLargeError
            return message

        return bounded

    def _dress(self, send: Send) -> Send:
        async def dressed(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                extra = [(name, value) for name, value in self._headers.items() if name not in own]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        return dressed

    def _answer(self, status: int, words: str, scope: Scope, headers: dict[str, list[str]]) -> Response:
        """Refuse in the words of those who ask: a service, a person with a browser, or something else."""
        if scope["path"].startswith(API):
            return make_problem(_CODES[status], detail=words)
        if self._draw is not None and "text/html" in headers.get("accept", [""])[0]:
            return HTMLResponse(self._draw(words), status)
        return PlainTextResponse(f"{words}\n", status)
