"""Attacks on the desk: other ports, rebinding, forged forms, stolen and stale sessions, hostile names and files."""

import asyncio
import contextlib
import io
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from mailmart_privacy.desk.answers import Actor, CopyView
from mailmart_privacy.desk.calls import KEEPER_CALLS, CheckFile
from mailmart_privacy.desk.codec import MessageError, decode, encode
from mailmart_privacy.desk.messages import read_call
from mailmart_privacy.desk.web.application import PAGES
from mailmart_privacy.desk.web.guard import LARGEST_BODY, TOO_LARGE, Guard
from mailmart_privacy.desk.web.people import IDLE, LONGEST, make_digest
from mailmart_privacy.desk.web.permissions import Permission
from mailmart_privacy.desk.web.server import LONGEST_HEAD, BoundedProtocol, make_server

from .conftest import PATIENCE
from .desk_browser import ORIGIN, Browser, LocalDesk, fill_in, make_desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> LocalDesk:
    """A desk with nothing on record but the published versions."""
    return make_desk(tmp_path_factory.mktemp("desk"))


def send_form(desk: LocalDesk, browser: Browser, **headers: str) -> int:
    """Send a form that a page of the desk made, with other headers than a page of the desk sends."""
    browser.open("/")
    fields = browser.page.hidden("/issue") | {"customer": "Forged GmbH"}
    before = desk.keeper.desk.directory.size
    status = browser.post("/issue", fields, **headers).status
    assert status == 303 or desk.keeper.desk.directory.size == before
    return status


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site", "origin": "https://evil.example"},
        {"sec_fetch_site": "same-site", "origin": "http://127.0.0.1:9999"},  # another port of this machine
        {"sec_fetch_site": "", "origin": "http://127.0.0.1:9999"},
        {"sec_fetch_site": "same-origin", "origin": "null"},
        {"sec_fetch_site": "", "origin": "null"},
        {"sec_fetch_site": "none", "origin": ""},
        {"sec_fetch_site": "", "origin": ""},
        {"sec_fetch_site": "same-origin", "origin": "http://localhost:8640"},
    ],
)
def test_forms_of_other_pages_are_refused(desk: LocalDesk, headers: dict[str, str]) -> None:
    """A forged form is refused even with the cookie and the token, because the browser says where it was sent from."""
    assert send_form(desk, desk.sign_in(), **headers) == 403


def test_older_browsers_can_send_forms(desk: LocalDesk) -> None:
    """One of the two headers is enough; the second time the customer has a copy, and a page asks about that."""
    assert send_form(desk, desk.sign_in(), sec_fetch_site="") == 303
    assert send_form(desk, desk.sign_in(), origin="") == 200


def test_a_form_needs_the_token_of_its_own_session(desk: LocalDesk) -> None:
    """Without one, or with that of another person, nothing is done."""
    ada, eve = desk.sign_in("Ada"), desk.sign_in("Eve")
    stolen = eve.open("/").hidden("/issue")
    for fields in ({}, {"token": ""}, stolen):
        page = ada.post("/issue", {**fields, "customer": "Stolen Form GmbH"})
        assert (page.status, page.heading) == (403, "Send it again?")
        assert ada.post("/issue", fields).status == 403
    assert "No customer on record matches" in ada.open("/customers?q=Stolen+Form").words


def test_what_was_typed_outlives_a_session(desk: LocalDesk) -> None:
    """It comes back with the page that says so; after signing in, one more page asks, and the copy is made."""
    browser = desk.sign_in("Ada")
    browser.open("/")
    desk.time.now += IDLE + 1
    page = browser.submit("/issue", customer=" <Late> & Söhne KG ", reference="L-1", paper="letter")
    assert (page.status, page.heading) == (401, "Sign in")
    assert "Customer <Late> & Söhne KG Contract or reference L-1" in page.words
    kept = page.hidden("/issue")
    assert (kept["customer"].strip(), kept["paper"], "token" in kept) == ("<Late> & Söhne KG", "letter", False)
    browser.cookies = desk.sign_in("Ada").cookies
    page = browser.post("/issue", kept)
    assert (page.status, page.heading) == (403, "Send it again?")
    assert browser.submit("/issue").heading == "The copy is ready"
    assert "<Late> & Söhne KG Reference L-1" in browser.page.words


