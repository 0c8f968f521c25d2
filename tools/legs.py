"""Build the wheel once and test it, never the checkout, on several Pythons and with several sets of dependencies.

    legs.py [--only LEG]… [PYTEST ARGUMENT]…

Each leg has a virtual environment of its own. A leg that fails does not stop the others; the table at the end says how
each of them went. A leg whose Python is missing is not run. Under CI=true that is a failure, unless
tools/legs-not-run.txt lists the leg.
"""

import os
import runpy
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from installing import ROOT, install, make_venv

CACHE = ROOT / ".cache"
ALLOWED = ROOT / "tools" / "legs-not-run.txt"
OWN = "{}.{}".format(*sys.version_info)
# Files of tests that another Python or other dependencies can make come out differently; "own Python" runs all tests.
_FILES = runpy.run_path(str(ROOT / "tests" / "legs.py"))
PYTHONS = ("-m", "not slow", *(f"tests/{name}.py" for name in _FILES["PYTHONS"]))
DEPENDENCIES = ("-m", "not slow", *(f"tests/{name}.py" for name in _FILES["DEPENDENCIES"]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    """One run of the tests: which Python, which dependencies, which tests."""

    name: str
    python: str = OWN
    lock: str | None = "test"  # without one: the newest version of everything
    choice: tuple[str, ...] = PYTHONS


LEGS = (
    Leg(name="own Python", choice=()),
    Leg(name="oldest dependencies", lock="oldest", choice=DEPENDENCIES),
    Leg(name="newest dependencies", lock=None, choice=DEPENDENCIES),
    Leg(name="Python 3.11", python="3.11"),
    Leg(name="Python 3.13", python="3.13"),
    Leg(name="Python 3.14", python="3.14"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a leg went: "passed", "failed" or "not run", with a word about it."""

    leg: Leg
    verdict: str
    detail: str = ""
    seconds: float = 0.0


def main() -> int:
    chosen, arguments = read_arguments(sys.argv[1:])
    wheel = build_wheel()
    outcomes = []
    for leg in LEGS:
        if not chosen or leg.name in chosen:
            outcomes.append(run(leg, wheel, arguments, after=outcomes))
            if outcomes[-1].verdict != "passed":
                print(f"{leg.name}: {outcomes[-1].verdict}; {outcomes[-1].detail}", flush=True)
    print(format_table(outcomes), flush=True)
    return 1 if any(map(is_failure, outcomes)) else 0


def read_arguments(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Part the names of legs from the arguments for pytest."""
    chosen, rest = [], list(arguments)
    while "--only" in rest:
        place = rest.index("--only")
        chosen.append(rest[place + 1])
        del rest[place : place + 2]
    unknown = set(chosen) - {leg.name for leg in LEGS}
    if unknown:
        names = ", ".join(leg.name for leg in LEGS)
        raise SystemExit(f"no leg is called {', '.join(sorted(unknown))}; the legs are: {names}")
    return chosen, rest


def build_wheel() -> Path:
    """Build the source distribution, and from it the wheel."""
    target = CACHE / "dist"
    shutil.rmtree(target, ignore_errors=True)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(ROOT)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(result.stdout + result.stderr)
    (wheel,) = target.glob("*.whl")
    return wheel


def run(leg: Leg, wheel: Path, arguments: list[str], *, after: Sequence[Outcome] = ()) -> Outcome:
    """Run one leg, unless one of those before it ran the same and more."""
    if leg.python == OWN and leg.lock == "test" and any(each.leg.name == "own Python" for each in after):
        return Outcome(leg=leg, verdict="passed", detail="the same as own Python, where all tests ran")
    python = find_python(leg.python)
    if python is None:
        reason = f"no Python {leg.python} here (neither on the PATH nor among pyenv's versions)"
        return Outcome(leg=leg, verdict="not run", detail=reason)
    start = time.monotonic()
    try:
        environment = prepare(leg, python, wheel)
    except subprocess.CalledProcessError as error:
        return Outcome(leg=leg, verdict="failed", detail=f"the environment could not be made: {error}")
    print(f"\n{leg.name}: testing {wheel.name} with Python {leg.python}", flush=True)
    # Tests of one file share what is costly to set up. Some wait for others: one process more than cores is quicker.
    # The files that take longest come first; tests/conftest.py sees to that.
    side_by_side = ("--numprocesses", str((os.cpu_count() or 1) + 1), "--dist", "loadfile", "--no-loadscope-reorder")
    command = [str(environment), "-m", "pytest", *side_by_side, *leg.choice, *arguments]
    last, status = follow(command)
    verdict = "failed" if status else "passed"
    return Outcome(leg=leg, verdict=verdict, detail=last, seconds=time.monotonic() - start)


def find_python(version: str) -> str | None:
    """Find a Python by its version."""
    if version == OWN:
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    candidates = [f"python{version}", *map(str, sorted(pyenv.glob(f"{version}.*/bin/python3"), reverse=True))]
    for candidate in candidates:
        path = shutil.which(candidate)
        check = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
        if path and subprocess.run([path, "-c", check], capture_output=True, text=True).stdout.strip() == version:
            return path
    return None


def prepare(leg: Leg, python: str, wheel: Path) -> Path:
    """Make the environment of a leg, or bring it up to date, and return its Python."""
    folder = CACHE / "legs" / leg.name.replace(" ", "-").lower()
    own = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    lock = ROOT / "locks" / f"{leg.lock}.txt" if leg.lock else None
    ready = folder / ".ready"
    if lock and not (ready.exists() and ready.stat().st_mtime > lock.stat().st_mtime):
        shutil.rmtree(folder, ignore_errors=True)
    if not own.exists():
        make_venv(python, folder)
    if not ready.exists() and lock:
        install(own, "--require-hashes", "--requirement", str(lock))
    if not lock:
        install(own, "--upgrade", "--group", "test", f"{wheel}[all]", dependencies=True)
    install(own, "--force-reinstall", str(wheel))
    ready.touch()
    return own


def follow(command: list[str]) -> tuple[str, int]:
    """Run a command, show what it prints, and return its last line and its exit status."""
    last = ""
    environment = os.environ | {"MAILMART_PRIVACY_TEST_WHEEL": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    return last.strip("= "), process.returncode


def is_failure(outcome: Outcome) -> bool:
    """Tell whether an outcome fails the whole run."""
    if outcome.verdict == "not run" and os.environ.get("CI") == "true":
        allowed = [line.strip() for line in ALLOWED.read_text(encoding="utf-8").splitlines()]
        return outcome.leg.name not in allowed
    return outcome.verdict == "failed"


def format_table(outcomes: list[Outcome]) -> str:
    """Format the table of legs."""
    lines = ["", "Legs:"]
    for outcome in outcomes:
        seconds = f"{outcome.seconds:.0f} s" if outcome.seconds else ""
        verdict = outcome.verdict.upper() if is_failure(outcome) else outcome.verdict
        lines.append(f"  {outcome.leg.name:22}{verdict:9}{seconds:>6}  {outcome.detail}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
