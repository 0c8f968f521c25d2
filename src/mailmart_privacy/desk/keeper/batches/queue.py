"""The batches that wait, one after the other; each is issued by a process of its own, so that searches stay quick."""

import contextlib
import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ....errors import PrivacyError
from ...codec import encode
from ...lines import write_line
from ...settings import DeskSettings
from .folder import OPEN, BatchFolder, find_folder, read_folders, remove_old, remove_strays

if TYPE_CHECKING:
    from ..desk import Desk

_PAUSE = 1.0  # seconds before a batch whose process was killed is continued
_DAY = 86_400.0
_PATIENCE = 60.0  # seconds that a batch may take to stop
_BEAT = 30.0  # seconds after which the queue shows that it works, where nothing is to be done
_ELSEWHERE = 5.0  # seconds after which it looks for batches that other desks were given, or have left
TAKEN = 4  # exit status of a process whose batch another process works on


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchOrderSettings:
    """What the process of a batch reads from its standard input: the desk's settings, the checker, the folder."""

    desk: DeskSettings
    checker: str
    folder: str


class BatchQueue:
    """Runs batches.

    Args:
        desk: whose.
        checker: the path of the checker's socket.
    """

    def __init__(self, desk: "Desk", checker: str) -> None:
        self._desk, self._checker = desk, checker
        self._thread: threading.Thread | None = None
        self._woken, self._lock = threading.Event(), threading.Lock()
        self._running: tuple[str, subprocess.Popen[bytes]] | None = None
        self._beat, self._cleaned, self._ending = 0.0, 0.0, False

    def begin(self) -> None:
        """Continue what a process that was killed has left, and wait for more."""
        self._beat = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="batches", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look for batches that wait."""
        self._woken.set()

    @property
    def age(self) -> float:
        """How many seconds ago the queue has shown that it works; 0 where it was not begun."""
        return time.monotonic() - self._beat if self._beat else 0

    def stop(self, folder: BatchFolder) -> None:
        """Stop a batch: it does not begin, or ends after the copies that are under way."""
        with self._lock:
            batch = folder.read()  # it may have ended a moment ago
            if batch.state not in OPEN:
                return
            folder.write(replace(batch, state="stopped"))
            if self._running is not None and self._running[0] == batch.id:
                _tell_to_stop(self._running[1])

    def end(self) -> None:
        """Stop the batch that is issued after the copies that are under way, and wait for the thread to end."""
        self._ending = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        while not self._ending:
            try:
                self._clean()
                folder = self._find_next()
                self._beat = time.monotonic()
                if folder is not None:
                    self._run_one(folder)
                    continue
            except (PrivacyError, OSError) as error:  # the database or the disk fails: the beat stops until it answers
                write_line("keeper", "the queue of batches failed, and is tried again", error=type(error).__name__)
            self._woken.wait(_ELSEWHERE if self._desk.batches is not None else _BEAT)
            self._woken.clear()

    def _clean(self) -> None:
        if not self._cleaned or time.monotonic() - self._cleaned > _DAY:
            self._cleaned = time.monotonic()
            remove_old(self._desk)
        remove_strays(self._desk)

    def _find_next(self) -> BatchFolder | None:
        """Find the oldest batch that waits."""
        if self._desk.batches is not None:
            found = self._desk.batches.find_next()
            return None if found is None else find_folder(self._desk, found)
        waiting = [each for each in read_folders(self._desk) if each[1].state in OPEN]
        return min(waiting, key=lambda each: each[1].begun_at)[0] if waiting else None

    def _run_one(self, folder: BatchFolder) -> None:
        """Run a batch to its end, or until its process dies."""
        names = list[str]()
        with contextlib.suppress(PrivacyError, OSError):  # if there is no plan, the process says so
            names = [row.recipient for row in folder.read_plan().rows]
        with self._lock:
            if not folder.begin():
                return  # it was stopped meanwhile
            process = _start()
            self._running = (folder.id, process)
            settings = BatchOrderSettings(desk=self._desk.settings, checker=self._checker, folder=str(folder.path))
            assert process.stdin is not None
            try:
                process.stdin.write(json.dumps(encode(settings, [])).encode() + b"\n")
                process.stdin.flush()
            except BrokenPipeError:
                pass
        with self._desk.directory.following(names):
            code = self._follow(folder, process)
        assert process.stdout is not None
        with process.stdout as output:
            words = output.read().decode("utf-8", "replace").strip()
        with self._lock:
            self._running = None
            _tell_to_stop(process)
            if code != TAKEN and folder.is_there and (now := folder.read()).state == "running":
                state = {0: "done", 1: "failed"}.get(code, "running")
                folder.write(replace(now, state=state, words=words if state == "failed" else ""))
        if code not in (0, 1):
            time.sleep(_PAUSE)

    def _follow(self, folder: BatchFolder, process: "subprocess.Popen[bytes]") -> int:
        """Wait for the end of a process; tell other desks how far it is, and it what they decide."""
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(_PAUSE)
            self._beat = time.monotonic()
            if self._ending:
                _tell_to_stop(process)
            if folder.shared is not None:
                folder.shared.write_done(folder.id, folder.count_done())
                if folder.shared.read_state(folder.id) not in OPEN:
                    _tell_to_stop(process)


def _tell_to_stop(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    process.stdin.close()


def _start() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - this very Python, and a module of this package
        [sys.executable, "-m", f"{__package__}.process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path("/"),
        # Linux gives each session its share of the processors (sched(7)): a batch is not to use up the keeper's.
        start_new_session=True,
    )
