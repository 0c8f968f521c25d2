"""Commands that keep something, and what must hold after any moment of each; see `power.py`."""

import json
import math
import os
import random
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from unittest import mock

from mailmart_privacy.archive.acts import finish_erasures
from mailmart_privacy.archive.entries import LogEntry
from mailmart_privacy.archive.register import read_register
from tests.command_line import run_in_process

from .locked import locked
from .places import (
    Place,
    clock,
    fake_copies,
    make_place,
    make_worn_place,
    require_acknowledged,
    require_sound,
    require_survived,
)
from .power import Disk

COPIES = 4
_STATE = "MAILMART_PRIVACY_STATE_DIR"
_PROGRAM = [sys.executable, "-m", "mailmart_privacy"]
_ARCHIVE = ("-a", "archive", "--archive-key", "keys/key.json")

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
    """An archive is made, and its key; if there is an archive, there is its key, and both can be used."""
    path.mkdir()
    command = ["archive", "init", "new/archive", "--archive-key", "new/keys/key.json"]

    def require(after: Path, said: str) -> None:
        place = Place(after / "new")
        if not (place.root / "archive.json").exists():
            assert not said
            return
        if not (place.root / "log" / "checkpoint").exists():
            assert not said
            run = run_in_process(tuple(command), cwd=after, env=_environment(after))
            assert run.returncode == 0, run.stderr.decode()
        require_survived(place, [], random.Random(1))

    return Disk(path, [*_PROGRAM, *command], _environment(path)), require


def issue(path: Path) -> tuple[Disk, Require]:
    """A batch is issued by an identity that is made for it; it can be continued, and nothing is issued twice."""
    path.mkdir()
    rows = "".join(f"Acme {number},C-{number}\n" for number in range(COPIES))
    (path / "sheet.csv").write_text(f"Company,Contract\n{rows}")
    command = ["export", "--recipients", "sheet.csv", "-d", "copies/today", "--jobs", "1"]

    def require(after: Path, said: str) -> None:
        folder = after / "copies" / "today"
        before = listed(folder)
        assert not said or len(before) == COPIES
        begun = ["--resume"] if (folder / "manifest.batch.json").exists() else []
        run = run_in_process((*command, "--verify", "all", *begun), cwd=after, env=_environment(after))
        assert run.returncode == 0, run.stderr.decode()
        files = listed(folder)
        assert files[: len(before)] == before
        assert sorted(files) == sorted(each.name for each in folder.glob("*.pdf"))
        assert len(files) == COPIES
        assert not list(folder.glob(".*.tmp"))

    return Disk(path, [*_PROGRAM, *command], _environment(path)), require


def listed(folder: Path) -> list[str]:
    """Read the names of the copies that a batch lists, each of which is there and has its digest."""
    manifest = folder / "manifest.jsonl"
    lines = manifest.read_bytes().splitlines(keepends=True) if manifest.exists() else []
    found = [json.loads(line) for line in lines if line.endswith(b"\n")]
    for each in found:
        assert sha256((folder / each["file"]).read_bytes()).hexdigest() == each["digest"], each["file"]
    return [each["file"] for each in found]


def issue_archived(path: Path) -> tuple[Disk, Require]:
    """A batch goes to an archive and into a folder; no copy is there without its entry, and none is archived twice."""
    place = make_place(path)
    rows = "".join(f"Acme {number},C-{number}\n" for number in range(COPIES))
    (path / "sheet.csv").write_text(f"Company,Contract\n{rows}")
    command = ["export", "--recipients", "sheet.csv", "-d", "today", "--jobs", "1", *_ARCHIVE]
    environment = _prepare(path.with_name("issuing"))

    def require(after: Path, said: str) -> None:
        place, folder = Place(after), after / "today"
        require_sound(place)
        before = listed(folder)
        assert not said or len(before) == COPIES
        logged = _digests(place)
        assert {sha256(each.read_bytes()).hexdigest() for each in folder.glob("*.pdf")} <= set(logged)
        begun = ["--resume"] if (folder / "manifest.batch.json").exists() else []
        run = run_in_process((*command, *begun), cwd=after, env=environment)
        assert run.returncode == 0, run.stderr.decode()
        files = listed(folder)
        assert files[: len(before)] == before
        assert sorted(sha256((folder / each).read_bytes()).hexdigest() for each in files) == sorted(_digests(place))
        assert len(files) == COPIES
        require_survived(place, [], random.Random(1))

    return Disk(place.path, [*_PROGRAM, *command], environment), require


def _digests(place: Place) -> list[str]:
    return [each.entry.files[0].digest for each in _copies(place)]


def _copies(place: Place) -> list[LogEntry]:
    return [each for each in place.archive().entries() if each.entry.kind == "customer-copy"]


def deliver(path: Path) -> tuple[Disk, Require]:
    """A copy is archived before it is given out: there is none without its entry, and the next run withdraws a copy
    whose file never got its name."""
    place = make_place(path)
    command = ["export", "--to", "Acme", "-a", "archive", "--archive-key", "keys/key.json", "-o"]
    environment = _prepare(path.with_name("delivering"))

    def require(after: Path, said: str) -> None:
        place, out = Place(after), after / "out.pdf"
        assert out.exists() or not said
        require_sound(place)
        # What the disk holds was written again by this test, so that it seems to be put there after it was archived.
        with mock.patch("mailmart_privacy.archive.abandoned._ROUNDED", math.inf):
            run = run_in_process((*command, "second.pdf"), cwd=after, env=environment)
        assert run.returncode == 0, run.stderr.decode()
        given = {sha256(each.read_bytes()).hexdigest() for each in after.glob("*.pdf")}
        logged = {each.number: each.entry.files[0].digest for each in _copies(place)}
        assert given <= set(logged.values())
        withdrawn = set(read_register(place.archive()).withdrawn)
        assert withdrawn == {number for number, digest in logged.items() if digest not in given}
        require_survived(place, list(logged.items()), random.Random(1))

    return Disk(place.path, [*_PROGRAM, *command, "out.pdf"], environment), require


