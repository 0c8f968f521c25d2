"""The archive in a real object store: conditions, locks, writers that race, and writers that are killed."""

import datetime
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from faults.racing import race_apart
from mailmart_privacy.archive.archive import Archive
from mailmart_privacy.archive.audit import audit
from mailmart_privacy.archive.creation import create_archive
from mailmart_privacy.archive.keyring import Keyring, load_keyring
from mailmart_privacy.archive.rotation import rotate_key
from mailmart_privacy.archive.session import Copy
from mailmart_privacy.archive.storage.base import Retention
from mailmart_privacy.archive.storage.s3 import open_bucket
from mailmart_privacy.errors import ArchiveError, TamperedError, UsageError

from . import seaweed
from .conftest import NOW, PATIENCE, Run, one_line
from .versions import one_version as shipped

pytestmark = pytest.mark.slow

KILLS = min(6, int(os.environ.get("MAILMART_PRIVACY_KILLS", "6")))  # `make faults` kills hundreds


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A store, and the environment by which boto3 finds it."""
    with seaweed.serve(tmp_path_factory.mktemp("store")) as variables:
        yield variables


@pytest.fixture
def url(store: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A place in a bucket of its own, with versions and object lock."""
    for name, value in store.items():
        monkeypatch.setenv(name, value)
    bucket = f"archive-{secrets.token_hex(6)}"
    seaweed.connect(store).create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    return f"s3://{bucket}/kept"


def make(url: str, key: Path, retention: Retention | None = None) -> tuple[Archive, Keyring]:
    made = create_archive(
        open_bucket(url), key=lambda origin: key, ledger=shipped(), clock=lambda: NOW, retention=retention
    )
    return made, load_keyring(key, made.metadata.key)


def fake_copies(count: int) -> list[Copy]:
    return [
        Copy(
            pdf=(pdf := secrets.token_bytes(3000)),
            digest=sha256(pdf).hexdigest(),
            version="2026-02-24",
            level="B-B",
            signer="a" * 64,
            recipient=f"Acme {number}",
            reference=f"C-{number}",
            issued_at=NOW,
        )
        for number in range(count)
    ]


def test_a_key_that_is_replaced_in_a_store(url: str, store: dict[str, str], tmp_path: Path) -> None:
    """The proof of it is locked as entries are; a newer version or a marker that shadows it is found."""
    archive, keyring = make(url, tmp_path / "key", Retention("GOVERNANCE", 1))
    rotate_key(archive, tmp_path / "key", lambda: NOW)
    opened = Archive(open_bucket(url))
    newest = load_keyring(tmp_path / "key", opened.keys.newest)
    assert newest.public != keyring.public
    with opened.writing(newest, lambda: NOW) as session:
        session.add_copies(fake_copies(2), shipped())
    audit(Archive(open_bucket(url))).require_sound()
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    seaweed.connect(store).delete_object(Bucket=bucket, Key=f"{prefix}/rotations/0001.tlog-proof")
    with pytest.raises(TamperedError):
        audit(Archive(open_bucket(url))).require_sound()


def test_a_day_in_a_store(url: str, tmp_path: Path) -> None:
    """Added copies are complete, and another process finds them; the audit finds no fault."""
    archive, keyring = make(url, tmp_path / "key")
    copies = fake_copies(12)
    with archive.writing(keyring, lambda: NOW) as session:
        added = session.add_copies(copies, shipped())
    again = Archive(open_bucket(url))
    assert [again.read_file(each.entry.files[0]) for each in added] == [copy.pdf for copy in copies]
    report = audit(again)
    report.require_sound()
    assert (report.entries, report.staged) == (2 + 12, 0)
    found = again.find_recipient(keyring.names_key, "acme 3")
    assert found is not None
    with again.writing(keyring, lambda: NOW) as session:
        session.erase(found)
    report = audit(Archive(open_bucket(url)))
    report.require_sound()
    assert report.erased == 1


def test_changes_are_found(url: str, store: dict[str, str], tmp_path: Path) -> None:
    """An object that was written over, deleted or planted is found, though the store keeps what was there before."""
    archive, keyring = make(url, tmp_path / "key")
    with archive.writing(keyring, lambda: NOW) as session:
        (first, second) = session.add_copies(fake_copies(2), shipped())
    client = seaweed.connect(store)
    place = {"Bucket": url.split("/")[2]}
    client.put_object(**place, Key=f"kept/{first.entry.files[0].name}", Body=b"another")
    client.delete_object(**place, Key=f"kept/{second.entry.files[0].name}")
    client.put_object(**place, Key="kept/copies/2026/11/planted.pdf", Body=b"planted")
    faults = audit(Archive(open_bucket(url))).faults
    assert len(faults) == 5
    for words in (
        "was changed",
        "is missing",
        "has no entry",
        "was written over; the store has versions",
        "was deleted",
    ):
        assert any(words in fault for fault in faults), (words, faults)


