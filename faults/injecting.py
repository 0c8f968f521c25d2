"""Faults at single system calls of a writer, by strace: which calls it makes, and one run for each of them.

Runs are alike: the same copies, one hash seed, compiled modules in a folder of their own. So the
n-th call of a name is the same one each time; that it was is read back from the trace.
"""

import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from .places import Place, make_worn_place, require_survived
from .writer import FAILED

# Every call fails with EIO. Only calls that change something can lack room; and between two of those, a kill leaves the
# same disk, wherever it comes.
FAULT, CHANGING_FAULTS = "EIO", ("ENOSPC", "KILL")
_CHANGING = ("fsync", "link", "mkdir", "rename", "rmdir", "unlink", "write", "writev")
LASTING = "EIO+"  # this call fails, and all of its name that follow
_LASTING_CALLS = ("fsync", "link", "mkdir", "rename", "rmdir", "unlink")  # without which Python itself goes on
COPIES = 3
_TIMEOUT = 300  # seconds, also on a machine that others use; it ends what hangs
_SEED = 7
# All that a writer does with files; calls without a file, such as for memory, cannot fail by way of the archive.
_TRACED = "%file,%desc"
_LINE = re.compile(r"^(?P<process>\d+) +(?P<name>\w+)\((?P<rest>.*)$")
_PLACE = "place-under-faults"  # of one name in all runs, so that sets of paths have one order


@dataclass(frozen=True, slots=True)
class Call:
    """A system call of a writer.

    Attributes:
        name: of the call.
        occurrence: it is the n-th one of this name, from 1.
        target: the file that it touches, below the place; what is random in it is an asterisk.
        how: its flags, where they tell two kinds of it apart.
        result: the name of the error that it gives where nothing is made to fail; empty where it gives none.
    """

    name: str
    occurrence: int
    target: str
    how: str = field(default="", compare=False)
    result: str = field(default="", compare=False)

    def changes(self) -> bool:
        """Tell whether the call changes anything on the disk."""
        return self.name in _CHANGING or "O_CREAT" in self.how

    def harmless(self) -> str:
        """Say why a run may end well though this failed, or give an empty text where it may not.

        It must then have done all of its work; that is required of it as of any other.
        """
        if self.name in ("ioctl", "lseek") or (self.name == "newfstatat" and "AT_EMPTY_PATH" in self.how):
            return "Python asks what kind of file it has opened, and where in it it stands"
        if self.result in ("EEXIST", "ENOENT"):
            return "it fails anyway: what was to be made is there, or what was to be removed is not"
        if self.name == "close" and "O_DIRECTORY" in self.how:
            return "a folder was listed"
        if self.target in ("", "keys", "keys/key.lock") and self.name == "newfstatat":
            return "the lock of the key's memory looks for its folder and its file, and finds out when it opens it"
        if self.target == "keys/key.lock" and self.name == "close":
            return "the lock was given back before its file is closed, and nothing is in it"
        if self.target == "keys" and self.name in ("openat", "fsync", "close"):
            return "not every system can sync a folder; the memory of the key is a second line"
        return ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        status: of the writer, as `subprocess` gives it.
        acknowledged: number and digest of each copy.
        error: what it said on standard error.
        calls: all calls that touched the place, in their order.
        hit: the one that was made to fail; None where none was.
    """

    status: int
    acknowledged: list[tuple[int, str]]
    error: str
    calls: list[Call]
    hit: Call | None


class Laboratory:
    """An archive that is copied for each run.

    Args:
        path: an empty folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._base, self._kept = make_worn_place(path / "base", random.Random(_SEED))
        # Python lists a folder again where it has changed since an import; in a copy of this one nobody else writes.
        code = path / "code"
        shutil.copytree(Path(__file__).parent, code / "faults", ignore=shutil.ignore_patterns("__pycache__"))
        self._environment = dict(os.environ) | {
            "PYTHONHASHSEED": "0",
            "PYTHONPYCACHEPREFIX": str(path / "compiled"),
            "PYTHONPATH": os.pathsep.join([str(code), os.environ.get("PYTHONPATH", "")]),
        }
        self._run("warm", _TRACED, [])
        self._environment["PYTHONDONTWRITEBYTECODE"] = "1"
        first = self._run("listed", _TRACED, [])
        assert first.status == 0, first.error
        self.calls = first.calls

    def cases(self) -> list[tuple[Call, str]]:
        """List all that can be made to fail: each call, with its faults, in an order that all workers share."""
        calls = sorted(self.calls, key=lambda call: (call.name, call.occurrence))
        once = [(call, FAULT) for call in calls]
        once += [(call, fault) for call in calls if call.changes() for fault in CHANGING_FAULTS]
        return [*once, *((call, LASTING) for call in calls if call.name in _LASTING_CALLS)]

    def inject(self, call: Call, fault: str) -> str:
        """Make one call fail, and require all that must be true then.

        Returns:
            What happened: "killed", "refused", or "harmless".
        """
        what = "signal=KILL" if fault == "KILL" else f"error={fault.removesuffix('+')}"
        when = f"{call.occurrence}{'+' if fault == LASTING else ''}"
        name = f"{call.name}-{call.occurrence}-{fault}"
        outcome = self._run(name, call.name, ["-e", f"inject={call.name}:{what}:when={when}"])
        assert outcome.hit is not None, "no call was made to fail"
        # `compare=False`: in the trace of one name alone, flags of others are not seen.
        assert outcome.hit == call, f"another call was made to fail: {outcome.hit}"
        happened = _judge(call, fault, outcome)
        place = Place(self._path / name / _PLACE)
        require_survived(place, [*self._kept, *outcome.acknowledged], random.Random(0))
        shutil.rmtree(self._path / name)
        return happened

    def _run(self, name: str, traced: str, options: list[str]) -> Outcome:
        folder = self._path / name
        self._base.duplicate(folder / _PLACE)
        log = folder / "trace"
        strace = ["strace", "-f", "-y", "-qq", "-s", "0", "-o", str(log), "-e", f"trace={traced}"]
        if not any("signal" in each for each in options):
            strace += ["--seccomp-bpf"]  # five times as fast; but with it, no signal comes
        writer = [sys.executable, "-m", "faults.writer", _PLACE, "1", "1", str(COPIES)]
        run = subprocess.run(
            [*strace, *options, *writer],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
            cwd=folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
        )
        calls, hit = _read_trace(log)
        lines = run.stdout.splitlines()
        acknowledged = [(int(line.split()[0]), line.split()[1]) for line in lines if line[0].isdigit()]
        return Outcome(run.returncode, acknowledged, run.stderr, calls, hit)


