"""Many files in one command: constant memory, the same answer by one process and by several, no blocking files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailmart_privacy.copies.certified import CertifiedForm
from mailmart_privacy.keys.identity import Identity, dump_certificate

from .conftest import NOW
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
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, check=False, timeout=300
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