def erase(path: Path) -> tuple[Disk, Require]:
    """A recipient is erased; once that is said, nothing of them is left, and before, it can be asked for again."""
    place, chance = make_place(path), random.Random(7)
    gone = place.add([replace(copy, recipient="Gone") for copy in fake_copies(chance, 3)])
    kept = place.add(fake_copies(chance, 3))
    command = ["archive", "erase", "Gone", "--yes", *_ARCHIVE]

    def require(after: Path, said: str) -> None:
        place = Place(after)
        if not said:
            environment = _environment(after.with_name("again"))
            shutil.rmtree(environment[_STATE], ignore_errors=True)
            run = run_in_process(tuple(command), cwd=after, env=environment)
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
    command = ["archive", "hold", "Held", "--matter", "26-114", *_ARCHIVE]

    def require(after: Path, said: str) -> None:
        place = Place(after)
        require_survived(place, kept, random.Random(1))
        stands = bool(read_register(place.archive()).holds)
        assert stands or not said
        if stands:
            environment = _environment(after.with_name("again"))
            run = run_in_process(("archive", "erase", "Held", "--yes", *_ARCHIVE), cwd=after, env=environment)
            assert run.returncode == 1, run.stderr.decode()
            require_survived(place, kept, random.Random(2))

    return Disk(place.path, [*_PROGRAM, *command], _environment(path.with_name("holding"))), require


def withdraw(path: Path) -> tuple[Disk, Require]:
    """A copy is withdrawn; once that is said, it is in the log, and the copy stays."""
    place, chance = make_place(path), random.Random(7)
    kept = place.add(fake_copies(chance, 2))
    command = ["archive", "withdraw", kept[0][1], "--reason", "wrong company", *_ARCHIVE]

    def require(after: Path, said: str) -> None:
        place = Place(after)
        require_survived(place, kept, random.Random(1))
        withdrawn = read_register(place.archive()).withdrawn
        assert set(withdrawn) <= {kept[0][0]}
        assert withdrawn or not said

    return Disk(place.path, [*_PROGRAM, *command], _environment(path.with_name("withdrawing"))), require


def wait(path: Path) -> tuple[Disk, Require]:
    """An erasure waits, since the store locks a copy; it can be asked for again, and is done when the lock ends."""
    place, chance = make_place(path), random.Random(7)
    gone = place.add([replace(copy, recipient="Gone") for copy in fake_copies(chance, 2)])
    kept = place.add(fake_copies(chance, 2))
    command = ["archive", "erase", "Gone", "--yes", *_ARCHIVE]

    def require(after: Path, said: str) -> None:
        place = Place(after)
        require_survived(place, [*kept, *gone], random.Random(1))
        assert read_register(place.archive()).waiting or not said
        if not said:
            environment = _environment(after.with_name("again"))
            with locked():
                run = run_in_process(tuple(command), cwd=after, env=environment)
            assert run.returncode in (0, 2), run.stderr.decode()  # 2: it was logged, and the name is free already
        require_survived(place, [*kept, *gone], random.Random(2))
        archive = place.archive()
        keyring = place.keyring(archive)
        with archive.writing(keyring, clock) as session:
            done, missed = finish_erasures(session, keyring.names_key, clock=clock)
        assert (len(done), missed) == (1, [])
        require_survived(place, kept, random.Random(3))
        left = {each.stem for each in place.root.glob("copies/*/*/*.pdf")}
        assert left.isdisjoint(digest for _, digest in gone)
        assert not read_register(place.archive()).waiting

    program = [sys.executable, "-m", "faults.locked", *command]
    environment = _environment(path.with_name("waiting")) | {"PYTHONPATH": str(Path(__file__).parents[1])}
    return Disk(place.path, program, environment), require


def rotate(path: Path) -> tuple[Disk, Require]:
    """The key of the log is replaced; both keys are never lost, and a second run finishes what the first one began."""
    place, chance = make_place(path), random.Random(7)
    kept = place.add(fake_copies(chance, 2))
    command = ["archive", "key", "rotate", "--yes", *_ARCHIVE]

    def require(after: Path, said: str) -> None:
        place = Place(after)
        require_sound(place)
        require_acknowledged(place, kept)
        newest = place.archive().keys.newest
        if said:
            assert str(newest) in said
        else:
            run = run_in_process(tuple(command), cwd=after, env=_environment(after.with_name("again")))
            assert run.returncode == 0, run.stderr.decode()
        assert 1 <= len(place.archive().keys.rotations) <= 2
        require_survived(place, kept, random.Random(1))

    return Disk(place.path, [*_PROGRAM, *command], _environment(path.with_name("rotating"))), require


CASES = {
    case.__name__: case for case in (add, create, issue, issue_archived, deliver, erase, wait, hold, withdraw, rotate)
}


def _environment(path: Path) -> dict[str, str]:
    return {**os.environ, _STATE: str(path / "state")}


def _prepare(path: Path) -> dict[str, str]:
    """Make an identity and the form that it certifies, and give the environment that names them."""
    environment = _environment(path)
    path.mkdir()
    run = run_in_process(("export", "--to", "Acme", "-o", "-"), cwd=path, env=environment)
    assert run.returncode == 0, run.stderr.decode()
    return environment
