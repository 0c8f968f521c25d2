"""A desk for a team: what it refuses to start without, whom it answers, and who reads strangers' files."""

import contextlib
import http.client
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from mailmart_privacy._clock import now
from mailmart_privacy.desk.checker.calls import AskShelter
from mailmart_privacy.desk.checker.sheet_calls import OutlineSheets, ReadSheets
from mailmart_privacy.desk.checker.shelter import ShelterError, enter_shelter
from mailmart_privacy.desk.connections import Connection
from mailmart_privacy.desk.keeper.signing import open_signing
from mailmart_privacy.desk.production import find_faults
from mailmart_privacy.desk.web.proxies import Proxies
from mailmart_privacy.errors import UsageError
from mailmart_privacy.keys.local_identity import open_or_create
from mailmart_privacy.sheets.table_workbook import write_tables

from .command_line import Run
from .conftest import PATIENCE, make_environment, one_line
from .desk_browser import Browser, LocalDesk, make_settings
from .golden import load_golden
from .test_desk_checker import Checker

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the desk runs on Linux and macOS")
as_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="root alone gives processes other users"
)
ORIGIN = "https://desk.example.com"
OIDC = ("--oidc-issuer", "https://id.example", "--oidc-client-id", "desk")
ROOT = Path(__file__).parents[1]
KEEPER, CHECKER = "daemon", "nobody"  # users that every system has


