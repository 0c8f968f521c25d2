"""`make bench`: measures, prints and writes docs/benchmarks.md."""

import argparse
import datetime
import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import copies, levels, processes

TARGET = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEAD = """\
# Figures

Measured by `make bench`: everything in one run, side by side, in turns; medians. Times differ from machine to machine,
the ratios much less. This run: {machine}.

| what | to reach | measured | beside |
|---|---|---|---|
"""
LEVELS = """\

## Levels

What one copy costs at each level, the form being certified: `python -m benchmarks --levels`, on {day}, with the tests'
authority on the loopback. The signer's key is on P-256, the authority's is RSA-2048; the organisation's certificate
comes from an intermediate authority. *More* is beside B-B, *of it the form's* what stands in the certified form. The
times are medians of {rounds}, without what the authority takes; over a network, add one round trip for each request.

| identity | level | bytes | more | of it the form's | timestamps | OCSP | CRL | to issue | to verify |
|---|---|---|---|---|---|---|---|---|---|
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each process is run")
    parser.add_argument("--levels", action="store_true", help="measure the levels, and leave the other figures be")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = _read_figures() if arguments.levels else _measure_figures(Path(folder), arguments.rounds)
        rows = levels.measure(Path(folder))
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    text += LEVELS.format(day=day, rounds=levels.ROUNDS) + _rows(rows)
    print(text)
    TARGET.write_text(text, encoding="utf-8")


def _measure_figures(folder: Path, rounds: int) -> str:
    machine = (
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    )
    return HEAD.format(machine=machine) + _rows(processes.measure(folder, rounds) + copies.measure(folder))


def _read_figures() -> str:
    return TARGET.read_text(encoding="utf-8").partition("\n## Levels")[0]


def _rows(rows: Sequence[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


main()
