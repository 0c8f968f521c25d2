"""The static site: every URL as a file, the same bytes each time, no broken link."""

import datetime
import http.client
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mailmart_privacy.errors import RecordError, SiteError
from mailmart_privacy.policy.ledger import Ledger
from mailmart_privacy.web import Response, Service
from mailmart_privacy.web.dev_server import open_server
from mailmart_privacy.web.link_check import check_links
from mailmart_privacy.web.static_site import HEADERS, SITEMAP, build_site

from .conftest import NOW, PATIENCE, Run, one_line
from .versions import FIRST, SECOND, THIRD, THIRD_EFFECTIVE, three_version_ledger

BASE = "https://example.com"


def make_service(ledger: Ledger, at: datetime.datetime = NOW, base_url: str = BASE) -> Service:
    return Service(ledger, clock=lambda: at, path="/privacy", base_url=base_url, max_age=600)


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """Three versions, the last of them announced."""
    return three_version_ledger()


@pytest.fixture(scope="module")
def files(ledger: Ledger) -> dict[str, bytes]:
    """The site of three versions."""
    return build_site(make_service(ledger))


def test_every_address_is_a_file(files: dict[str, bytes], ledger: Ledger) -> None:
    """The content of each answer, byte for byte; an address without an ending is a page."""
    service = make_service(ledger)
    for url in service.urls():
        name = url.removeprefix("/")
        content = files.get(name, files.get(f"{name}.html"))
        if url.startswith("/privacy/verify"):  # a static site takes no files
            assert b"<form" not in (content or b"<form")
        else:
            assert content == service.respond("GET", url, {}).body, url
    for version in (FIRST, SECOND, THIRD):
        assert {f"privacy/{version}.{ending}" for ending in ("html", "json", "md", "txt", "pdf")} <= set(files)
    assert {"privacy.html", "privacy/feed.atom", "privacy/calendar.ics", HEADERS, SITEMAP} <= set(files)


def test_a_site_has_a_start_and_a_page_for_any_other_address(files: dict[str, bytes]) -> None:
    """`/` leads to the policy, and so does what a visitor of an address with nothing at it is shown."""
    for name in ("index.html", "404.html"):
        links = re.findall(r'href="([^"]+)"', files[name].decode())
        assert {"/privacy", "/privacy/versions"} <= set(links), name


def test_what_changed_is_in_the_site(files: dict[str, bytes]) -> None:
    """A page for each version but the first, with the one style sheet of them all; a link to it is followed."""
    pages = sorted(name for name in files if "/changes." in name)
    assert pages == [f"privacy/{SECOND}/changes.html", f"privacy/{THIRD}/changes.html"]
    assert all(b'<link rel="stylesheet" href="/privacy/redline.css">' in files[name] for name in pages)
    assert f"<loc>{BASE}/privacy/{SECOND}/changes</loc>" in files[SITEMAP].decode()
    for missing, source in ((pages[0], f"privacy/{SECOND}.html"), ("privacy/redline.css", pages[1])):
        with pytest.raises(SiteError, match=re.escape(f"{source} links to /{missing.removesuffix('.html')}")):
            check_links({name: content for name, content in files.items() if name != missing}, [], BASE)


def test_the_site_is_the_same_each_time(files: dict[str, bytes], ledger: Ledger) -> None:
    """Whatever the moment, as long as the same version is in force."""
    later = NOW + datetime.timedelta(days=30, seconds=17)
    just_before = datetime.datetime(2027, 1, 14, 23, 59, 59, tzinfo=datetime.UTC)  # the third is dated the day after
    assert build_site(make_service(ledger, later)) == build_site(make_service(ledger, just_before)) == files
    assert build_site(make_service(ledger, THIRD_EFFECTIVE)) != files


