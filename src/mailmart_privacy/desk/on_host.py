"""What the people who run the server of a desk can do about its people: make the first administrator, and let somebody
in while the identity provider is down. Each is an entry in the archive's log before it takes effect.
"""

import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .._clock import now
from .._files import make_folder
from ..archive.recipients import Details
from ..errors import UsageError
from .answers import Actor
from .keeper.desk import open_archive
from .links import LINK_SECONDS
from .web.people import People, Person, make_digest
from .web.permissions import ADMINISTRATOR
from .web.tables import Tables

if TYPE_CHECKING:
    from ..archive import recipients
    from .settings import DeskSettings


class Host:
    """The server of a desk, for somebody who works on it.

    Args:
        settings: of the desk.
        operator: the person who works there, as the operating system knows them.
    """

    def __init__(self, settings: "DeskSettings", operator: "recipients.Person") -> None:
        self._settings, self._operator = settings, operator

    def list_people(self) -> list[Person]:
        """List the people of the desk."""
        with _OpenPeople(self._settings) as people:
            return people.list_all()

    def add_administrator(self, issuer: str, subject: str, name: str) -> Person:
        """Make a person an administrator, beside what they are; nobody need have signed in before.

        Args:
            issuer: the address of the identity provider.
            subject: what it calls the person, permanently.
            name: to show until they sign in; or empty.
        """
        with _OpenPeople(self._settings) as people:
            known = people.find_person(issuer, subject)
            shown = name or (known.actor.name if known else subject)
            roles = dict.fromkeys((*(known.roles if known else ()), ADMINISTRATOR))
            self._note(f"{shown} ({issuer}, {subject}): administrator, made on the server")
            return people.put(Actor(issuer=issuer, subject=subject, name=shown), tuple(roles))

    def make_link(self, origin: str, subject: str) -> str:
        """Make a link that signs a person in, once, within 15 minutes.

        Args:
            origin: where the desk answers.
            subject: what the identity provider calls the person.

        Raises:
            UsageError: nobody has that name, or several people have it.
        """
        with _OpenPeople(self._settings) as people:
            found = [each for each in people.list_all() if each.actor.subject == subject]
            if len(found) != 1:
                raise UsageError(
                    f"{len(found)} of the people of this desk are called {subject!r} by their identity provider; "
                    "mailmart-privacy desk admin list shows all of them"
                )
            self._note(f"{found[0].actor.name}: a link that signs in, made on the server")
            token = secrets.token_urlsafe(32)
            people.add_link(make_digest(token), found[0], seconds=LINK_SECONDS)
            return f"{origin}/?token={token}"

    def _note(self, words: str) -> None:
        service = open_archive(self._settings)
        with service.archive.writing(service.keyring(), now, self._operator) as session:
            session.add_act("people", details=Details(reason=words))


class _OpenPeople:
    """The people of a desk, while its tables are open."""

    def __init__(self, settings: "DeskSettings") -> None:
        import pwd  # there is none on Windows

        if not settings.archive:
            raise UsageError("name the archive of the desk with --archive, as when it is started")
        folder = Path(settings.folder)
        make_folder(folder, mode=0o700)
        user = settings.user or folder.owner()
        if pwd.getpwnam(user).pw_uid != os.geteuid():  # the desk could not open files of another user
            raise UsageError(f"the desk runs as {user}: run this as that user, with sudo -u {user}")
        self._tables = Tables(settings.tables)

    def __enter__(self) -> People:
        return People(self._tables, time.time)

    def __exit__(self, *_: object) -> None:
        self._tables.close()
