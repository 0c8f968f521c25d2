"""Mail to staff about what is due: to those whose role it concerns, once a day at most, and only with something new.

A mail names no customer: it says what is due, and has a link to the page. A thread of `web` looks every half an hour,
so nobody who opens a page waits for a mail server.
"""

import datetime
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from urllib.parse import urlsplit

from ..addresses import is_address
from ..calls import ListVersions, Status
from ..connections import Connection
from ..lines import write_line
from ..settings import MailSettings
from .due import DueItem, Known, describe_checkpoint, list_due
from .mailing import AddressError, MailError, open_server
from .marks import BACKUP, MAIL, Marks
from .people import People, Person
from .tables import Tables
from .words import count

_PAUSE = 30 * 60.0  # seconds between two looks at what is due
CHECKPOINT = "checkpoint.txt"  # the name of the attachment
_DAY = 24 * 60 * 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A mail that is to be sent.

    Attributes:
        person: who gets it.
        message: the mail.
        told: what it tells of, as `_name_news` names it.
    """

    person: Person
    message: EmailMessage
    told: frozenset[str]


class Digests:
    """Sends people mail about what is due.

    Args:
        settings: of the mail server.
        origin: how browsers reach the desk.
        tables: where people are, and what they were told.
        keeper: tells what is due.
        clock: tells the seconds since 1970.
    """

    def __init__(
        self,
        settings: MailSettings,
        origin: str,
        tables: Tables,
        keeper: Connection,
        clock: Callable[[], float],
    ) -> None:
        self._settings, self._origin, self._tables = settings, origin, tables
        self._keeper, self._clock = keeper, clock
        self._people, self._marks = People(tables, clock), Marks(tables, clock)

    def begin(self) -> None:
        """Look at what is due from now on, in a thread that ends with the process."""
        threading.Thread(target=self._run, name="digests", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - the keeper or the database fails: there is a next time
                write_line("web", "what is due could not be mailed, and is tried again", error=type(error).__name__)
            pause.wait(_PAUSE)

    def look(self) -> None:
        """Send what is new to those whom it concerns; where the server fails, the page of what is due says why."""
        letters = self._write_letters()
        if not letters:
            return
        try:
            self._marks.write(MAIL, self._send(letters))
        except MailError as error:
            self._marks.write(MAIL, str(error))

    def _write_letters(self) -> list[Letter]:
        at = datetime.datetime.fromtimestamp(self._clock(), datetime.UTC)
        known = Known(
            status=self._keeper.ask(Status()),
            versions=self._keeper.ask(ListVersions(counted=False)).versions,
            backup=self._marks.read(BACKUP),
            for_team=self._origin.startswith("https:"),
        )
        checkpoint, letters = describe_checkpoint(known.status, at), []
        items = [*(each for each in list_due(known, at) if each.stage), checkpoint]
        for person in self._people.list_all():
            own = [each for each in items if set(each.roles) & set(person.roles)]
            if is_address(person.email) and self._has_news(person, _name_news(own)):
                message = write_message(own, self._settings.sender, self._origin, at)
                message["To"] = person.email
                if checkpoint in own:
                    _attach(message, known.status.checkpoint)
                letters.append(Letter(person=person, message=message, told=_name_news(own)))
        return letters

    def _has_news(self, person: Person, now: frozenset[str]) -> bool:
        """Tell whether a person may be told today of something new; what is no longer due is forgotten."""
        rows = self._tables.query("SELECT told, sent_at FROM letters WHERE person = ?", [person.id])
        if not rows:
            return bool(now)
        ((known, sent_at),) = rows
        told = frozenset[str](json.loads(known))
        if told - now:
            self._keep(person, told & now)
        return bool(now - told) and sent_at <= self._clock() - _DAY

    def _keep(self, person: Person, told: frozenset[str]) -> None:
        self._tables.change("UPDATE letters SET told = ? WHERE person = ?", [json.dumps(sorted(told)), person.id])

    def _send(self, letters: Sequence[Letter]) -> str:
        """Send mails, one by one; why some could not be sent, or nothing.

        Raises:
            MailError: the server cannot be used.
        """
        failure = ""
        with open_server(self._settings, name=urlsplit(self._origin).hostname or "localhost") as server:
            for letter in letters:
                before = self._claim(letter.person)
                if before is None:
                    continue
                try:
                    server.send(letter.message, letter.person.email)
                except AddressError as error:  # not tried again before tomorrow, or before the address is another one
                    failure = str(error)
                except MailError:
                    self._release(letter.person, before)
                    raise
                else:
                    self._keep(letter.person, letter.told)
        return failure

    def _claim(self, person: Person) -> float | None:
        """Claim the mail of a person for this day, among all desks that share the tables.

        Returns:
            When the one before was sent, in seconds since 1970; None where they had one within a day.
        """
        now = self._clock()
        with self._tables.changing():
            self._tables.change(
                "INSERT INTO letters (person, sent_at, told) VALUES (?, 0, '[]') ON CONFLICT DO NOTHING", [person.id]
            )
            rows = self._tables.query("SELECT sent_at FROM letters WHERE person = ?", [person.id])
            claimed = self._tables.change(
                "UPDATE letters SET sent_at = ? WHERE person = ? AND sent_at <= ?", [now, person.id, now - _DAY]
            )
        # Another desk may have removed the row since, for a new address: then there is a next time.
        return float(rows[0][0]) if rows and claimed else None

    def _release(self, person: Person, before: float) -> None:
        self._tables.change("UPDATE letters SET sent_at = ? WHERE person = ?", [before, person.id])


def write_message(items: Sequence[DueItem], sender: str, origin: str, at: datetime.datetime) -> EmailMessage:
    """Write a mail about what is due, without its addressee.

    Args:
        items: what it tells of.
        sender: the address that it comes from.
        origin: how browsers reach the desk.
        at: its date (aware).
    """
    message = EmailMessage(policy=SMTP)
    things = count(len(items), "thing is", "things are")
    message["From"] = sender
    message["Subject"] = f"MailMart privacy desk: {things} due"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])  # the machine's own name is nobody's business
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office notes in reply
    lines = "".join(f"- {each.what}: {each.state}\n" for each in items)
    message.set_content(
        f"Hello,\n\nthis is due at the MailMart privacy desk:\n\n{lines}\nThe page of what is due says more:\n"
        f"{origin}/due\n\nYou get this because of your role at the desk: once a day at most, and only when something "
        "new is due or an end comes closer. The administrator can change your address.\n"
    )
    return message


def _attach(message: EmailMessage, checkpoint: bytes) -> None:
    """Attach a checkpoint as bytes: in a text, line ends would become other ones, and its signatures would not fit."""
    message.add_attachment(checkpoint, maintype="application", subtype="octet-stream", filename=CHECKPOINT)


def _name_news(items: Sequence[DueItem]) -> frozenset[str]:
    return frozenset(f"{each.what}: {each.stage}" for each in items)
