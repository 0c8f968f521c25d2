"""Signed notes (C2SP signed-note), checkpoints (C2SP tlog-checkpoint) and cosignatures (C2SP tlog-cosignature)."""

import base64
import binascii
import datetime
import re
from dataclasses import dataclass
from hashlib import sha256

from ...errors import MissingExtraError, TamperedError

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

_LOG, _WITNESS = 1, 4  # signature types: Ed25519, and a cosignature with a time
_NAME = re.compile(r"[^\s+]+")
_LIMIT = 1 << 20
_LAST_MOMENT = 253_402_300_799  # the end of the year 9999, in seconds since 1970


@dataclass(frozen=True, slots=True)
class NoteKey:
    """The public key of a log or of a witness, as its "vkey" gives it.

    Attributes:
        name: whose it is.
        kind: 1 for a log, 4 for a witness.
        public: the Ed25519 key, 32 bytes (RFC 8032).
    """

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that signatures name this key by."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    def holds(self, text: bytes, signature: bytes) -> bool:
        """Tell whether a signature over a note's text was made with this key (a cosignature begins with its time)."""
        message = text
        if self.kind == _WITNESS:
            message = b"cosignature/v1\ntime %d\n" % int.from_bytes(signature[:8]) + text
            signature = signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def parse_key(text: str) -> NoteKey:
    """Read a "vkey".

    Raises:
        ValueError: it is not the key of a log or of a witness.
    """
    name, identifier, encoded = text.strip().split("+", 2)
    raw = decode(encoded)
    if len(raw) == 33 and raw[0] in (_LOG, _WITNESS) and _NAME.fullmatch(name):
        key = NoteKey(name, raw[0], raw[1:])
        if key.id.hex() == identifier:
            return key
    raise ValueError("not a key of a log or of a witness")


@dataclass(frozen=True, slots=True)
class Cosignature:
    """What a witness has signed: that it saw this checkpoint, and none that contradicts it."""

    witness: str
    moment: datetime.datetime


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log.

    Attributes:
        origin: the log's name.
        size: how many entries it has.
        root: the root of the tree over them, 32 bytes.
        note: the whole signed note, as it is in its file.
    """

    origin: str
    size: int
    root: bytes
    note: bytes


def sign_checkpoint(
    key: Ed25519PrivateKey, origin: str, size: int, root: bytes, *others: Ed25519PrivateKey
) -> Checkpoint:
    """Write and sign a checkpoint; other keys of the same log may sign it, too."""
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
    note = text + b"\n"
    for each in (key, *others):
        signature = log_key(each, origin).id + each.sign(text)
        note += f"— {origin} {base64.b64encode(signature).decode()}\n".encode()
    return Checkpoint(origin, size, root, note)


def log_key(key: Ed25519PrivateKey, origin: str) -> NoteKey:
    """The public key of a log, from its private key."""
    return NoteKey(origin, _LOG, key.public_key().public_bytes_raw())


def read_checkpoint(note: bytes, key: NoteKey) -> Checkpoint:
    """Read a checkpoint, and hold it to the log's key.

    Raises:
        TamperedError: it is not a checkpoint of this log, or was not signed with its key.
    """
    text, signatures = _split(note)
    origin, size, root, *_ = [*text.decode().split("\n"), "", "", ""]
    if origin != key.name:
        raise TamperedError(f"the checkpoint is of another log: {origin!r}, not {key.name!r}")
    if not any(name == key.name and raw[:4] == key.id and key.holds(text, raw[4:]) for name, raw in signatures):
        raise TamperedError("the checkpoint is not signed with the log's key")
    try:
        digest = decode(root)
        if not re.fullmatch(r"0|[1-9][0-9]{0,17}", size) or len(digest) != 32:
            raise ValueError
    except ValueError:
        raise TamperedError("the checkpoint's size or root cannot be read") from None
    return Checkpoint(origin, int(size), digest, note)


def read_cosignatures(note: bytes, witnesses: "tuple[NoteKey, ...]") -> list[Cosignature]:
    """List the witnesses, of those given, that signed a checkpoint at a time that exists."""
    text, signatures = _split(note)
    return [
        Cosignature(witness.name, datetime.datetime.fromtimestamp(moment, datetime.UTC))
        for witness in witnesses
        for name, raw in signatures
        if name == witness.name and raw[:4] == witness.id and witness.holds(text, raw[4:])
        if (moment := int.from_bytes(raw[4:12])) <= _LAST_MOMENT
    ]


def decode(text: str) -> bytes:
    """Read Base64 (RFC 4648, 4) in its canonical form.

    Raises:
        ValueError: it is not Base64, or not canonical.
    """
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("base 64 with bits to spare")
    return raw


def _split(note: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    try:
        if len(note) > _LIMIT or not note.endswith(b"\n"):
            raise ValueError
        text, _, tail = note.rpartition(b"\n\n")
        found = []
        for line in tail[:-1].decode().split("\n"):
            dash, name, encoded = line.split(" ")
            if dash != "—":
                raise ValueError
            found.append((name, decode(encoded)))
        (text + b"\n").decode()
    except (ValueError, binascii.Error):
        raise TamperedError("the checkpoint is not a signed note") from None
    return text + b"\n", found
