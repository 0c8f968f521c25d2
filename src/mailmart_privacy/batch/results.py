"""The outcome of a row: a copy, or the error that says why it could not be issued."""

import datetime
from dataclasses import dataclass, field

from .._lookalikes import find_lookalikes
from ..errors import PrivacyError


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuedRow:
    """A row for which a copy was issued.

    Attributes:
        number: the row's.
        recipient: whom it is addressed to.
        reference: what it is called.
        issued_at: the moment that it shows (aware, UTC).
        digest: lowercase hex SHA-256 of the file.
        size: of the file, in bytes.
        file: the name of the file, if it was written to a destination.
        pdf: its bytes, if it was not.
        found: whether an earlier run had written it and was stopped before it could list it.
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

    @property
    def remark(self) -> str | None:
        """How the recipient's name may be taken for another one, in a sentence; or None."""
        return find_lookalikes(self.recipient)

    def __repr__(self) -> str:
        return f"<IssuedRow {self.number}: {self.reference[:40]!r} to {self.recipient[:60]!r}>"


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedRow:
    """A row for which no copy was issued.

    Attributes:
        number: the row's.
        recipient: whom it was to be addressed to.
        reference: what it was to be called, or None if that was not known yet.
        error: the reason; its class says which kind.
    """

    number: int
    recipient: str
    reference: str | None
    error: PrivacyError

    def __repr__(self) -> str:
        return f"<FailedRow {self.number}: {self.recipient[:60]!r}, {type(self.error).__name__}>"