def test_what_is_hard_to_undo_or_large_is_not_typed_back(desk: LocalDesk) -> None:
    """An erasure is typed again, and nobody has a long text read without being signed in."""
    stranger = Browser(desk)
    for path, fields in (
        (f"/customers/{'0' * 64}/erase", {"reason": "asked for it"}),
        ("/issue", {"customer": "x" * 20_000}),
        ("/many", {"customer": ""}),
    ):
        page = stranger.post(path, fields)
        assert (page.status, page.heading, "Send it again" in page.words) == (401, "Sign in", False)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:9999", "localhost:8640", "127.0.0.1", ""])
def test_other_names_of_the_host_are_refused(desk: LocalDesk, host: str) -> None:
    """A host name that leads here by DNS rebinding gets nothing, even if somebody is signed in."""
    assert desk.sign_in().get("/", host=host).status == 421


def test_other_pages_cannot_take_anything(desk: LocalDesk) -> None:
    """They may lead here, but not embed, fetch or frame; a link from an e-mail works."""
    browser = desk.sign_in()
    assert browser.get("/", sec_fetch_site="cross-site", sec_fetch_mode="navigate").status == 200
    for mode in ("no-cors", "cors", "same-origin", "websocket"):
        for site in ("cross-site", "same-site"):
            assert browser.get("/", sec_fetch_site=site, sec_fetch_mode=mode).status == 403
    headers = browser.get("/").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def test_other_methods_are_refused(desk: LocalDesk) -> None:
    """GET, HEAD and POST are all there is."""
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"):
        assert desk.sign_in().send(method, "/", headers={"sec-fetch-site": "same-origin"}).status == 405


def test_a_link_signs_in_once_and_not_for_long(desk: LocalDesk) -> None:
    """The token is used up, does not stay in the address, and only its digest is kept."""
    person = desk.add_person("Ada")
    desk.time.now += 61
    desk.people.add_link(make_digest("secret"), person, seconds=60)
    browser, thief = Browser(desk), Browser(desk)
    page = browser.get("/?token=secret")
    assert (page.status, page.headers["location"]) == (303, "/")
    assert thief.get("/?token=secret").status == 403
    assert not thief.cookies
    assert browser.get("/?token=secret").status == 303  # the page is opened again: still signed in
    desk.people.add_link(make_digest("late"), person, seconds=60)
    desk.time.now += 61
    assert Browser(desk).get("/?token=late").status == 403
    desk.people.add_link(make_digest("secret"), person, seconds=60)  # the desk was started again with it
    assert thief.get("/?token=secret").status == 403
    kept = json.dumps([desk.tables.query(f"SELECT * FROM {name}") for name in ("links", "sessions", "people")])
    assert "secret" not in kept
    assert browser.cookies["desk-8640"] not in kept


def test_guessing_links_is_slow(desk: LocalDesk) -> None:
    """Ten tries in a minute."""
    desk.time.now += 120
    found = [Browser(desk).get(f"/?token={number}").status for number in range(12)]
    assert found == [403] * 10 + [429] * 2
    desk.time.now += 120


