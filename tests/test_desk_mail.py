"""Mail to staff about what is due, through a real mail server: who gets what, how often, and what a page says of it."""

import asyncio
import datetime
import email
import email.policy
import gc
import re
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mailmart_privacy._clock import now
from mailmart_privacy.desk.addresses import is_address
from mailmart_privacy.desk.answers import Actor, StatusView
from mailmart_privacy.desk.calls import Issue, Status
from mailmart_privacy.desk.compliance_calls import AskErasure
from mailmart_privacy.desk.launcher import _choose_environment, _limit
from mailmart_privacy.desk.settings import MailSettings
from mailmart_privacy.desk.web.digests import Digests, write_message
from mailmart_privacy.desk.web.due import DueItem, Known, list_due
from mailmart_privacy.desk.web.marks import MAIL, Mark, Marks
from mailmart_privacy.desk.web.people import People
from mailmart_privacy.desk.web.tables import Tables

from .command_line import Run
from .conftest import PATIENCE, make_environment, one_line
from .desk_browser import LocalDesk, make_desk, make_settings
from .desk_provider import make_oidc_settings
from .test_desk_processes import Running, wait_until
from .test_desk_sign_in import TeamDesk

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the desk runs on Linux and macOS"),
    # aiosmtpd does not count TLS from the first byte.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
]
ROOT = Path(__file__).parents[1]
HOST, USER, PASSWORD = "127.0.0.1", "desk", "pass: word"
DAY = 24 * 60 * 60
ADA, BOB = (Actor(issuer="test", subject=name, name=name) for name in ("Ada", "Bob"))


@dataclass
class Kept:
    """Takes mails, and keeps them.

    Attributes:
        mails: for whom, and what.
        refused: an address that is refused.
        answer: to the content of a mail.
    """

    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refused: str = ""
    answer: str = "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address == self.refused:
            return f"550 {address} is unknown"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        assert b"\n" not in envelope.content.replace(b"\r\n", b"")  # lines end as servers ask for
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        (to,) = envelope.rcpt_tos
        if self.answer.startswith("250"):
            self.mails.append((to, message))
        return self.answer


