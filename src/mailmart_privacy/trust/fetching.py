"""HTTP requests with a timeout for each request and a deadline for a whole piece of work.

A socket's timeout starts again with every byte. A server that sends one byte every ten seconds would block a process
without end. So whenever a socket waits, it is given what is left of the time of the whole request. Only names are
looked up in a separate thread, which is abandoned when the time is over: nothing can stop a resolver.
"""

import base64
import contextlib
import functools
import http.client
import io
import queue
import socket
import ssl
import string
import threading
from time import monotonic  # for durations; what moment it is, only the edges ask
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_ANSWER = 16 * 1024 * 1024
_MAX_REDIRECTS = 10
_FRESH = 60.0  # seconds for which a name's addresses are kept: the copies of a batch ask the same authority
_MAX_NAMES = 64
_PORTS = {"http": 80, "https": 443}
_Addresses: TypeAlias = "Sequence[tuple[int, int, int, str, Any]]"  # as `socket.getaddrinfo` returns them


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

    Redirects are followed, to HTTP and HTTPS alone; the proxies that the environment names are used.

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
    seconds = timeout if deadline is None else min(timeout, deadline.remaining())
    end = Deadline(seconds)
    try:
        for _ in range(_MAX_REDIRECTS + 1):
            answer, target = _ask(url, content, headers, end)
            if not target:
                return answer
            url, content, headers = target, None, {k: v for k, v in headers.items() if k.lower() != "content-type"}
    except TimeoutError:
        raise TimeoutError(f"no whole answer within {seconds:.3g} seconds") from None
    except OSError:
        raise
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(" ".join(str(error).split()) or type(error).__name__) from None
    raise RefusedAnswerError(f"it leads to another address more than {_MAX_REDIRECTS} times")


def _ask(url: str, content: bytes | None, headers: dict[str, str], end: Deadline) -> tuple[bytes, str]:
    """Send one request; return the answer, or the address that it leads to."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise OSError(f"{url} is not an address by HTTP")
    proxy = _find_proxy(parts)
    selector = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"Host": parts.netloc, "User-Agent": "mailmart-privacy", **headers, "Connection": "close"}
    if proxy is not None and parts.scheme == "http":
        selector, sent = f"http://{parts.netloc}{selector}", sent | _authorize(proxy)
    with _open(parts, proxy, end) as opened:
        method = "GET" if content is None else "POST"
        answer = _exchange(opened, end, method, selector, content, sent)
        if target := _find_target(url, content, answer):
            return b"", target
        body = answer.read(MAX_ANSWER + 1)
    if not 200 <= answer.status < 300:
        words = f"HTTP {answer.status} {answer.reason}"
        final = answer.status < 500 and answer.status not in (408, 429)
        raise RefusedAnswerError(words) if final else OSError(words)
    if len(body) > MAX_ANSWER:
        raise OSError(f"its answer has more than {MAX_ANSWER:,} bytes")
    return body, ""


def _find_target(url: str, content: bytes | None, answer: http.client.HTTPResponse) -> str:
    """Find the address that an answer leads to, or nothing. What is posted is asked for there, as browsers do it."""
    followed = (301, 302, 303) if content is not None else (301, 302, 303, 307, 308)
    target = answer.getheader("Location") if answer.status in followed else None
    if not target:
        return ""
    target = urljoin(url, quote(target, encoding="iso-8859-1", safe=string.punctuation))
    if not target.lower().startswith(("http://", "https://")):
        raise RefusedAnswerError(f"HTTP {answer.status} leads to {target}, which is not an address by HTTP")
    return target


def _exchange(
    opened: socket.socket, end: Deadline, method: str, selector: str, content: bytes | None, headers: dict[str, str]
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("", 80)  # it connects nowhere: its socket is given
    connection.sock = _Channel(opened, end)
    connection.request(method, selector, content, headers)
    return connection.getresponse()


class _Channel(io.RawIOBase):
    """A socket as `http.client` uses one; it waits for no longer than the time of the request."""

    def __init__(self, opened: socket.socket, end: Deadline) -> None:
        self._socket, self._end, self._unsent = opened, end, b""

    def sendall(self, content: bytes) -> None:
        """Keep what is to be sent, until an answer is waited for: all of it is one packet then."""
        self._unsent += content

    def makefile(self, _: str) -> io.BufferedReader:
        """Return what the answer is read from."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._unsent:
            self._socket.settimeout(self._end.remaining())
            self._socket.sendall(self._unsent)
            self._unsent = b""
        self._socket.settimeout(self._end.remaining())
        return self._socket.recv_into(buffer)

    def close(self) -> None:
        """Leave the socket open: `http.client` closes a connection before its answer is read."""


