"""Errors of forms, identities and copies."""

from .base import LISTED, ExitCode, PrivacyError, UsageError


class FormError(PrivacyError):
    """A form could not be made, for instance because its font lacks a character."""


class RecipientError(UsageError):
    """A recipient or reference cannot be written into the form's field."""


class RowsError(UsageError):
    """Rows of a sheet cannot be issued. All faults are collected and raised together.

    Attributes:
        faults: each fault as `(row, message)`; row 0 is the whole sheet.
        origin: the sheet, as the messages name it.
    """

    origin: str
    faults: tuple[tuple[int, str], ...]

    def __init__(self, origin: str, faults: tuple[tuple[int, str], ...], *, argument: str | None = None) -> None:
        lines = [f"{origin}: row {row}: {message}" if row else f"{origin}: {message}" for row, message in faults]
        if len(lines) > LISTED:
            lines[LISTED:] = [f"{origin}: and {len(lines) - LISTED:,} more faults"]
        super().__init__("\n".join(lines), argument=argument, origin=origin, faults=faults)


class IdentityError(PrivacyError):
    """A key or certificate cannot be used for signing."""


class LevelError(PrivacyError):
    """A level cannot be reached; the message names the answer that is missing. It is never lowered."""


class TimestampError(LevelError):
    """No timestamp authority gave a usable answer.

    Attributes:
        answers: what each one answered, as `(url, words)`, in the order in which they were asked; empty if no
            authority was named.
    """

    answers: tuple[tuple[str, str], ...]

    def __init__(self, answers: tuple[tuple[str, str], ...]) -> None:
        if answers:
            message = "no timestamp: " + "; ".join(f"{url}: {words}" for url, words in answers)
        else:
            message = "no timestamp: no timestamp authority was named; give its URL"
        super().__init__(message, argument=None if answers else "tsa", answers=answers)


class VerificationError(PrivacyError):
    """A file was not accepted. Verification raises; it never returns a verdict of "no"."""

    exit_code = ExitCode.UNDECIDED


class UnsignedError(VerificationError):
    """The file carries no signature that vouches for its delivery."""

    exit_code = ExitCode.UNSIGNED


class AlteredError(VerificationError):
    """The file is not what was signed, or not what the ledger recorded."""

    exit_code = ExitCode.ALTERED


class UntrustedError(VerificationError):
    """The signatures hold, but the signer is not among those trusted."""


class VersionMismatchError(VerificationError):
    """The copy holds, but is of another version of the policy than was asked for."""


class UnreadableFileError(VerificationError):
    """The file cannot be read far enough to say anything about it."""
