"""Writers in a store that were interrupted or delayed: no entry is lost by what others do in the meantime."""

import datetime
import secrets
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import pytest

from mailmart_privacy.archive.archive import Archive
from mailmart_privacy.archive.audit import audit
from mailmart_privacy.archive.keyring import Keyring
from mailmart_privacy.archive.log_writer import LogWriter
from mailmart_privacy.archive.session import Copy
from mailmart_privacy.archive.storage.s3 import STALE, Bucket
from mailmart_privacy.archive.storage.s3_client import Client, connect
from mailmart_privacy.archive.storage.s3_writer import S3Writer
from mailmart_privacy.errors import ArchiveError

from .conftest import NOW
from .test_archive_s3 import fake_copies, make, store, url
from .versions import one_version as shipped

__all__ = ["store", "url"]

pytestmark = pytest.mark.slow


class _StoppedError(Exception):
    """Stands for the end of a writer."""


class LaterClient(Client):
    """A client whose store tells the time by a clock that a test sets forward.

    The store itself dates objects by the real clock. So what is put after the clock was set forward is shown as
    changed that much later.
    """

    passed = datetime.timedelta(0)
    put_after: ClassVar[dict[str, datetime.timedelta]] = {}

    def ask_time(self) -> datetime.datetime:
        return super().ask_time() + self.passed

    def tell_time(self) -> datetime.datetime:
        return self.ask_time()

    def put(self, name: str, content: bytes, **conditions: Any) -> bool:
        done = super().put(name, content, **conditions)
        if done:
            self.put_after[f"{self.location}/{name}"] = self.passed
        return done

    def find(self, folder: str) -> Iterator[tuple[str, int, datetime.datetime]]:
        for name, size, changed in super().find(folder):
            yield name, size, changed + self.put_after.get(f"{self.location}/{name}", datetime.timedelta(0))


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Begin each test with the store's own time."""
    with mock.patch.object(LaterClient, "passed", datetime.timedelta(0)), mock.patch.dict(LaterClient.put_after):
        yield


def wait(parts: float = 1.25) -> None:
    """Let time pass, in parts of the time after which a writer counts as interrupted."""
    LaterClient.passed += STALE * parts


def open_archive(url: str) -> Archive:
    """Open an archive in a store with that clock."""
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    with mock.patch("mailmart_privacy.archive.storage.s3_client.Client", LaterClient):
        client = connect(bucket, prefix)
    assert isinstance(client, LaterClient)
    return Archive(Bucket(client))


def add(archive: Archive, keyring: Keyring, copies: list[Copy]) -> list[int]:
    with archive.writing(keyring, lambda: NOW) as session:
        return [added.number for added in session.add_copies(copies, shipped())]


def stop(archive: Archive, keyring: Keyring, copies: list[Copy]) -> None:
    """Be a writer that is stopped between putting the copies and their commit."""
    with (
        pytest.raises(_StoppedError),
        mock.patch.object(LogWriter, "append", side_effect=_StoppedError),
        archive.writing(keyring, lambda: NOW) as session,
    ):
        session.add_copies(copies, shipped())


def require_whole(archive: Archive, numbers: Iterable[int], copies: list[Copy]) -> None:
    """Require that copies are in the log at the places that their writer was told, and that nothing is left behind."""
    for number, copy in zip(numbers, copies, strict=True):
        (file,) = archive.read_entry(number).entry.files
        assert file.digest == sha256(copy.pdf).hexdigest()
        assert archive.read_file(file) == copy.pdf
    report = audit(archive)
    report.require_sound()
    assert (report.staged, report.unpublished) == (0, 0)


def test_a_writer_that_was_held_up(url: str, tmp_path: Path) -> None:
    """A writer that slept amid its work, so that others may have removed its copies, does not commit them."""
    _, keyring = make(url, tmp_path / "key")
    archive = open_archive(url)
    late = pytest.raises(ArchiveError, match="took too long")
    with late, archive.writing(keyring, lambda: NOW) as session:
        session._writer.stage([("copies/2026/11/x.pdf", b"x")])
        wait(0.75)
        session._log_writer.append([b"{}"])
    assert audit(archive).entries == 2


def test_two_that_clear_away(url: str, tmp_path: Path) -> None:
    """If two cleaners remove the same objects, the slower one removes nothing that was added since."""
    _, keyring = make(url, tmp_path / "key")
    copies = fake_copies(3)
    stop(open_archive(url), keyring, copies)
    wait()
    slow = open_archive(url)

    def logged(start: int) -> Iterator[str]:
        found = list(slow.log.name_files(start))
        with (
            mock.patch("mailmart_privacy.archive.storage.s3_cleanup.PATIENCE", 1),
            pytest.raises(ArchiveError, match="is being cleared away"),
        ):
            add(open_archive(url), keyring, copies)
        return iter(found)

    slow.storage.recover(logged)
    numbers = add(open_archive(url), keyring, copies)
    require_whole(open_archive(url), numbers, copies)


