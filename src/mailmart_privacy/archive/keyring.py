"""The secrets of an archive, kept apart from it: the log's key, and what recipients' names are encrypted with.

A record of what was signed last is beside them. Somebody who has the archive but not this record cannot replace it by
an older state unnoticed.
"""

import base64
import binascii
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._files import make_folder, write_whole
from .._limits import MAX_SMALL, read_bounded
from ..errors import ArchiveError, DestinationExistsError, MissingExtraError, UnreadableFileError
from .tlog.notes import NoteKey, log_key

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from filelock import FileLock
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "cryptography") from None

_FORMAT = "mailmart-privacy-archive-key"


class KeyMissingError(ArchiveError):
    """The key of an archive is not where it is expected.

    Attributes:
        path: the file that was looked for.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"the key of this archive is not here: {path}; ask the person who keeps the archive, or restore it from a "
            "backup. Without it customers cannot be found by name or reference, and nothing can be added, held, "
            "withdrawn or erased; copies can still be listed, fetched by digest, proven and verified",
            argument="key",
        )

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.path,)


@dataclass(frozen=True, slots=True)
class LastSigned:
    """The largest state of the log that was signed here.

    Attributes:
        size: how many entries it had.
        root: the root of its tree.
    """

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Keyring:
    """The secrets of one archive.

    Attributes:
        path: the file that they are kept in; the memory is beside it.
        origin: the name of the log.
        log_key: signs its checkpoints.
        names_key: 32 bytes; encrypts recipients' names.
    """

    path: Path
    origin: str
    log_key: Ed25519PrivateKey = field(repr=False)
    names_key: bytes = field(repr=False)

    @property
    def public(self) -> NoteKey:
        """The public key of the log."""
        return log_key(self.log_key, self.origin)

    def seen(self) -> LastSigned:
        """Tell what was signed last; see `read_memory`."""
        return read_memory(self.path)

    def remember(self, size: int, root: bytes) -> None:
        """Remember what was signed, if it is the largest so far."""
        memory = name_memory(self.path)
        with FileLock(memory.with_suffix(".lock")):
            if size > self.seen().size:
                write_whole(memory, f"{size} {root.hex()}\n".encode(), force=True, mode=0o600)


def name_memory(key: Path) -> Path:
    """Name the file that remembers what was signed last, by that of the key."""
    return key.with_suffix(".seen")


def read_memory(key: Path) -> LastSigned:
    """Tell what was signed last with the key in a file; nothing if there is no record of it.

    Raises:
        ArchiveError: the memory cannot be read.
    """
    memory = name_memory(key)
    try:
        size, root = memory.read_text(encoding="ascii").split()
        return LastSigned(int(size), bytes.fromhex(root))
    except FileNotFoundError:
        return LastSigned(0, b"")
    except ValueError:
        raise ArchiveError(
            f"{memory} cannot be read; restore it from a backup, or remove it and verify the archive against an "
            "earlier checkpoint that was kept elsewhere",
            argument="checkpoint",
        ) from None


def make_keyring(path: Path, origin: str, names_key: bytes | None = None) -> Keyring:
    """Make the secrets of an archive.

    Args:
        path: the file that they are to be kept in.
        origin: the name of the log.
        names_key: what names are encrypted with, where that is to stay.
    """
    return Keyring(path, origin, Ed25519PrivateKey.generate(), names_key or secrets.token_bytes(32))


def write_keyring(keyring: Keyring) -> bytes:
    """Write the file that an archive's secrets are kept in."""
    document = {
        "format": _FORMAT,
        "version": 1,
        "origin": keyring.origin,
        "log_key": base64.b64encode(keyring.log_key.private_bytes_raw()).decode(),
        "names_key": base64.b64encode(keyring.names_key).decode(),
    }
    return json.dumps(document, indent=2).encode() + b"\n"


def create_keyring(path: Path, origin: str) -> Keyring:
    """Make the secrets of a new archive, and keep them in a file that the user alone can read.

    Raises:
        ArchiveError: there are some in this place already: each archive has its own.
    """
    made = make_keyring(path, origin)
    make_folder(path.parent, mode=0o700)
    try:
        write_whole(path, write_keyring(made), mode=0o600)
    except DestinationExistsError:
        raise ArchiveError(
            f"{path} holds the key of another archive; each archive has its own key", argument="key"
        ) from None
    return made


def load_keyring(path: Path, expected: NoteKey) -> Keyring:
    """Load the secrets of an archive.

    Args:
        path: their file.
        expected: the public key that signs the archive's log now.

    Raises:
        KeyMissingError: there is no such file.
        ArchiveError: it cannot be read, was replaced, or is that of another archive.
    """
    keyring = read_keyring(path)
    require_key(keyring, expected)
    return keyring


def require_key(keyring: Keyring, expected: NoteKey) -> None:
    """Require the secrets that sign an archive's log now; errors are those of `load_keyring`."""
    if keyring.public == expected:
        return
    path, following = keyring.path, name_next(keyring.path)
    if keyring.origin != expected.name:
        raise ArchiveError(f"{path} is the key of another archive: {keyring.origin}, not {expected.name}")
    if following.exists() and read_keyring(following).public == expected:
        raise ArchiveError(f"{path}: the replacement of the archive's key was interrupted", argument="rotation")
    raise ArchiveError(f"{path} is a former key of this archive; another one has replaced it", argument="newest_key")


def name_next(key: Path) -> Path:
    """Name the file that a key waits in to take the place of another one, by the file of that one."""
    return key.with_suffix(".next")


def read_keyring(path: Path) -> Keyring:
    """Read the secrets of an archive, of whichever it is; errors are those of `load_keyring`."""
    try:
        with path.open("rb") as file:  # not without end: it may be a device, or the wrong file
            document: Any = json.loads(read_bounded(file, MAX_SMALL))
        key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(document["log_key"], validate=True))
        names = base64.b64decode(document["names_key"], validate=True)
        if document["format"] != _FORMAT or len(names) != 32:
            raise ValueError
        return Keyring(path, document["origin"], key, names)
    except FileNotFoundError:
        raise KeyMissingError(path) from None
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error, UnreadableFileError):
        raise ArchiveError(f"{path} is not the key of an archive") from None
