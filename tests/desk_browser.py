"""A desk in this process, and a browser without script: cookies, forms, redirects. Nothing is listened at."""

import asyncio
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from mailmart_privacy.desk.answers import Actor
from mailmart_privacy.desk.checker.calls import JudgePdf, Shelter
from mailmart_privacy.desk.checker.judging import judge_pdf
from mailmart_privacy.desk.checker.spreadsheets import answer_sheet
from mailmart_privacy.desk.keeper.__main__ import answer
from mailmart_privacy.desk.keeper.desk import Desk
from mailmart_privacy.desk.messages import Call, RefusedError, read_answer, receive, write_call
from mailmart_privacy.desk.settings import ChildSettings, DeskSettings
from mailmart_privacy.desk.web.application import make_application
from mailmart_privacy.desk.web.assets import Assets
from mailmart_privacy.desk.web.checks import Checks
from mailmart_privacy.desk.web.marks import Marks
from mailmart_privacy.desk.web.oidc.fetching import Fetcher
from mailmart_privacy.desk.web.oidc.flow import Oidc, make_oidc
from mailmart_privacy.desk.web.people import People, Person, make_digest
from mailmart_privacy.desk.web.permissions import ROLES
from mailmart_privacy.desk.web.rates import Rates
from mailmart_privacy.desk.web.services import Services
from mailmart_privacy.desk.web.sign_ins import SignIns
from mailmart_privacy.desk.web.tables import Tables
from mailmart_privacy.desk.web.tokens import Tokens
from mailmart_privacy.errors import PrivacyError

ORIGIN = "http://127.0.0.1:8640"
HOST = "127.0.0.1:8640"


def make_settings(folder: Path, **changes: Any) -> DeskSettings:
    """The settings of a desk in a folder."""
    plain: dict[str, Any] = {
        "folder": str(folder),
        "archive": str(folder / "archive"),
        "archive_key": str(folder / "archive.key"),
        "archive_index": str(folder / "index.sqlite"),
        "identity": "",
        "certificate": "",
        "passphrase_file": "",
        "level": "B-B",
        "authorities": (),
        "trusted": (),
        "trusted_timestamps": (),
        "fonts": (),
        "origin": ORIGIN,
        "token_digest": "",
        "operator": "",
        "operator_subject": "",
        "oidc": None,
    }
    return DeskSettings(**plain | changes)


class _Frames:
    """Stands for a socket: gives out the bytes of a frame."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def recv(self, size: int) -> bytes:
        some, self.content = self.content[:size], self.content[size:]
        return some


class LocalChecker:
    """The checker in this process."""

    def ask(self, call: Call[Any]) -> Any:
        if isinstance(call, JudgePdf):
            return judge_pdf(call)
        try:
            return answer_sheet(call, ()) or Shelter(no_network=True, own_user=False)
        except PrivacyError as error:
            raise RefusedError("unreadable", str(error)) from None


class LocalKeeper:
    """The keeper in this process; questions and answers take the same form as on a socket."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.checker = LocalChecker()  # type: ignore[assignment]
        desk.reading.patience = 120  # pages that wait are tested where they are meant

    async def ask(self, call: Call[Any]) -> Any:
        return await asyncio.to_thread(self.ask_now, call)

    def ask_now(self, call: Call[Any]) -> Any:
        frame = answer(self.desk, *receive(_Frames(write_call(call))))  # type: ignore[arg-type]
        return read_answer(call, *receive(_Frames(frame)))  # type: ignore[arg-type]


