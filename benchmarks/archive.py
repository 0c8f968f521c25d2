"""The archive: appends beside bare synced writes of the same bytes; audit, proof and memory as it grows."""

import datetime
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mailmart_privacy.archive.archive import Archive
from mailmart_privacy.archive.creation import create_archive
from mailmart_privacy.archive.entries import Entry, File, write_entry
from mailmart_privacy.archive.keyring import Keyring, load_keyring
from mailmart_privacy.archive.log_audit import LogAudit
from mailmart_privacy.archive.log_writer import LogWriter
from mailmart_privacy.archive.proofs import write_proof
from mailmart_privacy.archive.storage.folder import Folder
from mailmart_privacy.policy.ledger import shipped

SIZES = (1_000, 10_000, 100_000, 1_000_000)
ROUNDS = 9
SINGLES = 300
BATCH = 256
NOW = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Grown:
    """A log of some size.

    Attributes:
        append: what an entry costs, in batches of 256, in microseconds.
        audit: how long the audit of the log takes, in seconds.
        proof: how long a proof takes, the tiles being in the cache, in milliseconds.
        memory: what the audit takes at most, beyond one of a log of a thousand entries, in MiB.
        size: of all of its files, in bytes.
    """

    append: float
    audit: float
    proof: float
    memory: float
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Archived:
    """What the archive costs.

    Attributes:
        single: entries in a second that are appended one by one, each durable.
        single_ratio: its time beside bare synced writes of the same bytes.
        batch: entries in a second, in batches of 256.
        batch_ratio: its time beside bare synced writes of the same bytes.
        grown: by number of entries.
    """

    single: float
    single_ratio: float
    batch: float
    batch_ratio: float
    grown: dict[int, Grown]


def measure(folder: Path) -> Archived:
    """Measure the archive in a folder."""
    single = [_measure_appends(folder / f"single-{n}", SINGLES, 1) for n in range(ROUNDS)]
    batch = [_measure_appends(folder / f"batch-{n}", 100 * BATCH, BATCH) for n in range(ROUNDS)]
    least = 0.0
    grown = {}
    for size in SIZES:
        grown[size] = _measure_grown(folder / f"grown-{size}", size, least)
        least = least or grown[size].memory
    grown[SIZES[0]] = Grown(**{name: getattr(grown[SIZES[0]], name) for name in Grown.__slots__} | {"memory": 0.0})
    return Archived(
        single=statistics.median(rate for rate, _ in single),
        single_ratio=statistics.median(ratio for _, ratio in single),
        batch=statistics.median(rate for rate, _ in batch),
        batch_ratio=statistics.median(ratio for _, ratio in batch),
        grown=grown,
    )


def _make_entries(count: int) -> Iterator[bytes]:
    """Entries as those of copies are."""
    for number in range(count):
        digest = sha256(b"%d" % number).hexdigest()
        yield write_entry(
            Entry(
                kind="customer-copy",
                files=(File(name=f"copies/2026/11/{digest}.pdf", digest=digest, size=113_480),),
                recorded_at=NOW,
                issued_at=NOW,
                effective_at=NOW,
                version="2026-02-24",
                policy_digest=digest,
                level="B-B",
                signer=digest,
                recipient=digest,
                sealed="F3iOsV/1qYv3vuIVimg518fOMoS6rmNuP87j7SzjXQ==",
            )
        )


def _open(folder: Path) -> tuple[Archive, Keyring]:
    folder.mkdir()
    key = folder.with_suffix(".key")
    archive = create_archive(Folder(folder), key=lambda origin: key, ledger=shipped(), clock=lambda: NOW)
    return archive, load_keyring(key, archive.metadata.key)


def _append(archive: Archive, keyring: Keyring, entries: list[bytes], batch: int) -> float:
    """Append entries, publish them, and tell how many seconds that took."""
    with archive.storage.writer(0) as writer:
        writer = LogWriter(archive.log, keyring, writer)
        start = time.perf_counter()
        for at in range(0, len(entries), batch):
            writer.append(entries[at : at + batch])
        writer.publish()
        return time.perf_counter() - start


def _measure_appends(folder: Path, count: int, batch: int) -> tuple[float, float]:
    """Append entries, and write the same files again, bare: each synced, and its folder too."""
    archive, keyring = _open(folder)
    before = {stored.name for stored in archive.storage.find()}
    entries = list(_make_entries(count))
    ours = _append(archive, keyring, entries, batch)
    written = [stored.name for stored in archive.storage.find() if stored.name not in before]
    contents = [(folder / name).read_bytes() for name in written]
    bare = folder.with_suffix(".bare")
    bare.mkdir()
    start = time.perf_counter()
    for number, content in enumerate(contents):
        descriptor = os.open(bare / str(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.write(descriptor, content)
        os.fsync(descriptor)
        os.close(descriptor)
        descriptor = os.open(bare, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    theirs = time.perf_counter() - start
    shutil.rmtree(folder)
    shutil.rmtree(bare)
    return count / ours, ours / theirs


def _measure_grown(folder: Path, size: int, least: float) -> Grown:
    archive, keyring = _open(folder)
    seconds, entries = 0.0, _make_entries(size)
    while some := [entry for entry, _ in zip(entries, range(100 * BATCH), strict=False)]:
        seconds += _append(archive, keyring, some, BATCH)
    write_proof(archive, size // 2)  # the tiles are in the cache then
    start = time.perf_counter()
    for number in range(20):
        write_proof(archive, size // 2 + number)
    proof = (time.perf_counter() - start) / 20
    result = subprocess.run([sys.executable, "-c", _AUDIT, str(folder)], capture_output=True, check=True)
    audited = json.loads(result.stdout)
    assert audited["faults"] == 0
    total = sum(stored.size for stored in archive.storage.find())
    shutil.rmtree(folder)
    return Grown(
        append=seconds / size * 1e6,
        audit=audited["seconds"],
        proof=proof * 1000,
        memory=audited["memory"] - least,
        size=total,
    )


_AUDIT = """
import json, re, sys, time
from pathlib import Path
from benchmarks.archive import audit_log
seconds, faults = audit_log(Path(sys.argv[1]))
memory = int(re.search("VmHWM:[^0-9]+([0-9]+)", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"seconds": seconds, "faults": faults, "memory": memory}))
"""


def audit_log(folder: Path) -> tuple[float, int]:
    """Audit a log alone, and tell how many seconds that took, and how many faults there were."""
    archive, faults = Archive(Folder(folder)), list[str]()
    start = time.perf_counter()
    LogAudit(archive.log, faults.append).read(lambda start, entries: None)
    return time.perf_counter() - start, len(faults)
