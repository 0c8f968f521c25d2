"""The auditor's program: what it accepts, what it refuses, and how it treats keys and roots from the bag."""

import base64
import datetime
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from faults.places import FIRST_COPY, Place, clock, fake_copies, make_place
from mailmart_privacy._time import format_moment
from mailmart_privacy.archive.anchors import anchor, verify_anchors
from mailmart_privacy.archive.commits import write_commit
from mailmart_privacy.archive.entries import Entry, write_entry
from mailmart_privacy.archive.evidence import gather_evidence, read_script
from mailmart_privacy.archive.layout import name_commit
from mailmart_privacy.archive.rotation import rotate_key
from mailmart_privacy.archive.tlog.notes import log_key, sign_checkpoint
from mailmart_privacy.policy.render import environment

from .conftest import NOW, PATIENCE
from .pki import Authority

PROVEN, USAGE, FAULT, DOUBT = 0, 2, 4, 5


@pytest.fixture
def place(tmp_path: Path, authority: Authority) -> Iterator[Place]:
    """An archive with two copies and an anchor over them, and beside it the authority's root."""
    place = make_place(tmp_path / "place")
    place.add(fake_copies(random.Random(7), 2))
    archive = place.archive()
    with authority.at(None), archive.writing(place.keyring(archive), clock) as session:
        anchor(session, timestamps=authority.client(), trust=authority.trust, at=NOW)
    pem = b"".join(root.public_bytes(Encoding.PEM) for root in authority.roots)
    (tmp_path / "roots.pem").write_bytes(pem)
    (tmp_path / "verify_archive.py").write_bytes(read_script())
    return place


@pytest.fixture
def bag(place: Place, authority: Authority, tmp_path: Path) -> Path:
    """A bag of evidence for the first copy, packed as BagIt wants it: its payload."""
    return pack(place, authority, tmp_path / "bag", anchored=True)


def pack(place: Place, authority: Authority, target: Path, *, anchored: bool, at: datetime.datetime = NOW) -> Path:
    archive = place.archive()
    found, version = archive.read_entry(FIRST_COPY), archive.read_entry(1)
    anchors = verify_anchors(archive, place.audit().anchors, trust=authority.trust, at=at) if anchored else []
    files = gather_evidence(
        archive, found, found.entry.files[0], policy=version.entry.files, published=1, anchors=anchors, at=at
    )
    for name, content in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(content)
    return target / "data"


def check(folder: Path, *arguments: str, path: str | None = None) -> tuple[int, str]:
    """Run the program from the auditor's own folder."""
    own = next(each for each in folder.parents if (each / "verify_archive.py").exists() and each.name != "data")
    command = [sys.executable, "-I", str(own / "verify_archive.py"), str(folder), *arguments]
    environment = {"PATH": os.environ["PATH"] if path is None else path}
    done = subprocess.run(command, capture_output=True, check=False, text=True, env=environment, timeout=PATIENCE)
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout


def trusted(place: Place) -> list[str]:
    """The key and the roots that an auditor has from elsewhere."""
    return ["--key", str(place.archive().metadata.key), "--roots", str(place.path.parent / "roots.pem")]


def test_making_evidence_changes_no_other_page(bag: Path) -> None:
    """A form that is built in the same process shows its dates as it always does."""
    assert bag.is_dir()
    assert environment().filters["moment"] is format_moment


def test_what_is_proven(place: Place, bag: Path) -> None:
    """With key and roots from elsewhere the evidence is proven; files and fingerprints are listed."""
    code, said = check(bag, *trusted(place))
    assert (code, said.splitlines()[-1]) == (PROVEN, "proven, with the key and the roots that you gave"), said
    for name in ("copy.pdf", "copy.tlog-proof", "entry.json", "policy/policy.txt", "policy/policy.json", "anchor.tsr"):
        assert f"  checked  {name}: " in said
    assert f"log key: {place.archive().metadata.key} (given by you)" in said
    assert "  not covered by the log: READ-ME-FIRST.html" in said


@pytest.mark.parametrize(
    ("keep", "words"),
    [("--key", "the roots of the timestamp authorities came from this folder"), ("--roots", "the log's key came")],
)
def test_what_comes_from_the_folder_is_no_proof(place: Place, bag: Path, keep: str, words: str) -> None:
    """Key or roots of the folder itself give exit code 5, and the last line says which."""
    given = trusted(place)
    at = given.index(keep)
    code, said = check(bag, *given[at : at + 2])
    assert (code, words in said.splitlines()[-1]) == (DOUBT, True), said
    inside = {"--key": "log.vkey", "--roots": "anchor-roots.pem"}
    other = next(each for each in inside if each != keep)
    code, said = check(bag, *given[at : at + 2], other, str(bag / inside[other]))
    assert (code, words in said.splitlines()[-1]) == (DOUBT, True), said


