"""What `web` asks `keeper`. No call carries a key, and every one can be repeated."""

import datetime
from dataclasses import dataclass

from .answers import (
    Actor,
    CheckView,
    Copies,
    CopyFile,
    CopyView,
    CustomerView,
    FoundView,
    HealthView,
    InForceView,
    IssueOutcome,
    LackingCustomers,
    StatusView,
    Versions,
)
from .messages import Call


@dataclass(frozen=True, kw_only=True, slots=True)
class Status(Call[StatusView]):
    """What is the state of the desk and its record?"""


@dataclass(frozen=True, kw_only=True, slots=True)
class AskHealth(Call[HealthView]):
    """Do the archive, the database and the queue of batches work?"""


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningView:
    """How the desk signs.

    Attributes:
        signer: the name in the certificate.
        vouched_by: the name of the authority that vouches for it; empty where nobody does.
        since: from when the certificate is valid.
        until: until when.
        place: where the key is: "file", "token" or "kms".
        lasting: whether copies are made to last.
        authorities: the addresses of the authorities that date copies and seal the record.
        fingerprint: lowercase hex SHA-256 of the certificate.
        certificates: the certificate and those above it, in PEM, to be published.
    """

    signer: str
    vouched_by: str
    since: datetime.datetime
    until: datetime.datetime
    place: str
    lasting: bool
    authorities: tuple[str, ...]
    fingerprint: str
    certificates: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowSigning(Call[SigningView]):
    """Who signs, who vouches for that, and until when?"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListVersions(Call[Versions]):
    """Which versions are there? `counted` asks how many customers have copies of them, which takes longer."""

    counted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ListLacking(Call[LackingCustomers]):
    """Which customers have copies, but none of the version in force?"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue(Call[IssueOutcome]):
    """Issue a copy.

    Attributes:
        actor: the person who issues it.
        recipient: the customer.
        reference: a contract or reference, or empty.
        paper: "a4" or "letter".
        request: the key of the request: asking again with it makes no second copy.
        again: whether to issue one to a customer who has a copy of this version.
    """

    actor: Actor
    recipient: str
    reference: str
    paper: str
    request: str
    again: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ListIssued(Call[Copies]):
    """Which copies did this person issue recently?"""

    actor: Actor
    limit: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowCopy(Call[CopyView]):
    """What is on record of the copy with this fingerprint?"""

    actor: Actor
    fingerprint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchCopy(Call[CopyFile]):
    """Give out the file of a copy.

    Attributes:
        actor: who asks.
        fingerprint: of the file.
        logged: whether to log that. The entry of a copy that was issued just now says it already.
    """

    actor: Actor
    fingerprint: str
    logged: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowCustomer(Call[CustomerView]):
    """What is on record of a customer, by the id that pages use?"""

    actor: Actor
    customer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Find(Call[FoundView]):
    """Which customers match a part of a name, of a reference, or the beginning of a fingerprint?"""

    actor: Actor
    text: str
    limit: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckFile(Call[CheckView]):
    """Is this file one of ours? It is read by `checker`."""

    actor: Actor
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class AskInForce(Call[InForceView]):
    """Which version was in force at a moment?"""

    at: datetime.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Withdraw(Call[CopyView]):
    """Withdraw a copy; `any_copy` tells whether the person may withdraw those that others issued."""

    actor: Actor
    fingerprint: str
    reason: str
    any_copy: bool


KEEPER_CALLS: dict[str, type[Call[object]]] = {
    kind.__name__: kind  # type: ignore[misc]
    for kind in (
        Status,
        AskHealth,
        ShowSigning,
        ListVersions,
        ListLacking,
        Issue,
        ListIssued,
        ShowCopy,
        FetchCopy,
        ShowCustomer,
        Find,
        CheckFile,
        AskInForce,
        Withdraw,
    )
}
