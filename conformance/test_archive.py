"""The archive's log, as software that others wrote reads it: Tessera's fsck, and Go's sumdb packages."""

import base64
import datetime
import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mailmart_privacy.archive.archive import Archive
from mailmart_privacy.archive.creation import create_archive
from mailmart_privacy.archive.entries import Entry, File, write_entry
from mailmart_privacy.archive.keyring import Keyring, load_keyring
from mailmart_privacy.archive.log_writer import LogWriter
from mailmart_privacy.archive.proofs import write_proof
from mailmart_privacy.archive.storage.folder import Folder
from mailmart_privacy.archive.tlog.merkle import prove_consistency
from mailmart_privacy.archive.tlog.notes import Checkpoint, read_cosignatures
from mailmart_privacy.archive.witnesses import cosign
from mailmart_privacy.errors import ArchiveError
from mailmart_privacy.policy.ledger import shipped
from tests.conftest import make_cli, make_environment
from tests.pki import serve

from . import go
from .conftest import NOW
from .witness import serve_witness

# Where tiles and levels begin and end; each is published.
SIZES = (2, 3, 255, 256, 257, 511, 512, 1_000, 5_000, 65_535, 65_536, 65_537, 70_000)

Logged = tuple[Archive, dict[int, Checkpoint]]


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Logged:
    """An archive with a log of 70,000 entries, and the checkpoints of all sizes on the way."""
    folder = tmp_path_factory.mktemp("logged")
    (folder / "archive").mkdir()
    storage = Folder(folder / "archive")
    archive = create_archive(storage, key=lambda origin: folder / "key", ledger=shipped(), clock=lambda: NOW)
    keyring = load_keyring(folder / "key", archive.metadata.key)
    return archive, {size: grow(archive, keyring, size) for size in SIZES}


def grow(archive: Archive, keyring: Keyring, size: int) -> Checkpoint:
    """Append entries until there are so many, and publish them."""
    with archive.storage.writer(0) as writer:
        log_writer = LogWriter(archive.log, keyring, writer)
        log_writer.append([make_entry(number) for number in range(log_writer.size, size)])
        return log_writer.publish()


def make_entry(number: int) -> bytes:
    digest = sha256(b"%d" % number).hexdigest()
    file = File(name=f"copies/2026/11/{digest}.pdf", digest=digest, size=number)
    moment = NOW + datetime.timedelta(seconds=number)
    return write_entry(Entry(kind="customer-copy", files=(file,), recorded_at=moment))


@pytest.fixture
def place(logged: Logged, tmp_path: Path) -> Callable[[int], Path]:
    """Lay out a copy of the archive as it was at a size."""
    archive, checkpoints = logged

    def lay_out(size: int) -> Path:
        target = tmp_path / "archive"
        shutil.copytree(archive.storage.location, target)
        (target / "log" / "checkpoint").write_bytes(checkpoints[size].note)
        return target

    return lay_out


def judge(archive: Path) -> str:
    return go.check_log(archive / "log", archive / "log.vkey")


@pytest.mark.parametrize("size", SIZES)
def test_tessera_accepts_the_log(place: Callable[[int], Path], size: int) -> None:
    """Tessera's fsck reads the whole log at every size, and finds the root that we signed."""
    assert judge(place(size)) == ""


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("tile/entries/000", 700),
        ("tile/entries/200", 2),
        ("tile/0/017", 31),
        ("tile/1/000", 5),
        ("tile/2/000.p/1", 0),
        ("tile/entries/273.p/112", 0),
        ("checkpoint", -4),
        ("checkpoint", 50),
    ],
)
def test_tessera_refuses_a_changed_one(place: Callable[[int], Path], name: str, at: int) -> None:
    """A byte that was changed in a bundle, a tile or the checkpoint is found."""
    log = place(70_000) / "log"
    flip(log / name, at)
    assert judge(log.parent) != ""


def test_tessera_refuses_exchanged_entries(place: Callable[[int], Path]) -> None:
    """Two bundles in each other's places, and a bundle that is gone, are found."""
    archive = place(70_000)
    first, second = archive / "log/tile/entries/003", archive / "log/tile/entries/004"
    first.rename(first.with_suffix(".away"))
    second.rename(first)
    assert judge(archive) != ""
    first.with_suffix(".away").rename(second)
    assert judge(archive) != ""


