"""Disks that are full, and files that may not grow."""

import contextlib
import random
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from mailmart_privacy.policy.ledger import shipped

from .places import Place, clock, fake_copies, require_acknowledged, require_finished, require_sound
from .writer import FAILED


@contextlib.contextmanager
def small_disk(path: Path, size: str) -> Iterator[None]:
    """Mount a disk in memory; PermissionError where that is not allowed."""
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        raise PermissionError("only root may mount")
    try:
        yield
    finally:
        subprocess.run(["umount", str(path)], check=True)


def fill(place: Place, chance: random.Random, room: int) -> list[tuple[int, str]]:
    """Leave little room on a disk, write until it is full, and require that the archive holds, then and later.

    Args:
        place: an archive on a disk of its own.
        chance: what copies are made from.
        room: how many bytes are left.

    Returns:
        The number and the digest of each copy that was acknowledged.
    """
    ballast = place.path / "ballast"
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    with open(ballast, "r+b") as file:
        file.truncate(max(0, ballast.stat().st_size - room))
    acknowledged, failed = _write_on(place, chance)
    assert failed, "the disk never was full"
    require_sound(place)
    require_acknowledged(place, acknowledged)
    _, failed = _write_on(place, chance)
    assert failed, "the disk was no longer full"
    require_sound(place)
    ballast.unlink()
    require_acknowledged(place, [*acknowledged, *place.add(fake_copies(chance, 2))])
    require_finished(place)
    return acknowledged


def limit(place: Place, size: int) -> tuple[str, list[tuple[int, str]]]:
    """Run a writer whose files may not grow beyond a size: what is too large is cut off amid a write.

    Returns:
        What it said of that, and the number and the digest of each copy that it acknowledged.
    """
    run = subprocess.run(
        [sys.executable, "-m", "faults.writer", str(place.path), "1", "3", "5"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,  # for a machine that others use, too; it ends what hangs
        cwd=Path(__file__).parents[1],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )
    assert run.returncode == FAILED, (run.returncode, run.stderr)
    assert len(run.stderr.splitlines()) == 1, run.stderr
    lines = [line.split() for line in run.stdout.splitlines() if line[0].isdigit()]
    return run.stderr, [(int(number), digest) for number, digest in lines]


def _write_on(place: Place, chance: random.Random) -> tuple[list[tuple[int, str]], bool]:
    acknowledged: list[tuple[int, str]] = []
    try:
        archive = place.archive()
        with archive.writing(place.keyring(archive), clock) as session:
            for _ in range(200):
                added = session.add_copies(fake_copies(chance, 2, size=3000, recipients=100), shipped())
                acknowledged += [(each.number, each.entry.files[0].digest) for each in added]
    except OSError:
        return acknowledged, True
    return acknowledged, False