def make_whole(folder: Path, **changes: Any) -> Any:
    """Settings without a fault."""
    whole: dict[str, Any] = {
        "origin": ORIGIN,
        "archive": "s3://bucket/prefix",
        "identity": "pkcs11:token=desk",
        "database": "postgresql://desk@db/desk",
        "proxies": ("127.0.0.1", "10.1.2.0/28"),
        "user": KEEPER,
        "checker_user": CHECKER,
    }
    return make_settings(folder, **whole | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"proxies": ()}, "--proxy 127.0.0.1"),
        ({"proxies": ("proxy.example.com",)}, "--proxy proxy.example.com: give an IP address"),
        ({"proxies": ("0.0.0.0/0",)}, "names every computer"),
        ({"archive": ""}, "--archive: s3://BUCKET/PREFIX, or a folder"),
        ({"archive_key": ""}, "--archive-key"),
        ({"database": ""}, "needs --database postgresql://"),
        ({"database": "mysql://db/desk"}, "--database: give a URL like"),
        ({"identity": ""}, "--allow-self-signed"),
        ({"identity": "awskms:alias/desk"}, "--certificate FILE"),
        ({"user": ""}, "--user"),
        ({"user": "no-such-user"}, "there is no such user"),
        ({"user": "root"}, "is root"),
        ({"checker_user": ""}, "--checker-user"),
        ({"checker_user": KEEPER}, "are the same"),
    ],
)
def test_each_fault_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], words: str
) -> None:
    """What is missing or wrong is named by its setting, with what to do; nothing else is."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sys, "platform", "linux")
    assert find_faults(make_whole(tmp_path)) == []
    (fault,) = find_faults(make_whole(tmp_path, **changes))
    assert words in fault
    assert "\n" not in fault


def test_a_desk_for_a_team_runs_on_linux_and_is_started_by_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere nothing could keep the checker apart."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "platform", "linux")
    assert [each[:22] for each in find_faults(make_whole(tmp_path))] == ["start the desk as root"]
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "runs on Linux" in find_faults(make_whole(tmp_path))[0]


def test_all_faults_are_printed_at_once(cli: Run) -> None:
    """One start is enough to see all of them."""
    result = cli("desk", "--origin", ORIGIN, *OIDC)
    lines = result.stderr.decode().splitlines()
    assert result.returncode == 2
    assert len(lines) >= 5
    assert all(line.startswith("mailmart-privacy: ") for line in lines)
    assert "--origin" in one_line(cli("desk", "--proxy", "127.0.0.1"))


def test_settings_come_from_a_file(cli: Run, tmp_path: Path) -> None:
    """The names are those of the options."""
    (tmp_path / "desk.toml").write_text(
        '[desk]\norigin = "https://desk.example.com"\nproxy = ["300.1.1.1"]\nidentity = "pkcs11:token=desk"\n'
        'archive = "s3://bucket/prefix"\narchive-key = "/keys/archive.key"\ndatabase = "postgresql://db/desk"\n'
        'oidc-issuer = "https://id.example"\noidc-client-id = "desk"\nuser = "daemon"\nchecker-user = "nobody"\n'
    )
    result = cli("--config", "desk.toml", "desk").stderr.decode().splitlines()
    assert result[0] == "mailmart-privacy: --proxy 300.1.1.1: give an IP address, or a network like 10.1.2.0/28"
    assert len(result) == 1 + (os.geteuid() != 0)


def test_the_settings_of_the_page_are_accepted(cli: Run, tmp_path: Path) -> None:
    """Those of docs/desk-production.md, but for the users, whom this computer does not have, and a wrong proxy."""
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/desk-production.md").read_text(), re.DOTALL)
    block = block.replace('"desk"\nchecker', f'"{KEEPER}"\nchecker').replace("desk-checker", CHECKER)
    (tmp_path / "oidc-secret").write_text("secret")
    block = block.replace("/etc/mailmart-desk/oidc-secret", str(tmp_path / "oidc-secret"))
    (tmp_path / "desk.toml").write_text(block.replace('"127.0.0.1"', '"127.0.0.1/0.0"'))
    lines = cli("--config", "desk.toml", "desk").stderr.decode().splitlines()
    assert lines[0].startswith("mailmart-privacy: --proxy 127.0.0.1/0.0: give an IP address")
    assert len(lines) == 1 + (os.geteuid() != 0)


def test_a_self_signed_identity_is_refused_unless_allowed(tmp_path: Path) -> None:
    """A file that the settings name may be self-signed, too; where that is allowed, the page of what is due says so."""
    open_or_create(tmp_path / "identity.pem", now().replace(microsecond=0))
    settings = make_settings(tmp_path, origin=ORIGIN, identity=str(tmp_path / "identity.pem"))
    with pytest.raises(UsageError, match="self-signed"):
        open_signing(settings)
    allowed = replace(settings, allow_self_signed=True)
    assert open_signing(allowed).identity.certificate is not None
    desk = LocalDesk(tmp_path, origin=ORIGIN, identity=settings.identity, allow_self_signed=True)
    assert "No authority confirms our signature yet" in sign_in(desk).get("/due", host="desk.example.com").words


def sign_in(desk: LocalDesk) -> Browser:
    """Sign somebody in at the public address."""
    browser = Browser(desk)
    person = desk.add_person("Ada")
    from mailmart_privacy.desk.web.people import make_digest

    desk.people.add_link(make_digest("word"), person, seconds=60)
    assert browser.get("/?token=word", host="desk.example.com").status == 303
    assert "Secure" in browser.page.headers["set-cookie"]
    assert list(browser.cookies) == ["__Host-desk"]
    return browser


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("127.0.0.1", {"x-forwarded-for": ["198.51.100.7"]}, "198.51.100.7"),
        ("::ffff:127.0.0.1", {"x-forwarded-for": ["198.51.100.7"]}, "198.51.100.7"),
        ("127.0.0.1", {"x-forwarded-for": ["203.0.113.1, 198.51.100.7"]}, "198.51.100.7"),  # the first one is a claim
        ("127.0.0.1", {"x-forwarded-for": ["203.0.113.1", "198.51.100.7, 10.1.2.3"]}, "198.51.100.7"),  # two proxies
        ("127.0.0.1", {"x-forwarded-for": ["198.51.100.7, unknown"]}, "127.0.0.1"),
        ("127.0.0.1", {}, "127.0.0.1"),
    ],
)
def test_the_proxy_tells_who_asks(peer: str, headers: dict[str, list[str]], client: str) -> None:
    """The address that the proxy has seen counts, and not what the browser writes before it."""
    proxies = Proxies(("127.0.0.1", "10.1.2.0/28"))
    scope, refused = proxies.admit({"client": (peer, 1)}, headers | {"x-forwarded-proto": ["https"]})
    assert refused is None
    assert scope["client"][0] == client


def test_only_the_named_proxy_is_answered() -> None:
    """A request from elsewhere is refused, whatever it claims to forward; and so is a proxy that takes http."""
    proxies, forwarded = Proxies(("10.1.2.0/28",)), {"x-forwarded-for": ["10.1.2.3"], "x-forwarded-proto": ["https"]}
    for peer in ("10.1.2.16", "127.0.0.1", "unix"):
        assert proxies.admit({"client": (peer, 1)}, forwarded)[1] == (403, "This desk answers its TLS proxy only.")
    assert proxies.admit({"client": None}, forwarded)[1] is not None
    for protocol in ([], ["http"], ["http", "https"], ["https", "https"]):
        refused = proxies.admit({"client": ("10.1.2.3", 1)}, {"x-forwarded-proto": protocol})[1]
        assert refused is not None
        assert refused[0] == 421


def test_without_a_proxy_nothing_that_is_forwarded_counts(tmp_path: Path) -> None:
    """Ten tries to sign in from one address are the limit, however many addresses the browser names."""
    browser = Browser(LocalDesk(tmp_path))
    for number in range(11):
        page = browser.get("/?token=wrong", x_forwarded_for=f"198.51.100.{number}")
    assert page.status == 429


@as_root
def test_the_checker_has_a_user_of_its_own_and_no_network(tmp_path: Path) -> None:
    """It cannot read what the desk's user can, open a connection, or become root again."""
    key = tmp_path / "archive.key"
    key.write_text("secret")
    key.chmod(0o600)

    def try_it() -> str:
        import socket

        shelter = enter_shelter(CHECKER, required=True)
        found = [f"{shelter.no_network} {shelter.own_user}"]
        for name, act in {
            "key": key.read_text,
            "network": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
            "root": lambda: os.setuid(0),
        }.items():
            try:
                act()
            except OSError as error:
                found.append(f"{name}: {type(error).__name__}")
        return "; ".join([*found, f"{[name for _, name in socket.if_nameindex()]} {os.getgroups()}"])

    words = run_apart(try_it)
    assert words == "True True; key: PermissionError; network: OSError; root: PermissionError; ['lo'] []"


