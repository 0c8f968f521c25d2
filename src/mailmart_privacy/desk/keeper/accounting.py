"""Evidence, reports, and who did what."""

import datetime
import io
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from ..._clock import now
from ...archive.finding import fold_for_search
from ...archive.recipients import NO_DETAILS, Details, derive_acts_key, open_details
from ...archive.report import make_report
from ..compliance_calls import (
    Deed,
    Deeds,
    ListDeeds,
    MakeEvidence,
    MakeReport,
    Packed,
    PrintReport,
    ReportView,
    Row,
    TableView,
)
from ..messages import RefusedError
from .known import KnownCustomer
from .views import find_copy

if TYPE_CHECKING:
    from ...archive.entries import Entry, LogEntry
    from .desk import Desk

_WORDS = {
    "hold": "Placed a hold",
    "release": "Lifted a hold",
    "withdrawn": "Withdrew a copy",
    "erase-asked": "Asked for an erasure",
    "erase-refused": "Refused an erasure",
    "erase-waiting": "Confirmed an erasure, which waits until the store’s lock ends",
    "evidence": "Made an evidence pack",
    "relation-ended": "Recorded the end of a relationship",
    "erase-certified": "Certified an erasure",
    "people": "Changed people",
    "token": "Changed access for services",
    "report": "Made a report",
    "desk-opened": "Started the desk",
    "settings": "Set up the desk",
    "key": "Set up the key that signs",
}
_PRINT_SECONDS = 120
_OUTLIVE = ("hold", "release", "erase-waiting")


def make_evidence(desk: "Desk", call: MakeEvidence) -> Packed:
    """Pack a copy with all that shows what it is, and log for which matter."""
    customer, copy = find_copy(desk, call.fingerprint)
    if not call.matter.strip() and not call.reason.strip():
        raise RefusedError("reason-missing")
    service = desk.service(call.actor)
    _, files = service.evidence(copy.digest, trust=desk.signing.trust, ledger=desk.ledger, matter=call.matter.strip())
    with desk.writing(call.actor) as session:
        details = Details(matter=call.matter.strip(), reason=call.reason.strip())
        session.add_act("evidence", recipient=customer.record, about=copy.logged.number, details=details)
    stream = io.BytesIO()
    name = f"evidence-{copy.digest[:16]}"
    moment = now().timetuple()[:6]
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(files):
            packed.writestr(zipfile.ZipInfo(f"{name}/{path}", moment), files[path])
    return Packed(name=f"{name}.zip", content=stream.getvalue())


def report(desk: "Desk", call: MakeReport) -> ReportView:
    """Make the report on a period, and log that; the whole log is read."""
    made = make_report(desk.service(), since=call.since, until=call.until, ledger=desk.ledger)
    _log_report(desk, call, "Excel file" if call.as_workbook else "shown")
    return ReportView(
        made_at=made.made_at,
        entries=made.entries,
        tables=tuple(
            TableView(
                key=table.key,
                title=table.title,
                columns=table.columns,
                rows=tuple(Row(cells=tuple(map(str, row))) for row in table.rows),
            )
            for table in made.tables
        ),
    )


def print_report(desk: "Desk", call: PrintReport) -> Packed:
    """Make the report on a period as a PDF.

    Raises:
        RefusedError: "cannot-print": the extra `form` is not installed.
    """
    made = make_report(desk.service(), since=call.since, until=call.until, ledger=desk.ledger)
    # In a process of its own: setting pages takes seconds of processor time, in which nobody could find anything.
    command = [sys.executable, "-m", f"{__package__}.print_process"]
    done = subprocess.run(  # noqa: S603 - this very Python, and a module of this package
        command, input=made.to_html().encode(), stdout=subprocess.PIPE, timeout=_PRINT_SECONDS, check=False
    )
    if done.returncode:
        raise RefusedError("cannot-print")
    _log_report(desk, call, "PDF")
    return Packed(name="report.pdf", content=done.stdout)


def _log_report(desk: "Desk", call: MakeReport | PrintReport, form: str) -> None:
    """Log that somebody got a report, which names customers; not where only its head was asked for."""
    if not call.logged:
        return
    last = call.until - datetime.timedelta(microseconds=1)
    with desk.writing(call.actor) as session:
        session.add_act("report", details=Details(reason=f"{call.since:%Y-%m-%d} to {last:%Y-%m-%d}, {form}"))


def list_deeds(desk: "Desk", call: ListDeeds) -> Deeds:
    """List what people did, the newest first."""
    desk.directory.refresh()
    sought = fold_for_search(call.text)
    found = []
    for logged, customer in _gather(desk):
        at = logged.entry.recorded_at
        if (call.since and at < call.since) or (call.until and at >= call.until):
            continue
        person = desk.directory.names.find_staff(logged.entry.actor)
        if sought and not (
            (person and sought in fold_for_search(person.name)) or (customer and sought in customer.folded)
        ):
            continue
        found.append((logged, customer))
    found.sort(key=lambda each: each[0].number, reverse=True)
    deeds = tuple(_describe(desk, logged, customer) for logged, customer in found[: call.limit])
    return Deeds(deeds=deeds, total=len(found))


def _gather(desk: "Desk") -> "list[tuple[LogEntry, KnownCustomer | None]]":
    directory = desk.directory
    customers = {each.record.pseudonym: each for each in directory.snapshot()}
    found = [(copy.logged, customer) for customer in customers.values() for copy in customer.copies]
    held = {each.number: each.entry.recipient for each in directory.acts if each.entry.act == "hold"}
    others = []
    for each in (*directory.acts, *directory.anchors):
        whom = held.get(each.entry.about or 0) if each.entry.act == "release" else each.entry.recipient
        others.append((each, customers.get(whom or "")))
    return [*found, *others]


def _describe(desk: "Desk", logged: "LogEntry", customer: KnownCustomer | None) -> Deed:
    entry = logged.entry
    details = NO_DETAILS
    key = _find_key(desk, logged, customer)
    if key is not None and entry.sealed and entry.kind == "act":
        details = open_details(key, entry.sealed)
    person, second = desk.directory.names.find_staff(entry.actor), desk.directory.names.find_staff(entry.second)
    return Deed(
        number=logged.number,
        at=entry.recorded_at,
        what=_describe_kind(entry),
        person=person.name if person else "",
        second=second.name if second else "",
        customer=customer.record.name if customer else "",
        customer_id=customer.record.pseudonym if customer else "",
        fingerprint=entry.files[0].digest if entry.kind == "customer-copy" else "",
        matter=details.matter,
        reason=details.reason,
    )


def _describe_kind(entry: "Entry") -> str:
    match entry.kind:
        case "customer-copy":
            return "Renewed a copy" if entry.renews else "Issued a copy"
        case "erasure":
            return "Erased a member of staff" if entry.act == "staff" else "Erased a customer"
        case "anchor":
            return "Had the record sealed"
    if entry.act == "download":
        return "Downloaded a copy" if entry.recipient else "Downloaded the copies of a list"
    return _WORDS.get(entry.act or "", entry.act or "")


def _find_key(desk: "Desk", logged: "LogEntry", customer: KnownCustomer | None) -> bytes | None:
    if logged.entry.act in _OUTLIVE or logged.entry.recipient is None:
        return derive_acts_key(desk.keyring.names_key)
    return customer.record.key if customer else None
