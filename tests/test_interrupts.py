"""Batches that are killed at any moment, and continued: nothing is lost, doubled or half-written."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from mailmart_privacy._time import parse_moment
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.verifying.verify import verify

from .conftest import PATIENCE, Run, state

KILLS = int(os.environ.get("MAILMART_PRIVACY_KILLS", "32"))  # `make long` kills some hundred times
GROUPS = 8
ROWS = 120


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(GROUPS))
def test_a_killed_batch_goes_on(cli: Run, tmp_path: Path, environment: dict[str, str], seed: int) -> None:
    """Killed again and again, a batch ends with each copy once: every file whole at all times, and never another."""
    assert cli("export", "--to", "Acme", "-o", "first.pdf").returncode == 0  # the identity and the certified form
    chance = random.Random(seed)
    kills = 0
    while kills < KILLS // GROUPS:
        folder = tmp_path / f"batch-{kills}"
        kills += _run_batch(folder, tmp_path, environment, chance, at_most=KILLS // GROUPS - kills)


def _run_batch(folder: Path, place: Path, environment: dict[str, str], chance: random.Random, *, at_most: int) -> int:
    """Run one batch to its end, with as many kills as it takes."""
    sheet = place / "recipients.csv"
    sheet.write_text("name,reference\n" + "".join(f"Acme {n} GmbH,C-{n}\n" for n in range(ROWS)), encoding="utf-8")
    seen: dict[str, str] = {}
    kills = 0
    while kills < at_most:
        jobs = chance.choice(("1", "1", "2"))
        process = _start(folder, sheet, environment, "--jobs", jobs)
        _wait_for(process, folder / "manifest.jsonl", chance)
        whole_group = chance.random() < 0.5
        if process.poll() is None:
            (os.killpg if whole_group else os.kill)(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
        _require_whole(folder, seen)
        if process.returncode == 0:
            break
    assert _start(folder, sheet, environment).wait(PATIENCE) == 0
    _require_whole(folder, seen)
    _require_complete(folder, environment)
    return max(kills, 1)


def _start(folder: Path, sheet: Path, environment: dict[str, str], *more: str) -> subprocess.Popen[bytes]:
    command = ["export", "--recipients", str(sheet), "-d", str(folder), "--resume", "--verify", "none", *more]
    return subprocess.Popen(
        [sys.executable, "-m", "mailmart_privacy", *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _wait_for(process: subprocess.Popen[bytes], manifest: Path, chance: random.Random) -> None:
    """Wait for a random moment: mostly while copies are written, sometimes before."""
    if chance.random() < 0.15:
        time.sleep(chance.uniform(0, 0.5))
        return
    length = manifest.stat().st_size if manifest.exists() else -1
    while process.poll() is None and (manifest.stat().st_size if manifest.exists() else -1) == length:
        time.sleep(0.0005)
    time.sleep(chance.uniform(0, 0.08))


def _require_whole(folder: Path, seen: dict[str, str]) -> None:
    """Require that no file changes after it was first seen, and that every line has its file."""
    for path in folder.glob("*.pdf"):
        digest = sha256(path.read_bytes()).hexdigest()
        assert seen.setdefault(path.name, digest) == digest, "the copy was issued twice"
        assert path.read_bytes().endswith(b"%%EOF\n"), "the copy is half-written"
    for line in _lines(folder):
        assert seen[line["file"]] == line["digest"], "the line is not that of its file"


def _lines(folder: Path) -> Iterator[dict[str, str]]:
    manifest = folder / "manifest.jsonl"
    for line in manifest.read_bytes().splitlines(keepends=True) if manifest.exists() else ():
        if line.endswith(b"\n"):  # the last one may be torn
            yield json.loads(line)


def _require_complete(folder: Path, environment: dict[str, str]) -> None:
    lines = list(_lines(folder))
    assert sorted(line["reference"] for line in lines) == sorted(f"C-{n}" for n in range(ROWS))
    assert {path.name for path in folder.glob("*.pdf")} == {line["file"] for line in lines}
    left = {path.name for path in folder.iterdir()} - {line["file"] for line in lines}
    assert left <= {"manifest.jsonl", "manifest.batch.json", ".manifest.jsonl.lock", "issued.xlsx"}
    own = (state(environment) / "identity.pem").read_bytes()
    from mailmart_privacy.keys.key_files import load_identity

    for line in random.sample(lines, 2):
        verdict = verify(
            (folder / line["file"]).read_bytes(),
            trust=(load_identity(own).certificate,),
            at=parse_moment(line["issued_at"]),
            ledger=shipped(),
        )
        assert verdict.reference == line["reference"]
