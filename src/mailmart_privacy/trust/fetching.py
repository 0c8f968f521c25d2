"""HTTP requests with a timeout for each request and a deadline for a whole piece of work.

A socket's timeout starts again with every byte. A server that sends one byte every ten seconds would block a process
without end. So each request runs in a separate thread, and is abandoned when its time is over. A thread whose request
was answered waits for the next one: to start one takes a fifth of the time of a request.
"""

import functools
import http.client
import queue
import ssl
import threading
import urllib.error
import urllib.request
from time import monotonic  # for durations; what moment it is, only the edges ask
from typing import Any

MAX_ANSWER = 16 * 1024 * 1024


class RefusedAnswerError(OSError):
    """An answer that will not change if the question is repeated."""


class Deadline:
    """The moment by which a piece of work has to be done, however many requests it makes.

    Args:
        seconds: how long it may take from now on.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = monotonic() + seconds

    def remaining(self) -> float:
        """Return how many seconds are left.

        Raises:
            TimeoutError: no time is left.
        """
        left = self._end - monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer within {self.seconds:g} seconds in all")
        return left


def fetch(
    url: str, content: bytes | None, headers: dict[str, str], timeout: float, deadline: Deadline | None = None
) -> bytes:
    """Send a request by HTTP or HTTPS and read the whole answer.

    Args:
        url: where to.
        content: what is posted, or None to get something.
        headers: further headers.
        timeout: seconds until the whole answer has to be there.
        deadline: of the piece of work that the request belongs to.

    Raises:
        RefusedAnswerError: the answer says that asking again will not help.
        OSError: there is no answer, or not one of success.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise OSError(f"{url} is not an address by HTTP")
    seconds = timeout if deadline is None else min(timeout, deadline.remaining())
    exchange = _Exchange(urllib.request.Request(url, data=content, headers=headers), seconds)  # noqa: S310
    worker = _find_worker()
    worker.waiting.put(exchange)
    if not exchange.done.wait(seconds):
        worker.waiting.put(None)
        exchange.give_up()
        raise TimeoutError(f"no whole answer within {seconds:.3g} seconds")
    _idle.append(worker)
    if exchange.error is not None:
        raise exchange.error
    return exchange.answer


class _Exchange:
    """One request and its answer."""

    def __init__(self, request: urllib.request.Request, timeout: float) -> None:
        self.done = threading.Event()
        self.answer = b""
        self.error: OSError | None = None
        self._request, self._timeout = request, timeout
        self._connections: list[http.client.HTTPConnection] = []

    def run(self) -> None:
        """Send it, and read the answer or the error; in a thread of its own."""
        _current.connections = self._connections
        try:
            self.answer = self._exchange()
        except OSError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - handed to the caller that waits for this thread
            self.error = OSError(" ".join(str(error).split()) or type(error).__name__)
        self.done.set()

    def give_up(self) -> None:
        """Close the connections, so that the thread ends soon."""
        for connection in self._connections:
            if connection.sock is not None:
                connection.sock.close()

    def _exchange(self) -> bytes:
        try:
            with _build_opener().open(self._request, timeout=self._timeout) as answer:
                body: bytes = answer.read(MAX_ANSWER + 1)
        except urllib.error.HTTPError as error:
            error.close()
            words = f"HTTP {error.code} {error.reason}"
            if error.code < 500 and error.code not in (408, 429):
                raise RefusedAnswerError(words) from None
            raise OSError(words) from None
        if len(body) > MAX_ANSWER:
            raise OSError(f"its answer has more than {MAX_ANSWER:,} bytes")
        return body


class _Worker:
    """A thread that makes one request after the other, and ends after one that was abandoned."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[_Exchange | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while (exchange := self.waiting.get()) is not None:
            exchange.run()
            del exchange  # its answer may be large


def _find_worker() -> _Worker:
    """Take a worker that has nothing to do, or start one; those of a process that was forked are not here."""
    while True:
        try:
            worker = _idle.pop()
        except IndexError:
            return _Worker()
        if worker.thread.is_alive():
            return worker


_idle: list[_Worker] = []  # never more than requests that were made at the same time
_current = threading.local()  # `connections`: those that the thread's request has opened


class _Plain(http.client.HTTPConnection):
    def connect(self) -> None:
        _current.connections.append(self)
        super().connect()


class _Secure(http.client.HTTPSConnection):
    def connect(self) -> None:
        _current.connections.append(self)
        super().connect()


class _Handler(urllib.request.AbstractHTTPHandler):
    """Makes each request over a connection that the exchange can close."""

    def http_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(_Plain, request)

    def https_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(_Secure, request, context=_load_authorities())

    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_


@functools.cache
def _build_opener() -> urllib.request.OpenerDirector:
    """Build what follows redirects and proxies, by HTTP and HTTPS alone; once, since it takes as long as a request."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Handler(),
    ):
        opener.add_handler(handler)
    return opener


@functools.cache
def _load_authorities() -> ssl.SSLContext:
    """Load the authorities that this machine trusts for HTTPS; once, since they are many."""
    return ssl.create_default_context()