def test_the_sitemap_lists_the_pages(files: dict[str, bytes]) -> None:
    """Well-formed, whole addresses, each once, and the day of the last change where there was one."""
    root = ElementTree.fromstring(files[SITEMAP])
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    found = {url.findtext(f"{space}loc"): url.findtext(f"{space}lastmod") for url in root}
    assert len(found) == len(root)
    assert found[f"{BASE}/privacy"] == SECOND, "since when it has this text"
    assert found[f"{BASE}/privacy/{SECOND}"] == SECOND
    assert found[f"{BASE}/privacy/{FIRST}"] == FIRST
    assert found[f"{BASE}/privacy/{THIRD}"] is None
    assert all(address is not None and address.startswith(BASE) for address in found)


def test_the_headers_go_with_their_addresses(files: dict[str, bytes], ledger: Ledger) -> None:
    """What the service sends is what the network is told to send; in lines that it reads."""
    rules: dict[str, dict[str, str]] = {}
    for line in files[HEADERS].decode().splitlines():
        if line and not line.startswith(" "):
            rules[line] = {}
        elif line:
            name, _, value = line.strip().partition(": ")
            rules[list(rules)[-1]][name] = value
            assert len(line) <= 2000, "Cloudflare Pages reads no longer line"
    service = make_service(ledger)
    assert set(rules) == set(service.urls()) | {"/", "/404.html"}
    for url, told in rules.items():
        sent = dict((service.site_pages().get(url) or service.respond("GET", url, {})).headers)
        if url.startswith("/privacy/verify"):  # a static site takes no files
            policy = sent["Content-Security-Policy"]
            sent["Content-Security-Policy"] = policy.replace("form-action 'self'", "form-action 'none'")
        assert told == {name: sent[name] for name in told}
        assert {"Content-Type", "Cache-Control", "X-Content-Type-Options"} <= set(told)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('href="#cookies"', 'href="#biscuits"', r"privacy\.html links to #biscuits, which does not exist"),
        ('href="/privacy/versions"', 'href="/privacy/list"', "links to /privacy/list"),
        ('href="/privacy/versions"', 'href="versions"', "links to versions"),
        ('href="/privacy/versions"', 'href="https://example.com/nothing"', "links to https://example.com/nothing"),
        ('href="/privacy/versions"', 'href="javascript:alert(1)"', "links to javascript"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(files: dict[str, bytes], old: str, new: str, message: str) -> None:
    """A link to a missing file, to a missing anchor, or to something that is not a URL."""
    page = files["privacy.html"].decode()
    assert old in page
    with pytest.raises(SiteError, match=message):
        check_links(files | {"privacy.html": page.replace(old, new).encode()}, [], BASE)
    check_links(files, [], BASE)


def test_a_missing_file_is_found_from_all_sides(files: dict[str, bytes], ledger: Ledger) -> None:
    """The pages, the feed, the calendar, the sitemap and the headers all lead to it."""
    without = {name: content for name, content in files.items() if name != f"privacy/{FIRST}.html"}
    headers = make_service(ledger).respond("GET", "/privacy", {}).headers
    with pytest.raises(SiteError) as found:
        check_links(without, [("/privacy", headers)], BASE)
    sources = {line.partition(" links to ")[0] for line in str(found.value).splitlines()}
    assert {"privacy/versions.html", "privacy/feed.atom", "privacy/calendar.ics", SITEMAP, "/privacy"} <= sources


def test_build_writes_the_site(cli: Run, tmp_path: Path) -> None:
    """All files, once; a second run finds them, and one that differs is kept."""
    first = cli("site", "build", "out")
    assert first.returncode == 0, first.stderr
    assert first.stdout == b"out\n"
    written = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert {"privacy.html", f"privacy/{FIRST}.pdf", "privacy/feed.atom", HEADERS, SITEMAP} <= written
    assert f"{len(written)} files written" in first.stderr.decode()
    before = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in written}
    again = cli("site", "build", "out")
    assert f"0 files written, {len(written)} were unchanged" in again.stderr.decode()
    assert {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in written} == before
    (tmp_path / "out" / "privacy.json").write_bytes(b"mine")
    (tmp_path / "out" / SITEMAP).unlink()
    refused = cli("site", "build", "out")
    assert refused.returncode == 1
    assert "privacy.json exists and differs" in one_line(refused)
    assert not (tmp_path / "out" / SITEMAP).exists(), "nothing was written"
    assert cli("site", "build", "out", "--force").returncode == 0
    assert json.loads((tmp_path / "out" / "privacy.json").read_bytes())["title"] == "Privacy Policy"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("build", "out", "--base-url", "mailmart.com"), "give one like https://"),
        (("build", "out", "--path", "privacy"), "give one like /privacy"),
        (("build", "out", "--max-age", "-1"), "give 0 or more"),
        (("build", "out", "--at", "2026-03-01"), "no time zone"),
        (("build", "out", "--base-url", "https://["), "give one like https://"),
        (("serve", "--port", "70000"), "70000"),
        (("serve", "--host", "192.0.2.1"), "cannot listen at 192.0.2.1:8000"),
    ],
)
def test_what_cannot_be_built_is_said(cli: Run, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    """One line, the exit code for wrong usage, and no folder."""
    result = cli("site", *arguments)
    assert (result.returncode, message in one_line(result)) == (2, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [("build", "out"), ("serve", "--port", "0")])
def test_before_the_first_version_there_is_no_site(cli: Run, arguments: tuple[str, ...]) -> None:
    """Before the first version nothing was in force; building and serving are refused."""
    result = cli("site", *arguments, "--at", "2020-01-01T00:00:00Z")
    assert (result.returncode, result.stdout) == (2, b"")
    assert "the first, 2026-02-24, is in force from" in one_line(result)


@pytest.mark.parametrize("blocking", ["out", "out/privacy"])
def test_a_file_where_a_folder_has_to_be_is_said_first(cli: Run, tmp_path: Path, blocking: str) -> None:
    """Before anything is written; the file stays."""
    (tmp_path / blocking).parent.mkdir(exist_ok=True)
    (tmp_path / blocking).write_bytes(b"mine")
    result = cli("site", "build", "out/below" if blocking == "out" else "out")
    assert (result.returncode, f"{blocking} is a file, where a folder has to be" in one_line(result)) == (2, True)
    assert [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()] == [b"mine"]


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_a_killed_build_leaves_whole_files_and_the_next_one_all(
    cli: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    """If a run is killed before the seventh file is in its place, six are whole; the next run clears up the rest."""
    source = (
        "import os, signal, sys\nfrom mailmart_privacy import _files\nfrom mailmart_privacy.__main__ import main\n"
        "put, count = _files._put, []\n"
        "def die(*given, **named):\n    count.append(1)\n"
        "    if len(count) == 7: os.kill(os.getpid(), signal.SIGKILL)\n    return put(*given, **named)\n"
        "_files._put = die\nsys.argv = ['mailmart-privacy', 'site', 'build', 'out']\nsys.exit(main())\n"
    )
    killed = subprocess.run([sys.executable, "-c", source], cwd=tmp_path, env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL

    def found() -> dict[str, bytes]:
        return {
            str(path.relative_to(tmp_path / "out")): path.read_bytes()
            for path in (tmp_path / "out").rglob("*")
            if path.is_file()
        }

    left = found()
    assert len([name for name in left if not name.endswith(".tmp")]) == 6
    assert len([name for name in left if name.endswith(".tmp")]) == 1
    again = cli("site", "build", "out")
    assert (again.returncode, b" 6 were unchanged" in again.stderr) == (0, True)
    assert not any(name.endswith(".tmp") for name in found())
    assert found().items() >= {name: content for name, content in left.items() if not name.endswith(".tmp")}.items()


@contextmanager
def serving(ledger: Ledger) -> Iterator[http.client.HTTPConnection]:
    """Serve on the loopback, and connect to it."""
    lines: list[str] = []
    with open_server(make_service(ledger).respond, host="127.0.0.1", port=0, log=lines.append) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=PATIENCE)
        try:
            yield connection
        finally:
            connection.close()
            server.shutdown()
            thread.join()
    assert lines
    assert all(line.isprintable() for line in lines)


def test_the_local_server_answers_as_the_service(ledger: Ledger) -> None:
    """The same status, headers and content over one connection, whatever the method."""
    service = make_service(ledger)
    with serving(ledger) as connection:
        for method, target, headers in (
            ("GET", "/privacy", {}),
            ("GET", "/privacy", {"Accept": "application/json"}),
            ("HEAD", "/privacy.pdf", {}),
            ("GET", "/privacy", {"If-None-Match": "*"}),
            ("GET", "/privacy?at=2026-03-01T09:00:00+01:00", {}),
            ("BREW", "/privacy", {}),
            ("GET", "/../../etc/passwd", {}),
            ("GET", "/%1b[31m", {}),
        ):
            connection.request(method, target, headers=headers)
            answer = connection.getresponse()
            expected = service.respond(method, target, headers)
            assert (answer.status, answer.read()) == (expected.status, expected.body)
            assert dict(answer.getheaders()).items() >= dict(expected.headers).items()


def test_the_local_server_reads_a_header_in_two_lines_as_one(ledger: Ledger) -> None:
    """Repeated headers are one list (RFC 9110, 5.3), as behind the servers of frameworks."""
    with serving(ledger) as connection:
        connection.putrequest("GET", "/privacy")
        connection.putheader("Accept", "text/plain")
        connection.putheader("Accept", "text/html;q=0.1")
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
        assert answer.getheader("Content-Type") == "text/plain; charset=utf-8"


def test_a_client_that_goes_is_no_traceback(ledger: Ledger, capfd: pytest.CaptureFixture[str]) -> None:
    """It resets the connection while it is answered; a fault of the records is one line."""
    lines: list[str] = []
    gone = threading.Event()

    def respond(method: str, target: str, headers: object) -> Response:
        if target == "/fault":
            raise RecordError("2026-02-24/policy.txt has changed")
        gone.wait(PATIENCE)
        return Response(200, (), b"x" * 50_000_000)

    with open_server(respond, host="127.0.0.1", port=0, log=lines.append) as server:
        server.daemon_threads = False  # closing waits for them
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        for target in ("/gone", "/fault"):
            with socket.create_connection(server.server_address[:2], timeout=PATIENCE) as client:
                client.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                if target == "/fault":
                    assert client.recv(1) == b""
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            gone.set()
        server.shutdown()
        thread.join()
    assert capfd.readouterr().err == ""
    assert "error: 2026-02-24/policy.txt has changed" in lines


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_it_listens_at_an_address_of_version_6(ledger: Ledger) -> None:
    """`--host ::1` is the loopback as well."""
    with open_server(make_service(ledger).respond, host="::1", port=0, log=print) as server:
        assert server.server_address[0] == "::1"


def test_a_body_that_nobody_reads_is_no_second_request(ledger: Ledger) -> None:
    """What follows the head of a POST must not be taken for the next request."""
    with serving(ledger) as connection:
        connection.request("POST", "/privacy", body=b"GET /privacy HTTP/1.1\r\n\r\n")
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.getheader("Connection")) == (405, "close")


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_serve_says_where_and_ends_on_ctrl_c(tmp_path: Path, environment: dict[str, str]) -> None:
    """The address on standard output as soon as it listens, copies to try with --demo; Ctrl-C is its proper end."""
    command = [sys.executable, "-m", "mailmart_privacy", "site", "serve", "--demo", "--port", "0"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        address = process.stdout.readline().decode().strip()
        found = re.fullmatch(r"http://127\.0\.0\.1:([0-9]+)/privacy", address)
        assert found, address
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=PATIENCE)
        connection.request("GET", "/privacy.txt")
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (200, True)
        headers = {"Content-Type": "application/pdf", "Accept": "application/json"}
        for name, verdict in (("genuine", "genuine"), ("changed", "altered")):
            connection.request("GET", f"/demonstration/{name}.pdf")
            copy = connection.getresponse().read()
            connection.request("POST", "/privacy/verify", copy, headers)
            assert json.loads(connection.getresponse().read())["verdict"] == verdict
            connection.close()
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
        assert b"Traceback" not in errors