def test_a_timestamp_that_cannot_be_checked(place: Place, bag: Path, authority: Authority, tmp_path: Path) -> None:
    """Without OpenSSL, or without a timestamp, the exit code is 5."""
    code, said = check(bag, *trusted(place), path="")
    assert (code, "openssl is not on this machine" in said.splitlines()[-1]) == (DOUBT, True), said
    bare = pack(place, authority, tmp_path / "bare", anchored=False)
    code, said = check(bare, *trusted(place))
    assert (code, "there is no timestamp" in said.splitlines()[-1]) == (DOUBT, True), said
    page = (bare / "READ-ME-FIRST.html").read_text()
    assert "since before" not in page
    assert "No timestamp that is still valid covers the entry" in page, "an expired one may cover it"
    assert "before which moment it was archived" not in page
    assert "before which moment it was archived" in (bag / "READ-ME-FIRST.html").read_text()


def test_a_timestamp_that_expired(authority: Authority, tmp_path: Path) -> None:
    """A timestamp that expired before another one covered it is not said to hold."""
    moment = datetime.datetime(2025, 12, 1, tzinfo=datetime.UTC)
    place = make_place(tmp_path / "past")
    place.add(fake_copies(random.Random(7), 1))
    archive = place.archive()
    with authority.at(moment), archive.writing(place.keyring(archive), clock) as session:
        anchor(session, timestamps=authority.client("past-tsa"), trust=authority.trust, at=moment)
    (tmp_path / "verify_archive.py").write_bytes(read_script())
    (tmp_path / "roots.pem").write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in authority.roots))
    code, said = check(pack(place, authority, tmp_path / "bag", anchored=True, at=moment), *trusted(place))
    assert (code, "expired before another timestamp covered it" in said.splitlines()[-1]) == (DOUBT, True), said
    assert "logged before" not in said
    code, said = check(place.root, *trusted(place))
    assert (code, "expired before another timestamp covered it" in said.splitlines()[-1]) == (DOUBT, True), said


def test_evidence_after_the_key_was_replaced(place: Place, authority: Authority, tmp_path: Path) -> None:
    """The key that signed what was stamped leads to the newest one; without a timestamp the newest one is asked for."""
    first = place.archive().keys.first
    rotate_key(place.archive(), place.keys / "key.json", clock)
    place.add(fake_copies(random.Random(8), 1))
    newest = place.archive().keys.newest
    stamped = pack(place, authority, tmp_path / "stamped", anchored=True)
    assert (stamped / "log.vkey").read_text() == f"{first}\n"
    assert f"--key '{first}'" in (stamped / "READ-ME-FIRST.html").read_text()
    roots = ["--roots", str(tmp_path / "roots.pem")]
    code, said = check(stamped, "--key", str(first), *roots)
    assert (code, f"           {newest}" in said) == (PROVEN, True), said
    assert check(stamped, "--key", str(newest), *roots)[0] == FAULT
    bare = pack(place, authority, tmp_path / "bare", anchored=False)
    assert (bare / "log.vkey").read_text() == f"{newest}\n"
    assert check(bare, "--key", str(newest))[0] == DOUBT
    assert check(bare, "--key", str(first))[0] == FAULT


def repack(bag: Path) -> None:
    """Make the manifests again, as a forger does."""
    for manifest, names in (
        ("manifest-sha256.txt", sorted(each for each in bag.rglob("*") if each.is_file() and not each.is_symlink())),
        (
            "tagmanifest-sha256.txt",
            [bag.parent / each for each in ("bag-info.txt", "bagit.txt", "manifest-sha256.txt")],
        ),
    ):
        lines = [f"{sha256(each.read_bytes()).hexdigest()}  {each.relative_to(bag.parent)}\n" for each in names]
        (bag.parent / manifest).write_text("".join(lines))


@pytest.mark.parametrize(
    "name",
    [
        *("copy.pdf", "copy.tlog-proof", "policy.tlog-proof", "entry.json", "anchor.checkpoint", "anchor.tsr"),
        *("policy/policy.txt", "policy/policy.json", "policy/policy.md", "policy/form-a4.pdf"),
    ],
)
def test_a_byte_that_was_changed(place: Place, bag: Path, name: str) -> None:
    """A changed byte in any covered file is noticed, even if the manifests were written again."""
    content = (bag / name).read_bytes()
    at = len(content) // 2
    (bag / name).write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    assert check(bag, *trusted(place))[0] == FAULT
    repack(bag)
    assert check(bag, *trusted(place))[0] == FAULT


