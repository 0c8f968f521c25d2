"""One base for everything that this package raises; the exit code is data of the class."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of the command line, the same for every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNSIGNED = 3
    ALTERED = 4
    UNDECIDED = 5
    PARTLY = 6
    INTERRUPTED = 130


_LISTED = 100  # faults of a sheet that a message lists


def one_line(error: Exception) -> str:
    """Say an error of another library in one line."""
    return " ".join(str(error).split()) or type(error).__name__


class PrivacyError(Exception):
    """Base of every error of this package. Its message is one line: what is wrong, and what to do."""

    exit_code = ExitCode.FAILED


class UsageError(PrivacyError):
    """An argument cannot be used as it was given."""

    exit_code = ExitCode.USAGE


class SourceError(PrivacyError):
    """A `policy.md` is not a policy. All of its faults are collected and raised together.

    Attributes:
        faults: each fault as `(line, message)`; lines count from 1.
        origin: what the text was read from, as the messages name it.
    """

    def __init__(self, origin: str, faults: tuple[tuple[int, str], ...]) -> None:
        self.origin = origin
        self.faults = faults
        super().__init__("\n".join(f"{origin}:{line}: {message}" for line, message in faults))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.origin, self.faults)  # else it could not pass from one process to another


class RecordError(PrivacyError):
    """A recorded file or the ledger is missing, or is not what the ledger says."""


class DestinationExistsError(PrivacyError):
    """There is a file in this place already, and it was kept."""


class UnfinishedError(PrivacyError):
    """A batch stopped before its end; what is done is whole, and listed.

    Attributes:
        exit_code: "partly done", or "interrupted".
    """

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.PARTLY) -> None:
        self.exit_code = exit_code
        super().__init__(message)


class MissingExtraError(PrivacyError):
    """A part of the package was used without the extra that brings its dependencies."""

    def __init__(self, extra: str, module: str) -> None:
        self.extra = extra
        self.module = module
        super().__init__(f"{module} is not installed; run: pip install 'mailmart-privacy[{extra}]'")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.extra, self.module)


class UnknownVersionError(UsageError):
    """No version of the policy has that name, or none was in force at that time."""


class UnknownSectionError(PrivacyError, KeyError):
    """The policy has no section with that id."""

    exit_code = ExitCode.USAGE

    def __str__(self) -> str:
        return str(self.args[0])


class FormError(PrivacyError):
    """A form could not be made, for instance because its font lacks a character."""


class SiteError(PrivacyError):
    """A link of the static site leads nowhere; the message names each."""


class RecipientError(UsageError):
    """A recipient or reference cannot stand in the form's field."""


class RowsError(UsageError):
    """Rows of a sheet cannot be issued. All faults are collected and raised together.

    Attributes:
        faults: each fault as `(row, message)`; row 0 is the whole sheet.
        origin: the sheet, as the messages name it.
    """

    def __init__(self, origin: str, faults: tuple[tuple[int, str], ...]) -> None:
        self.origin = origin
        self.faults = faults
        lines = [f"{origin}: row {row}: {message}" if row else f"{origin}: {message}" for row, message in faults]
        if len(lines) > _LISTED:
            lines[_LISTED:] = [f"{origin}: and {len(lines) - _LISTED:,} more faults"]
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.origin, self.faults)


class IdentityError(PrivacyError):
    """A key or certificate cannot be used for signing."""


class SelfCheckError(PrivacyError):
    """A copy is not what pyHanko makes of the same inputs; no copy of that batch may be given out."""


class LevelError(PrivacyError):
    """A level cannot be reached; the message names the answer that is missing. It is never lowered."""


class TimestampError(LevelError):
    """No timestamp authority gave a usable answer.

    Attributes:
        answers: what each one said, as `(url, words)`, in the order in which they were asked.
    """

    def __init__(self, answers: tuple[tuple[str, str], ...]) -> None:
        self.answers = answers
        said = "; ".join(f"{url}: {words}" for url, words in answers) or "none was named; give its URL with --tsa"
        super().__init__(f"no timestamp could be had: {said}")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.answers,)


class ArchiveError(PrivacyError):
    """An archive cannot be used as it is, or not by this user."""


class TamperedError(ArchiveError):
    """An archive, or a proof from one, is not what was signed. All faults are collected and raised together.

    Attributes:
        faults: each of them in one line.
    """

    exit_code = ExitCode.ALTERED

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        shown = [*faults[:_LISTED], *([f"and {len(faults) - _LISTED:,} more faults"] if len(faults) > _LISTED else [])]
        super().__init__("\n".join(shown))


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