def test_sessions_end(desk: LocalDesk) -> None:
    """After half an hour without a request, after ten hours, and by signing out; the cookie opens nothing then."""
    idle = desk.sign_in()
    desk.time.now += IDLE + 1
    assert idle.get("/").status == 401
    busy = desk.sign_in()
    for _ in range(LONGEST // (IDLE - 60)):
        desk.time.now += IDLE - 60
        assert busy.get("/").status == 200
    desk.time.now += IDLE - 60
    assert busy.get("/").status == 401
    leaving = desk.sign_in()
    kept = dict(leaving.cookies)
    leaving.open("/check")
    leaving.submit("/sign-out")
    assert not leaving.cookies
    leaving.cookies = kept
    assert leaving.get("/").status == 401


def test_a_cookie_that_was_put_there_before_is_not_taken_over(desk: LocalDesk) -> None:
    """Signing in makes a new session, whatever the browser held (session fixation)."""
    desk.people.add_link(make_digest("fresh"), desk.add_person("Ada"), seconds=60)
    victim = Browser(desk, cookies={"desk-8640": "chosen-by-the-attacker"})
    victim.get("/?token=fresh")
    assert victim.cookies["desk-8640"] != "chosen-by-the-attacker"
    assert Browser(desk, cookies={"desk-8640": "chosen-by-the-attacker"}).get("/").status == 401


def test_the_cookie_is_for_this_desk_and_not_for_scripts(desk: LocalDesk, tmp_path: Path) -> None:
    """HttpOnly and Lax; over https also Secure, and of this host alone."""
    desk.people.add_link(make_digest("flags"), desk.add_person("Ada"), seconds=60)
    flags = Browser(desk).get("/?token=flags").headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=lax" in flags
    assert "secure" not in flags  # a browser would not send it back over http
    public = desk.services.__class__(
        **{name: getattr(desk.services, name) for name in desk.services.__slots__} | {"origin": "https://desk.example"}
    )
    assert public.cookie == "__Host-desk"


def test_nothing_is_shown_to_those_who_are_not_signed_in(desk: LocalDesk) -> None:
    """Every page answers 401, the same for what exists and what does not: copies cannot be found by guessing."""
    ada = desk.sign_in("Ada")
    ada.open("/")
    ada.submit("/issue", customer="Guessed GmbH")
    known = ada.path.partition("?")[0]
    stranger = Browser(desk)
    answers = {stranger.get(path).body for path in (known, f"/copies/{'0' * 64}", f"{known}/file")}
    assert len(answers) == 1
    for page in PAGES:
        if page.permission is not Permission.NOBODY_IN_PARTICULAR:
            path = fill_in(page.path)
            methods = {"GET": stranger.get, "POST": lambda where: stranger.post(where, {})}
            assert {methods[method](path).status for method in page.handlers} == {401}, path


def test_every_file_that_the_style_names_is_there(desk: LocalDesk) -> None:
    """Fonts, script and icon are found, may be kept, and nothing else of the package is."""
    assets, browser = desk.services.assets, Browser(desk)
    named = re.findall(r'url\("([^"]+)"\)', browser.get(assets.at("desk.css")).text)
    assert len(named) == 3
    for name in (*named, "desk.css", "desk.js", "icon.svg"):
        page = browser.get(assets.at(name))
        assert (page.status, "immutable" in page.headers["cache-control"]) == (200, True), name
    for path in ("/static/x/desk.css", assets.at("../layout.html"), assets.at("fonts/MailMartSerif-Regular.woff2")):
        assert browser.get(path).status == 404


def test_health_says_nothing_else(desk: LocalDesk) -> None:
    """Those who watch the desk learn that it answers, and nothing of what is on record."""
    page = Browser(desk).get("/healthz")
    assert (page.status, page.body) == (200, b'{"ok":true,"keeper":true,"archive":true,"database":true,"jobs":true}')


def test_names_are_text_everywhere(desk: LocalDesk) -> None:
    """A name that is HTML stays a name, on every page that shows it."""
    browser = desk.sign_in()
    browser.open("/")
    name = '<img src=x onerror=alert(1)> "& Co"'
    page = browser.submit("/issue", customer=name)
    assert page.heading == "The copy is ready", page.words
    for path in (browser.path, "/", "/customers?q=onerror", "/customers?q=%3Cscript%3Ealert(1)%3C/script%3E"):
        text = browser.open(path).text
        assert "<img" not in text
        assert "<script>alert" not in text
    policy = browser.page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")


def test_no_page_has_inline_script_or_style(desk: LocalDesk) -> None:
    """Templates hold neither, so the policy of the pages can forbid both."""
    from mailmart_privacy._resources import templates

    for template in (templates() / "desk").iterdir():
        if template.name.endswith(".html"):
            text = template.read_text(encoding="utf-8")
            for found in ("style=", "onclick", "onload", "javascript:", "<style", "|safe", "autoescape false"):
                assert found not in text, template.name


def test_a_wrong_address_is_told_also_to_those_who_are_not_signed_in(desk: LocalDesk) -> None:
    """They see no menu, so they are not sent to it."""
    assert "Use the menu" in desk.sign_in().open("/nothing").words
    page = Browser(desk).open("/nothing")
    assert (page.status, "menu" in page.words, "Sign in" in page.words) == (404, False, True)


def test_redirects_stay_on_this_desk(desk: LocalDesk) -> None:
    """No parameter of an address or of a form says where the browser goes next."""
    browser = desk.sign_in()
    for path in ("/?next=https://evil.example", "//evil.example/", "/customers?q=x&return=//evil.example"):
        page = browser.get(path)
        assert "evil" not in page.headers.get("location", "")


def test_too_much_and_too_slow_are_refused(desk: LocalDesk) -> None:
    """By the length that is announced, by what comes, and by the time that it takes."""
    browser = desk.sign_in()
    headers = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
    assert browser.send("POST", "/issue", headers={**headers, "content-length": str(LARGEST_BODY + 1)}).status == 413
    assert browser.send("POST", "/issue", headers={**headers, "content-length": "-1"}).status == 413
    page = browser.send("POST", "/issue", headers={**headers, "content-length": "999999999", "accept": "text/html,*/*"})
    assert (page.status, page.heading, TOO_LARGE in page.words) == (413, "That did not work", True)
    assert page.headers["content-type"].startswith("text/html")
    assert browser.send("POST", "/issue", b"x" * (LARGEST_BODY + 1), {**headers, "content-length": "7"}).status == 413
    assert isinstance(desk.app, Guard)
    desk.app._seconds = 0.02
    try:
        assert browser.send("POST", "/issue", b"customer=x", headers, pause=60).status == 408
    finally:
        desk.app._seconds = 60


@pytest.fixture
def port(desk: LocalDesk) -> Iterator[int]:
    """The desk at a port."""
    server = make_server(desk.app)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


def talk(port: int, head: bytes) -> bytes:
    """What the server answers until it closes the connection; nothing where it was cut off."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        answer = b""
        with contextlib.suppress(ConnectionError):  # it may be cut off before all is sent
            connection.sendall(head)
            while some := connection.recv(2**16):
                answer += some
        return answer


@contextlib.contextmanager
def connect_slowly(port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Make a connection in which a head may take half a second; in those that come later, it may take as ever."""
    known, make = threading.Event(), BoundedProtocol.connection_made

    def note(self: BoundedProtocol, transport: asyncio.Transport) -> None:
        make(self, transport)
        known.set()

    with monkeypatch.context() as patch:
        patch.setattr(BoundedProtocol, "head_seconds", 0.5)
        patch.setattr(BoundedProtocol, "connection_made", note)
        slow = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        assert known.wait(PATIENCE)
    with slow:
        yield slow


def test_the_head_of_a_request_is_bounded(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its length, and by the time that it takes, however steadily it comes; others are answered meanwhile."""
    monkeypatch.setattr(BoundedProtocol, "head_seconds", PATIENCE)  # a busy machine may take long for ours
    host = b"GET /due HTTP/1.1\r\nHost: 127.0.0.1:8640\r\nConnection: close\r\n"
    assert talk(port, host + b"\r\n").startswith(b"HTTP/1.1 401")
    long = talk(port, host + b"X: " + b"x" * (LONGEST_HEAD + 1))
    assert long == b"" or long.startswith(b"HTTP/1.1 400")
    with connect_slowly(port, monkeypatch) as slow:
        ends = time.monotonic() + PATIENCE
        with contextlib.suppress(ConnectionError):
            slow.sendall(host)
            while time.monotonic() < ends:
                slow.sendall(b"X: y\r\n")
                assert talk(port, host + b"\r\n").startswith(b"HTTP/1.1 401")
                time.sleep(0.1)
        assert time.monotonic() < ends  # it was cut off


def test_nobody_learns_what_is_on_record_by_guessing(desk: LocalDesk) -> None:
    """A role that may not find gets the same answer for a copy that exists and for one that does not."""
    desk.time.now += 61  # ten sign-ins in a minute are allowed
    ada = desk.sign_in("Ada")
    ada.open("/")
    ada.submit("/issue", customer="Secret Partner GmbH")
    known, unknown = ada.path.partition("?")[0], f"/copies/{'0' * 64}"
    for role in ("maintainer", "administrator"):
        browser = desk.sign_in(role.title(), role)
        for end in ("", "/file", "/evidence", "/withdraw"):
            answers = [browser.get(path + end) for path in (known, unknown)]
            assert {page.status for page in answers} == {403}
            assert answers[0].body == answers[1].body.replace(unknown.encode(), known.encode())


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1+2", "-1", "@SUM(1)"])
def test_names_are_no_formulas_in_lists(desk: LocalDesk, name: str) -> None:
    """In each workbook that the desk gives, a customer's name is a text, and stays one when somebody edits it."""
    desk.time.now += 61  # ten sign-ins in a minute are allowed
    browser = desk.sign_in("Ada")
    browser.open("/")
    assert browser.submit("/issue", customer=name).heading == "The copy is ready"
    for path in ("/activity?as=xlsx", "/report?as=xlsx&from=2026-01-01&to=2099-01-01", "/versions/lacking"):
        book = openpyxl.load_workbook(io.BytesIO(browser.get(path).body))
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert {cell.data_type for cell in cells} <= {"s", "n"}
        assert all(cell.quotePrefix for cell in cells if cell.value == name)
        assert name in {cell.value for cell in cells} or path != "/activity?as=xlsx"


def test_many_requests_in_a_minute_are_refused(desk: LocalDesk) -> None:
    """A person may issue 30 copies a minute; after a minute, more are possible."""
    browser = desk.sign_in("Fast")
    token = browser.open("/").hidden("/issue")["token"]
    found = [browser.post("/issue", {"token": token, "customer": ""}).status for _ in range(32)]
    assert found == [422] * 30 + [429] * 2
    desk.time.now += 61
    assert browser.post("/issue", {"token": token, "customer": ""}).status == 422


def test_a_changed_log_stops_the_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If somebody changed the record, the desk says so and does nothing more."""
    monkeypatch.setenv("MAILMART_PRIVACY_STATE_DIR", str(tmp_path / "state"))
    desk = LocalDesk(tmp_path / "desk")
    browser = desk.sign_in()
    browser.open("/")
    browser.submit("/issue", customer="Before GmbH")
    directory = desk.keeper.desk.directory
    directory._peaks.hashes[-1] = bytes(32)
    page = browser.open("/customers?q=before")
    assert page.status == 503
    assert "The record was changed from outside this desk" in page.words


def test_messages_are_read_strictly() -> None:
    """A field that is missing, unknown, or of another type is refused, and so is an unknown request."""
    call = CheckFile(actor=Actor(issuer="a", subject="b", name="c"), content=b"%PDF")
    parts: list[bytes] = []
    found = encode(call, parts)
    assert read_call({"call": "CheckFile", "fields": found}, parts, KEEPER_CALLS) == call
    for broken in (
        {},
        {**found, "extra": 1},
        {**found, "content": 7},
        {**found, "content": True},
        {**found, "actor": None},
        {**found, "actor": {"issuer": 1, "subject": "b", "name": "c"}},
    ):
        with pytest.raises(MessageError):
            read_call({"call": "CheckFile", "fields": broken}, parts, KEEPER_CALLS)
    for document in ({"call": "__import__", "fields": {}}, [], {"call": "Status"}):
        with pytest.raises(MessageError):
            read_call(document, [], KEEPER_CALLS)
    with pytest.raises(MessageError):
        decode(CopyView, {"number": 1}, [])


def test_the_guard_answers_web_sockets_with_nothing() -> None:
    """Only HTTP is passed on."""

    async def app(*_: object) -> None:
        raise AssertionError

    asyncio.run(Guard(app, origin=ORIGIN)({"type": "websocket"}, app, app))  # type: ignore[arg-type]
