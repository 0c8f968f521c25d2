"""What `keeper` answers, and the person for whom it does something."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """The person for whom something is done.

    Attributes:
        issuer: who vouches for the person: the address of an identity provider, or "os".
        subject: what the issuer calls them, permanently.
        name: what to show.
    """

    issuer: str
    subject: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyView:
    """A copy on record.

    Attributes:
        number: of its record.
        fingerprint: lowercase hex SHA-256 of the file.
        size: of the file, in bytes.
        version: of the policy, "2026-02-24".
        customer: whom it is made out to; empty where an erased customer was.
        customer_id: how pages name the customer.
        reference: what it is called.
        matter: the matter that it belongs to, or empty.
        issued_at: the moment that it shows.
        recorded_at: when it went on record.
        level: of its signature, "B-B" to "B-LTA".
        issued_by: the name of the person who issued it, or empty.
        own: whether it was the person who asks.
        withdrawn_at: when it was withdrawn, or None.
        withdrawn_because: why.
        replaced: whether a renewed file is in its place.
    """

    number: int
    fingerprint: str
    size: int
    version: str
    customer: str
    customer_id: str
    reference: str
    matter: str
    issued_at: datetime.datetime
    recorded_at: datetime.datetime
    level: str
    issued_by: str
    own: bool
    withdrawn_at: datetime.datetime | None
    withdrawn_because: str
    replaced: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerView:
    """A customer on record.

    Attributes:
        id: how pages name the customer.
        name: as on the first copy.
        copies: those that were asked for, the newest first.
        held: whether a hold is in place on the customer or on a copy.
        erasure_due_at: when an erasure that waits can be done, or None.
        erasure_asked: whether an erasure waits for a second person.
    """

    id: str
    name: str
    copies: tuple[CopyView, ...]
    held: bool
    erasure_due_at: datetime.datetime | None
    erasure_asked: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionView:
    """A version of the policy.

    Attributes:
        version: "2026-02-24".
        effective_at: from when it is in force.
        effective_until: until when, or None while no later one is known.
        state: "in force", "announced", "superseded" or "withdrawn".
        summary: what it changes, or empty.
        customers: how many customers have a copy of it.
    """

    version: str
    effective_at: datetime.datetime
    effective_until: datetime.datetime | None
    state: str
    summary: str
    customers: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusView:
    """How the desk and its record stand.

    Attributes:
        version: of the policy that is in force.
        lasting: whether copies are made to last.
        signer: the name in the certificate that signs.
        self_signed: whether nobody else vouches for it.
        certificate_until: when that certificate expires.
        begins_at: when the record was begun.
        entries: how many entries it has.
        copies: how many of them are of copies.
        unsealed: how many entries no authority has sealed yet.
        sealed_by: who sealed the others, or empty.
        sealed_until: until when that seal holds, or None.
        can_seal: whether an authority is configured.
        erasures_waiting: when erasures that wait can be done.
        erasures_asked: how many erasures a second person has to confirm.
        checker_alone: whether the process that reads files of strangers has no network.
        checker_apart: whether that process runs as a user of its own, who cannot read the keys.
        checkpoint: of the record, signed: with it somebody outside can tell later whether the record was changed.
    """

    version: str
    lasting: bool
    signer: str
    self_signed: bool
    certificate_until: datetime.datetime
    begins_at: datetime.datetime
    entries: int
    copies: int
    unsealed: int
    sealed_by: str
    sealed_until: datetime.datetime | None
    can_seal: bool
    erasures_waiting: tuple[datetime.datetime, ...]
    erasures_asked: int
    checker_alone: bool
    checker_apart: bool
    checkpoint: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthView:
    """Whether what the desk works with answers.

    Attributes:
        archive: whether the archive can be read, and its log is that of its checkpoint.
        database: whether the database answers.
        beat: how many seconds ago the queue of batches has shown that it works.
    """

    archive: bool
    database: bool
    beat: int


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueOutcome:
    """The outcome of a request for a copy: the new copy, or the one that the customer already has.

    Attributes:
        copy: the copy; None where nothing was issued.
        existing: the copy of this version that the customer has; None where a copy was issued.
        repeated: whether an earlier request of the same key had issued the copy.
    """

    copy: CopyView | None
    existing: CopyView | None
    repeated: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyFile:
    """A copy with its file."""

    copy: CopyView
    pdf: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundView:
    """What a search found.

    Attributes:
        customers: those that match, by name; at most as many as were asked for.
        total: how many match.
        similar: names that look alike.
        begins_at: when the record was begun.
    """

    customers: tuple[CustomerView, ...]
    total: int
    similar: tuple[str, ...]
    begins_at: datetime.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckView:
    """What a file is.

    Attributes:
        verdict: "ours", "withdrawn", "not on record", "changed", "not ours", "not a copy" or "cannot tell".
        words: what the check said.
        recipient: whom it is made out to, or empty.
        reference: what it is called, or empty.
        issued_at: the moment that it shows, or None.
        version: of the policy, or empty.
        signer: who signed it, or empty.
        valid_until: until when it can be shown to be valid, or None.
        copy: its record, or None.
    """

    verdict: str
    words: str
    recipient: str
    reference: str
    issued_at: datetime.datetime | None
    version: str
    signer: str
    valid_until: datetime.datetime | None
    copy: CopyView | None


@dataclass(frozen=True, kw_only=True, slots=True)
class InForceView:
    """The version that was in force at a moment.

    Attributes:
        version: its name, or empty where none was.
        effective_at: from when, as its publisher says.
        recorded_at: when it went on record here.
        confirmed: whether an independent authority had confirmed it by that moment.
        confirmed_before: before when an authority has confirmed it, or None.
        sealed_since: the first seal of an authority, or None.
    """

    version: str
    effective_at: datetime.datetime | None
    recorded_at: datetime.datetime | None
    confirmed: bool
    confirmed_before: datetime.datetime | None
    sealed_since: datetime.datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """It was done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Copies:
    """Some copies."""

    copies: tuple[CopyView, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Versions:
    """All versions, the newest first, and how many customers have copies, but none of the version in force."""

    versions: tuple[VersionView, ...]
    lacking: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Lacking:
    """A customer without a copy of the version in force, and the version of the newest copy."""

    customer: str
    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LackingCustomers:
    """Customers without a copy of the version in force, by name."""

    customers: tuple[Lacking, ...]
