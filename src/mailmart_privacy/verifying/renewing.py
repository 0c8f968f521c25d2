"""Renewing a copy: verify it, add the next archive timestamp, verify the result."""

import datetime
from typing import TYPE_CHECKING

from ..copies.issuing import add_archive_timestamp
from ..errors import LevelError
from .verify import verify, verify_parts

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
    """Verify a copy, and add the next archive timestamp, so that it stays valid for longer.

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
    copy, verdict = verify_parts(pdf, trust=trust, at=at, ledger=ledger)
    _require_renewable(verdict)
    renewed = add_archive_timestamp(pdf, copy, timestamps=timestamps, trust=trust, at=at)
    return renewed, verify(renewed, trust=trust, at=at + _AHEAD, ledger=ledger)


def renew_if_due(
    pdf: bytes,
    *,
    timestamps: "TimestampClient | None",
    trust: "Trusted",
    at: datetime.datetime,
    before: datetime.datetime,
    ledger: "Ledger",
) -> "tuple[Verification, bytes | None]":
    """Verify a copy, and renew it if its last timestamp expires soon.

    Args:
        pdf: a copy of level B-LT or B-LTA.
        timestamps: whom to ask, or None to find out when the copy is due.
        trust: as for `renew_copy`.
        at: now (aware).
        before: renew what expires before this moment (aware).
        ledger: the recorded versions.

    Returns:
        The verdict on the copy as it is now, and its new bytes, or None if it was not renewed.

    Raises:
        VerificationError, LevelError: as for `renew_copy`.
    """
    copy, verdict = verify_parts(pdf, trust=trust, at=at, ledger=ledger)
    _require_renewable(verdict)
    if timestamps is None or verdict.valid_until > before:
        return verdict, None
    renewed = add_archive_timestamp(pdf, copy, timestamps=timestamps, trust=trust, at=at)
    return verify(renewed, trust=trust, at=at + _AHEAD, ledger=ledger), renewed


def _require_renewable(verdict: "Verification") -> None:
    if verdict.level not in ("B-LT", "B-LTA"):
        raise LevelError(f"the copy is of level {verdict.level}; archive timestamps renew B-LT and B-LTA only")
