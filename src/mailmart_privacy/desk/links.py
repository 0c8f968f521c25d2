"""Links that sign somebody in, made on the desk's own computer: anybody who can read its tables can make one."""

import secrets
import time
from typing import TYPE_CHECKING

from .answers import Actor
from .web.people import People, make_digest
from .web.permissions import ROLES
from .web.tables import Tables

if TYPE_CHECKING:
    from ..archive.recipients import Person

LINK_SECONDS = 15 * 60


def make_link(place: str, origin: str, person: "Person") -> str:
    """Make a link for the person who runs the desk.

    Args:
        place: where the tables of `web` are, see `DeskSettings.tables`.
        origin: where it answers.
        person: as the operating system knows them.
    """
    tables = Tables(place)
    try:
        people, token = People(tables, time.time), secrets.token_urlsafe(32)
        actor = Actor(issuer=person.issuer, subject=person.subject, name=person.name)
        people.add_link(make_digest(token), people.put(actor, ROLES), seconds=LINK_SECONDS)
    finally:
        tables.close()
    return f"{origin}/?token={token}"
