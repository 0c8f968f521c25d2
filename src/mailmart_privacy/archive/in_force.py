"""Which version was in force at a moment: as its publisher claims, and as the archive can prove."""

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .anchoring import indexed_anchors
from .anchors import proven_at, require_holding
from .entries import File
from .lookup import compare_row

if TYPE_CHECKING:
    from ..policy.ledger import Ledger
    from ..trust.anchors import Trusted
    from .service import ArchiveService


@dataclass(frozen=True, kw_only=True, slots=True)
class InForce:
    """The version in force at a moment.

    Attributes:
        version: its name, or None where none claims to have been in force.
        policy_digest: of its text.
        effective_at: from when it is in force (aware, UTC), as its publisher claims.
        recorded_at: when the archive says that it was added (aware, UTC).
        proven_before: the moment before which it is proven to have been archived (aware, UTC), or None.
        provable: the version that is proven to have been archived by the moment in question, or None.
        stamped_since: the moment of the archive's first timestamp (aware, UTC), or None.
        files: its recorded files.
    """

    version: str | None = None
    policy_digest: str | None = None
    effective_at: datetime.datetime | None = None
    recorded_at: datetime.datetime | None = None
    proven_before: datetime.datetime | None = None
    provable: str | None = None
    stamped_since: datetime.datetime | None = None
    files: tuple[File, ...] = ()

    def __repr__(self) -> str:
        return f"<InForce {self.version}, provable {self.provable}, {len(self.files)} files>"


def in_force(service: "ArchiveService", at: datetime.datetime, *, trust: "Trusted", ledger: "Ledger") -> InForce:
    """Find the version in force; what the index answers is compared with the log.

    Args:
        service: the archive.
        at: the moment in question (aware).
        trust: whom to trust for timestamps.
        ledger: the recorded versions; it says which ones were withdrawn before they took effect, as no entry does.

    Raises:
        TamperedError: the index says something else than the log.
        UntrustedError: an authority's certificate leads to no trusted one.
    """
    archive = service.archive
    withdrawn = [each.version for each in ledger.versions if each.withdrawn_at is not None]
    with service.index() as index:
        rows = index.in_force(at, without=withdrawn)
        anchors = require_holding(indexed_anchors(archive, index, trust=trust, at=service.clock()))
        stamped = max((each.checkpoint.size for each in anchors if each.moment <= at), default=0)
        provable = index.in_force(at, below=stamped, without=withdrawn)
    since = min((each.moment for each in anchors), default=None)
    for row in (*rows, *provable):
        compare_row(archive, row)
    if not rows:
        return InForce(stamped_since=since)
    first = rows[0]
    return InForce(
        version=first.version,
        policy_digest=first.policy_digest,
        effective_at=first.effective_at,
        recorded_at=first.recorded_at,
        proven_before=proven_at(first.number, anchors),
        provable=provable[0].version if provable else None,
        stamped_since=since,
        files=tuple(row.file for row in rows),
    )
