"""The desk as processes: it starts with one command, survives the death of each of them, and leaves none behind."""

import contextlib
import http.client
import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
import types
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psutil
import pytest

from mailmart_privacy import archive
from mailmart_privacy._clock import now

from .command_line import Run
from .conftest import PATIENCE, make_environment, one_line

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the desk runs on Linux and macOS")


class Running:
    """A desk that runs, and a browser that is signed in."""

    def __init__(self, environment: dict[str, str], folder: Path, *arguments: str, sign_in: bool = True) -> None:
        self.folder, self.errors = folder, folder.parent / "errors"
        command = [sys.executable, "-m", "mailmart_privacy", "desk", "--folder", str(folder), "--port", "0"]
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [*command, "--no-browser", *arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                text=True,
            )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        parts = urlsplit(self.address)
        assert parts.port is not None, self.errors.read_text()
        self.port, self.origin, self.cookie = parts.port, f"http://{parts.netloc}", ""
        self.known = self.find_children()
        if sign_in:
            assert self.send("GET", f"/?{parts.query}")[0] == 303

    def send(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Send a request; return the status, the address to which the answer redirects, and its text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Cookie": self.cookie, "Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        body = None if fields is None else urlencode(fields)
        if fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode("latin-1")
        if cookie := answer.headers["set-cookie"]:
            self.cookie = cookie.partition(";")[0]
        connection.close()
        return answer.status, answer.headers["location"] or "", text

    def issue(self, customer: str, fields: dict[str, str] | None = None) -> str:
        """Issue a copy; the address of its page."""
        status, place, text = self.send("POST", "/issue", {**(fields or self.form()), "customer": customer})
        assert status == 303, text
        return place

    def upload(self, name: str, content: bytes) -> str:
        """Send a spreadsheet; the address of its batch."""
        status, place, text = self.send_file("/many", name, content)
        assert status == 303, text
        place = place.removesuffix("/sheet")
        wait_until(lambda: self.send("GET", f"{place}/sheet")[0] == 200)  # it is read in a job
        return place

    def send_file(self, path: str, name: str, content: bytes) -> tuple[int, str, str]:
        """Send a file in a form; the same as of `send`."""
        form = self.form()
        parts = [f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{form[key]}\r\n' for key in form]
        head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = "".join([*parts, head]).encode() + content + b"\r\n--x--\r\n"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Cookie": self.cookie, "Origin": self.origin, "Content-Type": "multipart/form-data; boundary=x"}
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        found = answer.status, answer.headers["location"] or "", answer.read().decode("latin-1")
        connection.close()
        return found

    def form(self) -> dict[str, str]:
        found = re.search(r'<form method="post" action="/issue">.*?</form>', self.send("GET", "/")[2], re.DOTALL)
        assert found is not None
        return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', found[0]))

    def find_children(self) -> dict[str, int]:
        """The process ids by name, as the system lists them."""
        lines = {}
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
                lines[child.pid] = " ".join(child.cmdline())
        return {line.rpartition(".")[2]: pid for pid, line in lines.items() if "mailmart_privacy.desk." in line}

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def wait_for_end(self, *pids: int) -> None:
        wait_until(lambda: not any(is_alive(pid) for pid in pids))


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.05)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a user with nothing in their home."""
    return make_environment(tmp_path_factory.mktemp("user") / "home")


@pytest.fixture(scope="module")
def running(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A desk that was started by one command, in a home with nothing in it, and has issued one copy."""
    desk = Running(environment, tmp_path_factory.mktemp("desk") / "desk")
    try:
        desk.issue("First GmbH")
        yield desk
    finally:
        desk.close()


def test_one_command_starts_it_and_a_copy_comes_out(running: Running) -> None:
    """Archive, key and identity are made; only the user can read them; the web process knows nothing of them."""
    assert set(running.known) == {"web", "keeper", "checker"}
    place = running.issue("Second GmbH").partition("?")[0]
    assert running.send("GET", f"{place}/file")[2].startswith("%PDF-")
    deeds = running.send("GET", "/activity")[2]
    assert all(each in deeds for each in ("Downloaded a copy", "Started the desk", "Set up the desk"))
    for name in ("archive.key", "web.sqlite"):
        assert (running.folder / name).stat().st_mode & 0o077 == 0
    assert running.folder.stat().st_mode & 0o077 == 0
    if Path("/proc").is_dir():
        opened = [os.readlink(each) for each in Path(f"/proc/{running.known['web']}/fd").iterdir() if each.is_symlink()]
        assert not [each for each in opened if "archive" in each or "identity" in each]
        variables = Path(f"/proc/{running.known['checker']}/environ").read_bytes()
        assert b"MAILMART" not in variables


@pytest.mark.parametrize("name", ["keeper", "checker", "web"])
def test_each_process_may_be_killed(running: Running, name: str) -> None:
    """The next request is answered by the process that is started in its place, and sessions continue."""
    fields = running.form()
    before = running.find_children()[name]
    os.kill(before, signal.SIGKILL)
    running.wait_for_end(before)  # else it may take the request with it
    place = running.issue(f"After the {name} GmbH", fields)
    assert running.issue(f"After the {name} GmbH", fields) == place  # sent twice, issued once
    wait_until(lambda: running.find_children().get(name, before) != before)
    assert running.send("GET", "/customers?q=first")[2].count("First GmbH") == 1


def test_a_batch_survives_the_death_of_the_keeper(running: Running) -> None:
    """The page may be closed and the keeper killed: each row has one copy, and single copies come between."""
    rows = "".join(f"Batch {number} GmbH,B-{number}\n" for number in range(120))
    place = running.upload("batch.csv", ("Company,Contract\n" + rows).encode())
    form = {"token": running.form()["token"]}
    choice = {"sheet": "", "header_row": "1", "customer": "A", "reference": "B", "shown_sheet": "", "shown_row": "1"}
    assert running.send("POST", f"{place}/sheet", form | choice)[0] == 303
    wait_until(lambda: running.send("GET", place)[1] == f"{place}/problems")
    assert running.send("POST", f"{place}/problems", form)[:2] == (303, place)
    manifest = running.folder / "batches" / place.rpartition("/")[2] / "manifest.jsonl"
    wait_until(lambda: manifest.exists() and manifest.read_bytes().count(b"\n") > 0)
    os.kill(running.find_children()["keeper"], signal.SIGKILL)
    running.issue("Between GmbH")
    wait_until(lambda: "120 copies are ready" in running.send("GET", place)[2])
    packed = zipfile.ZipFile(io.BytesIO(running.send("GET", f"{place}/files/copies.zip")[2].encode("latin-1")))
    assert len(packed.namelist()) == 120
    service = archive.open(
        str(running.folder / "archive"), clock=now, key=str(running.folder / "archive.key"), index=":memory:"
    )
    found = [copy.reference for each in service.find("Batch").customers for copy in each.copies]
    assert sorted(found) == sorted(f"B-{number}" for number in range(120))
    service.verify().require_sound()


def test_nothing_of_a_customer_stands_in_the_log(running: Running) -> None:
    """What the processes print names nobody."""
    running.issue("Secret Name GmbH")
    assert "Secret Name" not in running.errors.read_text()
    assert "GmbH" not in running.errors.read_text()


def test_a_second_desk_says_who_has_the_folder(running: Running, process: Run) -> None:
    """A folder has one desk at a time; the message says where the first one answers."""
    result = process("desk", "--folder", str(running.folder), "--port", "0", "--no-browser")
    assert result.returncode == 2
    assert f"it answers at {running.origin} (process {running.process.pid})" in one_line(result)


def test_a_second_desk_on_the_same_archive_is_refused(running: Running, process: Run, tmp_path: Path) -> None:
    """With a folder of its own it would not know what the first one is asked for at the same moment."""
    own = ("--archive", str(running.folder / "archive"), "--archive-key", str(running.folder / "archive.key"))
    result = process("desk", "--folder", str(tmp_path / "other"), *own, "--port", "0", "--no-browser")
    assert result.returncode == 2
    holder = f" (process {running.process.pid})" if sys.platform == "linux" else ""
    assert f"another desk{holder} works with the archive {running.folder / 'archive'}; end that" in one_line(result)


def test_a_new_link_signs_in(running: Running, process: Run) -> None:
    """`desk link` on the same computer prints an address that works once."""
    result = process("desk", "--folder", str(running.folder), "link")
    address = result.stdout.decode().strip()
    assert address.startswith(f"{running.origin}/?token=")
    path = address.removeprefix(running.origin)
    before = running.cookie
    running.cookie = ""
    assert running.send("GET", path)[0] == 303
    running.cookie = ""
    assert running.send("GET", path)[0] == 403
    running.cookie = before


def test_ctrl_c_ends_it_and_nothing_is_left(running: Running) -> None:
    """Every process ends, the sockets are removed, and the next desk finds everything."""
    children = running.find_children()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(PATIENCE) == 0, running.errors.read_text()
    running.wait_for_end(*children.values())
    assert "Traceback" not in running.errors.read_text()
    assert (running.folder / "desk.lock").read_text() == ""


def test_ctrl_c_ends_a_desk_that_has_not_begun(environment: dict[str, str], tmp_path: Path) -> None:
    """While its archive is read, which takes long for a large one or a slow store: this store never answers."""
    with socket.create_server(("127.0.0.1", 0)) as store:
        command = [sys.executable, "-m", "mailmart_privacy", "desk", "--folder", str(tmp_path / "desk"), "--port", "0"]
        place = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{store.getsockname()[1]}", "AWS_DEFAULT_REGION": "us-east-1"}
        process = subprocess.Popen(
            [*command, "--no-browser", "--archive", "s3://kept/archive", "--archive-key", str(tmp_path / "key")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment | place | {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
        )
        store.settimeout(PATIENCE)
        connection, _ = store.accept()
        with connection:
            children = [each.pid for each in psutil.Process(process.pid).children()]
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output, errors) == (0, b"", b"")
    assert len(children) == 3
    assert not any(is_alive(pid) for pid in children)


def test_no_process_outlives_a_launcher_that_is_killed(environment: dict[str, str], tmp_path: Path) -> None:
    """SIGKILL of the launcher ends the others; what was issued is on record at the next start."""
    again = Running(environment, tmp_path / "desk")
    place = again.issue("Last GmbH")
    children = again.find_children()
    again.close()
    again.wait_for_end(*children.values())
    last = Running(environment, tmp_path / "desk")
    try:
        assert last.send("GET", place)[0] == 200
        assert last.send("GET", "/customers?q=last")[2].count("Last GmbH") == 1
    finally:
        last.process.send_signal(signal.SIGTERM)
        assert last.process.wait(PATIENCE) == 0
        last.close()


def test_it_says_what_is_wrong_in_one_line(process: Run, tmp_path: Path) -> None:
    """An archive without its key, and a port that is taken."""
    result = process("archive", "init", "kept")
    assert result.returncode == 0
    result = process(
        "desk", "--folder", "d", "--archive", "kept", "--archive-key", "none", "--no-browser", "--port", "0"
    )
    assert result.returncode == 1
    first, second = result.stderr.decode().splitlines()
    assert first.startswith("desk: the key of this archive is not here")
    assert second.endswith("its process keeper ended")


def test_windows_is_refused_in_one_line(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """There people use the team's desk in a browser."""
    monkeypatch.setattr("mailmart_privacy.cli.desk.group.sys", types.SimpleNamespace(platform="win32"))
    line = one_line(cli("desk"))
    assert "on Windows, open the address of your team's desk in a browser" in line
