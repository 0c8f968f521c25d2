"""Writers that race for one archive and are killed at random moments: python -m faults.racing FOLDER KILLS SEED [URL].

Writers are forked from a process that has loaded all of the package, so that most of their lives
are spent in the archive. Each one notes on a board in shared memory what it is about to do; the killer reads there in
which phase it is, and waits for the rare ones.
"""

import json
import mmap
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from mailmart_privacy.archive.log_writer import LogWriter
from mailmart_privacy.archive.session import Session
from mailmart_privacy.archive.storage.folder import Folder
from mailmart_privacy.archive.storage.folder_writer import FolderWriter
from mailmart_privacy.archive.storage.s3 import Bucket
from mailmart_privacy.archive.storage.s3_writer import S3Writer
from mailmart_privacy.policy.ledger import shipped

from .places import Place, clock, fake_copies, make_place, require_sound, require_survived
from .stores import PlaceInStore, make_place_in_store

WRITERS = 4
_ROUND = 25  # kills on one archive before it is compared with what was acknowledged; in a store, twice as many
_BESIDE = 8  # kills between two audits beside living writers; in a store, twice as many
_SHARED = 40  # copies that any writer may add, so that two add the same

PHASES = ("elsewhere", "recovering", "opening", "staging", "committing", "settling", "publishing", "closing")
_IN_FOLDERS = (
    (Folder, "recover", "recovering"),
    (LogWriter, "__init__", "opening"),
    (FolderWriter, "stage", "staging"),
    (LogWriter, "append", "committing"),
    (FolderWriter, "commit_staged", "settling"),
    (Session, "publish", "publishing"),
    (FolderWriter, "close", "closing"),
)
_IN_STORES = (
    (Bucket, "_clear", "recovering"),
    (LogWriter, "__init__", "opening"),
    (S3Writer, "stage", "staging"),
    (LogWriter, "append", "committing"),
    (S3Writer, "commit_staged", "settling"),
    (Session, "publish", "publishing"),
)
_PATIENCE = 120  # seconds for the last writer to acknowledge something; it ends what hangs
_STORE_PACE = 8  # how much longer all takes in a store


@dataclass(slots=True)
class Tally:
    """The outcome of a race.

    Attributes:
        seed: of all that was random.
        kills: how many writers were killed.
        phases: in which phases they were.
        acknowledged: how many copies were.
        entries: how many entries the logs had in the end.
        audits: how many audits ran beside living writers.
        staged: how many archives had staged files when all writers were dead.
        unpublished: how many had unpublished entries then.
    """

    seed: int
    kills: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    entries: int = 0
    audits: int = 0
    staged: int = 0
    unpublished: int = 0


def race(path: Path, kills: int, seed: int, url: str = "") -> Tally:
    """Let writers race, and kill as many; require all that must be true, during the race and after it.

    Args:
        path: an empty folder.
        kills: how many.
        seed: of all that is random.
        url: where in a store of objects; in folders where it is empty.
    """
    chance, tally = random.Random(seed), Tally(seed)
    while tally.kills < kills:
        name = f"round-{tally.kills}"
        place = make_place_in_store(path / name, f"{url}/{name}") if url else make_place(path / name)
        _Round(place, chance, tally).run(min(_ROUND * (2 if url else 1), kills - tally.kills))
    return tally


def race_apart(path: Path, kills: int, seed: int, url: str = "") -> dict[str, Any]:
    """Race in a process of its own, since what is forked should have no threads.

    Returns:
        The tally, as `Tally` has it.
    """
    run = subprocess.run(
        [sys.executable, "-m", "faults.racing", str(path), str(kills), str(seed), url],
        capture_output=True,
        text=True,
        check=False,
        timeout=600 + 10 * kills,  # for a machine that others use, too; it ends what hangs
        cwd=Path(__file__).parents[1],
    )
    assert run.returncode == 0, f"seed {seed}: {run.stderr}"
    tally: dict[str, Any] = json.loads(run.stdout)
    return tally