def test_what_another_one_left_and_one_relies_on(url: str, tmp_path: Path) -> None:
    """An interrupted writer's object stays if an active writer relies on it."""
    _, keyring = make(url, tmp_path / "key")
    copies = fake_copies(3)
    stop(open_archive(url), keyring, copies)
    wait()
    archive, clearing = open_archive(url), open_archive(url)
    append = LogWriter.append

    def commit(writer: LogWriter, *arguments: Any) -> int:
        clearing.storage.recover(clearing.log.name_files)
        return append(writer, *arguments)

    with mock.patch.object(archive.storage, "recover"), mock.patch.object(LogWriter, "append", commit):
        numbers = add(archive, keyring, copies)
    add(open_archive(url), keyring, [])  # what the first one meant to put has its entry now
    require_whole(open_archive(url), numbers, copies)


def test_what_two_have_left_one_after_the_other(url: str, tmp_path: Path) -> None:
    """Copies that one writer put and another one found are removed once both writers count as interrupted."""
    _, keyring = make(url, tmp_path / "key")
    copies = fake_copies(3)
    stop(open_archive(url), keyring, copies)
    wait(0.625)
    stop(open_archive(url), keyring, copies)
    wait(0.5)
    add(open_archive(url), keyring, [])  # clears away what the first one has left
    wait(1)
    add(open_archive(url), keyring, [])
    require_whole(open_archive(url), [], [])


def test_what_was_archived_before(url: str, tmp_path: Path) -> None:
    """A writer that is stopped while it adds what is in the archive already costs the archive nothing."""
    _, keyring = make(url, tmp_path / "key")
    copies = fake_copies(3)
    numbers = add(open_archive(url), keyring, copies)
    stop(open_archive(url), keyring, copies)
    wait()
    add(open_archive(url), keyring, [])
    require_whole(open_archive(url), numbers, copies)


def test_a_version_that_another_one_left(url: str, tmp_path: Path) -> None:
    """The files of a version that no entry names are not taken for an archived version."""
    make(url, tmp_path / "key")
    archive = open_archive(url)
    records = {f"versions/2030-01-01/{name}": secrets.token_bytes(9) for name in ("policy.txt", "page.html")}
    with mock.patch.object(S3Writer, "commit_staged"), archive.storage.writer(0) as writer:
        writer.stage(records.items())
    assert not open_archive(url).holds_version("2030-01-01", records)


def test_one_that_was_stopped_while_clearing_away(url: str, tmp_path: Path) -> None:
    """A cleaner that is interrupted delays only writers that add the same objects, and the next cleaner finishes."""
    _, keyring = make(url, tmp_path / "key")
    left, others = fake_copies(3), fake_copies(2)
    stop(open_archive(url), keyring, left)
    wait()
    archive = open_archive(url)
    with (
        pytest.raises(_StoppedError),
        mock.patch("mailmart_privacy.archive.storage.s3.S3Writer.remove", side_effect=_StoppedError),
        mock.patch("mailmart_privacy.archive.storage.s3.end_clearing"),
    ):
        archive.storage.recover(archive.log.name_files)
    numbers = add(open_archive(url), keyring, others)
    with (
        pytest.raises(ArchiveError, match="is being cleared away after a writer that was stopped"),
        mock.patch("mailmart_privacy.archive.storage.s3_cleanup.PATIENCE", 1),
    ):
        add(open_archive(url), keyring, left)
    wait()
    numbers += add(open_archive(url), keyring, left)
    require_whole(open_archive(url), numbers, [*others, *left])


def test_one_that_was_stopped_when_all_was_cleared_away(url: str, tmp_path: Path) -> None:
    """A cleaner that is interrupted before it says that it is done does not keep writers waiting without end."""
    _, keyring = make(url, tmp_path / "key")
    copies = fake_copies(3)
    stop(open_archive(url), keyring, copies)
    wait()
    archive = open_archive(url)
    with mock.patch("mailmart_privacy.archive.storage.s3.end_clearing"):
        archive.storage.recover(archive.log.name_files)
    with (
        pytest.raises(ArchiveError, match="is being cleared away after a writer that was stopped"),
        mock.patch("mailmart_privacy.archive.storage.s3_cleanup.PATIENCE", 1),
    ):
        add(open_archive(url), keyring, copies)
    wait()
    numbers = add(open_archive(url), keyring, copies)
    require_whole(open_archive(url), numbers, copies)