@dataclass(frozen=True)
class Server:
    """A mail server, and how the desk reaches it."""

    kept: Kept
    settings: MailSettings


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this host, in a file with its key."""
    key, moment = ec.generate_private_key(ec.SECP256R1()), now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server of a test")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(moment - datetime.timedelta(days=1))
        .not_valid_after(moment + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + pem)
    return path


def sign_in(server: Any, session: Any, envelope: Any, mechanism: str, found: Any) -> AuthResult:
    right = isinstance(found, LoginPassword) and (found.login, found.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@pytest.fixture(params=["starttls", "tls"])
def server(request: pytest.FixtureRequest, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that wants TLS and a user."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serve(request.param, certificate) as server:
        yield server


class serve:  # noqa: N801 - used as a function
    """Run a mail server on the loopback."""

    def __init__(self, tls: str, certificate: Path) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        options: dict[str, Any] = {"starttls": {"tls_context": context, "require_starttls": True}}.get(tls, {})
        if tls == "tls":
            options = {"ssl_context": context, "auth_require_tls": False}  # that is about STARTTLS
        if tls != "none":
            options |= {"auth_required": True, "authenticator": sign_in}
        self._kept = Kept()
        self._tls = tls
        with socket.create_server((HOST, 0)) as free:
            self._port = free.getsockname()[1]
        self._controller = Controller(
            self._kept,
            hostname=HOST,
            port=self._port,
            server_hostname="localhost",
            ready_timeout=PATIENCE,
            **options,
        )

    def __enter__(self) -> Server:
        self._controller.start()
        user, password = ("", "") if self._tls == "none" else (USER, PASSWORD)
        settings = MailSettings(
            host="localhost", port=self._port, tls=self._tls, user=user, password=password, sender="desk@example.com"
        )
        return Server(self._kept, settings)

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._controller.loop).result(PATIENCE)
        self._controller.stop()

    async def _close(self) -> None:
        """Wait until the last connection is closed: `stop` leaves those open whose end it has not seen yet."""
        assert self._controller.server is not None
        closed = asyncio.ensure_future(self._controller.server.wait_closed())
        await asyncio.sleep(0)  # it begins to wait: before Python 3.12 it does not wait for a server that is closed
        self._controller.server.close()
        await closed


@pytest.fixture
def plain(certificate: Path) -> Iterator[Server]:
    """A server without TLS and without users."""
    with serve("none", certificate) as server:
        yield server


class _Keeper:
    """Asks the keeper of a desk in this process."""

    def __init__(self, desk: LocalDesk) -> None:
        self.ask = desk.keeper.ask_now


def make_digests(desk: LocalDesk, settings: MailSettings, tables: Tables | None = None) -> Digests:
    return Digests(settings, desk.services.origin, tables or desk.tables, _Keeper(desk), desk.time)  # type: ignore[arg-type]


def add(desk: LocalDesk, name: str, role: str, address: str = "") -> None:
    desk.people.set_email(desk.add_person(name, role), address or f"{name.lower()}@example.com")


@pytest.fixture
def desk(tmp_path: Path) -> LocalDesk:
    """A desk with a person for each role."""
    desk = make_desk(tmp_path / "desk")
    desk.time.now = now().timestamp()
    for name, role in (("Ada", "administrator"), ("Cleo", "compliance"), ("Max", "maintainer"), ("Sam", "sales")):
        add(desk, name, role)
    return desk


def test_the_server_of_these_tests_leaves_no_connection(certificate: Path) -> None:
    """Also of a client that hangs up while the server is busy, and of which it hears last."""
    serving = serve("none", certificate)
    with serving as server, socket.create_connection((HOST, server.settings.port)) as client:
        assert client.recv(100).startswith(b"220")
        busy = threading.Event()
        serving._controller.loop.call_soon_threadsafe(busy.wait, PATIENCE)
        threading.Timer(0.05, busy.set).start()
    del serving
    gc.collect()  # a warning of what is open fails the test


def ask_erasure(desk: LocalDesk, customer: str) -> None:
    """Issue a copy, and ask for the erasure of its customer."""
    call = Issue(actor=ADA, recipient=customer, reference="", paper="a4", request=customer, again=True)
    found = desk.keeper.ask_now(call).copy.customer_id
    desk.keeper.ask_now(AskErasure(actor=ADA, customer=found, matter="", reason="asked"))


def test_people_get_what_concerns_their_role(desk: LocalDesk, server: Server) -> None:
    """Over STARTTLS and over TLS, with the certificate checked; no customer is named, and nothing waits for sales."""
    desk.add_person("Without", "administrator")
    add(desk, "Nobody", "sales")
    ask_erasure(desk, "Geheim & Söhne GmbH")
    make_digests(desk, server.settings).look()
    mails = dict(server.kept.mails)
    assert set(mails) == {"ada@example.com", "cleo@example.com", "max@example.com"}
    ada, cleo, max_ = (read_text(mails[f"{name}@example.com"]) for name in ("ada", "cleo", "max"))
    assert "- No authority confirms our signature yet: To do\n" in ada
    assert [list(mails[f"{name}@example.com"].iter_attachments()) for name in ("ada", "max")] == [[], []]
    assert "- An erasure waits for a second person: To do\n" in cleo
    assert "erasure" not in ada + max_
    assert "signature" not in cleo + max_
    for each in mails.values():
        assert (each["From"], each["Auto-Submitted"]) == ("desk@example.com", "auto-generated")
        assert "http://127.0.0.1:8640/due" in read_text(each)
        assert not any(name in each.as_string() for name in ("Geheim", "Söhne", "S=C3=B6hne"))
    assert str(mails["max@example.com"]["Subject"]) == "MailMart privacy desk: 1 thing is due"


def test_compliance_gets_the_checkpoint_once_a_week(desk: LocalDesk, plain: Server, cli: Run, tmp_path: Path) -> None:
    """Somebody who has the server cannot change these mails: the record is compared with them."""
    ask_erasure(desk, "Eins GmbH")
    digests = make_digests(desk, plain.settings)
    for _ in range(15):
        digests.look()
        desk.time.now += DAY + 1
    mails = [message for to, message in plain.kept.mails if to == "cleo@example.com"]
    assert len(mails) == 3
    (attached,) = mails[0].iter_attachments()
    (tmp_path / "checkpoint.txt").write_bytes(attached.get_content())  # type: ignore[attr-defined]
    ask_erasure(desk, "Zwei GmbH")
    place = ("--archive", "desk/archive", "--archive-key", "desk/archive.key")
    assert cli("archive", "verify", *place, "--checkpoint", "checkpoint.txt").returncode == 0
    other = make_desk(tmp_path / "other")
    ask_erasure(other, "Eins GmbH")
    place = ("--archive", "other/archive", "--archive-key", "other/archive.key")
    assert cli("archive", "verify", *place, "--checkpoint", "checkpoint.txt").returncode != 0


def read_text(message: EmailMessage) -> str:
    body = message.get_body()
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_a_mail_comes_once_a_day_at_most_and_only_with_something_new(desk: LocalDesk, plain: Server) -> None:
    """The same is not told twice; what is new on the same day waits for the next one."""
    digests = make_digests(desk, plain.settings)
    digests.look()
    assert len(plain.kept.mails) == 3
    digests.look()
    ask_erasure(desk, "Eins GmbH")
    desk.time.now += DAY - 60
    digests.look()
    assert len(plain.kept.mails) == 3
    desk.time.now += 120
    digests.look()
    digests.look()
    assert [to for to, _ in plain.kept.mails[3:]] == ["cleo@example.com"]
    desk.people.set_email(desk.add_person("Cleo", "compliance"), "")
    desk.time.now += 30 * DAY
    digests.look()
    assert len(plain.kept.mails) == 4


@pytest.mark.parametrize(
    ("left", "reminder"),
    [
        *((61, ""), (60, "60 days"), (31, "60 days"), (30, "30 days"), (14, "14 days"), (7, "7 days"), (1, "1 days")),
        *((0, "1 days"), (-1, "ended")),
    ],
)
def test_an_end_is_told_60_30_14_7_and_1_day_before(desk: LocalDesk, left: int, reminder: str) -> None:
    """And once it is over."""
    status: StatusView = desk.keeper.ask_now(Status())
    at = status.certificate_until - datetime.timedelta(days=left, seconds=1)
    known = Known(status=replace(status, self_signed=False), versions=(), backup=None, for_team=False)
    (item,) = [each for each in list_due(known, at) if "certificate" in each.what]
    assert item.stage == reminder
    assert item.urgent == bool(reminder)


def test_a_backup_that_is_old_is_due_at_a_desk_for_a_team(desk: LocalDesk) -> None:
    """On one computer it is only told."""
    status: StatusView = desk.keeper.ask_now(Status())
    at = now()

    def find(days: int | None, for_team: bool) -> tuple[str, bool]:
        mark = None if days is None else Mark(at=at - datetime.timedelta(days=days), words="")
        known = Known(status=status, versions=(), backup=mark, for_team=for_team)
        (item,) = [each for each in list_due(known, at) if "backup" in each.what]
        return item.state, item.urgent

    assert [find(days, True) for days in (None, 0, 7, 8)] == [
        ("To do", True),
        ("Today", False),
        ("7 days ago", False),
        ("8 days ago", True),
    ]
    assert find(None, False) == ("To know", False)


def test_two_desks_send_one_mail(desk: LocalDesk, plain: Server) -> None:
    """Desks that share their tables look at the same moment: each person gets one mail."""
    other = Tables(desk.keeper.desk.settings.tables)
    barrier = threading.Barrier(2)

    def look(digests: Digests) -> None:
        barrier.wait()
        digests.look()

    threads = [
        threading.Thread(target=look, args=(make_digests(desk, plain.settings, tables),))
        for tables in (desk.tables, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sorted(to for to, _ in plain.kept.mails) == ["ada@example.com", "cleo@example.com", "max@example.com"]


def fail(server: Server, **changes: Any) -> MailSettings:
    return replace(server.settings, **changes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda server: fail(server, port=9), "port 9, does not answer; check smtp-host and smtp-port"),
        (lambda server: fail(server, host="127.0.0.1"), "the certificate of 127.0.0.1 cannot be trusted"),
        (lambda server: fail(server, password="wrong"), "localhost refuses the user or the password; check smtp-user"),
        (lambda server: fail(server, user=""), "localhost refuses the sender desk@example.com; check mail-from"),
    ],
)
def test_what_fails_is_on_the_page(
    desk: LocalDesk, server: Server, change: Callable[[Server], MailSettings], words: str
) -> None:
    """In words that say what to check, and without the password; the mails go out once it works."""
    make_digests(desk, change(server)).look()
    page = desk.sign_in("Max", "maintainer").open("/due")
    assert words in page.words, page.words
    assert "The last mail could not be sent" in page.words
    assert "wrong" not in page.words
    assert server.kept.mails == []
    make_digests(desk, server.settings).look()
    assert len(server.kept.mails) == 3
    assert "could not be sent" not in desk.sign_in("Max", "maintainer").open("/due").words


def test_a_server_without_tls_gets_no_password(desk: LocalDesk, plain: Server) -> None:
    """Somebody who takes STARTTLS out of the server's answer learns nothing."""
    make_digests(desk, fail(plain, tls="starttls", user=USER, password=PASSWORD)).look()
    mark = Marks(desk.tables, desk.time).read(MAIL)
    assert mark is not None
    assert "offers no STARTTLS" in mark.words
    assert plain.kept.mails == []


