"""Timing of processes and of code: always in turns, so that a busy moment hits both sides alike."""

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

BIN = Path(sys.executable).parent


def time_process(command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]) -> float:
    """Time a whole process, in milliseconds; it has to succeed."""
    start = time.perf_counter()
    _run(command, cwd, environment)
    return (time.perf_counter() - start) * 1000


def spend_process(command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]) -> float:
    """Take the processor time of a whole process and its own, in milliseconds; other programs do not disturb it."""
    start = _processor_time()
    _run(command, cwd, environment)
    return (_processor_time() - start) * 1000


def _run(command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> None:
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # as for users
    result = subprocess.run(
        command, cwd=cwd, env={**own, **environment}, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    if result.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {result.stderr.decode()[-500:]}")


def _processor_time() -> float:
    """The processor time of all processes that this one started and that have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def each_turn(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Measure each side once a round; the first round warms up and is dropped."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, measure in sides.items():
            value = measure()
            if number:
                found[name].append(value)
    return found


def in_turns(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Measure each side once a round, and take each one's median."""
    return {name: statistics.median(values) for name, values in each_turn(sides, rounds).items()}


def python(code: str, *, cwd: Path, environment: Mapping[str, str]) -> Callable[[], float]:
    """Time an isolated interpreter that runs some code."""
    return lambda: time_process([sys.executable, "-I", "-c", code], cwd=cwd, environment=environment)


def program(name: str, *arguments: str, cwd: Path, environment: Mapping[str, str]) -> Callable[[], float]:
    """Time an installed program."""
    return lambda: time_process([str(BIN / name), *arguments], cwd=cwd, environment=environment)


def loop(action: Callable[[int], object], count: int) -> float:
    """Time an action many times over, in milliseconds each."""
    start = time.perf_counter()
    for number in range(count):
        action(number)
    return (time.perf_counter() - start) * 1000 / count


def spend(action: Callable[[int], object], count: int) -> float:
    """Take the processor time of an action, repeated, in milliseconds each; other programs do not disturb it."""
    start = time.process_time()
    for number in range(count):
        action(number)
    return (time.process_time() - start) * 1000 / count
