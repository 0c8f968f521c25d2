"""The certificate of an erasure: handed over once. The archive keeps its digest, and no name."""

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._files import open_whole
from .._sync import sync_file
from .._time import format_cell, format_iso
from ..errors import ArchiveError, DestinationExistsError, UsageError
from ..policy.render import environment
from .entries import write_json
from .recipients import name_pseudonym
from .register import copies_of, read_register

if TYPE_CHECKING:
    from .archive import Archive
    from .entries import LogEntry
    from .register import Register
    from .service_acts import ArchiveActs
    from .session import Session

_ROOM = 1 << 20  # bytes for a certificate; its content is not known before it is logged
# Places that the archive cannot clean by itself.
ELSEWHERE = (
    "backups and other copies of the archive",
    "folders, mailboxes and systems into which copies were exported or sent",
    "spreadsheets and lists of recipients",
    "evidence folders and reports that were made from the archive",
    "customer management and e-mail systems",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ErasureCertificate:
    """A certificate of an erasure.

    Attributes:
        content: the document, JSON as RFC 8785 writes it; its digest is in the log.
        entry: the number of the entry that has the digest.
    """

    content: bytes = field(repr=False)
    entry: int

    @property
    def digest(self) -> str:
        """The SHA-256 of the document, lowercase hex."""
        return sha256(self.content).hexdigest()

    def to_html(self) -> str:
        """Write a page to print, with the document in it."""
        document: dict[str, Any] = json.loads(self.content)
        return (
            environment()
            .get_template("erasure-certificate.html")
            .render(
                document=document,
                digest=self.digest,
                entry=self.entry,
                content=self.content.decode(),
                format_cell=format_cell,
            )
        )


class CertifiedError(UsageError):
    """An erasure has its certificate already.

    Attributes:
        number: of the erasure's entry.
        certified_at: when it was handed over (aware, UTC).
    """

    def __init__(self, number: int, certified_at: datetime.datetime) -> None:
        self.number, self.certified_at = number, certified_at
        super().__init__(
            f"the certificate of the erasure in entry {number:,} was handed over on {certified_at:%Y-%m-%d}; the "
            "archive keeps its digest only"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.number, self.certified_at)


def certify_erasure(
    session: "Session",
    number: int,
    *,
    at: datetime.datetime,
    name: str = "",
    requested_by: str = "",
    elsewhere: Sequence[str] = ELSEWHERE,
) -> ErasureCertificate:
    """Make the certificate of an erasure that is done, and log its digest; it cannot be made again.

    Args:
        session: the archive, open to be added to.
        number: of the erasure's entry.
        at: now (aware).
        name: who was erased, where the certificate is to name them; the archive does not know it any more.
        requested_by: on whose request it was done, in the words of the person who makes the certificate.
        elsewhere: other places to clean.

    Raises:
        UsageError: that entry is not an erasure, or one that was interrupted.
        CertifiedError: the certificate was handed over already.
        TamperedError: the log is not that of its checkpoint.
    """
    register = read_register(session.archive)
    erasure = next((each for each in register.erasures if each.number == number), None)
    if erasure is None:
        raise UsageError(f"entry {number:,} is not an erasure that is done; a report lists those")
    for each in register.acts:
        if each.entry.act == "erase-certified" and each.entry.about == number:
            raise CertifiedError(number, each.entry.recorded_at)
    own = copies_of(session.archive, erasure.entry.recipient or "")
    _require_gone(session.archive, erasure, own.copies)
    document = _describe(session, register, erasure, own.copies)
    document |= {"issued_at": format_iso(at), "requested_by": requested_by or None, "name": name or None}
    document["other_places"] = list(elsewhere)
    content = write_json(document) + b"\n"
    digest = sha256(content).hexdigest()
    done = session.add_act("erase-certified", about=number, digest=digest)
    return ErasureCertificate(content=content, entry=done.number)


def write_certificate(
    service: "ArchiveActs",
    number: int,
    stem: str,
    *,
    name: str = "",
    requested_by: str = "",
    elsewhere: Sequence[str] = ELSEWHERE,
) -> list[Path]:
    """Make the certificate of an erasure, and write it as a page and as JSON, which only the user can read.

    There is room for both files before the log says that the certificate was handed over: if that fails, it was not.

    Args:
        service: the archive.
        number: of the erasure's entry.
        stem: the path of both files without the ending.
        name: as for `certify_erasure`, whose errors are raised, too.
        requested_by: as for `certify_erasure`.
        elsewhere: as for `certify_erasure`.

    Returns:
        The paths of the page and of the data.

    Raises:
        DestinationExistsError: one of the files exists; nothing was certified.
        OSError: they cannot be written there; nothing was certified.
        ArchiveError: the archive cannot be added to.
    """
    paths = [Path(f"{stem}.{ending}") for ending in ("html", "json")]
    if taken := next((path for path in paths if path.exists()), None):
        raise DestinationExistsError(f"{taken} exists and was kept", argument="output")
    with open_whole(paths[0], mode=0o600) as page, open_whole(paths[1], mode=0o600) as data:
        for file in (page, data):
            file.write(bytes(_ROOM))
            file.flush()
            sync_file(file.fileno())
            file.seek(0)
        try:
            made = service.certify_erasure(number, name=name, requested_by=requested_by, elsewhere=elsewhere)
        except OSError as error:  # else it would be reported as an error of the certificate's own file
            place = error.filename or service.archive.storage.location
            raise ArchiveError(f"{place}: {error.strerror or error}") from error
        for file, content in ((page, made.to_html().encode()), (data, made.content)):
            file.write(content)
            file.truncate()
    return paths


def _require_gone(archive: "Archive", erasure: "LogEntry", copies: "Sequence[LogEntry]") -> None:
    """Refuse to certify an erasure that was logged, and interrupted before everything was removed."""
    records = (content for name in archive.list_records() if (content := archive.storage.read(name)) is not None)
    if any(archive.read_file(file) is not None for copy in copies for file in copy.entry.files) or any(
        name_pseudonym(content) == erasure.entry.recipient for content in records
    ):
        raise UsageError(
            f"the erasure in entry {erasure.number:,} was interrupted before everything was removed; ask for it again, "
            "then certify it"
        )


def _describe(
    session: "Session", register: "Register", erasure: "LogEntry", copies: "Sequence[LogEntry]"
) -> dict[str, Any]:
    """Describe what was erased; the log has it by pseudonym."""
    pseudonym = erasure.entry.recipient or ""
    asked = [each for each in register.acts if each.entry.act == "erase-waiting" and each.entry.recipient == pseudonym]
    return {
        "format": "mailmart-privacy-erasure-certificate",
        "version": 1,
        "archive": session.archive.metadata.origin,
        "entry": erasure.number,
        "erased": "the record of a member of staff" if erasure.entry.act == "staff" else "the record of a customer",
        "erased_at": format_iso(erasure.entry.recorded_at),
        "asked_at": format_iso(asked[0].entry.recorded_at) if asked else None,
        "copies": [
            {
                "entry": copy.number,
                "policy_version": copy.entry.version,
                "issued_at": format_iso(copy.entry.issued_at) if copy.entry.issued_at else None,
                "sha256": copy.entry.files[0].digest,
            }
            for copy in copies
        ],
        "remains": "entries under a pseudonym that leads to nobody: they say that there were copies, since erased",
    }
