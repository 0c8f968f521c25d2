"""What others say about the pages that services send: Chromium with axe, and the Nu Html Checker."""

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailmart_privacy.web.core import Service
from mailmart_privacy.web.dev_server import open_server
from tests.frameworks import documented, serve
from tests.versions import THIRD, three_version_ledger

from . import browser, vnu
from .conftest import NOW
from .test_conformance import EXPLAINED

# The version in force with an announced one; what is announced; all versions; what changes. Each with its style sheet.
PAGES = {
    "current": ("/privacy", "/privacy/page.css"),
    "announced": (f"/privacy/{THIRD}", "/privacy/page.css"),
    "versions": ("/privacy/versions", "/privacy/page.css"),
    "verify": ("/privacy/verify", "/privacy/page.css"),
    "keys": ("/privacy/keys", "/privacy/page.css"),
    "changes": (f"/privacy/{THIRD}/changes", "/privacy/redline.css"),
}


@pytest.fixture(scope="module")
def service() -> Service:
    """Three versions, of which the third is announced."""
    return Service(
        three_version_ledger(), clock=lambda: NOW, path="/privacy", base_url="https://example.com", max_age=60
    )


@pytest.fixture(scope="module")
def address(service: Service) -> Iterator[str]:
    """A server on this machine that sends them."""
    with open_server(service.respond, host="127.0.0.1", port=0, log=lambda line: None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def judge(visit: browser.Visit, page: str, style: str) -> None:
    """Check what has to be true of every page."""
    assert len(visit.views) == len(browser.VIEWS)
    for view in visit.views:
        assert view.complaints == (), view.name
        assert view.requests[0] == page, view.name
        scripts = [path for path in view.requests if path.startswith("/privacy/scripts/")]
        others = set(view.requests) - {page, style, *scripts}
        assert style in view.requests, view.name
        assert all(path.startswith("/privacy/fonts/") for path in others), view.name
        assert bool(scripts) == page.endswith("/verify"), view.name
        assert (view.stylesheets, view.scripts) == (1, 1 if scripts else 0), view.name
        assert (view.overflow, view.outside) == (0, ()), view.name
        assert view.broken_links == (), view.name
        assert view.violations == (), view.name
        assert view.incomplete == (), view.name
        assert {"color-contrast", "html-has-lang", "document-title", "heading-order"} <= view.passes, view.name
    assert {found.scheme for found in visit.prints} == {"light", "dark"}
    for found in visit.prints:
        assert found.contrast
        assert {name: ratio for name, ratio in found.contrast.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_sound_and_accessible(name: str, address: str, tmp_path: Path) -> None:
    """In each view: styled by the one sheet they may load, in silence, in 320 px, and no rule of axe broken."""
    page, style = PAGES[name]
    judge(browser.visit(address + page, tmp_path), page, style)


def test_starlette_serves_it_under_its_strict_policy(tmp_path: Path) -> None:
    """The document's own application under uvicorn: the header arrives, and the page works with it."""
    (app,) = documented("Starlette")
    (tmp_path / "app.py").write_text(app, encoding="utf-8")
    with serve("starlette", "newest", tmp_path, app="app:app") as port:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/privacy")
        sent = connection.getresponse()
        connection.close()
        assert str(sent.headers["Content-Security-Policy"]).startswith("default-src 'none'; style-src 'self';")
        judge(browser.visit(f"http://127.0.0.1:{port}/privacy", tmp_path), "/privacy", "/privacy/page.css")


def test_nu_html_checker_says_nothing(service: Service, tmp_path: Path) -> None:
    """The pages, also that of an address with nothing at it, and their style sheets give no errors or warnings."""
    wanted = [(f"{name}.html", page, 200) for name, (page, _) in PAGES.items()]
    wanted += [(f"{name}.css", style, 200) for name, (_, style) in PAGES.items()]
    wanted += [("nothing.html", "/privacy/nowhere", 404)]
    paths = []
    for name, target, status in wanted:
        paths.append(tmp_path / name)
        answer = service.respond("GET", target, {"Accept": "text/html, */*;q=0.5"})
        assert answer.status == status
        paths[-1].write_bytes(answer.body)
    assert [message for message in vnu.validate(paths) if message.text not in EXPLAINED] == []