@pytest.mark.parametrize("size", SIZES)
def test_go_accepts_proofs(logged: Logged, tmp_path: Path, size: int) -> None:
    """Go's packages accept the proofs of the first, the last and entries between, at every size."""
    archive, checkpoints = logged
    for number in {0, size - 1, size // 2, size // 3}:
        (tmp_path / "proof").write_bytes(write_proof(archive, number, checkpoints[size]))
        (tmp_path / "entry").write_bytes(archive.read_entry(number).content)
        assert go.check_proof("inclusion", key(archive), tmp_path / "proof", tmp_path / "entry") == ""


def test_go_refuses_changed_proofs(logged: Logged, tmp_path: Path) -> None:
    """Go's packages refuse another entry, hash, number, state, key, or signature."""
    archive, checkpoints = logged
    proof = write_proof(archive, 700, checkpoints[1_000])
    entry = archive.read_entry(700).content
    lines = proof.split(b"\n")
    other_key = str(archive.metadata.key).replace(archive.metadata.origin, "example.com/log")
    changed = {
        "entry": (proof, entry + b" ", None),
        "hash": (b"\n".join([*lines[:4], base64.b64encode(bytes(32)), *lines[5:]]), entry, None),
        "fewer hashes": (b"\n".join([*lines[:4], *lines[5:]]), entry, None),
        "number": (proof.replace(b"index 700\n", b"index 701\n"), entry, None),
        "state": (proof.partition(b"\n\n")[0] + b"\n\n" + checkpoints[5_000].note, entry, None),
        "size": (proof.replace(b"\n1000\n", b"\n1001\n"), entry, None),
        "key": (proof, entry, other_key),
    }
    for name, (content, leaf, public) in changed.items():
        (tmp_path / "proof").write_bytes(content)
        (tmp_path / "entry").write_bytes(leaf)
        (tmp_path / "key").write_text(public or str(archive.metadata.key))
        assert go.check_proof("inclusion", tmp_path / "key", tmp_path / "proof", tmp_path / "entry") != "", name


def test_go_accepts_that_the_log_goes_on(logged: Logged, tmp_path: Path) -> None:
    """Go's packages accept that each state continues those before, and refuse a changed path."""
    archive, checkpoints = logged
    for old, new in [(2, 3), (3, 70_000), (255, 256), (256, 257), (1_000, 65_536), (65_536, 65_537), (65_537, 70_000)]:
        path = prove_consistency(old, new, archive.log.tiles(new).subtree)
        arguments = ("consistency", key(archive), write(tmp_path, "old", checkpoints[old].note))
        arguments += (write(tmp_path, "new", checkpoints[new].note),)
        assert go.check_proof(*arguments, write_path(tmp_path, path)) == ""
        for index in range(len(path)):
            wrong = [*path[:index], bytes(32), *path[index + 1 :]]
            assert go.check_proof(*arguments, write_path(tmp_path, wrong)) != ""


def test_a_witness_of_others_signs_what_goes_on(logged: Logged, tmp_path: Path) -> None:
    """The witness signs each state that our proof shows to continue what it saw; no older one, and no other log's."""
    archive, checkpoints = logged
    with serve_witness(archive.metadata.key, tmp_path) as witness:
        for size in (2, 3, 257, 65_537, 70_000):
            signed = cosign(archive, checkpoints[size], (witness,))
            (seen,) = read_cosignatures(signed.note, (witness.key,))
            assert seen.witness == witness.key.name
        with pytest.raises(ArchiveError, match="HTTP 409 70000"):
            cosign(archive, checkpoints[65_537], (witness,))
        forged = replace(checkpoints[70_000], note=checkpoints[70_000].note.replace(b"\n70000\n", b"\n70001\n"))
        with pytest.raises(ArchiveError, match=r"HTTP (403|500)"):
            cosign(archive, forged, (witness,))


def test_an_anchor_with_a_witness_of_others(tmp_path: Path) -> None:
    """`archive anchor --witness` has the checkpoint signed by it, and the authority stamps both signatures."""
    environment = make_environment(tmp_path / "home")
    cli = make_cli(tmp_path, environment)
    assert cli("archive", "init", "archive").returncode == 0
    archive = Archive(Folder(tmp_path / "archive"))
    (tmp_path / "authority").mkdir()
    (tmp_path / "witness").mkdir()
    with (
        serve(str(tmp_path / "authority"), NOW) as authority,
        authority.at(None),
        serve_witness(archive.metadata.key, tmp_path / "witness") as witness,
    ):
        roots = b"".join(each.public_bytes(Encoding.PEM) for each in authority.roots)
        (tmp_path / "roots.pem").write_bytes(roots)
        command = ("archive", "anchor", "-a", "archive", "--tsa", authority.tsa(), "--trust", "roots.pem")
        for _ in range(2):
            done = cli(*command, "--witness", f"{witness.key}={witness.url}")
            assert done.returncode == 0, done.stderr
    stamped = sorted((tmp_path / "archive" / "anchors").glob("*.checkpoint"))
    assert len(stamped) == 2
    for path in stamped:
        (seen,) = read_cosignatures(path.read_bytes(), (witness.key,))
        assert seen.witness == witness.key.name
    assert cli("archive", "verify", "-a", "archive", "--trust", "roots.pem").returncode == 0


def key(archive: Archive) -> Path:
    return Path(archive.storage.location) / "log.vkey"


def write(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def write_path(folder: Path, path: list[bytes]) -> Path:
    return write(folder, "path", b"".join(base64.b64encode(each) + b"\n" for each in path))
