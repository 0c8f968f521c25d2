"""One base for everything that this package raises; the exit code is data of the class."""

from .archives import ArchiveError, NotAnchoredError, TamperedError, UndeliveredError
from .base import (
    DestinationExistsError,
    ExitCode,
    MissingExtraError,
    PrivacyError,
    UnfinishedError,
    UsageError,
    WrongTypeError,
    format_error,
    one_line,
    require_text,
)
from .copies import (
    AlteredError,
    FormError,
    IdentityError,
    LevelError,
    RecipientError,
    RowsError,
    TimestampError,
    UnreadableFileError,
    UnsignedError,
    UntrustedError,
    VerificationError,
    VersionMismatchError,
)
from .policies import (
    NewerVersionError,
    RecordError,
    SiteError,
    SourceError,
    UnknownSectionError,
    UnknownTextError,
    UnknownVersionError,
)

__all__ = [
    "AlteredError",
    "ArchiveError",
    "DestinationExistsError",
    "ExitCode",
    "FormError",
    "IdentityError",
    "LevelError",
    "MissingExtraError",
    "NewerVersionError",
    "NotAnchoredError",
    "PrivacyError",
    "RecipientError",
    "RecordError",
    "RowsError",
    "SiteError",
    "SourceError",
    "TamperedError",
    "TimestampError",
    "UndeliveredError",
    "UnfinishedError",
    "UnknownSectionError",
    "UnknownTextError",
    "UnknownVersionError",
    "UnreadableFileError",
    "UnsignedError",
    "UntrustedError",
    "UsageError",
    "VerificationError",
    "VersionMismatchError",
    "WrongTypeError",
    "format_error",
    "one_line",
    "require_text",
]

for _name in __all__:  # where callers find it, in tracebacks and in pickles too
    globals()[_name].__module__ = __name__