def test_locks(url: str, store: dict[str, str], tmp_path: Path) -> None:
    """Archived files are locked in the given mode for the given time; recipients' records are not."""
    archive, keyring = make(url, tmp_path / "key", Retention("COMPLIANCE", 3))
    assert Archive(open_bucket(url)).metadata.retention == Retention("COMPLIANCE", 3)
    with archive.writing(keyring, lambda: NOW) as session:
        (added,) = session.add_copies(fake_copies(1), shipped())
    client = seaweed.connect(store)
    place = {"Bucket": url.split("/")[2]}
    file = added.entry.files[0]
    for name in (file.name, "commits/00000000/000000000000.jsonl", "versions/2026-02-24/policy.txt"):
        held = client.get_object_retention(**place, Key=f"kept/{name}")["Retention"]
        left = held["RetainUntilDate"] - datetime.datetime.now(datetime.UTC)
        assert held["Mode"] == "COMPLIANCE"
        assert datetime.timedelta(days=2, hours=23) < left <= datetime.timedelta(days=3)
    found = archive.find_recipient(keyring.names_key, "Acme 0")
    assert found is not None
    until = client.get_object_retention(**place, Key=f"kept/{file.name}")["Retention"]["RetainUntilDate"]
    locked = pytest.raises(ArchiveError, match=f"is locked in the store until {until:%Y-%m-%d %H:%M} UTC")
    with locked, archive.writing(keyring, lambda: NOW) as session:
        session.erase(found)
    archive.storage.hold(file.name, on=True)
    held = pytest.raises(ArchiveError, match="is under legal hold")
    with held, archive.writing(keyring, lambda: NOW) as session:
        session.erase(found)
    archive.storage.hold(file.name, on=False)
    assert archive.read_file(file) is not None


def test_buckets_that_lock_too_little_or_too_much(url: str, store: dict[str, str], tmp_path: Path) -> None:
    """A bucket that cannot lock, or that locks everything by default, is refused before anything is written."""
    client, names = seaweed.connect(store), [f"archive-{secrets.token_hex(6)}" for _ in range(2)]
    client.create_bucket(Bucket=names[0])
    client.create_bucket(Bucket=names[1], ObjectLockEnabledForBucket=True)
    rule = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    client.put_object_lock_configuration(Bucket=names[1], ObjectLockConfiguration=rule)
    for name, words in zip(names, ("has no object lock", "locks every object by default"), strict=True):
        with pytest.raises(ArchiveError, match=words):
            make(f"s3://{name}/kept", tmp_path / f"{name}.key", Retention("COMPLIANCE", 3))
        assert "Contents" not in client.list_objects_v2(Bucket=name)
    make(f"s3://{names[0]}/kept", tmp_path / "key")


@pytest.mark.parametrize("name", ["s3://", "s3://x", "s3://archive/../x", "s3://UPPER/x", "s3://a//b"])
def test_what_is_no_place(name: str) -> None:
    """An address that does not name a place in a store is refused."""
    with pytest.raises(UsageError, match="names no place"):
        open_bucket(name)


def test_stores_that_are_not_there(url: str, cli: Run, environment: dict[str, str], store: dict[str, str]) -> None:
    """No bucket, no store, wrong credentials: one line each, and the documented exit code."""
    for variables, place, words in (
        ({}, "s3://archive-none/x", "there is no such bucket"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, url, "cannot be asked"),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, url, "the store says"),
    ):
        result = cli("archive", "list", "-a", place, env=environment | store | variables)
        assert (result.returncode, words in one_line(result)) == (1, True), result.stderr


