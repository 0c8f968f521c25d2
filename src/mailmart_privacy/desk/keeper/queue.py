"""The batches that wait, one after the other; each is issued by a process of its own, so that searches stay quick."""

import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..codec import encode
from ..settings import DeskSettings
from .batch_folder import Batch, BatchFolder, list_folders, remove_old

if TYPE_CHECKING:
    from .desk import Desk

_PAUSE = 1.0  # seconds before a batch whose process was killed is continued
_DAY = 86_400.0


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
        self._woken, self._lock = threading.Event(), threading.Lock()
        self._running: tuple[str, subprocess.Popen[bytes]] | None = None

    def begin(self) -> None:
        """Continue what a process that was killed has left, and wait for more."""
        threading.Thread(target=self._run, name="batches", daemon=True).start()

    def wake(self) -> None:
        """Look for batches that wait."""
        self._woken.set()

    def stop(self, folder: BatchFolder, batch: Batch) -> None:
        """Stop a batch: it does not begin, or ends after the copies that are under way."""
        with self._lock:
            if batch.state not in ("waiting", "running"):
                return
            folder.write(replace(batch, state="stopped"))
            if self._running is not None and self._running[0] == batch.id:
                stream = self._running[1].stdin
                assert stream is not None
                stream.close()

    def _run(self) -> None:
        cleaned = 0.0
        while True:
            if time.monotonic() - cleaned > _DAY or not cleaned:
                cleaned = time.monotonic()
                remove_old(self._desk)
            waiting = [
                (folder, batch) for folder in list_folders(self._desk) if (batch := folder.read()).state in _OPEN
            ]
            if waiting:
                self._run_one(*min(waiting, key=lambda each: each[1].begun_at))
            else:
                self._woken.wait(_DAY)
                self._woken.clear()

    def _run_one(self, folder: BatchFolder, batch: Batch) -> None:
        """Run a batch to its end, or until its process dies."""
        with self._lock:
            if folder.read().state not in _OPEN:
                return  # it was stopped meanwhile
            folder.write(replace(batch, state="running"))
            process = _start()
            self._running = (batch.id, process)
            settings = BatchOrderSettings(desk=self._desk.settings, checker=self._checker, folder=str(folder.path))
            assert process.stdin is not None
            try:
                process.stdin.write(json.dumps(encode(settings, [])).encode() + b"\n")
                process.stdin.flush()
            except BrokenPipeError:
                pass
        assert process.stdout is not None
        with process.stdout as output:
            words = output.read().decode("utf-8", "replace").strip()
        code = process.wait()
        with self._lock:
            self._running = None
            process.stdin.close()
            now = folder.read()
            if now.state == "running":
                state = {0: "done", 1: "failed"}.get(code, "running")
                folder.write(replace(now, state=state, words=words if state == "failed" else ""))
        if code not in (0, 1):
            time.sleep(_PAUSE)


_OPEN = ("waiting", "running")


def _start() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - this very Python, and a module of this package
        [sys.executable, "-m", f"{__package__}.batch_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path("/"),
    )
