"""Stores of objects that do less than they seem to: moto, with code between it and its clients."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from . import seaweed

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class CarelessStore:
    """A store that ignores headers, and loses answers.

    Attributes:
        ignored: headers that it ignores, such as "If-None-Match".
        lost: how many more answers to PUT it loses, after it has done what was asked.
    """

    def __init__(self) -> None:
        self.ignored: set[str] = set()
        self.lost = 0
        self._moto: Application = DomainDispatcherApplication(create_backend_app)

    def answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        for name in self.ignored:
            environ.pop(f"HTTP_{name.upper().replace('-', '_')}", None)
        if environ["REQUEST_METHOD"] == "PUT" and self.lost:
            self.lost -= 1
            done = self._moto(environ, lambda *_: None)
            b"".join(done)
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        return self._moto(environ, start_response)


@contextlib.contextmanager
def serve() -> Iterator[tuple[CarelessStore, dict[str, str]]]:
    """Start a store, and give the environment by which boto3 finds it."""
    store = CarelessStore()
    server = make_server("127.0.0.1", 0, store.answer, threaded=True, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield store, seaweed.KEYS | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
