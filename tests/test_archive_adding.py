"""Adding files: outcomes are the same wherever they are verified, and what was read is what is archived."""

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import mailmart_privacy as privacy
from mailmart_privacy import archive
from mailmart_privacy.archive.adding import Added
from mailmart_privacy.batch.process_pool import can_fork
from mailmart_privacy.batch.worker_pool import open_helpers
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.policy.ledger import shipped

from .conftest import NOW, Run

Helpers = tuple[Executor | None, int]


@pytest.fixture(scope="module")
def copies(identity: Identity) -> list[bytes]:
    """Copies for 40 customers; the last one has the reference of the first."""
    issuer = privacy.Issuer(identity)
    return [
        issuer.issue(privacy.current(), recipient=f"Customer {number}", reference=f"C-{number % 39}", issued_at=NOW).pdf
        for number in range(40)
    ]


@pytest.fixture
def paths(copies: list[bytes], tmp_path: Path) -> list[Path]:
    """Files of all kinds: copies, one of them twice, one changed and that twice, a text, and one that is missing."""
    changed = copies[5][:60_000] + bytes([copies[5][60_000] ^ 1]) + copies[5][60_001:]
    contents = [*copies[:20], copies[3], changed, changed, b"no PDF", *copies[20:]]
    found = [tmp_path / f"{number:03}.pdf" for number in range(len(contents))]
    for path, content in zip(found, contents, strict=True):
        path.write_bytes(content)
    return [*found[:10], tmp_path / "missing.pdf", *found[10:]]


def make(folder: Path) -> archive.ArchiveService:
    return archive.create(
        str(folder / "archive"), clock=lambda: NOW, key=str(folder / "key.json"), index=str(folder / "index.sqlite")
    )


def add(folder: Path, paths: list[Path], identity: Identity, helpers: Helpers) -> list[Added]:
    return make(folder).add(paths, trust=(identity.certificate,), ledger=shipped(), helpers=helpers)


def test_helpers_change_no_outcome(paths: list[Path], identity: Identity, tmp_path: Path) -> None:
    """What is added, found and refused, and why, is the same with helpers as without."""
    alone = add(tmp_path / "alone", paths, identity, (None, 1))
    with ThreadPoolExecutor(2) as pool:
        helped = add(tmp_path / "helped", paths, identity, (pool, 2))

    def plain(outcomes: list[Added]) -> list[Any]:
        return [replace(each, error=None) for each in outcomes] + [str(each.error) for each in outcomes]

    assert plain(helped) == plain(alone)
    assert sum(each.added for each in alone) == 39
    refused = [str(each.error) for each in alone if each.error is not None]
    assert [len(refused), sum("was changed" in words for words in refused)] == [5, 2]
    assert "Customer 0 has a copy with the reference 'C-0'" in refused[-1]
    with ThreadPoolExecutor(1) as pool:
        again = archive.open(
            str(tmp_path / "helped" / "archive"), clock=lambda: NOW, key=str(tmp_path / "helped" / "key.json")
        ).add(paths[:5], trust=(), ledger=shipped(), helpers=(pool, 1))
    assert [(each.added, each.error, each.entry) for each in again] == [(False, None, each.entry) for each in alone[:5]]


class _Meddling(ThreadPoolExecutor):
    """Changes the files before it verifies them."""

    def __init__(self, content: bytes) -> None:
        super().__init__(1)
        self.content = content

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> "Future[Any]":
        for path in arguments[-1]:
            path.write_bytes(self.content)
        return super().submit(call, *arguments, **named)


@pytest.mark.parametrize("content", [b"no PDF", None])
def test_what_was_read_is_what_is_archived(
    copies: list[bytes], identity: Identity, tmp_path: Path, content: bytes | None
) -> None:
    """A file that changes between being read and being verified does not vouch for what was read, nor the other way."""
    (tmp_path / "good.pdf").write_bytes(copies[0])
    (tmp_path / "bad.pdf").write_bytes(copies[2][:-2000])
    with _Meddling(copies[1] if content is None else content) as pool:
        found = add(tmp_path, [tmp_path / "good.pdf", tmp_path / "bad.pdf"], identity, (pool, 1))
    assert [each.added for each in found] == [True, False]
    assert found[1].error is not None
    service = archive.open(str(tmp_path / "archive"), clock=lambda: NOW, index=str(tmp_path / "index.sqlite"))
    assert service.fetch(sha256(copies[0]).hexdigest()) == copies[0]
    assert service.verify().faults == []


def test_helpers_are_opened_where_they_are_worth_it() -> None:
    """A few files, or a machine of one core, need none; a process with threads is not copied."""
    with open_helpers(3) as helpers:
        assert helpers == (None, 1)
    with mock.patch("os.cpu_count", return_value=1), open_helpers(100_000) as helpers:
        assert helpers == (None, 1)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(os.getpid).result()
        assert not can_fork()


@pytest.mark.slow
def test_a_folder_of_many(copies: list[bytes], identity: Identity, tmp_path: Path, cli: Run, process: Run) -> None:
    """The command adds many files with the help of other processes, and lists them in their order."""
    assert cli("archive", "init", "archive").returncode == 0
    (tmp_path / "sent").mkdir()
    for number in range(70):
        (tmp_path / "sent" / f"{number:03}.pdf").write_bytes(copies[number % 39] + b"\n" * (number >= 39))
    (tmp_path / "own.pem").write_bytes(identity.certificate.public_bytes(Encoding.PEM))
    done = process("archive", "add", "sent", "-a", "archive", "--trust", "own.pem")
    lines = done.stdout.decode().splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"sent/{number:03}.pdf" for number in range(39)]
    assert (done.returncode, done.stderr.decode().count(": refused: ")) == (4, 31)
    assert cli("archive", "verify", "-a", "archive").returncode == 0
