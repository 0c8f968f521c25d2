"""`make bench`: measures, prints and writes docs/benchmarks.md, one part after the other."""

import argparse
import datetime
import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import adding, archive, copies, desk, levels, processes, serving, uploads, verifying

TARGET = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEAD = """\
# Figures

*Needs the repository (`make bench`); see [Installing](install.md).*

Measured by `make bench`: side by side, in turns; medians. Times differ from machine to machine, the ratios much less.
The last run, of a part or of everything: {day}, {machine}.
"""
STARTING = """\

## Starting

What somebody waits for at the terminal, or when a service starts: whole processes.

| what | to reach | measured | beside |
|---|---|---|---|
"""
MANY = """\

## Many copies

What one copy costs in a batch on one core, into a folder, each file synced: as many bytes, synced in the same way, on
both sides, and on both sides 32 copies are signed and then written. *Raw* is what no batch can do without: a signature,
a hash of the file, the write. The others lay each copy out again and sign it, as their documentation shows it, and sync
nothing.

| who | each | beside |
|---|---|---|
"""
RATES = """\

Processes side by side, each of which opens the key itself (P-256, files synced):

| processes | copies in a second | beside one |
|---|---|---|
"""
MEMORY = """\

Memory at the most, beyond a batch of ten rows, for `export --recipients` into a ZIP file that is streamed; the batch of
{many:,} rows took {seconds:.0f} s on one core, from the sheet to the end of the ZIP file:

| rows | memory |
|---|---|
"""
MILLION = """\

### A million copies

Computed from the rates above: {each:.2f} ms for each copy and process, {size:,} bytes each, so {total:,.0f} GB in all.
Processes on one machine share its disk; several machines share only the place where copies are put.

| cores | a million copies take |
|---|---|
"""
ARCHIVE = """\

## The archive

Entries appended to the log, durable when the call returns, published at the end; *bare* is a write of each of the files
that the log then has, synced together with its folder, and nothing else.

| what | to reach | measured | beside |
|---|---|---|---|
| single appends | ≥ 300 a second | {single:,.0f} a second | {single_ratio:.2f} × bare (to reach: ≤ 1.5 ×) |
| in batches of 256 | ≥ 20,000 a second | {batch:,.0f} a second | {batch_ratio:.2f} × bare (to reach: ≤ 1.5 ×) |
| audit of a million entries | ≤ 5 s | {audit:.1f} s | the log alone, without the files of copies |
| `archive add`, {few} copies | ≤ 2 × bare | {added:.2f} s | {added_ratio:.2f} × the same, durable one by one |
| `archive add`, {many:,} copies | ≤ 20 × as long | {added_many:.1f} × as long | each is verified first |
| one proof, tiles in the cache | ≤ 5 ms | {proof:.1f} ms | in a log of a million entries |

What an entry costs as the log grows; audit, memory and files are those of the whole log:

| entries | an append, in batches of 256 | audit of the log | one proof | memory of the audit | files of the log |
|---|---|---|---|---|---|
"""
LEVELS = """\

## Levels

What one copy costs at each level, the form being certified: `python -m benchmarks --levels`, on {day}, with the tests'
authority on the loopback, in processor time. The signer's key is on P-256, the authority's is RSA-2048; the
organisation's certificate comes from an intermediate authority. *More* is compared with B-B; *of it the form's* is the
part in the certified form. The times are medians of {rounds}, without the authority's own; over a network, add one
round trip for each request. A figure to reach follows the time that it is for.

| identity | level | bytes | more | of it the form's | timestamps | OCSP | CRL | to issue | to verify |
|---|---|---|---|---|---|---|---|---|---|
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each process is run")
    for part in PARTS:
        parser.add_argument(f"--{part}", action="store_true", help=f"measure {part}, and leave the other figures be")
    arguments = parser.parse_args()
    chosen = [part for part in PARTS if getattr(arguments, part)]
    with tempfile.TemporaryDirectory() as folder:
        for part in chosen or PARTS:
            found = PARTS[part](Path(folder), arguments.rounds)
            print(found, flush=True)
            text = _replace(TARGET.read_text(encoding="utf-8"), found)
            TARGET.write_text(_head() + text[text.index("\n## ") :], encoding="utf-8")


def _replace(text: str, part: str) -> str:
    """Put a part, which begins with its heading, where it was; at the end where it was not."""
    heading = part.splitlines()[1]
    before, found, after = text.partition(f"\n{heading}\n")
    rest = after[after.index("\n## ") :] if found and "\n## " in after else ""
    return before + part + rest


def _head() -> str:
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    return HEAD.format(
        day=day,
        machine=f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, "
        f"{platform.machine()}",
    )


def _describe_levels(folder: Path) -> str:
    """The part on levels."""
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    rows = levels.measure(folder)
    return LEVELS.format(day=day, rounds=levels.ROUNDS) + _rows(rows)


def _describe_archive(folder: Path) -> str:
    """The part on the archive."""
    added = adding.measure(folder)
    measured = archive.measure(folder)
    most = measured.grown[max(measured.grown)]
    head = ARCHIVE.format(
        single=measured.single,
        single_ratio=measured.single_ratio,
        batch=measured.batch,
        batch_ratio=measured.batch_ratio,
        few=adding.FEW,
        many=adding.MANY,
        added=added.few,
        added_ratio=added.ratio,
        added_many=added.many,
        audit=most.audit,
        proof=most.proof,
    )
    return head + _rows(
        [
            (
                f"{size:,}",
                f"{each.append:.1f} µs",
                f"{each.audit:.2f} s",
                f"{each.proof:.1f} ms",
                f"{each.memory:.0f} MiB",
                f"{each.size / 1e6:,.0f} MB",
            )
            for size, each in measured.grown.items()
        ]
    )


def _describe_bulk(bulk: copies.Bulk) -> str:
    """The part on many copies, and what a million would take."""
    rows = []
    for name, value in bulk.each.items():
        beside = ""
        if name.startswith("ours"):
            kind = name.removeprefix("ours, ")
            raw = bulk.each[f"raw signature + hash + write, {kind}"]
            ratios = [f"{value / raw:.2f} × raw (to reach: ≤ 1.2 ×)"]
            ratios += [f"{bulk.each[o] / value:,.0f} × faster than {o}" for o in bulk.each if "pyHanko" in o]
            beside = "; ".join(ratios)
        rows.append((name, f"{value:.2f} ms", beside))
    text = MANY + _rows(rows) + RATES
    one = bulk.rates[1]
    text += _rows([(str(n), f"{rate:,.0f}", f"{rate / one:.2f} ×") for n, rate in bulk.rates.items()])
    text += MEMORY.format(many=max(bulk.memory), seconds=bulk.seconds)
    text += _rows([(f"{count:,}", f"{memory:.0f} MiB") for count, memory in bulk.memory.items()])
    text += MILLION.format(each=1000 / one, size=bulk.size, total=bulk.size * 1e6 / 1e9)
    best = max(bulk.rates)
    rate = bulk.rates[best] / best
    return text + _rows([(str(cores), _words(1e6 / (rate * cores))) for cores in (1, best, 8, 32, 64)])


def _words(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


def _rows(rows: Sequence[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


PARTS = {
    "starting": lambda folder, rounds: STARTING + _rows(processes.measure(folder, rounds)),
    "copies": lambda folder, _: _describe_bulk(copies.measure(folder)),
    "archive": lambda folder, _: _describe_archive(folder),
    "levels": lambda folder, _: _describe_levels(folder),
    "serving": lambda folder, _: serving.measure(folder),
    "verifying": lambda folder, rounds: verifying.measure(folder, rounds=rounds),
    "uploads": lambda folder, _: uploads.measure(folder),
    "desk": lambda folder, _: desk.measure(folder),
}

if __name__ == "__main__":  # workers import it, too
    main()