def plant(name: str, content: bytes = b"forged") -> Callable[[Path], None]:
    def harm(bag: Path) -> None:
        (bag / name).write_bytes(content)
        repack(bag)

    return harm


def link(bag: Path) -> None:
    copy = bag / "copy.pdf"
    copy.rename(bag.parent.parent / "elsewhere.pdf")
    copy.symlink_to(bag.parent.parent / "elsewhere.pdf")


def grow(bag: Path) -> None:
    with (bag / "copy.pdf").open("r+b") as file:
        file.truncate(20 << 30)


def change_page(bag: Path) -> None:
    page = bag / "READ-ME-FIRST.html"
    page.write_text(page.read_text().replace("Customer", "Nobody"))


def second_proof(bag: Path) -> None:
    shutil.copy(bag / "copy.tlog-proof", bag / "a.tlog-proof")
    repack(bag)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (plant("other.pdf", b"%PDF-1.7 forged"), "other.pdf does not belong to the evidence"),
        (plant("policy/extra.txt"), "policy/extra.txt does not belong"),
        (second_proof, "there are 2 proofs"),
        (change_page, "data/READ-ME-FIRST.html was changed since the bag was packed"),
        (link, "copy.pdf is a link"),
        (grow, "copy.pdf has more than"),
        (plant("entry.json", b'{"a":' * 100_000), "entry.json is not the entry"),
        (plant("copy.tlog-proof", b"\x00\xff" * 100), "DOES NOT HOLD"),
        (plant("anchor.tsr", b""), "anchor.tsr"),
    ],
)
def test_hands(place: Place, bag: Path, harm: Callable[[Path], None], words: str) -> None:
    """Planted, linked, oversized and malformed files are refused with exit code 4, without a traceback."""
    harm(bag)
    code, said = check(bag, *trusted(place))
    assert (code, words in said, "Traceback" in said) == (FAULT, True, False), said


def forge(place: Place, folder: Path, entry: bytes) -> str:
    """Make evidence of an entry in a log of one's own, of the same name; return its key."""
    key, origin = Ed25519PrivateKey.generate(), place.archive().metadata.origin
    root = sha256(b"\0" + entry).digest()
    note = sign_checkpoint(key, origin, 1, root).note
    folder.mkdir()
    extra = base64.b64encode(entry).decode()
    (folder / "copy.tlog-proof").write_bytes(f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex 0\n\n".encode() + note)
    (folder / "entry.json").write_bytes(entry)
    (folder / "log.vkey").write_text(str(log_key(key, origin)))
    return str(log_key(key, origin))


def test_what_nothing_covers_is_listed(place: Place, bag: Path) -> None:
    """A key in the folder other than the one that was given, and what systems leave behind, are listed as uncovered."""
    code, said = check(bag, *trusted(place))
    assert (code, "  checked  log.vkey: it is the log's key" in said) == (PROVEN, True), said
    (bag / "log.vkey").write_text(str(log_key(Ed25519PrivateKey.generate(), place.archive().metadata.origin)))
    (bag / "._copy.pdf").write_bytes(b"%PDF-1.7 forged")
    repack(bag)
    code, said = check(bag, *trusted(place))
    assert code == PROVEN, said
    assert "  not covered by the log: log.vkey" in said
    assert "  not covered by the log: ._copy.pdf, as operating systems leave it" in said


def test_a_log_of_the_same_name(place: Place, tmp_path: Path) -> None:
    """Another log of the same name is never proven: without a key it is doubtful, with the right key it is refused."""
    entry = write_entry(Entry(kind="archive", recorded_at=NOW))
    own = forge(place, tmp_path / "forged", entry)
    code, said = check(tmp_path / "forged", *trusted(place))
    assert (code, "not signed with the log's key" in said) == (FAULT, True)
    code, said = check(tmp_path / "forged", "--key", own)
    assert (code, "DOES NOT HOLD: the entry names no file" in said) == (FAULT, True), said


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "copies/\x1b[31m.pdf", "", 5])
def test_names_that_lead_elsewhere(place: Place, tmp_path: Path, name: object) -> None:
    """A name that leads out of the folder, is not a string or has control characters is refused and printed escaped."""
    entry = json.loads(write_entry(Entry(kind="archive", recorded_at=NOW)))
    entry["subject"] = [{"name": name, "digest": {"sha256": "0" * 64}}]
    own = forge(place, tmp_path / "forged", json.dumps(entry).encode())
    code, said = check(tmp_path / "forged", "--key", own)
    assert (code, "\x1b" in said) == (FAULT, False), said


