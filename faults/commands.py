"""Commands that keep something, and what must hold after any moment of each; see `power.py`."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from mailmart_privacy.archive.register import read_register

from .places import Place, fake_copies, make_place, make_worn_place, require_survived
from .power import Disk

COPIES = 4
_STATE = "MAILMART_PRIVACY_STATE_DIR"
_PROGRAM = [sys.executable, "-m", "mailmart_privacy"]

Require = Callable[[Path, str], None]


def add(path: Path) -> tuple[Disk, Require]:
    """A writer adds to an archive in which others were stopped; what it has acknowledged is there."""
    place, kept = make_worn_place(path, random.Random(7))
    writer = [sys.executable, "-m", "faults.writer", str(path), "1", "2", "2"]

    def require(after: Path, said: str) -> None:
        acknowledged = [(int(number), digest) for number, digest in re.findall(r"(\d+) ([0-9a-f]{64})\n", said)]
        require_survived(Place(after), [*kept, *acknowledged], random.Random(1))

    return Disk(place.path, writer, {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}), require


def create(path: Path) -> tuple[Disk, Require]:
    """An archive is made, and its key; where there is an archive, there is its key, and both can be gone on with."""
    path.mkdir()
    command = ["archive", "init", "new/archive", "--archive-key", "new/keys/key.json"]

    def require(after: Path, said: str) -> None:
        place = Place(after / "new")
        if not (place.root / "archive.json").exists():
            assert not said
            return
        if not (place.root / "log" / "checkpoint").exists():
            assert not said
            subprocess.run([*_PROGRAM, *command], cwd=after, env=_environment(after), capture_output=True, check=True)
        require_survived(place, [], random.Random(1))

    return Disk(path, [*_PROGRAM, *command], _environment(path)), require


def issue(path: Path) -> tuple[Disk, Require]:
    """A batch is issued by an identity that is made for it; it can be gone on with, and nothing is issued twice."""
    path.mkdir()
    rows = "".join(f"Acme {number},C-{number}\n" for number in range(COPIES))
    (path / "sheet.csv").write_text(f"Company,Contract\n{rows}")
    command = ["export", "--recipients", "sheet.csv", "-d", "copies/today", "--jobs", "1"]

    def listed(folder: Path) -> list[str]:
        manifest = folder / "manifest.jsonl"
        lines = manifest.read_bytes().splitlines(keepends=True) if manifest.exists() else []
        found = [json.loads(line) for line in lines if line.endswith(b"\n")]
        for each in found:
            assert sha256((folder / each["file"]).read_bytes()).hexdigest() == each["digest"], each["file"]
        return [each["file"] for each in found]

    def require(after: Path, said: str) -> None:
        folder = after / "copies" / "today"
        before = listed(folder)
        assert not said or len(before) == COPIES
        begun = ["--resume"] if (folder / "manifest.batch.json").exists() else []
        again = [*_PROGRAM, *command, "--verify", "all", *begun]
        run = subprocess.run(again, cwd=after, env=_environment(after), capture_output=True, check=False)
        assert run.returncode == 0, run.stderr.decode()
        files = listed(folder)
        assert files[: len(before)] == before
        assert sorted(files) == sorted(each.name for each in folder.glob("*.pdf"))
        assert len(files) == COPIES
        assert not list(folder.glob(".*.tmp"))

    return Disk(path, [*_PROGRAM, *command], _environment(path)), require


def deliver(path: Path) -> tuple[Disk, Require]:
    """A copy is archived before it is given out: there is none without its entry."""
    place = make_place(path)
    command = ["export", "--to", "Acme", "-o", "out.pdf", "-a", "archive", "--archive-key", "keys/key.json"]
    environment = _environment(path.with_name("delivering"))
    first = [*_PROGRAM, "export", "--to", "Acme", "-o", "-"]  # makes identity and certified form
    subprocess.run(first, env=environment, capture_output=True, check=True)

    def require(after: Path, said: str) -> None:
        out = after / "out.pdf"
        assert out.exists() or not said
        if out.exists():
            digest = sha256(out.read_bytes()).hexdigest()
            numbers = [each.number for each in Place(after).archive().entries() if each.entry.files[0].digest == digest]
            require_survived(Place(after), [(number, digest) for number in numbers], random.Random(1))
            assert numbers
        else:
            require_survived(Place(after), [], random.Random(1))

    return Disk(place.path, [*_PROGRAM, *command], environment), require


def erase(path: Path) -> tuple[Disk, Require]:
    """A recipient is erased; once that is said, nothing of them is left, and before, it can be asked for again."""
    place, chance = make_place(path), random.Random(7)
    gone = place.add([replace(copy, recipient="Gone") for copy in fake_copies(chance, 3)])
    kept = place.add(fake_copies(chance, 3))
    command = ["archive", "erase", "Gone", "--yes", "-a", "archive", "--archive-key", "keys/key.json"]

    def require(after: Path, said: str) -> None:
        place = Place(after)
        if not said:
            environment = _environment(after.with_name("again"))
            shutil.rmtree(environment[_STATE], ignore_errors=True)
            run = subprocess.run([*_PROGRAM, *command], cwd=after, env=environment, capture_output=True, check=False)
            assert run.returncode in (0, 2), run.stderr.decode()  # 2: it was done to its end
        require_survived(place, kept, random.Random(1))
        left = {each.stem for each in place.root.glob("copies/*/*/*.pdf")}
        assert left.isdisjoint(digest for _, digest in gone)
        archive = place.archive()
        assert archive.find_recipient(place.keyring(archive).names_key, "Gone") is None

    return Disk(place.path, [*_PROGRAM, *command], _environment(path.with_name("erasing"))), require


def hold(path: Path) -> tuple[Disk, Require]:
    """A hold is placed on a customer; once that is said, it stands, and nobody can erase the customer."""
    place, chance = make_place(path), random.Random(7)
    kept = place.add([replace(copy, recipient="Held") for copy in fake_copies(chance, 2)])
    options = ["-a", "archive", "--archive-key", "keys/key.json"]
    command = ["archive", "hold", "Held", "--matter", "26-114", *options]

    def require(after: Path, said: str) -> None:
        place = Place(after)
        require_survived(place, kept, random.Random(1))
        stands = bool(read_register(place.archive()).holds)
        assert stands or not said
        if stands:
            environment = _environment(after.with_name("again"))
            erase = [*_PROGRAM, "archive", "erase", "Held", "--yes", *options]
            run = subprocess.run(erase, cwd=after, env=environment, capture_output=True, check=False)
            assert run.returncode == 1, run.stderr.decode()
            require_survived(place, kept, random.Random(2))

    return Disk(place.path, [*_PROGRAM, *command], _environment(path.with_name("holding"))), require


CASES = {case.__name__: case for case in (add, create, issue, deliver, erase, hold)}


def _environment(path: Path) -> dict[str, str]:
    return {**os.environ, _STATE: str(path / "state")}