# A process of its own, as the checker is: the tests have loaded far more.
JUDGING = """
import sys
from pathlib import Path

from mailmart_privacy._clock import now
from mailmart_privacy.desk.checker import judging
from mailmart_privacy.desk.checker.calls import JudgePdf

files = [path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())]
judging.prepare()
asked = set()
sys.addaudithook(lambda event, given: asked.add(f"{event} {given[0]}") if event in ("open", "import") else None)
for each in files:
    judging.judge_pdf(JudgePdf(content=each, signers=(), authorities=(), compromised=(), at=now()))
print(f"{len(files)}: {', '.join(sorted(asked))}")
"""


def test_all_that_judging_needs_is_loaded_before(tmp_path: Path) -> None:
    """Whatever the file, nothing is read from the disk or imported by then: another user may not be able to."""
    others = [b"%PDF-1.7 of somebody else", b"", load_golden()[1][0].pdf.replace(b"Acme", b"Acmi")]
    files = [*(copy.pdf for copy in load_golden()[1]), *others]
    for number, each in enumerate(files):
        (tmp_path / f"{number:02}.pdf").write_bytes(each)
    done = subprocess.run([sys.executable, "-c", JUDGING, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == f"{len(files)}: \n"


@as_root
def test_files_are_read_by_a_user_who_can_load_nothing_more(tmp_path: Path, copy: bytes) -> None:
    """All that it needs is loaded before it gives up root: a PDF and a workbook are read without more."""
    workbook = write_tables([("Customers", ("Company", "Contract"), [("Acme GmbH", "C-1")])])
    checker = Checker(tmp_path, origin=ORIGIN, checker_user=CHECKER)
    try:
        asked = Connection(checker.path, patience=60)
        assert asked.ask(AskShelter()).own_user
        assert checker.judge(copy) == "untrusted"
        kept = asked.ask(ReadSheets(content=workbook, name="a.xlsx")).content
        (sheet,) = asked.ask(OutlineSheets(kept=kept, name="a.xlsx", sheet="", header_row=0)).sheets
        assert (sheet.customer, sheet.reference) == ("A", "B")
    finally:
        checker.close()


@as_root
def test_a_checker_that_cannot_be_kept_apart_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what is missing; nothing is read with less."""

    def try_it(user: str) -> str:
        try:
            enter_shelter(user, required=True)
        except ShelterError as error:
            return str(error)
        return "it started"

    assert "--checker-user" in run_apart(lambda: try_it(""))
    assert "there is no user nobody-like-this" in run_apart(lambda: try_it("nobody-like-this"))
    monkeypatch.setattr("mailmart_privacy.desk.checker.shelter._leave_network", lambda: False)
    assert "with a network" in run_apart(lambda: try_it(CHECKER))


def run_apart(act: Any) -> str:
    """Run something in a fork, which may give up what it likes; return what it says, or its traceback."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.closerange(3, writing)  # the tests may have opened more files than the shelter allows
            os.closerange(writing + 1, os.sysconf("SC_OPEN_MAX"))
            os.write(writing, str(act()).encode())
        except BaseException:  # noqa: BLE001 - it is told to the test
            os.write(writing, traceback.format_exc().encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with open(reading, "rb") as found:
        return found.read().decode()


def write_mounts(folder: Path) -> str:
    """Write commands that let all users enter where this Python lies: a home of root shuts them out."""
    hidden = {each: closed for each in {sys.base_prefix, sys.prefix, str(ROOT)} if (closed := find_closed(Path(each)))}
    aside = {each: folder / f"aside-{number}" for number, each in enumerate(hidden)}
    return "\n".join(
        [
            *(f'mkdir "{other}"; mount --bind "{each}" "{other}"' for each, other in aside.items()),
            *(f'mount -t tmpfs -o mode=755 tmpfs "{closed}"' for closed in sorted(set(hidden.values()))),
            *(f'mkdir -p "{each}"; mount --bind "{other}" "{each}"' for each, other in aside.items()),
        ]
    )


def find_closed(place: Path) -> Path | None:
    """Find the first folder above a place that others may not enter."""
    return next((each for each in reversed(place.parents) if each.stat().st_mode & 0o005 != 0o005), None)


@contextlib.contextmanager
def run_for_team(folder: Path) -> Iterator[tuple[psutil.Process, int]]:
    """A desk for a team, started by root, in a view of the disk where every user can run this Python."""
    environment = make_environment(folder / "home")
    command = [
        sys.executable,
        "-m",
        "mailmart_privacy",
        "desk",
        "--folder",
        str(folder / "desk"),
        "--port",
        "0",
        "--origin",
        ORIGIN,
    ]
    command += [*OIDC, "--proxy", "127.0.0.1", "--user", KEEPER, "--checker-user", CHECKER, "--allow-self-signed"]
    command += ["--archive", str(folder / "desk" / "archive"), "--archive-key", str(folder / "desk" / "archive.key")]
    with (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-ec", f'{write_mounts(folder)}\nexec "$@"', "sh", *command],
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            text=True,
        )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == ORIGIN, (folder / "errors").read_text()
        words = ""
        while "pass requests on to" not in words:
            assert process.poll() is None, words
            time.sleep(0.05)
            words = (folder / "errors").read_text()
        yield psutil.Process(process.pid), int(words.partition("127.0.0.1:")[2].split(".")[0])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        assert process.stdout is not None
        process.stdout.close()


@as_root
def test_the_processes_of_a_team_have_users_of_their_own(tmp_path: Path) -> None:
    """Root starts them; none of them is root; the checker's network has nothing in it; the proxy alone is answered."""
    folder = Path(tempfile.mkdtemp(prefix="team-"))  # pytest's own can be entered by root alone
    folder.chmod(0o755)
    try:
        with run_for_team(folder) as (launcher, port):
            users, networks = {}, {}
            for child in launcher.children():
                name = " ".join(child.cmdline()).rpartition(".")[2]
                users[name] = pwd.getpwuid(child.uids().real).pw_name
                networks[name] = os.readlink(f"/proc/{child.pid}/ns/net")
            assert users == {"web": KEEPER, "keeper": KEEPER, "checker": CHECKER}
            assert networks["web"] == networks["keeper"] != networks["checker"]
            forwarded = {"Host": "desk.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}
            assert [ask(port, path, headers) for path, headers in _questions(forwarded)] == [200, 401, 421, 421]
            assert (folder / "desk" / "archive.key").owner() == KEEPER
    finally:
        shutil.rmtree(folder)


def _questions(forwarded: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    plain = {name: value for name, value in forwarded.items() if name != "X-Forwarded-Proto"}
    return [("/healthz", {}), ("/", forwarded), ("/", plain), ("/", forwarded | {"Host": "127.0.0.1"})]


def ask(port: int, path: str, headers: dict[str, str]) -> int:
    """The status of the answer."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