def test_an_empty_commit_ends(place: Place) -> None:
    """A commit without an entry does not keep the program busy without end."""
    code, said = check(place.root, *trusted(place))
    assert code == PROVEN, said
    last = sorted((place.root / "commits").rglob("*.jsonl"))[-1]
    number = int(last.stem) + len(last.read_bytes().splitlines()) - 1
    (last.parent / f"{number:012}.jsonl").write_bytes(b"")
    code, said = check(place.root, *trusted(place))
    assert (code, "is empty or cut off" in said) == (FAULT, True), said


def test_entries_that_no_checkpoint_covers(place: Place) -> None:
    """They make the answer doubtful if the log's key has signed their commit; an erasure excuses no missing file."""
    archive = place.archive()
    copy, size = archive.read_entry(FIRST_COPY).entry, archive.checkpoint().size
    entry = write_entry(Entry(kind="erasure", recorded_at=NOW, recipient=copy.recipient))
    for key, expected in (
        (Ed25519PrivateKey.generate(), (FAULT, "was added without the log's key")),
        (place.keyring(archive).log_key, (DOUBT, "no checkpoint covers the entries after")),
    ):
        (place.root / name_commit(size)).write_bytes(write_commit(key, archive.metadata.origin, size, [entry]))
        code, said = check(place.root, *trusted(place))
        assert (code, expected[1] in said.splitlines()[-1]) == (expected[0], True), said
    (place.root / copy.files[0].name).unlink()
    code, said = check(place.root, *trusted(place))
    assert (code, f"{copy.files[0].name} is missing" in said) == (FAULT, True), said


def foreign_rotation(folder: Path) -> bytes:
    """A proof that the key of another log was replaced."""
    other = make_place(folder / "other")
    rotate_key(other.archive(), other.keys / "key.json", clock)
    return (other.root / "rotations" / "0001.tlog-proof").read_bytes()


@pytest.mark.parametrize("name", ["rotations/0001.tlog-proof", "log/letter.pdf", "log/tile/0/letter.pdf"])
def test_a_file_that_belongs_to_no_archive(place: Place, tmp_path: Path, name: str) -> None:
    """A planted file is refused in each folder whose files no entry names."""
    given = trusted(place)
    (place.root / name).parent.mkdir(exist_ok=True)
    (place.root / name).write_bytes(foreign_rotation(tmp_path))
    code, said = check(place.root, *given)
    assert (code, f"{name} has no entry" in said) == (FAULT, True), said


def test_a_proof_of_a_rotation_that_shows_nothing(place: Place, bag: Path, tmp_path: Path) -> None:
    """A proof of another log's rotation is listed as not covered."""
    plant("key-rotation-1.tlog-proof", foreign_rotation(tmp_path))(bag)
    code, said = check(bag, *trusted(place))
    assert (code, "  not covered by the log: key-rotation-1.tlog-proof" in said) == (PROVEN, True), said


def test_an_entry_of_endless_digits(place: Place) -> None:
    """A number of millions of digits is not read: old Pythons would take hours for it."""
    archive = place.archive()
    size, entry = archive.checkpoint().size, b'{"a":' + b"9" * 30_000_000 + b"}"
    content = write_commit(place.keyring(archive).log_key, archive.metadata.origin, size, [entry])
    (place.root / name_commit(size)).write_bytes(content)
    code, said = check(place.root, *trusted(place))
    assert (code, "an entry has more than 65535 bytes" in said) == (FAULT, True), said


def test_an_answer_that_nobody_reads(place: Place, bag: Path) -> None:
    """Where standard output is closed, the program ends without a traceback, and not with the code 1 or 0."""
    script = place.path.parent / "verify_archive.py"
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-I", str(script), str(bag), *trusted(place)]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=PATIENCE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (FAULT, b"")


def test_a_whole_archive(place: Place, tmp_path: Path) -> None:
    """Entries of unknown kinds are accepted and named; files that operating systems leave behind do no harm."""
    archive = place.archive()
    entry = json.loads(write_entry(Entry(kind="act", recorded_at=NOW)))
    entry["predicate"]["kind"] = "seal-of-tomorrow"
    with archive.writing(place.keyring(archive), clock) as session:
        session._log_writer.append([json.dumps(entry, separators=(",", ":")).encode()])
    (place.root / "copies" / ".DS_Store").write_bytes(b"icons")
    code, said = check(place.root, *trusted(place))
    assert (code, "'seal-of-tomorrow', which this program does not know" in said) == (PROVEN, True), said
    code, said = check(place.root)
    assert (code, "the log's key came" in said) == (DOUBT, True), said
    (place.root / "copies" / "planted.pdf").write_bytes(b"x")
    assert check(place.root, *trusted(place))[0] == FAULT


