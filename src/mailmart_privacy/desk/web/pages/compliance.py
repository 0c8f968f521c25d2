"""Pages of compliance: hold, erase with a second person, evidence, report, who did what, seal."""

import datetime

from starlette.responses import Response

from ...._clock import now
from ....sheets.table_workbook import write_tables
from ...calls import ShowCopy
from ...compliance_calls import (
    AskErasure,
    ComplianceView,
    ConfirmErasure,
    Deeds,
    LiftHolds,
    ListDeeds,
    MakeEvidence,
    MakeReport,
    PlaceHold,
    PrintReport,
    RefuseErasure,
    Seal,
    ShowCompliance,
)
from ...messages import RefusedError
from ..downloads import is_taken
from ..permissions import COMPLIANCE
from ..visit import XLSX, Visit
from ..words import explain, moment

_SHOWN, _ALL = 40, 100_000  # deeds: with more, the page would be heavier than 80 KB
_CHECKED = datetime.timedelta(days=30)  # of which the page tells how many files were checked
_AGAIN = ("reason-missing", "names-customer", "name-differs", "held", "erasure-waits")  # said beside the form


async def show_hold(visit: Visit) -> Response:
    """Show the holds on a customer."""
    return await _show(visit, "hold.html")


async def hold(visit: Visit) -> Response:
    """Place a hold, or lift those in place."""
    customer, reason = _customer(visit), visit.field("reason")
    call: PlaceHold | LiftHolds
    if visit.field("do") == "lift":
        call = LiftHolds(actor=visit.actor, customer=customer, reason=reason)
    else:
        call = PlaceHold(actor=visit.actor, customer=customer, matter=visit.field("matter"), reason=reason)
    try:
        await visit.services.keeper.ask(call)
    except RefusedError as refused:
        return await _show_again(visit, "hold.html", refused)
    return visit.go(f"/customers/{customer}/hold")


async def show_erase(visit: Visit) -> Response:
    """Show what an erasure would do, and who has to confirm it."""
    return await _show(visit, "erase.html")


async def erase(visit: Visit) -> Response:
    """Ask for an erasure, refuse it, or confirm it."""
    customer, what = _customer(visit), visit.field("do")
    try:
        if what == "confirm":
            found = await _show_state(visit)
            call = ConfirmErasure(actor=visit.actor, customer=customer, name=visit.field("name"))
            done = await visit.services.keeper.ask(call)
            return visit.page("erased.html", name=found.name, done=done)
        if what == "refuse":
            await visit.services.keeper.ask(
                RefuseErasure(actor=visit.actor, customer=customer, reason=visit.field("reason"))
            )
        else:
            matter, reason = visit.field("matter"), visit.field("reason")
            await visit.services.keeper.ask(
                AskErasure(actor=visit.actor, customer=customer, matter=matter, reason=reason)
            )
    except RefusedError as refused:
        return await _show_again(visit, "erase.html", refused)
    return visit.go(f"/customers/{customer}/erase")


async def show_evidence(visit: Visit) -> Response:
    """Ask for which matter the pack is."""
    return await _ask_evidence(visit)


async def evidence(visit: Visit) -> Response:
    """Give the pack."""
    call = MakeEvidence(
        actor=visit.actor,
        fingerprint=str(visit.request.path_params["fingerprint"]),
        matter=visit.field("matter"),
        reason=visit.field("reason"),
    )
    try:
        packed = await visit.services.keeper.ask(call)
    except RefusedError as refused:
        if refused.code != "reason-missing":
            raise
        return await _ask_evidence(visit, fault="Give the matter or a reason. It goes on record.")
    return visit.file(packed.content, name=packed.name, kind="application/zip")


async def report(visit: Visit) -> Response:
    """Show the report on a period, or give it as a workbook."""
    since, until = visit.query("from"), visit.query("to")
    if not since or not until:
        since, until = (day.isoformat() for day in _find_quarter(now().date()))
    try:
        begins, ends = _read_day(since), _read_day(until) + datetime.timedelta(days=1)
    except ValueError:
        return visit.page("report.html", status=422, since=since, until=until, made=None, fault="Give two days.")
    if ends <= begins:
        fault = "The last day comes before the first one."
        return visit.page("report.html", status=422, since=since, until=until, made=None, fault=fault)
    wanted, taken = visit.query("as"), is_taken(visit.request)
    if wanted == "pdf":
        call = PrintReport(actor=visit.actor, since=begins, until=ends, logged=taken)
        printed = await visit.services.keeper.ask(call)
        return visit.file(printed.content, name=f"report-{since}-{until}.pdf", kind="application/pdf")
    asked = MakeReport(actor=visit.actor, as_workbook=wanted == "xlsx", since=begins, until=ends, logged=taken)
    made = await visit.services.keeper.ask(asked)
    if wanted == "xlsx":
        tables = ((table.key, table.columns, [row.cells for row in table.rows]) for table in made.tables)
        return visit.file(write_tables(tables), name=f"report-{since}-{until}.xlsx", kind=XLSX)
    return visit.page("report.html", since=since, until=until, made=made, fault="")


