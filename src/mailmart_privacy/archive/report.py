"""The report on a period: what was issued, erased, held and withdrawn, and whose newest copy is not in force."""

import csv
import datetime
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .._time import format_cell, format_exact, format_iso, is_short_cell, require_moment
from ..errors import UsageError
from ..policy.render import environment
from .act_words import describe_act, is_one_download
from .acts import list_holds
from .recipients import NO_DETAILS, Details, Person, derive_acts_key, open_details
from .register import Register, read_register

if TYPE_CHECKING:
    from ..policy.ledger import Ledger
    from .due import DueItem
    from .entries import LogEntry
    from .recipients import Recipient
    from .service import ArchiveService

ReportFormat = Literal["html", "pdf", "xlsx", "csv", "json"]
_NEVER = datetime.datetime.min.replace(tzinfo=datetime.UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table of the report.

    Attributes:
        key: its name for programs.
        title: its name for people.
        columns: the names of its columns.
        rows: texts and numbers.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveReport:
    """A report.

    Attributes:
        origin: the name of the log.
        since: its first moment (aware, UTC).
        until: the moment after its last one (aware, UTC).
        made_at: when it was made (aware, UTC).
        entries: how many entries the log had then.
        tables: what it says.
    """

    origin: str
    since: datetime.datetime
    until: datetime.datetime
    made_at: datetime.datetime
    entries: int
    tables: tuple[Table, ...]

    @property
    def last_day(self) -> datetime.date:
        """The last day of the period (UTC)."""
        return (self.until - datetime.timedelta(microseconds=1)).date()

    def to_json(self) -> dict[str, Any]:
        """Write it as a JSON document."""
        tables = {
            table.key: [dict(zip(table.columns, row, strict=True)) for row in table.rows] for table in self.tables
        }
        moments = {name: format_iso(getattr(self, name)) for name in ("since", "until", "made_at")}
        return {"origin": self.origin, **moments, "entries": self.entries, **tables}

    def to_csv(self) -> str:
        """Write its tables one below the other, each with its key in the first column."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        for table in self.tables:
            writer.writerow(["table", *table.columns])
            writer.writerows([table.key, *map(_plain, row)] for row in table.rows)
        return stream.getvalue()

    def to_html(self) -> str:
        """Write a page that prints well."""
        return (
            environment()
            .get_template("report.html")
            .render(report=self, format_exact=format_exact, format_cell=format_cell, is_short=is_short_cell)
        )

    def render(self, form: ReportFormat) -> bytes:
        """Write it as a file.

        Args:
            form: "html", "pdf", "xlsx", "csv" or "json".

        Raises:
            MissingExtraError: the extra `form` is not installed (PDF), or `xlsx` (XLSX).
        """
        if form == "xlsx":
            from ..sheets.table_workbook import write_tables

            return write_tables((table.key, table.columns, table.rows) for table in self.tables)
        if form == "pdf":
            from ..form.page import print_page

            return print_page(self.to_html(), machine_fonts=True)
        if form == "json":
            return (json.dumps(self.to_json(), ensure_ascii=False, indent=2) + "\n").encode()
        return (self.to_csv() if form == "csv" else self.to_html()).encode()


def make_report(
    service: "ArchiveService",
    *,
    since: datetime.datetime,
    until: datetime.datetime,
    ledger: "Ledger",
    due: "Sequence[DueItem] | None" = None,
) -> ArchiveReport:
    """Make the report on a period; the whole log is read and compared with its checkpoint.

    Args:
        service: the archive; its key has to be here, since the report names customers and staff.
        since: the first moment (aware).
        until: the moment after the last one (aware).
        ledger: the recorded versions.
        due: what expires or has to be done, for a table of its own; see `due.find_due`.

    Raises:
        UsageError: the period ends before it begins.
        TamperedError: the log is not that of its checkpoint.
    """
    require_moment(since)
    require_moment(until)
    if until <= since:
        raise UsageError(f"the period ends ({format_iso(until)}) before it begins ({format_iso(since)})")
    found = _Reading(service, since, until)
    # Not at `until`, which is after the period: versions take effect at midnight, and periods end then.
    in_force = ledger.version_in_force(min(until - datetime.timedelta(microseconds=1), service.clock())).version
    tables = [found.issued(), found.outdated(in_force), found.erasures(), found.acts(), found.holds(), found.anchors()]
    if due is not None:
        tables.append(_list_due(due))
    return ArchiveReport(
        origin=service.archive.metadata.origin,
        since=since.astimezone(datetime.UTC),
        until=until.astimezone(datetime.UTC),
        made_at=service.clock(),
        entries=found.register.size,
        tables=tuple(tables),
    )


class _Reading:
    """The content of the log, and the names of customers and staff."""

    def __init__(self, service: "ArchiveService", since: datetime.datetime, until: datetime.datetime) -> None:
        archive, self._names_key = service.archive, service.keyring().names_key
        self._archive, self._since, self._until = archive, since, until
        self.register: Register = read_register(archive, lambda content: True)
        self._staff: dict[str, Person] = archive.staff(self._names_key)
        self._customers: dict[str, Recipient] = {each.pseudonym: each for each in archive.recipients(self._names_key)}

    def issued(self) -> Table:
        """Count the copies by version and person, and how often they were downloaded."""
        versions = {copy.number: copy.entry.version or "" for copy in self.register.copies}
        counted = Counter(
            (versions[copy.number], self._name(copy.entry.actor), "renewed" if copy.entry.renews else "issued")
            for copy in self._within(self.register.copies)
        )
        counted.update(
            (versions.get(each.entry.about or 0, ""), self._name(each.entry.actor), "downloaded")
            for each in self._within(self.register.acts)
            if is_one_download(each.entry)
        )
        rows = tuple((*key, count) for key, count in sorted(counted.items()))
        return Table(key="issued", title="Copies", columns=("version", "person", "what", "copies"), rows=rows)

    def outdated(self, in_force: str) -> Table:
        """List the customers whose newest copy is of another version than the one in force at the end."""
        newest: dict[str, LogEntry] = {}
        # By then: a report on the same period says the same a year later.
        withdrawn = {number for number, each in self.register.withdrawn.items() if each.entry.recorded_at < self._until}
        for copy in self.register.copies:
            if copy.number not in withdrawn and copy.entry.recorded_at < self._until:
                other = newest.get(copy.entry.recipient or "", copy)
                # By when they were issued: a renewal, or a copy that was added later, makes no version newer.
                newest[copy.entry.recipient or ""] = max(other, copy, key=lambda each: each.entry.issued_at or _NEVER)
        rows = sorted(
            (self._customers[key].name, copy.entry.version or "", _write(copy.entry.issued_at))
            for key, copy in newest.items()
            if key in self._customers and (copy.entry.version or "") < in_force
        )
        title = f"Customers whose newest copy is not of the version in force ({in_force})"
        return Table(key="outdated", title=title, columns=("customer", "newest copy", "issued at"), rows=tuple(rows))

    def erasures(self) -> Table:
        """List the erasures that were carried out; the names are no longer known."""
        rows = tuple(
            (
                each.number,
                _write(each.entry.recorded_at),
                "member of staff" if each.entry.act == "staff" else "customer",
                self._name(each.entry.actor),
                self._name(each.entry.second),
            )
            for each in self._within(self.register.erasures)
        )
        columns = ("entry", "at", "erased", "person", "second person")
        return Table(key="erasures", title="Erasures", columns=columns, rows=rows)

    def acts(self) -> Table:
        """List what else people did; downloads of single copies are counted, see `issued`."""
        key = derive_acts_key(self._names_key)
        rows = []
        for each in self._within(self.register.acts):
            if is_one_download(each.entry):
                continue
            entry, customer = each.entry, self._customers.get(each.entry.recipient or "")
            outlives = entry.act in ("hold", "release", "erase-waiting") or entry.recipient is None
            opened = key if outlives else customer.key if customer else None
            details: Details = open_details(opened, entry.sealed) if opened and entry.sealed else NO_DETAILS
            what = describe_act(entry)
            words = (what, customer.name if customer else "-", self._name(entry.actor), details.matter, details.reason)
            rows.append((each.number, _write(entry.recorded_at), *words))
        for each in self._within(self.register.rotations):
            words = ("key of the log replaced", "-", self._name(each.entry.actor), "", "")
            rows.append((each.number, _write(each.entry.recorded_at), *words))
        rows.sort()
        columns = ("entry", "at", "what", "customer", "person", "matter", "reason")
        return Table(
            key="acts",
            title="What people did: holds, withdrawals, erasures under way, keys",
            columns=columns,
            rows=tuple(rows),
        )

    def holds(self) -> Table:
        """List the holds that are in place."""
        rows = tuple(
            (
                each.number,
                _write(each.placed_at),
                self._customers[each.recipient].name if each.recipient in self._customers else "-",
                "one copy" if each.about is not None else "all copies",
                each.details.matter,
            )
            for each in list_holds(self._archive, self._names_key, self.register)
        )
        columns = ("entry", "placed at", "customer", "concerns", "matter")
        return Table(key="holds", title="Holds in place", columns=columns, rows=rows)

    def anchors(self) -> Table:
        """List the anchors."""
        rows = tuple(
            (each.number, _write(each.entry.recorded_at), each.entry.size or 0)
            for each in self._within(self.register.anchors)
        )
        return Table(key="anchors", title="Anchors", columns=("entry", "recorded at", "entries covered"), rows=rows)

    def _within(self, entries: "Sequence[LogEntry]") -> "list[LogEntry]":
        return [each for each in entries if self._since <= each.entry.recorded_at < self._until]

    def _name(self, pseudonym: str | None) -> str:
        if pseudonym is None:
            return "-"
        person = self._staff.get(pseudonym)
        return person.name if person else "(erased)"


def _list_due(items: "Sequence[DueItem]") -> Table:
    """List what expires or has to be done, from when the report is made."""
    rows = tuple(("now" if each.at is None else format_iso(each.at), each.about) for each in items)
    return Table(key="due", title="What expires, or has to be done, and when", columns=("when", "what"), rows=rows)


def _write(moment: datetime.datetime | None) -> str:
    return "-" if moment is None else format_iso(moment)


def _plain(value: str | int) -> str | int:
    """Prevent a spreadsheet from reading a name as a formula."""
    return (
        f"'{value}"
        if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") and value != "-"
        else value
    )
