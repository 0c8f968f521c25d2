"""The process that reads files of strangers: it has no network, no key, little time, and no file takes it with it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from mailmart_privacy._clock import now
from mailmart_privacy.desk.checker.calls import AskShelter, JudgePdf
from mailmart_privacy.desk.codec import encode
from mailmart_privacy.desk.connections import Connection
from mailmart_privacy.desk.messages import ClosedError, MessageError, RefusedError
from mailmart_privacy.desk.settings import ChildSettings

from .conftest import PATIENCE
from .desk_browser import make_settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the desk runs on Linux and macOS")


ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}


class Checker:
    """The process, as the launcher starts it."""

    def __init__(self, folder: Path, environment: dict[str, str] = ENVIRONMENT, **changes: str) -> None:
        self.path = str(folder / "checker")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(self.path)
            listener.listen(16)
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mailmart_privacy.desk.checker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=[listener.fileno()],
                env=environment,
            )
            settings = ChildSettings(
                desk=make_settings(folder, **changes), listener=listener.fileno(), sockets=str(folder)
            )
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps(encode(settings, [])).encode() + b"\n")
            self.process.stdin.flush()
            assert self.process.stdout is not None
            assert self.process.stdout.readline() == b"ready\n"

    def judge(self, content: bytes) -> str:
        call = JudgePdf(content=content, signers=(), authorities=(), compromised=(), at=now())
        return Connection(self.path, patience=60).ask(call).verdict

    def send(self, content: bytes) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(self.path)
        connection.sendall(content)
        return connection

    def find_workers(self) -> list[int]:
        return [child.pid for child in psutil.Process(self.process.pid).children()]

    def hold(self) -> tuple[socket.socket, int]:
        """Send a question that does not end; the connection, and the worker that waits for the rest."""
        while self.find_workers():  # those of earlier questions have answered, and are about to end
            time.sleep(0.02)
        held = self.send(b"\x00\x00\x00\x60")
        while not (workers := self.find_workers()):
            time.sleep(0.02)
        (worker,) = workers
        return held, worker

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        assert self.process.wait(PATIENCE) == 0
        self.process.stdout.close()


def require_closed(held: socket.socket) -> None:
    """Require that the other end of a connection is gone, and close this one."""
    with held, contextlib.suppress(ConnectionResetError):  # the system's word for it if nothing had been read there
        assert held.recv(1) == b""


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checker]:
    """One checker for all tests: whatever one sends, the next one is answered."""
    checker = Checker(tmp_path_factory.mktemp("c"))
    try:
        yield checker
    finally:
        checker.close()


def test_files_are_judged(checker: Checker, copy: bytes, form: bytes) -> None:
    """Each by a process of its own."""
    assert [checker.judge(each) for each in (copy, form, b"nothing", b"")] == [
        *("untrusted", "unsigned", "unreadable", "unreadable"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\xff" * 8,  # lengths that nothing has
        b"\x00\x00\x00\x05\x00\x00\x00\x00nojson",
        b"\x00\x00\x00\x02\x00\x00\x00\x00{}",
        b"\x00\x00\x00\x02\x00\x00\x00\x01[]\xff\xff\xff\xff",
        b"\x00\x00\x00\x60\x00\x00\x00\x00" + b"[" * 96,
        b"",
    ],
)
def test_what_is_not_a_question_does_no_harm(checker: Checker, content: bytes) -> None:
    """Frames with wrong lengths, no JSON, half a question: the next question is answered."""
    checker.send(content).close()
    assert checker.judge(b"nothing") == "unreadable"


def test_a_worker_that_dies_is_reported_and_the_next_file_is_judged(checker: Checker) -> None:
    """As when a file takes more memory than there is, and the system kills its process."""
    held, worker = checker.hold()
    os.kill(worker, signal.SIGKILL)
    require_closed(held)
    assert checker.judge(b"nothing") == "unreadable"


def test_more_files_than_workers_wait(checker: Checker, copy: bytes) -> None:
    """Twelve at once are all answered; four that say nothing do not stop the desk for good."""
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(checker.judge(copy))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["untrusted"] * 12


def test_it_has_no_network(checker: Checker) -> None:
    """If the system lets a process give up its network, it can reach nothing, not even this computer."""
    probe = """
import socket, sys
from mailmart_privacy.desk.checker.shelter import enter_shelter
alone = enter_shelter().no_network
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5).close()
    print(alone, "reached")
except OSError:
    print(alone, "refused")
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-c", probe, str(server.getsockname()[1])]
        words = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert words in (["True", "refused"], ["False", "reached"])
    shelter = Connection(checker.path, patience=60).ask(AskShelter())
    assert shelter.no_network == (words[0] == "True")


def test_it_ends_with_its_workers(tmp_path: Path) -> None:
    """When the launcher ends, so do the checker and a worker that waits for the rest of a question."""
    checker = Checker(tmp_path)
    held, worker = checker.hold()
    checker.close()
    require_closed(held)
    assert not psutil.pid_exists(worker)
    call = JudgePdf(content=b"", signers=(), authorities=(), compromised=(), at=now())
    with pytest.raises((ClosedError, MessageError, RefusedError)):
        Connection(checker.path, patience=5).ask(call)
