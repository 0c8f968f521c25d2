"""Errors of archives."""

from .base import LISTED, ExitCode, PrivacyError, format_error


class ArchiveError(PrivacyError):
    """An archive cannot be used as it is, or not by this user."""


class TamperedError(ArchiveError):
    """An archive, or a proof from one, is not what was signed. All faults are collected and raised together.

    Attributes:
        faults: each of them in one line.
    """

    exit_code = ExitCode.ALTERED
    faults: tuple[str, ...]

    def __init__(self, *faults: str, argument: str | None = None) -> None:
        shown = [*faults[:LISTED], *([f"and {len(faults) - LISTED:,} more faults"] if len(faults) > LISTED else [])]
        super().__init__("\n".join(shown), argument=argument, faults=faults)


class UndeliveredError(ArchiveError):
    """Copies were archived, and then no file could be written: nobody received them.

    Attributes:
        exit_code: that of what went wrong.
        copies: how many were archived.
        withdrawn: whether the log records that they are withdrawn.
    """

    copies: int
    withdrawn: bool

    def __init__(self, cause: BaseException, copies: int, *, withdrawn: bool) -> None:
        what, them = ("the copy was", "it") if copies == 1 else (f"{copies:,} copies were", "them")
        end = (
            f", and the archive records that nobody received {them}"
            if withdrawn
            else f", and the archive still lists {them} as issued"
        )
        super().__init__(
            f"{format_error(cause)}; no file was written. Before that, {what} archived{end}",
            argument=None if withdrawn else "withdraw",
            exit_code=_find_exit_code(cause),
            copies=copies,
            withdrawn=withdrawn,
        )


class NotAnchoredError(ArchiveError):
    """What was added is archived, but no authority stamped the log afterwards.

    Attributes:
        exit_code: that of what went wrong.
    """

    def __init__(self, cause: PrivacyError) -> None:
        super().__init__(
            f"all copies are archived, but the log was not anchored after that: {cause}",
            argument="anchor",
            exit_code=cause.exit_code,
        )


def _find_exit_code(error: BaseException) -> ExitCode:
    if isinstance(error, PrivacyError):
        return error.exit_code
    return ExitCode.INTERRUPTED if isinstance(error, KeyboardInterrupt) else ExitCode.FAILED