def test_a_certificate_that_nobody_vouches_for_is_refused(
    desk: LocalDesk, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one of the server is not among those that this computer trusts."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with serve("tls", certificate) as server:
        make_digests(desk, server.settings).look()
        mark = Marks(desk.tables, desk.time).read(MAIL)
    assert mark is not None
    assert "the certificate of localhost cannot be trusted (self-signed certificate)" in mark.words
    assert server.kept.mails == []


def test_one_address_that_is_refused_holds_up_nobody(desk: LocalDesk, plain: Server) -> None:
    """It is tried again the next day, or at once where the administrator has changed it."""
    plain.kept.refused = "ada@example.com"
    digests = make_digests(desk, plain.settings)
    digests.look()
    digests.look()
    assert sorted(to for to, _ in plain.kept.mails) == ["cleo@example.com", "max@example.com"]
    mark = Marks(desk.tables, desk.time).read(MAIL)
    assert mark is not None
    assert mark.words == "localhost refuses an address; check those under “People”"
    add(desk, "Ada", "administrator", "ada@example.org")
    digests.look()
    assert plain.kept.mails[-1][0] == "ada@example.org"


def test_a_server_that_breaks_off_is_asked_again(desk: LocalDesk, plain: Server) -> None:
    """What it did not take counts as not sent."""
    plain.kept.answer = "451 later"
    digests = make_digests(desk, plain.settings)
    digests.look()
    mark = Marks(desk.tables, desk.time).read(MAIL)
    assert mark is not None
    assert "localhost broke off (SMTPDataError)" in mark.words
    plain.kept.answer = "250 OK"
    digests.look()
    assert len(plain.kept.mails) == 3


ATTACKS = (
    "a@example.com\r\nBcc: eve@example.net",
    "a@example.com\nSubject: x",
    "a@example.com,eve@example.net",
    "a@example.com eve@example.net",
    "<a@example.com>",
    '"a\r\nX: y"@example.com',
    "a@exa\u2028mple.com",
    "a@b@c",
    "@example.com",
    "a@",
    "",
    "ä@example.com",
    "a" * 250 + "@example.com",
)


@pytest.mark.parametrize("address", ATTACKS)
def test_nobody_adds_a_header_or_a_recipient(desk: LocalDesk, plain: Server, address: str) -> None:
    """Such an address is refused at the page, and is not written to even if the tables had it."""
    assert not is_address(address)
    person = desk.add_person("Ada", "administrator")
    desk.people.set_email(person, address)
    make_digests(desk, plain.settings).look()
    assert not {to for to, _ in plain.kept.mails} - {"cleo@example.com", "max@example.com"}
    item = DueItem(what="A", words="", state="B", urgent=True)
    with pytest.raises(ValueError, match="linefeed or carriage return"):
        write_message([item], "desk@example.com\r\nBcc: eve@example.net", "https://desk.example", now())


def test_the_administrator_writes_down_addresses(tmp_path: Path, plain: Server) -> None:
    """It goes on record that one was changed, and not which; without a mail server nobody is asked for one."""
    desk = make_desk(tmp_path / "desk", mail=plain.settings)
    browser = desk.sign_in("Anna", "administrator")
    browser.open("/people")
    form = browser.page.hidden("/people") | {"do": "change", "role-administrator": "yes"}
    assert browser.post("/people", form | {"email": ATTACKS[0]}).status == 422
    assert browser.post("/people", form | {"email": "anna@example.com"}).status == 303
    (anna,) = desk.people.list_all()
    assert anna.email == "anna@example.com"
    assert 'value="anna@example.com"' in browser.open("/people").text
    assert "Anna: administrator; e-mail address changed" in browser.open("/activity").words
    new = browser.page.hidden("/sign-out") | {"do": "add", "name": "Bo", "role-sales": "yes"}
    assert browser.post("/people", new | {"email": "bo"}).status == 422
    assert browser.post("/people", new | {"email": "bo@example.com"}).status == 303
    assert [each.email for each in desk.people.list_all()] == ["anna@example.com", "bo@example.com"]
    other = make_desk(tmp_path / "other").sign_in("Anna", "administrator")
    assert "e-mail" not in other.open("/people").words.lower()
    assert "Nobody gets any: no mail server is set up" in other.open("/due").words


def test_the_provider_tells_addresses_that_it_verified(tmp_path: Path) -> None:
    """It is asked only where there is mail to send; an address that is not verified is not taken."""
    settings = MailSettings(host="x", port=1, tls="tls", user="", password="", sender="desk@example.com")
    team = TeamDesk(tmp_path / "desk", mail=settings)
    team.provider.claims = {"email": "ada@example.com"}
    for verified, expected in ((False, ""), (True, "ada@example.com"), (None, "ada@example.com")):
        team.provider.claims["email_verified"] = verified
        team.sign_in()
        (ada,) = team.desk.people.list_all()
        assert ada.email == expected
    assert {each["scope"] for each in team.provider.queries} == {"openid profile email"}
    team.provider.claims = {}
    team.provider.answers["/userinfo"] = {"sub": "ada", "email": "ada@example.org", "email_verified": True}
    team.sign_in()
    (ada,) = team.desk.people.list_all()
    assert (ada.email, ada.actor.name) == ("ada@example.org", "Ada")
    without = TeamDesk(tmp_path / "without")
    without.provider.claims = {"email": "ada@example.com", "email_verified": True}
    without.sign_in()
    assert [each.email for each in without.desk.people.list_all()] == [""]
    assert {each["scope"] for each in without.provider.queries} == {"openid profile"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--mail-from", "desk@example.com"), "name it with --smtp-host"),
        (("--smtp-host", "mail.example.com"), "say which address mails come from"),
        (("--smtp-host", "mail.example.com", "--mail-from", "Desk <d@e.com>"), "say which address mails come from"),
        (("--smtp-host", "mail.example.com:25", "--mail-from", "d@e.com"), "the port is --smtp-port"),
        (
            ("--smtp-host", "mail.example.com", "--mail-from", "d@e.com", "--smtp-tls", "none"),
            "is for a mail server on this computer alone",
        ),
        (
            ("--smtp-host", "mail.example.com", "--mail-from", "d@e.com", "--smtp-user", "desk"),
            "the first line of --smtp-password-file FILE, or $MAILMART_PRIVACY_DESK_SMTP_PASSWORD",
        ),
        (
            (
                "--smtp-host",
                "m.example.com",
                "--mail-from",
                "d@e.com",
                "--smtp-user",
                "d",
                "--smtp-password-file",
                "no",
            ),
            "the password of the mail server cannot be read from no",
        ),
    ],
)
def test_settings_that_do_not_fit_are_told(cli: Run, arguments: tuple[str, ...], words: str) -> None:
    """A desk with half of them does not start."""
    assert words in one_line(cli("desk", *arguments))


