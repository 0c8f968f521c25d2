"""Renewing a copy: verify it, add the next archive timestamp, verify the result."""

import datetime
from typing import TYPE_CHECKING

from ..copies.issuing import add_archive_timestamp
from ..copies.reading import read_copy
from ..errors import LevelError
from .origin import find_origin
from .verify import verify

if TYPE_CHECKING:
    from ..policy.ledger import Ledger
    from ..trust.anchors import Trusted
    from ..trust.timestamp_client import TimestampClient
    from .verification import Verification

_AHEAD = datetime.timedelta(seconds=1)  # by which a timestamp may be ahead of the clock here


def renew_copy(
    pdf: bytes,
    *,
    timestamps: "TimestampClient",
    trust: "Trusted",
    at: datetime.datetime,
    ledger: "Ledger",
) -> "tuple[bytes, Verification]":
    """Verify a copy, and add the next archive timestamp, so that it holds for longer.

    Args:
        pdf: a copy of level B-LT or B-LTA.
        timestamps: whom to ask.
        trust: whom to trust for what, the authority that is asked now, too.
        at: now (aware).
        ledger: the recorded versions.

    Returns:
        The copy of level B-LTA, which begins with the bytes of the old one, and the verdict on it.

    Raises:
        VerificationError: the copy does not verify.
        LevelError: its level is lower, or an answer was missing.
    """
    verdict = verify(pdf, trust=trust, at=at, ledger=ledger)
    if verdict.level not in ("B-LT", "B-LTA"):
        raise LevelError(f"the copy is of level {verdict.level}; archive timestamps renew B-LT and B-LTA only")
    copy = read_copy(pdf, find_origin(pdf, ledger))
    renewed = add_archive_timestamp(pdf, copy, timestamps=timestamps, trust=trust, at=at)
    return renewed, verify(renewed, trust=trust, at=at + _AHEAD, ledger=ledger)