class _Round:
    """A race on one archive."""

    def __init__(self, place: Place, chance: random.Random, tally: Tally) -> None:
        self._place, self._chance, self._tally = place, chance, tally
        self._pace, self._beside = (_STORE_PACE, 2 * _BESIDE) if isinstance(place, PlaceInStore) else (1, _BESIDE)
        self._board = mmap.mmap(-1, mmap.PAGESIZE)  # anonymous, and shared with what is forked
        self._living: dict[int, int] = {}
        self._heard = place.path / "acknowledged"
        self._heard.mkdir()

    def run(self, kills: int) -> None:
        """Kill writers, each one replaced by another, and all of them in the end."""
        try:
            for slot in range(WRITERS):
                self._start(slot)
            for count in range(kills):
                slot = self._wait()
                if len(self._living) == 1:
                    self._listen()
                self._kill(slot)
                if count < kills - WRITERS:
                    self._start(slot)
                if count % self._beside == self._beside - 1:
                    require_sound(self._place)
                    self._tally.audits += 1
        finally:
            for slot in list(self._living):
                self._kill(slot)
        self._conclude()

    def _start(self, slot: int) -> None:
        seed = self._chance.getrandbits(64)
        self._board[slot] = 0
        process = os.fork()
        if process == 0:
            _write_on(self._place, self._heard / str(os.getpid()), seed, self._announce(slot))
        self._living[slot] = process

    def _announce(self, slot: int) -> Callable[[int], int]:
        def announce(phase: int) -> int:
            before, self._board[slot] = self._board[slot], phase
            return before

        return announce

    def _wait(self) -> int:
        """Wait for a moment, and say whose end it is."""
        chance = self._chance
        slot = chance.choice(list(self._living))
        kind = chance.random()
        if kind < 0.35:  # soon after a start, when others have just been killed
            self._kill_and_start(slot)
            time.sleep(self._pace * chance.uniform(0, 0.012))
        elif kind < 0.7:  # in a phase that is short
            phase = chance.choice([1, 1, 5, 6, 6, 7])
            until = time.monotonic() + self._pace * 0.3
            while time.monotonic() < until:
                for each in self._living:
                    if self._board[each] == phase:
                        time.sleep(self._pace * chance.choice([0, 0, chance.uniform(0, 0.002)]))
                        return each
        else:
            time.sleep(self._pace * chance.uniform(0, 0.03))
        return slot

    def _kill_and_start(self, slot: int) -> None:
        self._kill(slot)
        self._start(slot)

    def _kill(self, slot: int) -> None:
        process = self._living.pop(slot)
        os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        assert os.WIFSIGNALED(status), f"a writer ended by itself: {(self._heard / f'{process}.error').read_text()}"
        self._tally.kills += 1
        self._tally.phases[PHASES[self._board[slot]]] += 1

    def _listen(self) -> None:
        """Wait until the last writer acknowledges something: those who were killed must not keep it from its work."""
        (process,) = self._living.values()
        heard = self._heard / str(process)
        until = time.monotonic() + _PATIENCE
        while not (heard.exists() and heard.stat().st_size):
            failed = self._heard / f"{process}.error"
            assert not failed.exists(), failed.read_text(encoding="utf-8")
            assert time.monotonic() < until, f"the last writer acknowledged nothing in {_PATIENCE} seconds"
            time.sleep(0.005)

    def _conclude(self) -> None:
        """Require that the archive has all that any writer acknowledged."""
        acknowledged: list[tuple[int, str]] = []
        for path in self._heard.iterdir():
            for line in path.read_text(encoding="ascii").splitlines():
                number, digest = line.split()
                acknowledged.append((int(number), digest))
        self._place.rest()
        numbers = [number for number, _ in acknowledged]
        assert len(set(numbers)) == len(numbers), "a number was acknowledged twice"
        report = require_survived(self._place, acknowledged, self._chance)
        assert report.entries >= len(acknowledged)
        self._tally.acknowledged += len(acknowledged)
        self._tally.entries += report.entries
        self._tally.staged += bool(report.staged)
        self._tally.unpublished += bool(report.unpublished)


def _write_on(place: Place, heard: Path, seed: int, announce: Callable[[int], int]) -> None:
    """Be a writer, until the end."""
    chance, parent, ledger = random.Random(seed), os.getppid(), shipped()
    steps: tuple[tuple[Any, str, str], ...] = _IN_STORES if isinstance(place, PlaceInStore) else _IN_FOLDERS
    for number, (owner, name, phase) in enumerate(steps, 1):
        assert PHASES[number] == phase
        setattr(owner, name, _announced(getattr(owner, name), number, announce))
    try:
        file = os.open(heard, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        while os.getppid() == parent:
            archive = place.archive()
            with place.passing(), archive.writing(place.keyring(archive), clock) as session:
                for _ in range(chance.randint(1, 4)):
                    copies = fake_copies(chance, chance.randint(1, 4), recipients=20)
                    if chance.random() < 0.3:
                        copies += fake_copies(random.Random(chance.randrange(_SHARED)), 1, size=20_000)
                    for numbered in session.add_copies(copies, ledger):
                        os.write(file, f"{numbered.number} {numbered.entry.files[0].digest}\n".encode())
    except BaseException:  # noqa: BLE001 - whatever it is, the one who waits for this process is to read it
        Path(f"{heard}.error").write_text(traceback.format_exc(), encoding="utf-8")
    os._exit(1)


def _announced(function: Callable[..., Any], phase: int, announce: Callable[[int], int]) -> Callable[..., Any]:
    def announced(*arguments: Any, **named: Any) -> Any:
        before = announce(phase)
        if before == 1:  # what recovery calls is recovery
            announce(before)
        try:
            return function(*arguments, **named)
        finally:
            announce(before)

    return announced


def main(folder: str, kills: str, seed: str, url: str = "") -> int:
    """Race, and print the tally as JSON."""
    tally = race(Path(folder), int(kills), int(seed), url)
    print(json.dumps({name.name: getattr(tally, name.name) for name in fields(tally)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