def test_the_settings_of_the_page_are_accepted(cli: Run, tmp_path: Path) -> None:
    """Those of docs/desk-production.md: what is missing is said to be something else."""
    (block,) = re.findall(r"```text\n(smtp-host.*?)```", (ROOT / "docs/desk-production.md").read_text(), re.DOTALL)
    (tmp_path / "smtp-password").write_text("secret\n")
    block = block.replace("/etc/mailmart-desk/smtp-password", "smtp-password")
    (tmp_path / "desk.toml").write_text(f'[desk]\n{block}port = 0\norigin = "https://desk.example"\n')
    line = one_line(cli("--config", "desk.toml", "desk"))
    assert (
        line
        == "mailmart-privacy: a desk for a team needs an identity provider; give --oidc-issuer and --oidc-client-id"
    )


def test_the_password_is_for_web_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither settings nor environment bring it to the others."""
    monkeypatch.setenv("MAILMART_PRIVACY_DESK_SMTP_PASSWORD", "secret")
    mail = MailSettings(host="x", port=1, tls="tls", user="u", password="secret", sender="d@e.com")
    settings = make_settings(tmp_path, mail=mail, oidc=make_oidc_settings())
    assert [_limit(settings, name).mail for name in ("web", "keeper", "checker")] == [mail, None, None]
    assert not any("secret" in _choose_environment(name).values() for name in ("web", "keeper", "checker"))


def test_a_desk_that_runs_sends_mail(tmp_path: Path, certificate: Path) -> None:
    """One command with its options: the first mail comes soon after the start, and nobody who asks a page waits."""
    with serve("starttls", certificate) as server:
        environment = make_environment(tmp_path / "home")
        environment |= {"SSL_CERT_FILE": str(certificate), "MAILMART_PRIVACY_DESK_SMTP_PASSWORD": PASSWORD}
        (tmp_path / "desk").mkdir(mode=0o700)
        tables = Tables(tmp_path / "desk" / "web.sqlite")
        people = People(tables, lambda: 0.0)
        people.set_email(people.put(ADA, ("administrator",)), "ada@example.com")
        tables.close()
        options = ("--smtp-host", "localhost", "--smtp-port", str(server.settings.port), "--smtp-user", USER)
        running = Running(environment, tmp_path / "desk", *options, "--mail-from", "desk@example.com")
        try:
            wait_until(lambda: bool(server.kept.mails))
        finally:
            running.close()
    ((to, message),) = server.kept.mails
    assert to == "ada@example.com"
    assert f"{running.origin}/due" in read_text(message)
