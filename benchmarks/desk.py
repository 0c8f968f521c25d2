"""The desk: finding while a batch runs, issuing, checking, a batch beside the command line, and a large workbook."""

import datetime
import io
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import openpyxl

from faults.places import fake_copies, make_place
from mailmart_privacy.desk.checker.sheet_calls import Choice, PlanSheet, ReadSheets
from mailmart_privacy.desk.checker.spreadsheets import answer_sheet, prepare
from mailmart_privacy.desk.keeper.directory import Directory
from mailmart_privacy.policy.ledger import shipped
from tests.conftest import make_environment
from tests.test_desk_processes import Running

PEOPLE = 50
APART = 10.0  # seconds between two searches of one person
TURNS = 3  # of searching beside nothing, and then beside a batch
ROWS = 3_000  # of each batch
LARGE = 100_000  # rows of the large workbook
KNOWN = 10_000  # copies of as many customers, which a desk knows when it begins
ONES = 15  # copies that are issued, and files that are checked; more in a minute are refused
TEXT = """\

## The desk

`python -m benchmarks --desk`: a desk of one computer, at level B-B, over the loopback. {people} people search, each
every {apart:.0f} s: while nothing else is done, and while a batch of {rows:,} rows is issued, {turns} times in turns.

| what | to reach | measured | beside |
|---|---|---|---|
| find, 95 of 100 | ≤ 1.5 × idle | {busy:.0f} ms | {ratio:.2f} × idle ({idle:.0f} ms) |
| issue one | ≤ 100 ms | {one:.0f} ms | |
| check a file | ≤ 50 ms | {check:.0f} ms | |
| a batch | ≥ 0.8 × `export --recipients --archive` | {batch:.0f} copies a second | {batch_ratio:.2f} × |
| begin with {known:,} customers | ≤ {begin_goal:.1f} s, 5 s with 100,000 | {begin:.1f} s | {rate:,.0f} a second |
| read {large:,} rows, and check them | ≤ 15 s of processor time | {workbook:.1f} s | {read:.1f} s of it to read, once |
"""


def measure(folder: Path) -> str:
    """Measure a desk that is started in a folder."""
    environment = make_environment(folder / "home")
    running = Running(environment, folder / "desk")
    try:
        _warm(running)
        ones = [_time(lambda number=number: running.issue(f"Einzeln {number} GmbH")) for number in range(ONES)]
        checks = _time_checks(running)
        idle, busy, seconds = list[float](), list[float](), list[float]()
        for turn in range(TURNS):
            idle += _search(running)
            with _batch(running, turn) as taken:
                busy += _search(running)
            seconds += taken
        rate = ROWS / statistics.median(seconds)
    finally:
        running.close()
    read, plan = _measure_workbook()
    begin = _measure_begin(folder / "known")
    usual, beside = (statistics.quantiles(found, n=20)[-1] for found in (idle, busy))
    return TEXT.format(
        people=PEOPLE,
        apart=APART,
        rows=ROWS,
        large=LARGE,
        turns=TURNS,
        idle=usual,
        busy=beside,
        ratio=beside / usual,
        one=statistics.median(ones),
        check=statistics.median(checks),
        batch=rate,
        batch_ratio=rate / _measure_command(folder, environment),
        read=read,
        workbook=read + plan,
        known=KNOWN,
        begin=begin,
        begin_goal=KNOWN / 20_000,
        rate=KNOWN / begin,
    )


def _warm(running: Running) -> None:
    running.issue("Warm GmbH")
    running.send("GET", "/customers?q=warm")


def _time(action: "object") -> float:
    """Time an action, in milliseconds."""
    start = time.perf_counter()
    action()  # type: ignore[operator]
    return (time.perf_counter() - start) * 1000


def _time_checks(running: Running) -> list[float]:
    place = running.issue("Geprüft GmbH").partition("?")[0]
    pdf = running.send("GET", f"{place}/file")[2].encode("latin-1")
    return [_time(lambda: running.send_file("/check", "copy.pdf", pdf)) for _ in range(ONES)]


