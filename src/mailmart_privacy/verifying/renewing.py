"""Renewing copies: verify one, add the next archive timestamp, verify the result; and so for many files."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .._files import write_whole
from .._limits import limited
from ..copies.issuing import add_archive_timestamp
from ..errors import LevelError, PrivacyError
from .many import read_copy
from .verify import verify_parts, verify_renewed

if TYPE_CHECKING:
    from ..policy.ledger import Ledger
    from ..trust.anchors import Trusted
    from ..trust.timestamp_client import TimestampClient
    from .verification import Verification

_AHEAD = datetime.timedelta(seconds=1)  # by which a timestamp may be ahead of the clock here


@dataclass(frozen=True, kw_only=True, slots=True)
class RenewedFile:
    """The outcome for a file.

    Attributes:
        path: of the file.
        verdict: that on the file as it is now, or None where it cannot be renewed.
        renewed: whether it was renewed.
        error: why it cannot be renewed, or could not be read or written; the file was left unchanged.
    """

    path: Path
    verdict: "Verification | None" = None
    renewed: bool = False
    error: PrivacyError | OSError | None = None


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
    return renewed, verify_renewed(renewed, copy, trust=trust, at=at + _AHEAD, ledger=ledger)


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
    return verify_renewed(renewed, copy, trust=trust, at=at + _AHEAD, ledger=ledger), renewed


def renew_files(
    paths: Iterable[Path],
    *,
    timestamps: "TimestampClient | None",
    trust: "Trusted",
    at: datetime.datetime,
    before: datetime.datetime,
    ledger: "Ledger",
) -> Iterator[RenewedFile]:
    """Verify files, and renew those that are due. Each is replaced when the new one is written and synced.

    Args:
        paths: the files; they are taken as they are needed.
        timestamps: whom to ask, or None to find out only when each is due.
        trust: as for `renew_copy`.
        at: now (aware).
        before: renew what expires before this moment (aware).
        ledger: the recorded versions.

    Yields:
        The outcome for each file, in their order.
    """
    for path in paths:
        try:
            content = read_copy(path)
            with limited():
                verdict, renewed = renew_if_due(
                    content, timestamps=timestamps, trust=trust, at=at, before=before, ledger=ledger
                )
            if renewed is not None:
                write_whole(path, renewed, force=True, mode=path.stat().st_mode & 0o777)
        except (PrivacyError, OSError) as error:
            yield RenewedFile(path=path, error=error)
        else:
            yield RenewedFile(path=path, verdict=verdict, renewed=renewed is not None)


def _require_renewable(verdict: "Verification") -> None:
    if verdict.level not in ("B-LT", "B-LTA"):
        raise LevelError(f"the copy is of level {verdict.level}; archive timestamps renew B-LT and B-LTA only")
