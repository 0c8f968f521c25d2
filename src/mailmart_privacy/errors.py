"""One base for everything that this package raises.

An error is its facts: what, which, how much. They are attributes, the message is made from them, and an edge (the
command line, a page) can say it in its own words or add what its users have to type. No message names an option.
"""

from enum import IntEnum
from types import MappingProxyType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


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


_LISTED = 100  # faults that a message lists


def one_line(error: Exception) -> str:
    """Say an error of another library in one line."""
    return " ".join(str(error).split()) or type(error).__name__


class PrivacyError(Exception):
    """Base of every error of this package. Its message is one line: what is wrong, and what to do.

    Args:
        message: the line.
        argument: the parameter to give or to change, by its name in the Python API, for instance "fonts"; the command
            line names its option for it.
        facts: what the message was made from; each becomes an attribute.

    Attributes:
        exit_code: what the command line exits with.
        argument: as given, or None.
    """

    exit_code = ExitCode.FAILED
    argument: str | None = None

    def __init__(self, message: str = "", /, *, argument: str | None = None, **facts: object) -> None:
        super().__init__(message)
        self.__dict__.update(facts if argument is None else {"argument": argument, **facts})

    @property
    def facts(self) -> "Mapping[str, object]":
        """What the message was made from, by name; read-only."""
        return MappingProxyType({name: value for name, value in vars(self).items() if not name.startswith("_")})

    def __reduce__(self) -> tuple[object, ...]:
        # By default an error is made again from its message alone, which fails where the class asks for facts.
        return _rebuild, (type(self), self.args), vars(self)


def _rebuild(kind: type[PrivacyError], args: tuple[object, ...]) -> PrivacyError:
    error = kind.__new__(kind, *args)
    error.args = args
    return error


class UsageError(PrivacyError):
    """An argument cannot be used as it was given."""

    exit_code = ExitCode.USAGE


class WrongTypeError(UsageError, TypeError):
    """An argument has a type that cannot be used.

    Attributes:
        argument: the parameter.
        expected: what it has to be, in words.
        given: the name of the type that was given.
    """

    expected: str
    given: str

    def __init__(self, argument: str, expected: str, value: object) -> None:
        given = "None" if value is None else type(value).__name__
        super().__init__(
            f"{argument}: expected {expected}, got {given}", argument=argument, expected=expected, given=given
        )


def require_text(value: object, argument: str) -> None:
    """Refuse an argument that is not a string; raises WrongTypeError."""
    if not isinstance(value, str):
        raise WrongTypeError(argument, "a string", value)


class SourceError(PrivacyError):
    """A `policy.md` is not a policy. All of its faults are collected and raised together.

    Attributes:
        faults: each fault as `(line, message)`; lines count from 1.
        origin: what the text was read from, as the messages name it.
    """

    origin: str
    faults: tuple[tuple[int, str], ...]

    def __init__(self, origin: str, faults: tuple[tuple[int, str], ...]) -> None:
        message = "\n".join(f"{origin}:{line}: {words}" for line, words in faults)
        super().__init__(message, origin=origin, faults=faults)


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
        super().__init__(message, exit_code=exit_code)


class MissingExtraError(PrivacyError):
    """Something was called that needs a library which the installed extras do not bring.

    Attributes:
        extra: the extra that brings it, for instance "pdf".
        module: the library that is missing.
    """

    extra: str
    module: str

    def __init__(self, extra: str, module: str) -> None:
        message = f"{module} is not installed: this needs the extra `{extra}`; see Installing (docs/install.md)"
        super().__init__(message, extra=extra, module=module)


class UnknownVersionError(UsageError):
    """No version of the policy has that name, or none was in force at that time."""


class UnknownTextError(PrivacyError):
    """A text id names a text that never existed: it was mistyped or changed, or does not come from this package.

    Attributes:
        text_id: what was asked for, for instance "2026-02-24.0123456789abcdef".
        known: the versions of the ledger, oldest first, for instance ("2026-02-24",).
    """

    exit_code = ExitCode.ALTERED
    text_id: str
    known: tuple[str, ...]

    def __init__(self, text_id: str, known: tuple[str, ...]) -> None:
        version = text_id.partition(".")[0]
        if version in known:
            message = f"{text_id} names a text that the policy of {version} never had"
        else:
            message = f"{text_id} names a version that never existed; there are: {', '.join(known) or 'none'}"
        super().__init__(message, text_id=text_id, known=known)


class NewerVersionError(PrivacyError):
    """A text or a copy is of a version that a later release of this package may know, and this one does not.

    Attributes:
        version: the version that was asked for, for instance "2027-03-01".
        newest: the newest version that this release knows.
    """

    exit_code = ExitCode.UNDECIDED
    version: str
    newest: str

    def __init__(self, version: str, newest: str) -> None:
        message = f"this release knows no version after {newest}, so not {version}; upgrade mailmart-privacy"
        super().__init__(message, version=version, newest=newest)


class UnknownSectionError(UsageError, KeyError):
    """The policy has no section with that id.

    Attributes:
        section: what was asked for.
        version: the version of the policy.
        known: the ids of its sections, in order.
    """

    section: str
    version: str
    known: tuple[str, ...]

    def __init__(self, section: str, version: str, known: tuple[str, ...]) -> None:
        from difflib import get_close_matches

        near = get_close_matches(section, known, n=3, cutoff=0.4) or known
        message = f"no section {section!r} in the policy of {version}; did you mean {', '.join(near)}?"
        super().__init__(message, section=section, version=version, known=known)

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would show it in quotes


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

    origin: str
    faults: tuple[tuple[int, str], ...]

    def __init__(self, origin: str, faults: tuple[tuple[int, str], ...]) -> None:
        lines = [f"{origin}: row {row}: {message}" if row else f"{origin}: {message}" for row, message in faults]
        if len(lines) > _LISTED:
            lines[_LISTED:] = [f"{origin}: and {len(lines) - _LISTED:,} more faults"]
        super().__init__("\n".join(lines), origin=origin, faults=faults)


class IdentityError(PrivacyError):
    """A key or certificate cannot be used for signing."""


class SelfCheckError(PrivacyError):
    """A copy is not what pyHanko makes of the same inputs; no copy of that batch may be given out."""


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
        shown = [*faults[:_LISTED], *([f"and {len(faults) - _LISTED:,} more faults"] if len(faults) > _LISTED else [])]
        super().__init__("\n".join(shown), faults=faults)


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