def _open(parts: SplitResult, proxy: SplitResult | None, end: Deadline) -> socket.socket:
    """Open a connection to where an address leads, through a proxy where one is given; a secure one for HTTPS."""
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    reached = (host, port) if proxy is None else (proxy.hostname or "", proxy.port or _PORTS.get(proxy.scheme, 80))
    opened = _connect(*reached, end)
    try:
        if proxy is not None and proxy.scheme == "https" and parts.scheme == "http":
            return _secure(opened, reached[0], end)
        if parts.scheme == "http":
            return opened
        if proxy is not None:
            named = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            answer = _exchange(opened, end, "CONNECT", named, None, {"Host": named, **_authorize(proxy)})
            if answer.status != 200:
                raise OSError(f"the proxy does not lead there: HTTP {answer.status} {answer.reason}")
        return _secure(opened, host, end)
    except BaseException:
        opened.close()
        raise


def _secure(opened: socket.socket, host: str, end: Deadline) -> ssl.SSLSocket:
    opened.settimeout(end.remaining())  # for all of the handshake
    return _load_authorities().wrap_socket(opened, server_hostname=host)


def _connect(host: str, port: int, end: Deadline) -> socket.socket:
    """Connect to a host, by the addresses that led there a moment ago, else by those that its name has now."""
    until, addresses = _reached.get((host, port), (0.0, []))
    if monotonic() < until:
        with contextlib.suppress(OSError):
            return _reach(addresses, end)
    addresses = _look_up(host, port, end)
    opened = _reach(addresses, end)
    if len(_reached) >= _MAX_NAMES:
        _reached.clear()
    _reached[host, port] = monotonic() + _FRESH, addresses
    return opened


_reached: dict[tuple[str, int], tuple[float, _Addresses]] = {}  # until when they count, by host and port


def _reach(addresses: _Addresses, end: Deadline) -> socket.socket:
    refused = OSError("its name has no address")
    for family, kind, protocol, _, address in addresses:
        opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(end.remaining())
            opened.connect(address)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            opened.close()
            refused = error
        else:
            return opened
    raise refused


def _look_up(host: str, port: int, end: Deadline) -> _Addresses:
    with contextlib.suppress(socket.gaierror):  # an address in figures needs no resolver
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    found: queue.SimpleQueue[_Addresses | Exception] = queue.SimpleQueue()

    def resolve() -> None:
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, ValueError) as error:
            found.put(error)

    threading.Thread(target=resolve, daemon=True).start()
    try:
        answer = found.get(timeout=end.remaining())
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _find_proxy(parts: SplitResult) -> SplitResult | None:
    """Find the proxy that the environment names for an address (HTTP_PROXY, HTTPS_PROXY, NO_PROXY)."""
    named = _read_proxies().get(parts.scheme)
    if not named or proxy_bypass(parts.netloc):
        return None
    return urlsplit(named if "://" in named else f"http://{named}")


def _authorize(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username or not proxy.password:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password)}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


@functools.cache
def _read_proxies() -> dict[str, str]:
    """Read which proxies the environment, or the settings of the system, name; once."""
    return getproxies()


@functools.cache
def _load_authorities() -> ssl.SSLContext:
    """Load the authorities that this machine trusts for HTTPS; once, since they are many."""
    return ssl.create_default_context()