def _judge(call: Call, fault: str, outcome: Outcome) -> str:
    """Say what came of a run, and refuse what must not come of one."""
    if fault == "KILL":
        assert outcome.status in (-9, 137), f"not killed, but ended with {outcome.status}: {outcome.error}"
        return "killed"
    if outcome.status == 0:
        assert call.harmless(), f"no word of the error at {call}"
        assert len(outcome.acknowledged) == COPIES
        return "harmless"
    assert outcome.status == FAILED, f"ended with {outcome.status}: {outcome.error}"
    assert len(outcome.error.splitlines()) == 1, outcome.error
    return "refused"


def _read_trace(log: Path) -> tuple[list[Call], Call | None]:
    """Read the calls that touched the place, and which one was made to fail."""
    counts, calls, listed = Counter[str](), list[Call](), set[str]()
    hit = last = None
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        match = _LINE.match(line)
        if match is None:
            hit = last if "killed by SIGKILL" in line else hit
            continue
        name, rest = match["name"], match["rest"]
        counts[name] += 1
        last = None
        if _PLACE in rest:
            last = Call(name, counts[name], _name_target(rest), _describe(name, rest, listed), _read_error(rest))
            calls.append(last)
        if "(INJECTED)" in rest:
            hit = hit or last
    return calls, hit


def _name_target(rest: str) -> str:
    found = re.findall(_PLACE + r'/?([^">(,]*)', rest)
    return re.sub(r"[0-9a-f]{16,}", "*", " ".join(dict.fromkeys(found)))


def _describe(name: str, rest: str, listed: set[str]) -> str:
    """Give what tells two kinds of a call apart; a folder is listed by way of a descriptor that was opened for it."""
    descriptor = rest.partition("<")[0]
    if name == "openat":
        opened = rest.rpartition("= ")[2].partition("<")[0]
        (listed.add if "O_DIRECTORY" in rest else listed.discard)(opened)
        if "O_CREAT" in rest:
            return "O_CREAT"
    elif name == "close" and descriptor in listed:
        return "O_DIRECTORY"
    return "AT_EMPTY_PATH" if "AT_EMPTY_PATH" in rest else ""


def _read_error(rest: str) -> str:
    found = re.search(r"= -1 (E[A-Z]+) ", rest)
    return found[1] if found else ""
