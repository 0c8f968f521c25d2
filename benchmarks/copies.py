"""Many copies: ours, the bare cost of a signature, the others' way; by several processes; and their memory."""

import datetime
import secrets
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from mailmart_privacy._files import write_many
from mailmart_privacy.batch.destinations import FolderDestination
from mailmart_privacy.batch.job import BatchJob, OpenIdentity
from mailmart_privacy.batch.scheduler import CHUNK, issue_rows
from mailmart_privacy.cli.keys import KeyName
from mailmart_privacy.copies.certified import certify
from mailmart_privacy.copies.forms import load_form
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.key_files import FileKey, _signing_usage, create_identity, dump_identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.sheets.rows import Planned
from mailmart_privacy.trust.anchors import Trust
from mailmart_privacy.trust.timestamp_client import TimestampClient

from .measure import loop
from .others import NOW, render_and_sign, typeset_and_sign

COUNT = 1500
ROUNDS = 5
MANY = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Bulk:
    """What was measured.

    Attributes:
        each: milliseconds for a copy, by who makes it.
        rates: copies in a second, by how many processes make them.
        memory: the most that a batch took beyond one of ten rows, in MiB, by how many rows it had.
        rows: how long the longest batch took, in seconds.
        size: of a copy, in bytes.
    """

    each: dict[str, float]
    rates: dict[int, float]
    memory: dict[int, float]
    seconds: float
    size: int


def measure(folder: Path) -> Bulk:
    """Measure all of it, in one run."""
    each: dict[str, float] = {}
    size = 0
    for name, identity in (("P-256", create_identity(created_at=NOW())), ("RSA-3072", _rsa_identity())):
        order = _order(identity)
        sides = {"ours": partial(_ours, order, folder), "raw": partial(_raw, order, identity, folder)}
        found = _in_turns(sides)
        each |= {f"ours, {name}": found["ours"], f"raw signature + hash + write, {name}": found["raw"]}
        size = max(size, _size(order))
    policy = shipped().policy(shipped().versions[-1].version)
    others: dict[str, Callable[[int], object]] = {
        "Typst + pyHanko": typeset_and_sign(folder, policy),
        "WeasyPrint + pyHanko": render_and_sign(folder),
    }
    for name, make in others.items():
        make(0)
        each[name] = statistics.median(loop(make, 3) for _ in range(ROUNDS))
    memory, seconds = _measure_memory(folder)
    return Bulk(each=each, rates=_measure_rates(folder), memory=memory, seconds=seconds, size=size)


def _order(identity: Identity) -> BatchJob:
    form = load_form(shipped(), "2026-02-24", "a4")
    return BatchJob(
        id=secrets.token_hex(8),
        form=form,
        open_identity=OpenIdentity(identity),
        level="B-B",
        timestamps=TimestampClient(urls=()),
        trust=Trust(),
        certified=certify(form, identity=identity, signing_time=NOW()).pdf,
    )


def _rows(count: int) -> list[Planned]:
    return [Planned(number=n, recipient=f"Acme {n} GmbH", reference=f"C-{n}", file=f"{n}.pdf") for n in range(count)]


def _in_turns(sides: dict[str, Callable[[], float]]) -> dict[str, float]:
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(ROUNDS + 1):
        for name, side in sides.items():
            value = side()
            if number:  # the first round warms up
                found[name].append(value)
    return {name: statistics.median(values) for name, values in found.items()}


def _ours(order: BatchJob, folder: Path) -> float:
    """A batch into a folder, each file synced; what is done once for a batch is done before."""
    place = folder / "ours"
    place.mkdir()
    chunks = issue_rows(replace(order, place=FolderDestination(place)), _rows(COUNT + CHUNK), clock=NOW, chunk=CHUNK)
    next(chunks)
    start = time.perf_counter()
    done = sum(len(chunk) for chunk in chunks)
    elapsed = time.perf_counter() - start
    assert done == len(list(place.iterdir())) - CHUNK == COUNT
    shutil.rmtree(place)
    return elapsed * 1000 / COUNT


def _raw(order: BatchJob, identity: Identity, folder: Path) -> float:
    """What no batch can do without: a signature, a hash of the file, and as many bytes written and synced as ours.

    As in ours, a chunk is signed and then written. To do both for each file in turn takes a tenth longer.
    """
    place = folder / "raw"
    place.mkdir()
    content = secrets.token_bytes(_size(order))
    start = time.perf_counter()
    for first in range(0, COUNT, CHUNK):
        numbers = range(first, min(first + CHUNK, COUNT))
        for _ in numbers:
            identity.key.sign(sha256(content).digest())
        write_many(place, ((f"{number}.pdf", content) for number in numbers))
    elapsed = time.perf_counter() - start
    shutil.rmtree(place)
    return elapsed * 1000 / COUNT


def _size(order: BatchJob) -> int:
    ((copy,),) = issue_rows(order, _rows(1), clock=NOW)
    return copy.size  # type: ignore[union-attr]


def _measure_rates(folder: Path) -> dict[int, float]:
    """Copies in a second, by processes, each of which opens the key itself; without what starting them takes."""
    identity = create_identity(created_at=NOW())
    (folder / "rate.pem").write_bytes(dump_identity(identity))
    order = replace(_order(identity), open_identity=KeyName(name=str(folder / "rate.pem")))
    cores = cpu_count() or 1
    rates: dict[int, float] = {}
    for count in sorted({1, *(n for n in (2, 4, 8, 16) if n <= cores), cores}):
        found = []
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            for number in range(4):
                place = folder / f"rate-{count}-{number}"
                place.mkdir()
                chunks = issue_rows(
                    replace(order, place=FolderDestination(place)),
                    _rows(4 * COUNT),
                    clock=NOW,
                    executor=pool,
                    ahead=4 * count,
                )
                for _ in range(2 * count):  # until all of them are at work
                    next(chunks)
                start = time.perf_counter()
                done = sum(len(chunk) for chunk in chunks)
                found.append(done / (time.perf_counter() - start))
                shutil.rmtree(place)
        rates[count] = statistics.median(found[1:])
    return rates


def _measure_memory(folder: Path) -> tuple[dict[int, float], float]:
    """What a batch by the command line takes at most, beyond a small one: rows planned, copies streamed, all listed."""
    peaks, seconds = {}, 0.0
    for count in (10, 1000, MANY // 10, MANY):
        sheet = folder / f"{count}.csv"
        lines = "".join(f"Acme {n} GmbH,C-{n:06}\n" for n in range(count))
        sheet.write_text(f"recipient,reference\n{lines}", encoding="utf-8")
        code = (
            "import atexit, re, sys; from pathlib import Path; from mailmart_privacy.cli import main;"
            "status = lambda: Path('/proc/self/status').read_text();"
            "atexit.register(lambda: print(re.search('VmHWM:[^0-9]+([0-9]+)', status())[1], file=sys.stderr)); main()"
        )  # the kernel's own mark; that of getrusage counts the parent's memory, too
        command = ["export", "--recipients", str(sheet), "-o", "-", "--jobs", "1", "--verify", "none"]
        start = time.perf_counter()
        result = subprocess.run(
            [sys.executable, "-c", code, *command],
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=True,
        )
        seconds = time.perf_counter() - start
        peaks[count] = int(result.stderr.split()[-1]) / 1024
    least = peaks.pop(10)
    return {count: peak - least for count, peak in peaks.items()}, seconds


def _rsa_identity() -> Identity:
    key = rsa.generate_private_key(65537, 3072)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Benchmark")])
    now = NOW()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(_signing_usage(), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Identity(certificate=certificate, key=FileKey(key))
