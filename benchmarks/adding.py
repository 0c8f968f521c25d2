"""`archive add`: many copies by one identity, beside reading, hashing and durably writing the same files."""

import datetime
import os
import shutil
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import mailmart_privacy as privacy
from mailmart_privacy import archive
from mailmart_privacy.batch.worker_pool import open_helpers
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.key_files import create_identity
from mailmart_privacy.policy.ledger import shipped

FEW, MANY = 500, 10_000
ROUNDS = 3
NOW = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class AddedCopies:
    """What adding copies costs.

    Attributes:
        few: seconds for `FEW` copies.
        ratio: their time beside reading, hashing and durably writing the same files.
        many: the time of `MANY` copies beside that of `FEW`.
    """

    few: float
    ratio: float
    many: float


def measure(folder: Path) -> AddedCopies:
    """Measure in a folder; each customer is a new one."""
    folder = folder / "adding"
    identity = create_identity(created_at=NOW, name="bench")
    paths = _issue(folder / "copies", identity, MANY)
    _add(folder, paths[:20], identity)  # what a process loads for the first one is not counted
    few, ratios = [], []
    for _ in range(ROUNDS):
        bare = _write(folder, paths[:FEW])
        few.append(_add(folder, paths[:FEW], identity))
        ratios.append(few[-1] / bare)
    seconds = statistics.median(few)
    return AddedCopies(few=seconds, ratio=statistics.median(ratios), many=_add(folder, paths, identity) / seconds)


def _issue(folder: Path, identity: Identity, count: int) -> list[Path]:
    folder.mkdir(parents=True)
    issuer, paths = privacy.Issuer(identity), []
    for number in range(count):
        copy = issuer.issue(
            privacy.current(), recipient=f"Customer {number} GmbH", reference=f"C-{number}", issued_at=NOW
        )
        paths.append(folder / f"{number:06}.pdf")
        paths[-1].write_bytes(copy.pdf)
    return paths


def _write(folder: Path, paths: Sequence[Path]) -> float:
    """Read, hash and write files, one after the other, each durable: it and its name in the folder are synced."""
    target = folder / "bare"
    target.mkdir()
    start = time.perf_counter()
    for path in paths:
        content = path.read_bytes()
        descriptor = os.open(target / sha256(content).hexdigest(), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.write(descriptor, content)
        os.fsync(descriptor)
        os.close(descriptor)
        descriptor = os.open(target, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    seconds = time.perf_counter() - start
    shutil.rmtree(target)
    return seconds


def _add(folder: Path, paths: Sequence[Path], identity: Identity) -> float:
    target = folder / "added"
    service = archive.create(
        str(target / "archive"),
        clock=lambda: NOW,
        key=str(target / "key.json"),
        index=str(target / "index.sqlite"),
        actor=archive.Person(issuer="os", subject="bench", name="bench"),
    )
    start = time.perf_counter()
    with open_helpers(len(paths)) as helpers:  # as the command does
        added = service.add(paths, trust=(identity.certificate,), ledger=shipped(), helpers=helpers)
    seconds = time.perf_counter() - start
    assert all(each.added for each in added)
    shutil.rmtree(target)
    return seconds
