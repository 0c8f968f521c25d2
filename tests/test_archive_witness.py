"""Witnesses: a real one on the loopback, which remembers what it saw and signs nothing that contradicts it."""

import base64
import datetime
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailmart_privacy.archive.anchors import anchor, require_holding, verify_anchors
from mailmart_privacy.archive.archive import Archive
from mailmart_privacy.archive.audit import audit
from mailmart_privacy.archive.creation import create_archive
from mailmart_privacy.archive.keyring import Keyring, load_keyring
from mailmart_privacy.archive.storage.folder import Folder
from mailmart_privacy.archive.tlog.merkle import is_consistent
from mailmart_privacy.archive.tlog.notes import NoteKey, read_checkpoint, read_cosignatures
from mailmart_privacy.archive.witnesses import Witness, cosign, parse_witness
from mailmart_privacy.errors import ArchiveError, UntrustedError, UsageError

from .conftest import NOW
from .pki import Authority
from .versions import one_version as shipped

NAME = "witness.example/1"


class Loopback(ThreadingHTTPServer):
    """A witness of one log (C2SP tlog-witness)."""

    def __init__(self, log: NoteKey) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.log, self.key = log, Ed25519PrivateKey.generate()
        self.public = NoteKey(NAME, 4, self.key.public_key().public_bytes_raw())
        self.size, self.root = 0, b""
        self.answer: tuple[int, bytes] | None = None

    @property
    def option(self) -> str:
        return f"{self.public}=http://127.0.0.1:{self.server_port}"

    def add_checkpoint(self, body: bytes) -> tuple[int, bytes]:
        if self.answer is not None:
            return self.answer
        head, _, note = body.partition(b"\n\n")
        first, *proof = head.decode().split("\n")
        old = int(first.removeprefix("old "))
        checkpoint = read_checkpoint(note, self.log)
        if old != self.size:
            return 409, b"%d\n" % self.size
        path = [base64.b64decode(line) for line in proof]
        if old and not is_consistent(old, checkpoint.size, self.root, checkpoint.root, path):
            return 422, b"inconsistent\n"
        self.size, self.root = checkpoint.size, checkpoint.root
        text = note.partition(b"\n\n")[0] + b"\n"
        moment = int(NOW.timestamp())
        signature = self.key.sign(b"cosignature/v1\ntime %d\n" % moment + text)
        raw = base64.b64encode(self.public.id + moment.to_bytes(8) + signature).decode()
        return 200, f"— {NAME} {raw}\n".encode()


class _Handler(BaseHTTPRequestHandler):
    server: Loopback

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = (404, b"") if self.path != "/add-checkpoint" else self.server.add_checkpoint(body)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def opened(tmp_path: Path) -> tuple[Archive, Keyring]:
    """An archive, and its key."""
    (tmp_path / "archive").mkdir()
    key = tmp_path / "key"
    made = create_archive(Folder(tmp_path / "archive"), key=lambda origin: key, ledger=shipped(), clock=lambda: NOW)
    return made, load_keyring(key, made.metadata.key)


@pytest.fixture
def witness(opened: tuple[Archive, Keyring]) -> Iterator[Loopback]:
    """A witness of its log."""
    server = Loopback(opened[0].metadata.key)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_witness_signs_what_goes_on(opened: tuple[Archive, Keyring], witness: Loopback, authority: Authority) -> None:
    """A witness that saw an earlier state gets the proof from there; its signature is stamped, and archived."""
    archive, keyring = opened
    asked = (parse_witness(witness.option),)
    for _ in range(3):
        with archive.writing(keyring, lambda: NOW) as session:
            anchor(
                session,
                timestamps=authority.client(),
                trust=authority.trust,
                at=NOW,
                cosign=lambda checkpoint: cosign(archive, checkpoint, asked),
            )
    report = audit(archive)
    report.require_sound()
    anchors = verify_anchors(archive, report.anchors, trust=authority.trust, at=NOW)
    assert [each.checkpoint.size for each in anchors] == [2, 3, 4]
    for each in anchors:
        (seen,) = read_cosignatures(each.checkpoint.note, (witness.public,))
        assert (seen.witness, seen.moment) == (NAME, NOW.replace(microsecond=0))
    assert witness.size == 4


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((403, b"no"), "HTTP 403 no"),
        ((409, b"900\n"), "HTTP 409 900"),
        ((200, b""), "HTTP 200"),
        ((200, "— other.example AAAA\n".encode()), "HTTP 200"),
        ((200, b"\xff\n"), "is not a signed note"),
    ],
)
def test_a_witness_that_does_not_sign(
    opened: tuple[Archive, Keyring], witness: Loopback, answer: tuple[int, bytes], words: str
) -> None:
    """Any answer of a witness other than its signature is an error that quotes it."""
    witness.answer = answer
    with pytest.raises(ArchiveError, match=words):
        cosign(opened[0], opened[0].checkpoint(), (parse_witness(witness.option),))


def test_a_witness_that_is_not_there(opened: tuple[Archive, Keyring], witness: Loopback) -> None:
    """A witness that cannot be reached is an error of one line."""
    gone = Witness(witness.public, "http://127.0.0.1:1")
    with pytest.raises(ArchiveError, match="cannot be reached"):
        cosign(opened[0], opened[0].checkpoint(), (gone,))


@pytest.mark.parametrize("text", ["", "witness", "a+b+c=https://example.com", "https://example.com"])
def test_what_is_no_witness(text: str) -> None:
    """An argument that does not name a witness's key and address is refused."""
    with pytest.raises(UsageError, match="is not a witness"):
        parse_witness(text)


def test_anchors_before_the_last_hold_by_those_after(opened: tuple[Archive, Keyring], authority: Authority) -> None:
    """An authority's certificate may expire, once another anchor has covered what it stamped."""
    archive, keyring = opened
    later = datetime.datetime(2031, 6, 1, tzinfo=datetime.UTC)
    for moment, name in ((NOW, "tsa"), (later, "tsa-2040")):
        with authority.at(moment), archive.writing(keyring, lambda moment=moment: moment) as session:
            anchor(session, timestamps=authority.client(name), trust=authority.trust, at=moment)
    report = audit(archive)
    after = datetime.datetime(2035, 1, 1, tzinfo=datetime.UTC)
    anchors = verify_anchors(archive, report.anchors, trust=authority.trust, at=after)
    assert [each.moment.year for each in anchors] == [2026, 2031]
    alone = verify_anchors(archive, report.anchors[:1], trust=authority.trust, at=after)
    with pytest.raises(UntrustedError, match=r"expired on 2032-01-01; anchor the log again"):
        require_holding(alone)
