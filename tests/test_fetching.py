"""Requests end: a server that drips, or never answers, is given up in time."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from mailmart_privacy.errors import TimestampError
from mailmart_privacy.trust.fetching import Deadline, RefusedAnswerError, fetch
from mailmart_privacy.trust.timestamp_client import TimestampClient

Answer = Callable[[socket.socket], None]


@contextlib.contextmanager
def serve(answer: Answer) -> Iterator[str]:
    """Serve one kind of answer on the loopback."""
    server = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def handle(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
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


def test_redirects_to_files_are_refused() -> None:
    """An answer that leads to a file of this machine is not followed."""
    answer = b"HTTP/1.1 302 Found\r\nLocation: file:///etc/hostname\r\nContent-Length: 0\r\n\r\n"
    with serve(say(answer)) as url, pytest.raises(OSError, match=r"302|not allowed"):
        fetch(url, None, {}, 5)
