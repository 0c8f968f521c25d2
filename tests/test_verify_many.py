"""Many files in one command: constant memory, the same answer by one process and by several, no blocking files."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mailmart_privacy.copies.certified import CertifiedForm
from mailmart_privacy.keys.identity import Identity, dump_certificate

from .conftest import NOW, PATIENCE
from .issuing import issue_copy

COUNT, DISTINCT = 2_000, 40
MEBIBYTES = 64  # of the process as a whole; with 4 MiB a file it was 8 GiB


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, certified: CertifiedForm, identity: Identity) -> Path:
    """A folder of genuine copies; some are the same file under several names."""
    place = tmp_path_factory.mktemp("many")
    (place / "own.pem").write_bytes(dump_certificate(identity))
    (place / "copies").mkdir()
    for number in range(COUNT):
        path = place / "copies" / f"{number:05}.pdf"
        if number < DISTINCT:
            to = f"Customer {number} Ltd"
            path.write_bytes(issue_copy(certified, recipient=to, reference="C-1", issued_at=NOW, identity=identity))
        else:
            os.link(place / "copies" / f"{number % DISTINCT:05}.pdf", path)
    return place


def run(
    folder: Path, *arguments: str, environment: dict[str, str]
) -> "tuple[subprocess.CompletedProcess[bytes], float]":
    """Run `verify` as a process, and measure the most memory that a child of this one ever took, in MiB."""
    command = [sys.executable, "-m", "mailmart_privacy", "verify", "--trust", "own.pem", *arguments]
    code = f"import resource, subprocess, sys\nr = subprocess.run({command!r})\n"
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\nsys.exit(r.returncode)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, check=False, timeout=PATIENCE
    )
    *_, peak = result.stderr.split()
    return result, int(peak) / 1024


def test_two_thousand_genuine_copies(folder: Path, environment: dict[str, str]) -> None:
    """Each of them is genuine, and memory does not grow with their number."""
    result, peak = run(folder, "copies", environment=environment)
    assert result.returncode == 0, result.stderr[-500:]
    assert result.stdout.count(b": genuine: ") == COUNT
    assert peak < MEBIBYTES


def test_several_processes_say_the_same(folder: Path, environment: dict[str, str]) -> None:
    """By two processes, as one JSON document, in the order of the files; the exit code is the highest."""
    changed = folder / "copies" / "00007.pdf"
    kept = changed.read_bytes()
    place = len(kept) - 300
    changed.unlink()
    changed.write_bytes(kept[:place] + b"?" + kept[place + 1 :])
    try:
        answers = [run(folder, "copies", "--json", "--jobs", jobs, environment=environment)[0] for jobs in ("1", "2")]
    finally:
        changed.unlink()
        changed.write_bytes(kept)
    assert [answer.returncode for answer in answers] == [4, 4]
    assert answers[0].stdout == answers[1].stdout
    files = json.loads(answers[0].stdout)["files"]
    assert [Path(each["file"]).name for each in files] == [f"{number:05}.pdf" for number in range(COUNT)]
    assert [each["exit_code"] for each in files].count(0) == COUNT - 1
    assert files[7]["exit_code"] == 4


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path, folder: Path, environment: dict[str, str]) -> None:
    """In a folder, only regular files are checked; an empty folder is not an error."""
    (tmp_path / "copies").mkdir()
    os.mkfifo(tmp_path / "copies" / "a.pdf")
    os.symlink("/dev/zero", tmp_path / "copies" / "b.pdf")
    os.link(folder / "copies" / "00001.pdf", tmp_path / "copies" / "c.pdf")
    (tmp_path / "own.pem").write_bytes((folder / "own.pem").read_bytes())
    result, _ = run(tmp_path, "copies", environment=environment)
    assert (result.returncode, result.stdout.count(b": genuine: ")) == (0, 1)


def test_a_device_is_given_up(folder: Path, environment: dict[str, str]) -> None:
    """At most as many bytes are read from a device as a copy may have."""
    result, peak = run(folder, "/dev/zero", environment=environment)
    assert result.returncode == 5
    assert b"larger files are not read" in result.stderr
    assert peak < MEBIBYTES + 32


def start(folder: Path, environment: dict[str, str]) -> "tuple[subprocess.Popen[bytes], list[int], list[int]]":
    """Start checking by two processes, and wait for the first verdict; also gives all children, and the workers."""
    command = [sys.executable, "-m", "mailmart_privacy", "verify", "--trust", "own.pem", "--jobs", "2", "copies"]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # the first line alone is taken
        start_new_session=True,
    )
    assert process.stdout is not None
    assert b": genuine: " in process.stdout.readline()
    children = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    workers = [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(workers) == 2
    return process, children, workers


def is_gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
@pytest.mark.parametrize(
    ("target", "number", "code", "words"),
    [
        ("group", signal.SIGINT, 130, ["mailmart-privacy: interrupted"]),
        ("command", signal.SIGINT, 130, ["mailmart-privacy: interrupted"]),
        ("worker", signal.SIGINT, 0, []),
        ("worker", signal.SIGKILL, 1, ["mailmart-privacy: a worker process was killed; the machine may be short of "]),
        ("command", signal.SIGKILL, -signal.SIGKILL, []),
    ],
    ids=["Ctrl-C", "interrupt", "worker interrupted", "worker killed", "killed"],
)
def test_several_processes_end_together(
    folder: Path, environment: dict[str, str], target: str, number: int, code: int, words: list[str]
) -> None:
    """Interrupted or killed, the command says so in one line, and leaves no process behind; a worker ignores Ctrl-C."""
    process, children, workers = start(folder, environment)
    victim = {"group": -process.pid, "command": process.pid, "worker": workers[0]}[target]
    os.kill(victim, number)
    out, error = process.communicate(timeout=PATIENCE)
    # Click ends the line in which a terminal shows ^C; Python's own tracker of semaphores notices that nobody is left.
    lines = [line for line in error.decode().splitlines() if line and "resource_tracker" not in line]
    assert (process.returncode, len(lines)) == (code, len(words)), lines
    assert all(line.startswith(said) for line, said in zip(lines, words, strict=True))
    assert out.count(b": genuine: ") == COUNT - 1 if code == 0 else out.count(b": genuine: ") < COUNT - 1
    end = time.monotonic() + PATIENCE
    while not all(map(is_gone, children)):
        assert time.monotonic() < end, "a worker goes on"
        time.sleep(0.02)
