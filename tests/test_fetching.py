"""Requests end: a server that drips, or never answers, is given up in time."""

import contextlib
import datetime
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mailmart_privacy.errors import PrivacyError, TimestampError, UsageError
from mailmart_privacy.release import outdated
from mailmart_privacy.trust import fetching
from mailmart_privacy.trust.fetching import Deadline, RefusedAnswerError, _load_authorities, fetch
from mailmart_privacy.trust.timestamp_client import TimestampClient

from .conftest import PATIENCE

Answer = Callable[[socket.socket], None]


@contextlib.contextmanager
def serve(answer: Answer, *, greeted: bool = True) -> Iterator[str]:
    """Serve one kind of answer on the loopback, to what is asked in the clear unless `greeted` is false."""
    server = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def handle(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            if greeted:
                connection.recv(65536)
            answer(connection)

    def run() -> None:
        while not stopped.is_set():
            with contextlib.suppress(OSError):
                threading.Thread(target=handle, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        stopped.set()
        with contextlib.suppress(OSError):  # macOS ends the waiting at the closing alone
            server.shutdown(socket.SHUT_RDWR)
        server.close()


def drip(start: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        for _ in range(20 * PATIENCE):  # longer than any test waits; it ends when nobody listens any more
            connection.sendall(b"x")
            time.sleep(0.05)

    return answer


def say(content: bytes) -> Answer:
    return lambda connection: connection.sendall(content)


def record(asked: list[bytes], content: bytes) -> Answer:
    """Keep the first packet of each request, and answer it."""

    def answer(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(content)

    return answer


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX-", BODY], ids=["status", "headers", "body"])
def test_a_dripping_server_is_given_up(start: bytes) -> None:
    """A server that sends a byte now and then does not delay the caller beyond the timeout."""
    with serve(drip(start)) as url:
        began = time.monotonic()
        with pytest.raises(TimeoutError, match=r"within 0\.4 seconds"):
            fetch(url, b"asked", {}, 0.4)
        assert time.monotonic() - began < PATIENCE / 5  # the server would go on for much longer


def test_a_deadline_covers_all_attempts() -> None:
    """Attempts, pauses and further authorities share one deadline, and the message says what was waited for."""
    with serve(drip(BODY)) as first, serve(drip(BODY)) as second:
        client = TimestampClient(urls=(first, second), timeout=0.5, attempts=10, deadline=1.2)
        began = time.monotonic()
        with pytest.raises(TimestampError) as caught:
            client.stamp(bytes(32))
        assert time.monotonic() - began < PATIENCE / 5
        assert [url for url, _ in caught.value.answers] == [first, second]
        assert "in all" in caught.value.answers[1][1]


def test_what_is_answered() -> None:
    """A complete answer is returned; final refusals are distinguished from answers that may change."""
    with serve(say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")) as url:
        assert fetch(url, None, {}, PATIENCE, Deadline(PATIENCE)) == b"hi"
    with serve(say(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")) as url, pytest.raises(RefusedAnswerError):
        fetch(url, None, {}, PATIENCE)
    for content in (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", b"rubbish\r\n\r\n", b""):
        with serve(say(content)) as url, pytest.raises(OSError) as caught:  # noqa: PT011
            fetch(url, None, {}, PATIENCE)
        assert not isinstance(caught.value, RefusedAnswerError)
    with pytest.raises(OSError, match="not an address"):
        fetch("file:///etc/passwd", None, {}, PATIENCE)


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/a", "data:,a"])
def test_redirects_lead_to_http_only(target: str) -> None:
    """An answer that leads to a file of this machine, or to anything but HTTP and HTTPS, is not followed."""
    answer = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
    with serve(say(answer)) as url, pytest.raises(OSError, match=r"302|not allowed|unknown url type"):
        fetch(url, None, {}, PATIENCE)


def test_a_redirect_is_followed() -> None:
    """What is posted is asked for at the other address, as far as ten addresses lead."""
    asked: list[bytes] = []
    with serve(record(asked, ANSWER), greeted=False) as last:
        answer = f"HTTP/1.1 302 Found\r\nLocation: {last}a?b#c\r\nContent-Length: 0\r\n\r\n".encode()
        with serve(say(answer)) as url:
            assert fetch(url, b"asked", {"Content-Type": "a/b", "Accept": "c/d"}, PATIENCE) == b"hi"
        assert asked[0].startswith(b"GET /a?b HTTP/1.1\r\n")
        assert b"Accept: c/d" in asked[0]
        assert b"asked" not in asked[0]
        assert b"a/b" not in asked[0]
    round_trip = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
    with serve(say(round_trip)) as url, pytest.raises(RefusedAnswerError, match="more than 10 times"):
        fetch(url, None, {}, PATIENCE)
    posted = b"HTTP/1.1 307 Temporary\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
    with serve(say(posted)) as url, pytest.raises(RefusedAnswerError, match="307"):
        fetch(url, b"asked", {}, PATIENCE)


def test_a_request_is_one_packet() -> None:
    """Head and content are sent together: one wait less for the authority, and one packet less."""
    asked: list[bytes] = []
    with serve(record(asked, ANSWER), greeted=False) as url:
        assert fetch(f"{url}a?b", b"asked", {"Content-Type": "a/b"}, PATIENCE) == b"hi"
    head, _, content = asked[0].partition(b"\r\n\r\n")
    assert content == b"asked"
    assert {b"POST /a?b HTTP/1.1", b"Host: " + url.encode()[7:-1], b"Connection: close"} <= set(head.split(b"\r\n"))
    for wrong in (
        "http://a b/",
        "http://127.0.0.1/a\x00b",
        "http://user@127.0.0.1/",
        "http://127.0.0.1:x/",
        "http:///a",
    ):
        with pytest.raises(OSError):  # noqa: PT011
            fetch(wrong, None, {}, PATIENCE)


def test_a_name_is_looked_up_within_the_time_and_not_for_every_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that hangs delays nobody; an address is kept for a while, and looked up again where nobody answers."""
    real, asked, may_go_on = socket.getaddrinfo, [], threading.Event()
    places = {"dead.example": 1}

    def look_up(host: str, port: int, **more: Any) -> Any:
        if more.get("flags") or not host.endswith(".example"):
            return real(host, port, **more)
        if host == "slow.example":
            may_go_on.wait(PATIENCE)
        asked.append(host)
        return real("127.0.0.1", places.get(host, port), **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(TimeoutError, match=r"within 0\.2 seconds"):
        fetch("http://slow.example/", None, {}, 0.2)
    assert "slow.example" not in asked  # it hangs still
    may_go_on.set()
    with serve(say(ANSWER)) as url:
        named = url.replace("127.0.0.1", "good.example")
        assert [fetch(named, None, {}, PATIENCE) for _ in range(3)] == [b"hi"] * 3
        assert asked.count("good.example") == 1
        port = int(url.rpartition(":")[2].strip("/"))
        monkeypatch.setitem(fetching._reached, ("moved.example", port), (time.monotonic() + 60, real("127.0.0.1", 1)))
        assert fetch(url.replace("127.0.0.1", "moved.example"), None, {}, PATIENCE) == b"hi"
        with pytest.raises(OSError, match="refused"):
            fetch(url.replace("127.0.0.1", "dead.example"), None, {}, PATIENCE)


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Name a proxy in the environment, as users do."""
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def name_proxy(variable: str, address: str) -> None:
        monkeypatch.setenv(variable, address)
        fetching._read_proxies.cache_clear()

    yield name_proxy
    fetching._read_proxies.cache_clear()


def test_a_proxy_is_asked(proxied: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy of the environment is given the whole address and its own password, unless the address is excepted."""
    asked: list[bytes] = []
    with serve(record(asked, ANSWER), greeted=False) as proxy:
        proxied("http_proxy", proxy.replace("//", "//user:p%40ss@"))
        assert fetch("http://authority.example:81/a?b", b"asked", {}, PATIENCE) == b"hi"
        head = set(asked[0].split(b"\r\n"))
        assert {b"POST http://authority.example:81/a?b HTTP/1.1", b"Host: authority.example:81"} <= head
        assert b"Proxy-Authorization: Basic dXNlcjpwQHNz" in head
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with serve(say(ANSWER.replace(b"hi", b"me"))) as url:
            assert fetch(url, None, {}, PATIENCE) == b"me"


def test_a_proxy_leads_to_https(
    proxied: Callable[[str, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS is asked through a tunnel, whose end proves itself; a proxy that refuses, or drips, is told from it."""
    (tmp_path / "own.pem").write_bytes(make_server_certificate())
    context, asked = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    context.load_cert_chain(tmp_path / "own.pem")

    def lead(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        with context.wrap_socket(connection, server_side=True) as secure:
            asked.append(secure.recv(65536))
            secure.sendall(ANSWER)

    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    _load_authorities.cache_clear()
    with serve(lead, greeted=False) as proxy:
        proxied("https_proxy", proxy.replace("//", "//user:pass@"))
        assert fetch("https://127.0.0.1:9/a", None, {}, PATIENCE) == b"hi"
        assert asked[0].startswith(b"CONNECT 127.0.0.1:9 HTTP/1.1\r\n")
        assert b"Proxy-Authorization: Basic dXNlcjpwYXNz" in asked[0]
        assert asked[1].startswith(b"GET /a HTTP/1.1\r\n")
        assert b"Proxy" not in asked[1]
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch("https://another.example/a", None, {}, PATIENCE)
    with serve(say(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")) as proxy:
        proxied("https_proxy", proxy)
        with pytest.raises(OSError, match="the proxy does not lead there: HTTP 403"):
            fetch("https://127.0.0.1:9/", None, {}, PATIENCE)
    with serve(drip(b"HTTP/1.1 200 OK\r\nX-")) as proxy:
        proxied("https_proxy", proxy)
        with pytest.raises(TimeoutError, match=r"within 0\.4 seconds"):
            fetch("https://127.0.0.1:9/", None, {}, 0.4)
    _load_authorities.cache_clear()


def test_https_is_asked_with_the_authorities_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server is believed whose certificate leads to one of them; any other is not."""
    (tmp_path / "own.pem").write_bytes(make_server_certificate())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem")

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    with serve(answer, greeted=False) as url:
        address = url.replace("http:", "https:")
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch(address, None, {}, PATIENCE)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
        _load_authorities.cache_clear()
        assert fetch(address, None, {}, PATIENCE) == b"hi"
    _load_authorities.cache_clear()


def test_a_published_list_of_versions_is_fetched_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses without TLS, answers that are too large, and answers that take too long are refused."""
    with serve(say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")) as url:
        assert outdated.fetch_versions(url) == b"[]"
    with pytest.raises(UsageError, match="does not begin with https://"):
        outdated.fetch_versions("http://mailmart.com/privacy/versions.json")
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n" + b" " * 1048577
    with serve(say(large)) as url, pytest.raises(PrivacyError, match="that is not a list of versions"):
        outdated.fetch_versions(url)
    monkeypatch.setattr(outdated, "_PATIENCE", 0.4)
    with serve(drip(BODY)) as url, pytest.raises(PrivacyError, match="cannot be read: no whole answer within"):
        outdated.fetch_versions(url)


def make_server_certificate() -> bytes:
    """Make a key and a certificate for 127.0.0.1, in PEM."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)
