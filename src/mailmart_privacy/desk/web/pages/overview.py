"""What is due, which version was in force, and the versions."""

import datetime
import zoneinfo
from dataclasses import dataclass

from starlette.responses import Response

from ...._clock import now
from ....sheets.table_workbook import write_tables
from ...answers import StatusView
from ...calls import AskInForce, ListLacking, ListVersions, ShowSigning, Status
from ..visit import XLSX, Visit
from ..words import count, day, moment, number

_SOON = 60  # days
ZONES = ("UTC", "Europe/London", "Europe/Berlin", "America/New_York", "America/Chicago", "America/Los_Angeles")


@dataclass(frozen=True, kw_only=True, slots=True)
class DueItem:
    """Something on the page of what is due.

    Attributes:
        what: its heading.
        words: a sentence.
        state: what is beside it, "To do" or "41 days left".
        urgent: whether somebody has to do something.
    """

    what: str
    words: str
    state: str
    urgent: bool


async def due(visit: Visit) -> Response:
    """Show what is due."""
    status = await visit.services.keeper.ask(Status())
    versions = await visit.services.keeper.ask(ListVersions(counted=False))
    announced = [each for each in versions.versions if each.state == "announced"]
    items = list_due(status, now())
    return visit.page(
        "due.html",
        found=status,
        items=sorted(items, key=lambda each: not each.urgent),
        urgent=sum(each.urgent for each in items),
        counted=("No", "One", "Two", "Three", "Four", "Five"),
        announced=announced,
    )


def list_due(status: StatusView, at: datetime.datetime) -> list[DueItem]:
    """List what is due, in the words of the page."""
    items = []
    if status.self_signed:
        words = (
            "Customers’ programs show “unknown signer”. Ask the administrator for a certificate in the company’s name."
        )
        items.append(DueItem(what="No authority confirms our signature yet", words=words, state="To do", urgent=True))
    left = (status.certificate_until - at).days
    words = f"Valid until {day(status.certificate_until)}"
    items.append(DueItem(what="Our signing certificate", words=words, state=_left(left), urgent=left < _SOON))
    items.append(_describe_seal(status, at))
    for each in status.erasures_waiting:
        left = max(0, (each - at).days)
        words = f"The store locks a copy until {day(each)}. Then the erasure can be finished."
        items.append(DueItem(what="An erasure waits", words=words, state=_left(left), urgent=left == 0))
    if status.erasures_asked:
        what = "An erasure waits for a second person"
        words = f"{count(status.erasures_asked, 'customer is', 'customers are')} to be erased. See “Who did what”."
        items.append(DueItem(what=what, words=words, state="To do", urgent=True))
    if not status.checker_alone:
        words = (
            "Files from strangers are read with limits on time and memory, but with network access. "
            "On Linux the desk can remove that access if the administrator of this computer allows user namespaces."
        )
        items.append(
            DueItem(
                what="The process that reads strangers’ files has network access",
                words=words,
                state="To know",
                urgent=False,
            )
        )
    return items


def _describe_seal(status: StatusView, at: datetime.datetime) -> DueItem:
    what = "The seal over the record"
    if not status.can_seal and status.sealed_until is None:
        words = "No independent authority is set up, so no outsider can confirm how long a record has existed."
        return DueItem(what=what, words=words, state="To do", urgent=True)
    if status.sealed_until is None:
        return DueItem(what=what, words="No authority has sealed the record yet.", state="To do", urgent=True)
    left = (status.sealed_until - at).days
    words = f"By {status.sealed_by}. It holds until {day(status.sealed_until)}."
    if status.unsealed:
        words += f" {count(status.unsealed, 'entry is', 'entries are')} not sealed yet."
    return DueItem(what=what, words=words, state=_left(left), urgent=left < _SOON)


def _left(days: int) -> str:
    return f"{number(days)} days left" if days != 1 else "1 day left"


async def in_force(visit: Visit) -> Response:
    """Tell which version was in force at a moment."""
    chosen, time, zone = visit.query("day"), visit.query("time") or "12:00", visit.query("zone") or "UTC"
    answer, fault, at = None, "", None
    if chosen:
        try:
            at = _read(chosen, time, zone)
            answer = await visit.services.keeper.ask(AskInForce(at=at))
        except (ValueError, KeyError):  # no such day; no such zone on this machine
            fault = "Give a day like 2026-03-31, and a time like 14:30."
    return visit.page(
        "in_force.html",
        status=422 if fault else 200,
        day_chosen=chosen,
        time_chosen=time,
        zone_chosen=zone,
        zones=ZONES,
        asked=moment(at) if at else "",
        answer=answer,
        fault=fault,
    )


async def versions(visit: Visit) -> Response:
    """List the versions of the policy."""
    found = await visit.services.keeper.ask(ListVersions(counted=True))
    return visit.page("versions.html", versions=found.versions, lacking=found.lacking, at=now())


async def lacking(visit: Visit) -> Response:
    """Give a spreadsheet of the customers who lack the version in force; “Issue many” takes it as it is."""
    found = await visit.services.keeper.ask(ListLacking())
    rows = [(each.customer, each.version) for each in found.customers]
    content = write_tables([("Customers", ("Customer", "Newest copy"), rows)])
    return visit.file(content, name="customers-who-lack-it.xlsx", kind=XLSX)


def _read(chosen: str, time: str, zone: str) -> datetime.datetime:
    if zone not in ZONES:
        raise ValueError(zone)
    local = datetime.datetime.fromisoformat(f"{chosen}T{time}")
    if local.tzinfo is not None:
        raise ValueError(time)
    return local.replace(tzinfo=zoneinfo.ZoneInfo(zone))


async def signing(visit: Visit) -> Response:
    """Show who signs, who vouches for that, and until when."""
    found = await visit.services.keeper.ask(ShowSigning())
    return visit.page("keys.html", found=found, at=now())


async def certificate(visit: Visit) -> Response:
    """Give the certificates, to be published."""
    found = await visit.services.keeper.ask(ShowSigning())
    return visit.file(found.certificates, name="signing-certificate.pem", kind="application/x-pem-file")
