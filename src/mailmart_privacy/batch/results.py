"""The outcome of a row: a copy, or the error that says why it could not be issued."""

import datetime
from dataclasses import dataclass, field

from ..errors import PrivacyError


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuedCopy:
    """A copy that was issued.

    Attributes:
        number: the row's.
        recipient: whom it is addressed to.
        reference: what it is called.
        issued_at: the moment that it shows (aware, UTC).
        digest: lowercase hex SHA-256 of the file.
        size: of the file, in bytes.
        file: the name of the file, where it was put into a place.
        pdf: its bytes, where it was not.
        found: whether it had been put there before, by a run that did not come to list it.
    """

    number: int
    recipient: str
    reference: str
    issued_at: datetime.datetime
    digest: str
    size: int
    file: str | None = None
    pdf: bytes | None = field(default=None, repr=False)
    found: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedCopy:
    """A row for which no copy was issued.

    Attributes:
        number: the row's.
        recipient: whom it was to be addressed to.
        reference: what it was to be called, or None where that was not settled.
        error: why; its class tells what kind of thing went wrong.
    """

    number: int
    recipient: str
    reference: str | None
    error: PrivacyError
