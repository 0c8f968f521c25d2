"""What a desk knows of a copy and of a customer, as the log and their records say it."""

from dataclasses import dataclass, field

from ...archive.entries import LogEntry
from ...archive.recipients import Details, Recipient


@dataclass(slots=True, eq=False)
class KnownCopy:
    """A copy in the log.

    Attributes:
        logged: its entry.
        details: reference, matter and request key, decrypted.
        withdrawn: the entry of its withdrawal, or None.
        replaced: whether a renewed file is in its place.
    """

    logged: LogEntry
    details: Details
    withdrawn: LogEntry | None = None
    replaced: bool = False

    @property
    def digest(self) -> str:
        """The digest of its file."""
        return self.logged.entry.files[0].digest


@dataclass(slots=True, eq=False)
class KnownCustomer:
    """A customer on record.

    Attributes:
        record: with the name, and the key of the details.
        folded: the name as searches compare it.
        copies: of this customer, the oldest first.
        holds: the entries of the holds in place.
        waiting: the entry of an erasure that waits, or None.
        asked: the entry of an erasure that a second person has to confirm, or None.
    """

    record: Recipient
    folded: str
    copies: list[KnownCopy] = field(default_factory=list)
    holds: dict[int, LogEntry] = field(default_factory=dict)
    waiting: LogEntry | None = None
    asked: LogEntry | None = None
