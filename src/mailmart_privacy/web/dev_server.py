"""A small server of one's own machine, to see the policy as a service shows it. Not for the public."""

import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .checking import MAX_BODY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .refusals import Response


def open_server(
    respond: "Callable[..., Response]", *, host: str, port: int, log: "Callable[[str], None]"
) -> ThreadingHTTPServer:
    """Open a server that answers as a service does.

    Args:
        respond: `Service.respond`, or what calls it.
        host: the address to listen at.
        port: the port, or 0 for any that is free.
        log: takes a line for each request.

    Returns:
        The server, listening; `serve_forever` lets it answer.

    Raises:
        OSError: nobody can listen there.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        server_version = "mailmart-privacy"
        sys_version = ""

        def __getattr__(self, name: str) -> "Callable[[], None]":
            if name.startswith("do_"):  # whatever the method; the service knows which there are
                return self._answer
            raise AttributeError(name)

        def _answer(self) -> None:
            if self.headers.get("Content-Length") or self.headers.get("Transfer-Encoding"):
                self.close_connection = True  # a body that nobody reads
            sent = {name: ", ".join(self.headers.get_all(name, [])) for name in self.headers}
            length = self.headers.get("Content-Length", "")
            if self.command == "POST" and self.path.endswith("/verify") and length.isdecimal():
                answer = respond(self.command, self.path, sent, self.rfile.read(min(int(length), MAX_BODY + 1)))
            else:
                answer = respond(self.command, self.path, sent)
            self.send_response(answer.status)
            for field, value in answer.headers:
                self.send_header(field, value)
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            line = format % args
            log("".join(c if c.isprintable() else "?" for c in line))

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        def handle_error(self, request: object, client_address: object) -> None:
            error = sys.exc_info()[1]
            if not isinstance(error, OSError):  # a client that has gone is nothing to tell of
                log(f"error: {error}")

    return Server((host, port), Handler)