def test_the_command_line(
    url: str, cli: Run, environment: dict[str, str], store: dict[str, str], tmp_path: Path
) -> None:
    """The commands work with a store as with a folder."""
    variables = environment | store
    assert cli("archive", "init", url, env=variables).returncode == 0
    done = cli("export", "--to", "Acme GmbH", "-a", url, "-o", "acme.pdf", env=variables)
    assert done.returncode == 0, done.stderr
    result = cli("archive", "find", "Acme GmbH", "-a", url, "--json", env=variables)
    (customer,) = json.loads(result.stdout)["customers"]
    (copy,) = customer["copies"]
    assert copy["digest"] == sha256((tmp_path / "acme.pdf").read_bytes()).hexdigest()
    assert cli("archive", "verify", "-a", url, env=variables).returncode == 0
    name = next(
        each["Key"]
        for each in seaweed.connect(store).list_objects_v2(Bucket=url.split("/")[2])["Contents"]
        if copy["digest"] in each["Key"]
    )
    place = {"Bucket": url.split("/")[2], "Key": name}
    result = cli("archive", "hold", copy["digest"], "--matter", "26-114", "-a", url, env=variables)
    assert result.returncode == 0, result.stderr
    assert seaweed.connect(store).get_object_legal_hold(**place)["LegalHold"]["Status"] == "ON"
    result = cli("archive", "erase", "Acme GmbH", "--yes", "-a", url, env=variables)
    assert (result.returncode, "matter 26-114" in one_line(result)) == (1, True)
    assert cli("archive", "verify", "-a", url, env=variables).returncode == 0
    result = cli("archive", "release", "--matter", "26-114", "-a", url, env=variables)
    assert result.returncode == 0, result.stderr
    assert seaweed.connect(store).get_object_legal_hold(**place)["LegalHold"]["Status"] == "OFF"


def test_an_intent_that_was_spoilt(url: str, store: dict[str, str], tmp_path: Path) -> None:
    """Objects that no writer creates are not treated as a writer's intent."""
    archive, keyring = make(url, tmp_path / "key")
    client = seaweed.connect(store)
    client.put_object(Bucket=url.split("/")[2], Key="kept/incoming/clearing.json", Body=b"[]")
    spoilt = pytest.raises(TamperedError, match="is not what a writer leaves there")
    with spoilt, archive.writing(keyring, lambda: NOW) as session:
        session.add_copies(fake_copies(1), shipped())
    client.put_object(Bucket=url.split("/")[2], Key="kept/incoming/0-ab/1.json", Body=b"{}")
    with pytest.raises(TamperedError, match="is not what a writer leaves there"):
        audit(archive)


_WRITER = """
import datetime, secrets, sys
from pathlib import Path
from mailmart_privacy.archive.archive import Archive
from mailmart_privacy.archive.keyring import load_keyring
from mailmart_privacy.archive.storage.s3 import open_bucket
from mailmart_privacy.policy.ledger import shipped
from tests.test_archive_s3 import fake_copies
archive = Archive(open_bucket(sys.argv[1]))
keyring = load_keyring(Path(sys.argv[2]), archive.metadata.key)
now = lambda: datetime.datetime.now(datetime.UTC)
with archive.writing(keyring, now) as session:
    for _ in range(int(sys.argv[3])):
        (added,) = session.add_copies(fake_copies(1), shipped())
        print(added.number, added.entry.files[0].digest, flush=True)
"""


def _start(url: str, key: Path, count: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, url, str(key), str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )


def _require_acknowledged(archive: Archive, said: list[str]) -> None:
    """Every acknowledged entry has the number that its writer was told."""
    digests = {each.number: each.entry.files[0].digest for each in archive.entries() if each.entry.files}
    acknowledged = [line.split() for line in said]
    assert len({number for number, _ in acknowledged}) == len(acknowledged)
    for number, digest in acknowledged:
        assert digests[int(number)] == digest


def test_writers_that_race(url: str, tmp_path: Path) -> None:
    """Four processes add copies at once: each copy is there once, at the place that its writer was told."""
    archive, _ = make(url, tmp_path / "key")
    writers = [_start(url, tmp_path / "key", 8) for _ in range(4)]
    outputs = [writer.communicate(timeout=PATIENCE) for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4, [error for _, error in outputs]
    said = [line for output, _ in outputs for line in output.splitlines()]
    assert len(said) == 32
    _require_acknowledged(archive, said)
    report = audit(archive)
    report.require_sound()
    assert (report.entries, report.unpublished, report.staged) == (2 + 32, 0, 0)


def test_writers_that_are_killed(url: str, tmp_path: Path) -> None:
    """Writers that are killed at random moments lose nothing that was acknowledged; others clean up after them."""
    tally = race_apart(tmp_path, KILLS, int(os.environ.get("MAILMART_PRIVACY_SEED", "39")), url)
    assert tally["kills"] >= KILLS
    assert tally["acknowledged"]
