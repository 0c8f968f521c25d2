"""What is due, which version was in force, and the versions."""

import datetime
import zoneinfo

from starlette.responses import Response

from ...._clock import now
from ....sheets.table_workbook import write_tables
from ...calls import AskInForce, ListLacking, ListVersions, ShowSigning, Status
from ..due import Known, describe_mail, list_due
from ..marks import BACKUP, MAIL
from ..navigation import list_groups
from ..visit import XLSX, Visit
from ..words import moment

ZONES = ("UTC", "Europe/London", "Europe/Berlin", "America/New_York", "America/Chicago", "America/Los_Angeles")


async def due(visit: Visit) -> Response:
    """Show what is due."""
    status = await visit.services.keeper.ask(Status())
    versions = (await visit.services.keeper.ask(ListVersions(counted=False))).versions
    marks = visit.services.marks
    mail = marks.read(MAIL)
    known = Known(status=status, versions=versions, backup=marks.read(BACKUP), for_team=visit.services.for_team)
    items = [*list_due(known, now()), *describe_mail(mail)]
    return visit.page(
        "due.html",
        found=status,
        items=sorted(items, key=lambda each: not each.urgent),
        urgent=sum(each.urgent for each in items),
        ways={item.path: item.words for _, menu in list_groups(visit.may) for item in menu},
        counted=("No", "One", "Two", "Three", "Four", "Five"),
        announced=[each for each in versions if each.state == "announced"],
        mail=mail,
        sends_mail=visit.services.sends_mail,
    )


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
        future=at is not None and at > now(),
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
