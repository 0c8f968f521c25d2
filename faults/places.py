"""Archives to be harmed: made once, copied for each harm, and compared with what was acknowledged."""

import contextlib
import datetime
import random
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from unittest import mock

from mailmart_privacy.archive.archive import Archive
from mailmart_privacy.archive.audit import Report, audit
from mailmart_privacy.archive.creation import create_archive
from mailmart_privacy.archive.keyring import Keyring, load_keyring
from mailmart_privacy.archive.log_audit import Root
from mailmart_privacy.archive.log_writer import LogWriter
from mailmart_privacy.archive.session import Copy
from mailmart_privacy.archive.storage.base import INCOMING, Storage
from mailmart_privacy.archive.storage.folder import Folder
from mailmart_privacy.archive.storage.folder_writer import FolderWriter
from mailmart_privacy.policy.ledger import shipped

VERSION = shipped().versions[0].version
# The number of the first copy in a new archive. Before it come the archive's own entry and those of the versions.
FIRST_COPY = 1 + len(shipped().versions)
NOW = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)


def clock() -> datetime.datetime:
    """Tell the one time at which all is recorded, so that runs can be compared."""
    return NOW


@dataclass(frozen=True, slots=True)
class Place:
    """An archive and its key, side by side in one folder.

    Attributes:
        path: that folder.
    """

    path: Path

    @property
    def cleaners(self) -> int:
        """How many more writers may be needed until all is cleared away: in a folder, the next one does it."""
        return 0

    @property
    def root(self) -> Path:
        """The archive's folder."""
        return self.path / "archive"

    @property
    def keys(self) -> Path:
        """The folder of its key."""
        return self.path / "keys"

    def archive(self) -> Archive:
        """Open the archive again: nothing is remembered from before."""
        return Archive(Folder(self.root))

    def keyring(self, archive: Archive) -> Keyring:
        """Load its key."""
        return load_keyring(self.keys / "key.json", archive.keys.newest)

    def audit(self, *roots: Root) -> Report:
        """Audit the archive as one that was just opened."""
        return audit(self.archive(), roots=roots)

    def add(self, *batches: list[Copy]) -> list[tuple[int, str]]:
        """Be the next writer: add copies, a commit for each batch, and publish.

        Returns:
            The number and the digest of each copy.
        """
        archive = self.archive()
        with archive.writing(self.keyring(archive), clock) as session:
            added = [numbered for batch in batches for numbered in session.add_copies(batch, shipped())]
        return [(numbered.number, numbered.entry.files[0].digest) for numbered in added]

    def duplicate(self, path: Path) -> "Place":
        """Copy archive and key to another place, over what is there."""
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.path, path, symlinks=True)
        return Place(path)

    def staging_folders(self) -> list[Path]:
        """List what writers that were stopped have left behind."""
        return list((self.root / INCOMING).glob("*"))

    def passing(self) -> contextlib.AbstractContextManager[None]:
        """Let a writer go on after what it may be told though nothing is amiss: in a folder, nothing."""
        return contextlib.nullcontext()

    def rest(self) -> None:
        """Wait until interrupted writers count as interrupted: in a folder, at once."""


def make_place(path: Path) -> Place:
    """Make a new archive and its key."""
    place = Place(path)
    place.root.mkdir(parents=True)
    create_in(place, Folder(place.root))
    return place


def create_in(place: Place, storage: Storage) -> None:
    """Make a new archive in a storage, and its key in a place."""
    create_archive(storage, key=lambda origin: place.keys / "key.json", ledger=shipped(), clock=clock)


def fake_copies(chance: random.Random, count: int, *, size: int = 600, recipients: int = 5) -> list[Copy]:
    """Make copies of random bytes: an archive does not look into them."""
    return [
        Copy(
            pdf=(pdf := b"%PDF-1.7\n" + chance.randbytes(size)),
            digest=sha256(pdf).hexdigest(),
            version=VERSION,
            level="B-B",
            signer="a" * 64,
            recipient=f"Acme {chance.randrange(recipients)} GmbH",
            reference=f"C-{chance.randrange(10**6)}",
            issued_at=NOW,
        )
        for _ in range(count)
    ]


