"""Anchoring the log, and judging the anchors that an index lists."""

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import NotAnchoredError, PrivacyError
from .anchors import Anchor, anchor, verify_anchors
from .witnesses import Witness, cosign

if TYPE_CHECKING:
    from ..trust.anchors import Trusted
    from ..trust.timestamp_client import TimestampClient
    from .archive import Archive
    from .entries import LogEntry
    from .index.index import Index
    from .session import Session


@dataclass(frozen=True, kw_only=True, slots=True)
class Anchoring:
    """The authorities and witnesses that anchor a log.

    Attributes:
        timestamps: the timestamp authorities to ask.
        trust: whom to trust for timestamps.
        witnesses: all of them have to sign the checkpoint first.
    """

    timestamps: "TimestampClient"
    trust: "Trusted"
    witnesses: tuple[Witness, ...] = ()

    def anchor(self, session: "Session", at: datetime.datetime) -> "LogEntry":
        """Publish the log, have witnesses sign its checkpoint, and have an authority stamp it.

        Args:
            session: an archive that is being added to.
            at: now (aware).

        Returns:
            The entry of the anchor, which says how many entries it covers.

        Raises:
            LevelError: no authority gave a usable answer.
            ArchiveError: a witness did not sign.
        """
        return anchor(
            session,
            timestamps=self.timestamps,
            trust=self.trust,
            at=at,
            cosign=lambda checkpoint: cosign(session.archive, checkpoint, self.witnesses),
        )


def anchor_added(session: "Session", anchoring: Anchoring | None, at: datetime.datetime) -> NotAnchoredError | None:
    """Anchor the log after copies were added; where that fails, they are archived all the same.

    Args:
        session: the archive that they were added to.
        anchoring: who anchors it, or None.
        at: now (aware).

    Returns:
        Why it is not anchored, or None.
    """
    if anchoring is not None:
        try:
            anchoring.anchor(session, at)
        except PrivacyError as error:
            return NotAnchoredError(error)
    return None


def indexed_anchors(archive: "Archive", index: "Index", *, trust: "Trusted", at: datetime.datetime) -> list[Anchor]:
    """Verify the published anchors that the index lists, also those that lapsed; see `anchors.require_holding`.

    An anchor that is not published yet proves nothing yet.

    Raises:
        TamperedError: an anchor is not what was stamped.
        UntrustedError: an authority's certificate leads to no trusted one.
    """
    published = archive.checkpoint().size
    numbers = [number for number, *_ in index.anchors() if number < published]
    return verify_anchors(archive, [archive.read_entry(number) for number in numbers], trust=trust, at=at)
