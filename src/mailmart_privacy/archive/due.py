"""What is due when: timestamps of copies, the anchor, certificates, erasures that wait, announced versions."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .register import read_register

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from ..policy.ledger import Ledger
    from ..trust.anchors import Trusted
    from .renewal import Renewal
    from .service import ArchiveService

_EVER = datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class DueItem:
    """Something that is due.

    Attributes:
        what: "copy", "anchor", "certificate", "erasure", "proposal", "version", or "unanchored".
        at: when it is due (aware, UTC); None if it is due now.
        about: a sentence for people.
    """

    what: str
    at: datetime.datetime | None
    about: str


def find_due(
    service: "ArchiveService",
    *,
    trust: "Trusted",
    certificates: "Iterable[Certificate]",
    ledger: "Ledger",
    retention: datetime.timedelta | None = None,
) -> list[DueItem]:
    """Find what is due, the soonest first. Every lasting copy is verified for it; those that cannot be are counted.

    Args:
        service: the archive.
        trust: the certificates that signers and timestamp authorities have to lead to.
        certificates: those that sign copies.
        ledger: the recorded versions.
        retention: how long copies are kept after a customer relation ended; by default nobody is proposed for erasure.
    """
    renewal = service.renewal(trust=trust, limit=_EVER, ledger=ledger)
    items = [
        DueItem(what="copy", at=until, about=f"renew the copy {row.digest[:16]}: its timestamp expires then")
        for row, until in renewal.copies
    ]
    items += _list_missed(renewal)
    size, covered = service.archive.checkpoint().size, 0
    if renewal.anchor is not None:
        covered = renewal.anchor.checkpoint.size + 1  # the anchor's own entry comes after what it covers
        about = f"anchor the log again: its last anchor, by {renewal.anchor.authority}, expires then"
        items.append(DueItem(what="anchor", at=renewal.anchor.expires_at, about=about))
    if size > covered:
        items.append(
            DueItem(
                what="unanchored",
                at=None,
                about=f"anchor the log: no authority has stamped its last {size - covered:,} entries",
            )
        )
    for each in certificates:
        about = f"renew the signing certificate {each.subject.rfc4514_string()}: it expires then"
        items.append(DueItem(what="certificate", at=each.not_valid_after_utc, about=about))
    for waiting in read_register(service.archive).waiting.values():
        about = f"finish the erasure of entry {waiting.number:,}, which waited for the end of a lock"
        items.append(DueItem(what="erasure", at=waiting.entry.due_at, about=about))
    for proposal in service.propose_erasures(retention) if retention is not None else ():
        held = "; a hold is in place" if proposal.held else ""
        about = f"decide whether to erase {proposal.name}: the relation ended on {proposal.ended_at:%Y-%m-%d}{held}"
        items.append(DueItem(what="proposal", at=proposal.due_at, about=about))
    for version in ledger.upcoming(service.clock()):
        about = f"version {version.version} takes effect"
        items.append(DueItem(what="version", at=version.effective_at, about=about))
    return sorted(items, key=lambda item: (item.at is not None, item.at or _EVER))


def _list_missed(renewal: "Renewal") -> list[DueItem]:
    """Say how many lasting copies could not be judged, and why the first one could not; anchors are told of apart."""
    missed = [(what, error) for what, error in renewal.report().missed if not what.startswith("anchor ")]
    if not missed:
        return []
    what, error = missed[0]
    count = f"{len(missed):,} lasting copies" if len(missed) > 1 else "a lasting copy"
    about = f"until when {count} can be relied on is not known; {what[:16]}: {error}"
    return [DueItem(what="copy", at=None, about=about)]
