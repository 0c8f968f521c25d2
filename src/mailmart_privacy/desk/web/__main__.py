"""The process `web`: serves pages until the launcher ends."""

import asyncio
import json
import logging
import socket
import sys
import time

import uvicorn

from ..answers import Actor
from ..child import announce, begin, follow
from ..connections import AsyncConnection, Connection
from .application import make_application
from .assets import Assets
from .checks import Checks
from .digests import Digests
from .marks import Marks
from .oidc.flow import make_oidc
from .people import People
from .permissions import ROLES
from .rates import Rates
from .server import make_server
from .services import Services
from .sign_ins import SignIns
from .tables import Tables
from .tokens import Tokens

_PATIENCE = 60  # seconds that the keeper may take to tell what is due
_LINK_SECONDS = 12 * 60 * 60  # as long as somebody may take to open the address that the desk printed


def main() -> None:
    settings = begin()
    logging.basicConfig(level=logging.WARNING, handlers=[_make_handler()])
    tables = Tables(settings.desk.tables)
    people = People(tables, time.time)
    if settings.desk.token_digest:
        operator = Actor(issuer="os", subject=settings.desk.operator_subject, name=settings.desk.operator)
        people.add_link(settings.desk.token_digest, people.put(operator, ROLES), seconds=_LINK_SECONDS)
    oidc, mail = settings.desk.oidc, settings.desk.mail
    services = Services(
        keeper=AsyncConnection(settings.keeper),
        people=people,
        tokens=Tokens(tables, time.time),
        rates=Rates(time.monotonic),
        assets=Assets(),
        origin=settings.desk.origin,
        sign_ins=SignIns(tables, time.time),
        marks=Marks(tables, time.time),
        checks=Checks(tables, time.time),
        oidc=make_oidc(oidc, settings.desk.origin, time.time, asks_email=mail is not None) if oidc else None,
        proxies=settings.desk.proxies,
        sends_mail=mail is not None,
    )
    if mail is not None:
        keeper = Connection(settings.keeper, patience=_PATIENCE)
        Digests(mail, settings.desk.origin, tables, keeper, time.time).begin()
    server = make_server(make_application(services))
    follow(lambda: setattr(server, "should_exit", True))
    listener = socket.socket(fileno=settings.listener)
    asyncio.run(_serve(server, listener))
    tables.close()


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    announce()  # what comes before the server is up waits in the queue of the socket
    await server.serve(sockets=[listener])


def _make_handler() -> logging.Handler:
    """Log as JSON, one line each: the class of an error and never its message, which may name a customer."""

    class _Lines(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
            words = record.getMessage() if error is None else "a request failed"
            return json.dumps(
                {"at": round(record.created, 3), "level": record.levelname, "words": words, "error": error}
            )

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    return handler


if __name__ == "__main__":
    main()