def test_usage(place: Place, tmp_path: Path) -> None:
    """A wrong command and a foreign folder give exit code 2."""
    (tmp_path / "foreign").mkdir()
    assert check(tmp_path / "foreign")[0] == 2
    assert check(tmp_path / "foreign", "--kye", "x")[0] == 2
    assert check(tmp_path / "nowhere")[0] == 2


@pytest.mark.parametrize(
    ("option", "content"),
    [
        ("--key", None),
        ("--key", b"a+b"),
        ("--key", "log+00000000+AA==".encode("utf-16")),
        ("--roots", None),
        ("--roots", b"no certificate"),
        ("--roots", b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"),
        ("--roots", b"\x30\x82\x01\x0a\x00"),
    ],
)
def test_a_mistake_of_the_user_is_no_fault_of_the_evidence(
    place: Place, bag: Path, tmp_path: Path, option: str, content: bytes | None
) -> None:
    """A file that is not there, or in another encoding, says nothing of the evidence: the command is wrong."""
    given = trusted(place)
    given[given.index(option) + 1] = str(tmp_path / "given")
    if content is not None:
        (tmp_path / "given").write_bytes(content)
    code, said = check(bag, *given)
    assert (code, said.startswith(option), len(said.splitlines())) == (USAGE, True, 1), said


def test_a_link_to_the_folder(place: Place, bag: Path, tmp_path: Path) -> None:
    """The user may have a link to the evidence; only what is in the folder must not lead elsewhere."""
    (tmp_path / "linked").symlink_to(bag)
    assert check(tmp_path / "linked", *trusted(place))[0] == PROVEN


def test_an_openssl_that_lacks_an_option(place: Place, authority: Authority, tmp_path: Path) -> None:
    """LibreSSL cannot judge a timestamp for an earlier moment; that is not said to be a fault of the timestamp."""
    archive = place.archive()
    with authority.at(None), archive.writing(place.keyring(archive), clock) as session:
        anchor(session, timestamps=authority.client(), trust=authority.trust, at=NOW)
    assert check(place.root, *trusted(place))[0] == PROVEN
    other = tmp_path / "libressl" / "openssl"
    other.parent.mkdir()
    other.write_text(
        '#!/bin/sh\ncase "$*" in *-attime*) echo "unknown option \'-attime\'"; exit 1;; esac\n'
        f'exec {shutil.which("openssl")} "$@"\n'
    )
    other.chmod(0o755)
    code, said = check(place.root, *trusted(place), path=f"{other.parent}:{os.environ['PATH']}")
    assert (code, "the openssl of this machine cannot check" in said.splitlines()[-1]) == (DOUBT, True), said


def test_a_record_that_is_gone(place: Place) -> None:
    """A customer's record cannot be removed without an erasure; `archive verify` says so, and so does the program."""
    next((place.root / "recipients").glob("*.json")).unlink()
    assert any("is missing from recipients" in each for each in place.audit().faults)
    code, said = check(place.root, *trusted(place))
    assert (code, "the records of 1 people are missing" in said) == (FAULT, True), said


def test_an_erasure_of_nobody_excuses_nothing(place: Place) -> None:
    """Somebody with the key has logged an erasure without a recipient, and removed the text of the policy."""
    archive = place.archive()
    with archive.writing(place.keyring(archive), clock) as session:
        session._log_writer.append([write_entry(Entry(kind="erasure", recorded_at=NOW))])
    assert check(place.root, *trusted(place))[0] == PROVEN
    next((place.root / "versions").rglob("policy.txt")).unlink()
    assert any("policy.txt is missing" in each for each in place.audit().faults)
    code, said = check(place.root, *trusted(place))
    assert (code, "policy.txt is missing" in said) == (FAULT, True), said


def test_a_checkpoint_of_many_signatures(place: Place) -> None:
    """To check thousands of wrong signatures takes minutes in this program; no checkpoint has so many."""
    note = place.root / "log" / "checkpoint"
    lines = note.read_bytes().splitlines(keepends=True)
    note.write_bytes(b"".join([*lines, *[lines[-1][:-9] + b"AAAAAAA=\n"] * 200]))
    code, said = check(place.root, *trusted(place))
    assert (code, "more than 100 signatures" in said) == (FAULT, True), said