async def activity(visit: Visit) -> Response:
    """Show who did what, or give it as a workbook."""
    text, chosen, fault = visit.query("q"), visit.query("day"), ""
    since = until = None
    if chosen:
        try:
            since = _read_day(chosen)
            until = since + datetime.timedelta(days=1)
        except ValueError:
            fault = "Give a day like 2026-03-31."
    as_workbook = visit.query("as") == "xlsx"
    call = ListDeeds(actor=visit.actor, text=text, since=since, until=until, limit=_ALL if as_workbook else _SHOWN)
    found = await visit.services.keeper.ask(call)
    if as_workbook:
        return visit.file(_write_deeds(visit, found), name="who-did-what.xlsx", kind=XLSX)
    checked = visit.services.checks.list_days(
        since=since.date() if since else now().date() - _CHECKED, until=until.date() if until else None
    )
    return visit.page(
        "activity.html",
        status=422 if fault else 200,
        found=found,
        checked=checked,
        text=text,
        day_chosen=chosen,
        fault=fault,
    )


async def seal(visit: Visit) -> Response:
    """Let an authority seal the record now."""
    await visit.services.keeper.ask(Seal(actor=visit.actor))
    return visit.go("/due")


def _write_deeds(visit: Visit, found: Deeds) -> bytes:
    columns = ("record", "at", "what", "person", "second person", "customer", "matter", "reason", "fingerprint")
    rows = [
        (
            *(each.number, moment(each.at), each.what, each.person, each.second, each.customer, each.matter),
            *(each.reason, each.fingerprint),
        )
        for each in found.deeds
    ]
    checks = visit.services.checks
    days = [(each.day.isoformat(), each.outcome, each.files) for each in checks.list_days()]
    details = [(moment(each.at), each.who, each.outcome, each.fingerprint) for each in checks.list_details()]
    return write_tables(
        [
            ("who did what", columns, rows),
            ("files checked by day", ("day", "outcome", "files"), days),
            ("files checked, 90 days", ("at", "person", "outcome", "fingerprint"), details),
        ]
    )


async def _show_state(visit: Visit) -> ComplianceView:
    return await visit.services.keeper.ask(ShowCompliance(actor=visit.actor, customer=_customer(visit)))


async def _show(visit: Visit, template: str, *, status: int = 200, fault: str = "") -> Response:
    state = await _show_state(visit)
    officers = [each for each in visit.services.people.list_all() if COMPLIANCE in each.roles]
    return visit.page(
        template,
        status=status,
        state=state,
        fault=fault,
        alone=len(officers) < 2,
        matter=visit.field("matter"),
        reason=visit.field("reason"),
    )


async def _show_again(visit: Visit, template: str, refused: RefusedError) -> Response:
    if refused.code not in _AGAIN:
        raise refused
    status, words = explain(refused)
    return await _show(visit, template, status=status, fault=words)


async def _ask_evidence(visit: Visit, *, fault: str = "") -> Response:
    fingerprint = str(visit.request.path_params["fingerprint"])
    copy = await visit.services.keeper.ask(ShowCopy(actor=visit.actor, fingerprint=fingerprint))
    return visit.page("evidence.html", status=422 if fault else 200, copy=copy, fault=fault)


def _customer(visit: Visit) -> str:
    return str(visit.request.path_params["customer"])


def _read_day(text: str) -> datetime.datetime:
    day = datetime.date.fromisoformat(text)
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC)


def _find_quarter(day: datetime.date) -> tuple[datetime.date, datetime.date]:
    """Find the last quarter that has ended: its first and its last day."""
    first = day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1)
    last = first - datetime.timedelta(days=1)
    return last.replace(month=last.month - 2, day=1), last
