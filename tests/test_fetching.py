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

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mailmart_privacy.errors import PrivacyError, TimestampError, UsageError
from mailmart_privacy.release import outdated
from mailmart_privacy.trust.fetching import Deadline, RefusedAnswerError, _load_authorities, fetch
from mailmart_privacy.trust.timestamp_client import TimestampClient

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
        server.close()


def drip(start: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.05)

    return answer


def say(content: bytes) -> Answer:
    return lambda connection: connection.sendall(content)


BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX-", BODY], ids=["status", "headers", "body"])
def test_a_dripping_server_is_given_up(start: bytes) -> None:
    """A server that sends a byte now and then does not delay the caller beyond the timeout."""
    with serve(drip(start)) as url:
        began = time.monotonic()
        with pytest.raises(TimeoutError, match=r"within 0\.4 seconds"):
            fetch(url, b"asked", {}, 0.4)
        assert time.monotonic() - began < 2


def test_a_deadline_covers_all_attempts() -> None:
    """Attempts, pauses and further authorities share one deadline, and the message says what was waited for."""
    with serve(drip(BODY)) as first, serve(drip(BODY)) as second:
        client = TimestampClient(urls=(first, second), timeout=0.5, attempts=10, deadline=1.2)
        began = time.monotonic()
        with pytest.raises(TimestampError) as caught:
            client.stamp(bytes(32))
        assert time.monotonic() - began < 4
        assert [url for url, _ in caught.value.answers] == [first, second]
        assert "in all" in caught.value.answers[1][1]


def test_what_is_answered() -> None:
    """A complete answer is returned; final refusals are distinguished from answers that may change."""
    with serve(say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")) as url:
        assert fetch(url, None, {}, 5, Deadline(5)) == b"hi"
    with serve(say(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")) as url, pytest.raises(RefusedAnswerError):
        fetch(url, None, {}, 5)
    for content in (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", b"rubbish\r\n\r\n", b""):
        with serve(say(content)) as url, pytest.raises(OSError) as caught:  # noqa: PT011
            fetch(url, None, {}, 5)
        assert not isinstance(caught.value, RefusedAnswerError)
    with pytest.raises(OSError, match="not an address"):
        fetch("file:///etc/passwd", None, {}, 5)


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/a", "data:,a"])
def test_redirects_lead_to_http_only(target: str) -> None:
    """An answer that leads to a file of this machine, or to anything but HTTP and HTTPS, is not followed."""
    answer = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
    with serve(say(answer)) as url, pytest.raises(OSError, match=r"302|not allowed|unknown url type"):
        fetch(url, None, {}, 5)


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
            fetch(address, None, {}, 5)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
        _load_authorities.cache_clear()
        assert fetch(address, None, {}, 5) == b"hi"
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