def _search(running: Running) -> list[float]:
    """Let people search, each at a moment of their own; how long each search took, in milliseconds."""
    chosen = random.Random(7)
    found: list[float] = []

    def search(pause: float, number: int) -> None:
        time.sleep(pause)
        found.append(_time(lambda: running.send("GET", f"/customers?q=einzeln+{number % ONES}")))

    threads = [threading.Thread(target=search, args=(chosen.uniform(0, APART), number)) for number in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _write_rows(turn: int) -> str:
    rows = (f"{turn}-{number}" for number in range(ROWS))
    return "Company,Contract\n" + "".join(f"Viele {row} GmbH,V-{row}\n" for row in rows)


@contextmanager
def _batch(running: Running, turn: int) -> Iterator[list[float]]:
    """Issue a batch meanwhile; afterwards the list has how many seconds it took."""
    place = running.upload("many.csv", _write_rows(turn).encode())
    form = {"token": running.form()["token"]}
    choice = {"sheet": "", "header_row": "1", "customer": "A", "reference": "B", "shown_sheet": "", "shown_row": "1"}
    running.send("POST", f"{place}/sheet", form | choice)
    while running.send("GET", place)[1] != f"{place}/problems":
        time.sleep(0.2)
    start, seconds = time.perf_counter(), list[float]()
    running.send("POST", f"{place}/problems", form)
    yield seconds
    while "copies are ready" not in running.send("GET", place)[2]:
        time.sleep(0.2)
    seconds.append(time.perf_counter() - start)


def _measure_command(folder: Path, environment: dict[str, str]) -> float:
    """Tell how many copies in a second the command line issues and archives."""
    (folder / "many.csv").write_text(_write_rows(0))
    command = [sys.executable, "-m", "mailmart_privacy"]
    key = ["--archive-key", "archive.key"]
    for arguments in (
        ["archive", "init", "archive", *key],
        ["export", "--recipients", "many.csv", "-d", "out", "--archive", "archive", *key],
    ):
        start = time.perf_counter()
        subprocess.run([*command, *arguments], cwd=folder, env=environment, check=True, capture_output=True)
    return ROWS / (time.perf_counter() - start)


def _measure_begin(folder: Path) -> float:
    """Tell how many seconds of processor time a desk takes to know the names and copies of an archive."""
    place, chance = make_place(folder), random.Random(3)
    copies = (
        replace(copy, recipient=f"Bekannte {number} Handelsgesellschaft mbH", reference=f"V-{number}")
        for number, copy in enumerate(fake_copies(chance, KNOWN, size=100))
    )
    place.add(*iter(lambda: list(islice(copies, 250)), []))
    archive = place.archive()
    directory = Directory(archive, place.keyring(archive).names_key)
    start = time.process_time()
    directory.refresh()
    return time.process_time() - start


def _measure_workbook() -> tuple[float, float]:
    """Tell how many seconds of processor time reading a large workbook takes, and looking for its problems."""
    content = _write_workbook()
    prepare()
    start = time.process_time()
    kept = answer_sheet(ReadSheets(content=content, name="large.xlsx"), ())
    read = time.process_time() - start
    choice = Choice(sheet="Customers", header_row=1, customer="B", reference="C", email="D", hidden="")
    call = PlanSheet(
        kept=kept.content,  # type: ignore[attr-defined]
        name="large.xlsx",
        choice=choice,
        version=shipped().versions[-1].version,
        paper="a4",
        begun_at=datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC),
    )
    start = time.process_time()
    plan = answer_sheet(call, ())
    assert len(plan.rows) == LARGE  # type: ignore[attr-defined]
    return read, time.process_time() - start


def _write_workbook() -> bytes:
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("Customers")
    page.append(("No.", "Company", "Contract", "E-mail", "Contact"))
    for number in range(LARGE):
        page.append((number, f"Kunde {number} Ärmel GmbH", f"V-{number}", f"k{number}@example.com", "Frau Ärmel"))
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()
