"""`make bench`: measures, prints and writes docs/benchmarks.md."""

import argparse
import os
import platform
import tempfile
from pathlib import Path

from . import copies, processes

TARGET = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEAD = """\
# Figures

Measured by `make bench`: everything in one run, side by side, in turns; medians. Times differ from machine to machine,
the ratios much less. This run: {machine}.

| what | to reach | measured | beside |
|---|---|---|---|
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each process is run")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = processes.measure(Path(folder), arguments.rounds) + copies.measure(Path(folder))
    machine = (
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    )
    text = HEAD.format(machine=machine) + "".join(f"| {' | '.join(row)} |\n" for row in rows)
    print(text)
    TARGET.write_text(text, encoding="utf-8")


main()
