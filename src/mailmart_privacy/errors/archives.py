"""Errors of archives."""

from .base import LISTED, ExitCode, PrivacyError


class ArchiveError(PrivacyError):
    """An archive cannot be used as it is, or not by this user."""


class TamperedError(ArchiveError):
    """An archive, or a proof from one, is not what was signed. All faults are collected and raised together.

    Attributes:
        faults: each of them in one line.
    """

    exit_code = ExitCode.ALTERED
    faults: tuple[str, ...]

    def __init__(self, *faults: str) -> None:
        shown = [*faults[:LISTED], *([f"and {len(faults) - LISTED:,} more faults"] if len(faults) > LISTED else [])]
        super().__init__("\n".join(shown), faults=faults)
