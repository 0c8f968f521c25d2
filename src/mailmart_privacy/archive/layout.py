"""The layout of an archive, and its metadata."""

import datetime
import json
from dataclasses import dataclass
from typing import Any

from .._time import format_iso
from ..errors import ArchiveError, TamperedError
from .entries import write_json
from .storage.base import Retention, Storage
from .tlog.notes import NoteKey, parse_key

FORMAT = "mailmart-privacy-archive"
VERSION = 1
FACTS, README, KEY = "archive.json", "README.txt", "log.vkey"
LOG, CHECKPOINT = "log", "log/checkpoint"
COMMITS, COPIES, VERSIONS, ANCHORS, RECIPIENTS = "commits", "copies", "versions", "anchors", "recipients"
STAFF, ROTATIONS = "staff", "rotations"
FULL = 10_000  # entries of one commit, at most
_MIB = 1 << 20
# How large a file of each folder may be. Readers of an archive read what strangers may have put there.
_LIMITS = {COMMITS: 64 * _MIB, LOG: 17 * _MIB, RECIPIENTS: 64 << 10, STAFF: 64 << 10, ROTATIONS: _MIB, "": 64 << 10}
_LIMIT = 64 * _MIB
_LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")  # put there by operating systems, and harmless

_README = """\
An archive of MailMart's privacy policy: the versions that were published, and the copies that customers received.

archive.json    what this archive is
log.vkey        the public key of its log (C2SP signed-note)
versions/       the files of each published version of the policy
copies/         the signed copies, each named by its SHA-256; each one shows its customer's name in clear
commits/        the entries of the log, one on a line, in files that are named by the number of their first one; the
                last line of each is a signature with the log's key over its entries
log/            the same entries as a transparency log (C2SP tlog-tiles): checkpoint, tiles, bundles of entries
anchors/        checkpoints of the log with timestamps of an authority over them (RFC 3161)
recipients/     one record for each customer; the name in it is encrypted, and entries refer to its SHA-256
staff/          the same for the people who added to the archive
rotations/      proofs that the log's key was replaced, each signed with the key before (only where it was)
incoming/       what writers have not finished yet; it does not belong to the archive

Anybody who can read copies/ can read customers' names and references. Protect this folder accordingly.

Every file is covered by an entry of the log, except the log itself, the commits that it is made of, and the records
in recipients/ and staff/, whose digests are in the entries, and the proofs in rotations/. Nothing here is ever
changed except log/checkpoint, which grows. Nothing is removed except what an entry of the kind "erasure" names, and
tiles that fuller ones replaced.

To check all of it:      mailmart-privacy archive verify --archive .
With other software:     any client of C2SP tlog-tiles, given log/ and log.vkey; openssl ts -verify for anchors/
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveMetadata:
    """The metadata of an archive.

    Attributes:
        key: the public key of its log; its name is the log's origin.
        created_at: when it was made (aware, UTC).
        retention: for how long its store locks archived files, or None.
    """

    key: NoteKey
    created_at: datetime.datetime
    retention: Retention | None = None

    @property
    def origin(self) -> str:
        """The name of the log."""
        return self.key.name


def write_metadata(metadata: ArchiveMetadata) -> dict[str, bytes]:
    """Write the files that say what an archive is: names and contents."""
    document: dict[str, Any] = {
        "created_at": format_iso(metadata.created_at),
        "format": FORMAT,
        "key": str(metadata.key),
        "version": VERSION,
    }
    if metadata.retention is not None:
        document["retention"] = {"days": metadata.retention.days, "mode": metadata.retention.mode}
    return {FACTS: write_json(document) + b"\n", README: _README.encode(), KEY: f"{metadata.key}\n".encode()}


def read_metadata(storage: Storage) -> ArchiveMetadata:
    """Read the metadata of an archive.

    Raises:
        ArchiveError: this is not an archive, or one of a newer format.
        TamperedError: its own files contradict each other.
    """
    content = storage.read(FACTS)
    if content is None:
        if any(storage.find(COMMITS)) or storage.read(KEY) is not None:
            raise TamperedError(f"{storage.location}: {FACTS} is missing; was the archive copied in part?")
        raise ArchiveError(f"{storage.location} is not an archive", argument="archive")
    try:
        document = json.loads(content)
        if document["format"] != FORMAT:
            raise ValueError
        version = document["version"]
        if isinstance(version, int) and version > VERSION:
            raise ArchiveError(
                f"{storage.location} is an archive of format {version}, and this package reads format {VERSION}; "
                "upgrade mailmart-privacy"
            )
        metadata = ArchiveMetadata(
            key=parse_key(document["key"]),
            created_at=datetime.datetime.fromisoformat(document["created_at"]),
            retention=Retention(**document["retention"]) if "retention" in document else None,
        )
    except (ValueError, KeyError, TypeError):
        raise TamperedError(f"{storage.location}: {FACTS} is not one that this package writes") from None
    for name, expected in write_metadata(metadata).items():
        found = storage.read(name)
        if found is None:
            raise TamperedError(f"{storage.location}: {name} is missing; was the archive copied in part?")
        # Another release may have written other words into README.txt; an audit compares it with the first entry.
        if found != expected and name != README:
            raise TamperedError(f"{storage.location}: {name} was changed")
    return metadata


def name_commit(start: int) -> str:
    """Name the commit whose first entry has a number."""
    return f"{COMMITS}/{start // FULL:08}/{start:012}.jsonl"


def name_rotation(count: int) -> str:
    """Name the proof of a rotation of the log's key, by how many there were."""
    return f"{ROTATIONS}/{count:04}.tlog-proof"


def name_copy(digest: str, recorded_at: datetime.datetime) -> str:
    """Name the file of a copy."""
    return f"{COPIES}/{recorded_at.astimezone(datetime.UTC):%Y/%m}/{digest}.pdf"


def limit_of(name: str) -> int:
    """Tell how many bytes a file of an archive may have, by its name."""
    return _LIMITS.get(name.rpartition("/")[0].partition("/")[0], _LIMIT)


def is_litter(name: str) -> bool:
    """Tell whether a file is one that an operating system leaves in folders."""
    last = name.rpartition("/")[2]
    return last in _LITTER or last.startswith("._")