@dataclass
class Time:
    """A clock that a test moves."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class LocalDesk:
    """A desk in this process."""

    def __init__(self, folder: Path, *, origin: str = ORIGIN, fetcher: Fetcher | None = None, **changes: Any) -> None:
        settings = make_settings(folder, origin=origin, **changes)
        self.keeper = LocalKeeper(Desk(ChildSettings(desk=settings, listener=0, sockets=str(folder))))
        self.time = Time()
        self.tables = Tables(settings.tables)
        self.people = People(self.tables, self.time)
        self.services = Services(
            keeper=self.keeper,  # type: ignore[arg-type]
            people=self.people,
            tokens=Tokens(self.tables, self.time),
            rates=Rates(self.time),
            assets=Assets(),
            origin=origin,
            sign_ins=SignIns(self.tables, self.time),
            marks=Marks(self.tables, self.time),
            checks=Checks(self.tables, self.time),
            oidc=self._make_oidc(settings, fetcher),
            sends_mail=settings.mail is not None,
        )
        self.app = make_application(self.services)

    def _make_oidc(self, settings: DeskSettings, fetcher: Fetcher | None) -> Oidc | None:
        if settings.oidc is None:
            return None
        return make_oidc(settings.oidc, settings.origin, self.time, fetcher, asks_email=settings.mail is not None)

    def add_person(self, name: str, *roles: str) -> Person:
        return self.people.put(Actor(issuer="test", subject=name, name=name), roles or ROLES)

    def sign_in(self, name: str = "Ada", *roles: str) -> "Browser":
        """Sign somebody in with a link; without roles, with all of them."""
        self.time.now += 7  # more than ten in a minute are refused
        token = secrets.token_urlsafe(8)
        self.people.add_link(make_digest(token), self.add_person(name, *roles), seconds=60)
        browser = Browser(self)
        assert browser.get(f"/?token={token}").status == 303
        return browser


@dataclass
class Page:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def words(self) -> str:
        """What a person reads."""
        inner = re.sub(r"<(script|style|title)\b.*?</\1>", " ", self.text, flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", inner)).split())

    @property
    def heading(self) -> str:
        found = re.search(r"<h1>(.*?)</h1>", self.text, re.DOTALL)
        return unescape(found[1]).strip() if found else ""

    def hidden(self, action: str) -> dict[str, str]:
        """The hidden fields of the form that is sent to an address."""
        form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', self.text, re.DOTALL)
        assert form is not None, action
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0])
        return {name: unescape(value) for name, value in found}


@dataclass
class Browser:
    """A browser without script."""

    desk: LocalDesk
    cookies: dict[str, str] = field(default_factory=dict)
    page: Page = field(default_factory=lambda: Page(0, {}, b""))
    path: str = "/"

    def get(self, path: str, **headers: str) -> Page:
        return self.send("GET", path, headers={"sec-fetch-site": "none", "sec-fetch-mode": "navigate"} | headers)

    def open(self, path: str) -> Page:
        """Open a page, and go where it sends the browser."""
        page = self.get(path)
        while page.status == 303:
            page = self.get(page.headers["location"])
        return page

    def submit(self, action: str, **fields: str) -> Page:
        """Send the form of the page that is open, with its hidden fields."""
        page = self.post(action, self.page.hidden(action) | fields)
        return self.open(page.headers["location"]) if page.status == 303 else page

    def upload(self, action: str, name: str, content: bytes) -> Page:
        """Send the form of the page that is open, with a file."""
        mark = "----a-boundary"
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in self.page.hidden(action).items()
        ]
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = b"".join([*parts, head.encode(), content, f"\r\n--{mark}--\r\n".encode()])
        page = self.send("POST", action, body, OWN | {"content-type": f"multipart/form-data; boundary={mark}"})
        return self.open(page.headers["location"]) if page.status == 303 else page

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Page:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return self.send("POST", path, urlencode(fields).encode(), OWN | kind | headers)

    def send(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None, *, pause: float = 0
    ) -> Page:
        """Send a request; header names may have underscores for hyphens, and an empty value leaves one out."""
        given = {"host": HOST, "content-length": str(len(body))} | {
            name.replace("_", "-"): value for name, value in (headers or {}).items()
        }
        if self.cookies:
            given["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        raw = [(name.encode(), value.encode()) for name, value in given.items() if value]
        place, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": place,
            "raw_path": place.encode(),
            "query_string": query.encode(),
            "headers": raw,
            "client": ("127.0.0.1", 40_000),
            "server": ("127.0.0.1", 8640),
            "scheme": "http",
            "root_path": "",
            "http_version": "1.1",
        }
        self.page, self.path = asyncio.run(_call(self.desk.app, scope, body, pause)), path
        self._keep_cookies()
        return self.page

    def _keep_cookies(self) -> None:
        for line in self.page.headers.get("set-cookie", "").split("\n"):
            name, _, rest = line.partition("=")
            if name:
                value = rest.partition(";")[0].strip('"')
                self.cookies[name] = value
                if not value:
                    del self.cookies[name]


OWN = {"sec-fetch-site": "same-origin", "origin": ORIGIN}


async def _call(app: Callable[..., Any], scope: dict[str, Any], body: bytes, pause: float) -> Page:
    start: dict[str, Any] = {}
    content = bytearray()
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not waiting:
            return {"type": "http.disconnect"}
        await asyncio.sleep(pause)
        return waiting.pop()

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            content.extend(message.get("body", b""))

    await app(scope, receive, send)
    headers: dict[str, str] = {}
    for name, value in start["headers"]:
        known = headers.get(name.decode())
        headers[name.decode()] = value.decode() if known is None else f"{known}\n{value.decode()}"
    return Page(start["status"], headers, bytes(content))


def fill_in(path: str) -> str:
    """A path of a page, with names that nothing has."""
    return re.sub(r"\{(\w+):str\}", lambda found: "0" * (16 if found[1] == "batch" else 64), path)


def make_desk(folder: Path, **settings: Any) -> LocalDesk:
    """A desk with nothing on record but the published versions, whose queue does not run by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAILMART_PRIVACY_STATE_DIR", str(folder / "state"))
        return LocalDesk(folder, **settings)
