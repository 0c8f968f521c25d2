"""What the long form shares: the programs that it needs, and the figures that it ends with."""

import json
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

_FIGURES = Path(__file__).parents[1] / ".cache" / "faults" / "figures.jsonl"

_WAITING = "test_stores"  # writers in a store count as stopped after some seconds

Count = Callable[[str, Mapping[str, int]], None]


def pytest_sessionstart() -> None:
    """Fail at once where strace is missing; begin the figures again, but for the workers of a run."""
    if shutil.which("strace") is None:
        raise pytest.UsageError("strace is missing; run: apt-get install strace")
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _FIGURES.parent.mkdir(parents=True, exist_ok=True)
        _FIGURES.write_text("")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the tests that mostly wait among those that compute: workers take portions of the list, in its order."""
    waiting = [each for each in items if each.path.stem == _WAITING]
    others = [each for each in items if each.path.stem != _WAITING]
    for number, each in enumerate(waiting):
        others.insert((number * 2 + 1) * len(items) // (2 * len(waiting)), each)
    items[:] = others


@pytest.fixture(scope="session")
def count() -> Count:
    """Add to the figures that the run ends with."""

    def count(name: str, figures: Mapping[str, int]) -> None:
        with open(_FIGURES, "a", encoding="utf-8") as file:
            file.write(json.dumps([name, figures]) + "\n")

    return count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how often each thing was done, and how to repeat what failed: the same seeds, calls and moments."""
    sums = defaultdict[str, Counter[str]](Counter)
    for line in _FIGURES.read_text(encoding="utf-8").splitlines():
        name, figures = json.loads(line)
        sums[name].update(figures)
    for name, figures in sums.items():
        said = ", ".join(f"{key} {number:,}" for key, number in sorted(figures.items()))
        terminalreporter.write_line(f"{name}: {said}")
    kills = os.environ.get("MAILMART_PRIVACY_KILLS")
    setting = f"MAILMART_PRIVACY_KILLS={kills} " if kills else ""
    for kind in ("failed", "error"):
        for report in terminalreporter.stats.get(kind, ()):
            terminalreporter.write_line(f"to repeat: {setting}python -m pytest '{report.nodeid}'")