def require_acknowledged(place: Place, acknowledged: list[tuple[int, str]]) -> None:
    """Require that what was acknowledged is in the log at its number, can be read, and has its digest."""
    archive = place.archive()
    logged = {numbered.number: numbered.entry for numbered in archive.entries()}
    for number, digest in acknowledged:
        assert number in logged, f"no. {number} was acknowledged, and is not in the log"
        (file,) = logged[number].files
        assert file.digest == digest, f"no. {number} is of another copy than was acknowledged"
        content = archive.read_file(file)
        assert content is not None, f"{file.name} was acknowledged, and is not there"
        assert sha256(content).hexdigest() == digest


def require_sound(place: Place) -> Report:
    """Require that an audit finds no fault, whatever a writer has not finished."""
    report = place.audit()
    assert not report.faults, report.faults
    return report


def require_finished(place: Place) -> Report:
    """Require that an audit finds nothing at all: no fault, and nothing unfinished."""
    report = require_sound(place)
    assert report.staged == 0, f"{report.staged} files are staged yet"
    assert report.unpublished == 0, f"{report.unpublished} entries are not published"
    assert not place.staging_folders(), f"staging folders are left: {place.staging_folders()}"
    return report


def require_survived(place: Place, acknowledged: list[tuple[int, str]], chance: random.Random) -> Report:
    """Require all that must hold after a writer was stopped, before and after the next one.

    Returns:
        What the first audit found, before anything was mended.
    """
    before = require_sound(place)
    require_acknowledged(place, acknowledged)
    more = place.add(fake_copies(chance, 1))
    for _ in range(place.cleaners):
        if place.staging_folders():
            place.rest()
            more += place.add(fake_copies(chance, 1))
    require_finished(place)
    require_acknowledged(place, [*acknowledged, *more])
    return before


class StoppedError(OSError):
    """Stands for the end of a writer at a certain point."""


def stop_writer(place: Place, copies: list[Copy], *, committed: bool) -> list[tuple[int, str]]:
    """Leave what a writer leaves that is stopped between two steps of adding copies.

    Args:
        place: where.
        copies: what it was about to add.
        committed: stop it after the commit, before the files are in their places; else before the commit.

    Returns:
        The number and the digest of each copy that is in the log.
    """
    point = (FolderWriter, "commit_staged") if committed else (LogWriter, "append")
    archive = place.archive()
    with (
        mock.patch.object(*point, side_effect=StoppedError),
        mock.patch.object(Folder, "recover"),  # what those before it have left stays
        contextlib.suppress(StoppedError),
        archive.writing(place.keyring(archive), clock) as session,
    ):
        session.add_copies(copies, shipped())
    digests = {sha256(copy.pdf).hexdigest() for copy in copies} if committed else set[str]()
    found = ((each.number, file.digest) for each in archive.entries() for file in each.entry.files)
    return [(number, digest) for number, digest in found if digest in digests]


def make_worn_place(path: Path, chance: random.Random) -> tuple[Place, list[tuple[int, str]]]:
    """Make an archive that leaves a writer the most to do: others were stopped in it, and its tiles are nearly full.

    Returns:
        It, and the numbers and digests of its copies.
    """
    place = make_place(path)
    # Many entries of few files, so that it is copied fast.
    kept = place.add(fake_copies(chance, 1) * 247 + fake_copies(chance, 3))[-4:]
    kept += stop_writer(place, fake_copies(chance, 1), committed=True)
    stop_writer(place, fake_copies(chance, 2), committed=False)
    report = require_sound(place)
    assert (report.staged, report.unpublished) == (3, 1)
    return place, kept
