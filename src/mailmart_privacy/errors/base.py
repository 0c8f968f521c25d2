"""What every error has, and the errors of any part.

An error is its facts: what, which, how much. They are attributes, the message is made from them, and an edge (the
command line, a page) can say it in its own words or add what its users have to type. No message names an option.
"""

from enum import IntEnum
from types import MappingProxyType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LISTED = 100  # faults that a message lists


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


def one_line(error: Exception) -> str:
    """Say an error of another library in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def format_error(error: BaseException) -> str:
    """Say in one line what went wrong, and where; also of an error of the system."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
    return str(error)


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


class DestinationExistsError(PrivacyError):
    """There is a file in this place already, and it was kept."""


class UnfinishedError(PrivacyError):
    """A batch stopped before its end; what is done is whole, and listed.

    Attributes:
        exit_code: "partly done", "interrupted", or that of a copy that does not verify.
        done: how many copies are issued.
        total: how many copies the batch has.
    """

    done: int
    total: int

    def __init__(
        self,
        message: str,
        exit_code: ExitCode = ExitCode.PARTLY,
        *,
        done: int = 0,
        total: int = 0,
        argument: str | None = None,
    ) -> None:
        super().__init__(message, argument=argument, exit_code=exit_code, done=done, total=total)
