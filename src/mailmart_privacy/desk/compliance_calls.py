"""What `web` asks `keeper` for compliance: holds, erasures, evidence, who did what, reports, seals."""

import datetime
from dataclasses import dataclass

from .answers import Actor, Done
from .messages import Call


@dataclass(frozen=True, kw_only=True, slots=True)
class HoldView:
    """A hold that is in place.

    Attributes:
        number: of its record.
        placed_at: when it was placed.
        placed_by: the name of the person, or empty.
        matter: the matter.
        reason: why.
    """

    number: int
    placed_at: datetime.datetime
    placed_by: str
    matter: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ComplianceView:
    """Holds on a customer, and an erasure that was asked for.

    Attributes:
        id: how pages name the customer.
        name: of the customer.
        copies: how many there are.
        holds: those in place.
        asked_at: when the erasure was asked for, or None.
        asked_by: the name of the person who did.
        asked_because: why.
        own: whether it was the person who asks now: somebody else has to confirm it.
        waits_until: until when an erasure waits that was confirmed, or None.
    """

    id: str
    name: str
    copies: int
    holds: tuple[HoldView, ...]
    asked_at: datetime.datetime | None
    asked_by: str
    asked_because: str
    own: bool
    waits_until: datetime.datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ErasureView:
    """The outcome of an erasure.

    Attributes:
        number: of its record.
        copies: how many copies it concerns.
        due_at: until when it waits, or None where it is done.
    """

    number: int
    copies: int
    due_at: datetime.datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """A file that was made."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row of a table."""

    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TableView:
    """A table.

    Attributes:
        key: its name for programs.
        title: its name for people.
        columns: the names of its columns.
        rows: its cells.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportView:
    """A report on a period."""

    tables: tuple[TableView, ...]
    made_at: datetime.datetime
    entries: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """Something that somebody did.

    Attributes:
        number: of its record.
        at: when it was recorded.
        what: in words.
        person: who did it, or empty.
        second: who confirmed it, or empty.
        customer: whom it concerns; empty where none, or where they were erased.
        customer_id: how pages name the customer, or empty.
        fingerprint: of the copy that it concerns, or empty.
        matter: the matter, or empty.
        reason: why, or empty.
    """

    number: int
    at: datetime.datetime
    what: str
    person: str
    second: str
    customer: str
    customer_id: str
    fingerprint: str
    matter: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Deeds:
    """What people did, the newest first, and how much there is in all."""

    deeds: tuple[Deed, ...]
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowCompliance(Call[ComplianceView]):
    """What stands in the way of erasing a customer?"""

    actor: Actor
    customer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceHold(Call[Done]):
    """Place a hold on a customer."""

    actor: Actor
    customer: str
    matter: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LiftHolds(Call[Done]):
    """Lift the holds on a customer."""

    actor: Actor
    customer: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AskErasure(Call[Done]):
    """Ask for an erasure; a second person has to confirm it."""

    actor: Actor
    customer: str
    matter: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RefuseErasure(Call[Done]):
    """Refuse an erasure that was asked for, or take back one's own request."""

    actor: Actor
    customer: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmErasure(Call[ErasureView]):
    """Erase a customer for good; `name` is typed by the person."""

    actor: Actor
    customer: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MakeEvidence(Call[Packed]):
    """Pack all that an outsider needs to check a copy."""

    actor: Actor
    fingerprint: str
    matter: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MakeReport(Call[ReportView]):
    """Report on a period, to show it or to give it as a workbook; `logged` where it is given out."""

    actor: Actor
    as_workbook: bool
    since: datetime.datetime
    until: datetime.datetime
    logged: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintReport(Call[Packed]):
    """Report on a period, as an accessible PDF; `logged` where it is given out."""

    actor: Actor
    since: datetime.datetime
    until: datetime.datetime
    logged: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ListDeeds(Call[Deeds]):
    """Who did what? `text` is a part of a person's or a customer's name; `until` is the moment after the last one."""

    actor: Actor
    text: str
    since: datetime.datetime | None
    until: datetime.datetime | None
    limit: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Seal(Call[Done]):
    """Let an authority seal the record now."""

    actor: Actor


COMPLIANCE_CALLS: dict[str, type[Call[object]]] = {
    kind.__name__: kind  # type: ignore[misc]
    for kind in (
        ShowCompliance,
        PlaceHold,
        LiftHolds,
        AskErasure,
        RefuseErasure,
        ConfirmErasure,
        MakeEvidence,
        MakeReport,
        PrintReport,
        ListDeeds,
        Seal,
    )
}
