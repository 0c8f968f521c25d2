"""The copies of each customer, in memory: names and references decrypted once, and kept up with the log.

It is made from the log alone, and compared with the log's checkpoint whenever both have the same size. An index or a
table of the desk proves nothing.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from ...archive.entries import LogEntry, read_entry
from ...archive.finding import find_similar, fold_for_search
from ...archive.layout import CHECKPOINT, RECIPIENTS
from ...archive.recipients import NO_DETAILS, Details, Person, Recipient, open_details, read_record
from ...archive.register import read_log
from ...errors import TamperedError
from .peaks import Peaks

if TYPE_CHECKING:
    from ...archive.archive import Archive

_AHEAD = 96  # customers of a batch who are looked for at once: as many as its processes work on, and some more


@dataclass(slots=True)
class KnownCopy:
    """A copy in the log.

    Attributes:
        logged: its entry.
        details: reference, matter and request key, decrypted.
        folded: the reference as searches compare it.
        withdrawn: the entry of its withdrawal, or None.
        replaced: whether a renewed file is in its place.
    """

    logged: LogEntry
    details: Details
    folded: str
    withdrawn: LogEntry | None = None
    replaced: bool = False

    @property
    def digest(self) -> str:
        """The digest of its file."""
        return self.logged.entry.files[0].digest


@dataclass(slots=True)
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


class Directory:
    """The names and copies of an archive, in memory; safe to use from several threads.

    Args:
        archive: whose.
        names_key: decrypts names and details.
    """

    def __init__(self, archive: "Archive", names_key: bytes) -> None:
        self._archive, self._names_key = archive, names_key
        self._lock = threading.RLock()
        self._files: set[str] = set()
        self._records: dict[str, Recipient] = {}
        self._staff: dict[str, Person] = {}
        self._peaks = Peaks()
        self.customers: dict[str, KnownCustomer] = {}
        self.by_digest: dict[str, tuple[KnownCustomer, KnownCopy]] = {}
        self.by_request: dict[str, tuple[KnownCustomer, KnownCopy]] = {}
        self.owners: dict[str, str] = {}
        self.gone: dict[str, str] = {}  # who issued the copies of those who were erased, by digest
        self.acts: list[LogEntry] = []
        self.anchors: list[LogEntry] = []
        self.size = 0
        self.copies = 0
        self._holds: dict[int, KnownCustomer] = {}
        self._by_number: dict[int, KnownCopy] = {}
        self._expected: dict[str, None] = {}
        # Whether the records were listed since what is taken now was published; None while the log is read first, when
        # others may add records.
        self._listed: bool | None = None
        self.begins_at = archive.metadata.created_at

    def refresh(self) -> None:
        """Read what is new in the log.

        Raises:
            TamperedError: the log is not that of its checkpoint.
        """
        with self._lock:
            if not self.size:
                self._learn_records()
                for number, content in read_log(self._archive):
                    self._take(number, content)
                return
            for first, contents in self._archive.log.commits(self.size):
                self._listed = False
                for number, content in enumerate(contents, first):
                    self._take(number, content)
            self._compare()

    def expect(self, name: str) -> Recipient | None:
        """Find the record of a customer by the exact name, and keep it; it may be new."""
        found = self._archive.find_recipient(self._names_key, name)
        if found is not None:
            with self._lock:
                self._keep(found)
        return found

    def anticipate(self, names: Iterable[str]) -> None:
        """Expect records of these customers, in this order, as a batch makes them: they are then read by their names.

        Without that, all records are listed for each few copies that a batch makes, while people wait for an answer.
        """
        with self._lock:
            self._expected = dict.fromkeys(names)

    def find_staff(self, pseudonym: str | None) -> Person | None:
        """Find the person whom entries call so, or None where nobody is known."""
        if pseudonym is None:
            return None
        with self._lock:
            if pseudonym not in self._staff:
                self._staff |= self._archive.staff(self._names_key)
            return self._staff.get(pseudonym)

    def search(self, text: str) -> list[tuple[KnownCustomer, list[KnownCopy]]]:
        """Find customers by a part of the name, of a reference, or the beginning of a digest.

        Args:
            text: as a person types it; case and accents do not count.

        Returns:
            Customers by name, each with the copies that match, or with all copies if the name matches.
        """
        sought = fold_for_search(text)
        digits = sought if len(sought) >= 8 and set(sought) <= set("0123456789abcdef") else None
        found = []
        with self._lock:
            for customer in self.customers.values():
                if sought in customer.folded:
                    found.append((customer, list(customer.copies)))
                    continue
                some = [
                    copy
                    for copy in customer.copies
                    if sought in copy.folded or (digits is not None and copy.digest.startswith(digits))
                ]
                if some:
                    found.append((customer, some))
        return sorted(found, key=lambda each: (each[0].folded, each[0].record.pseudonym))

    def similar(self, text: str) -> tuple[str, ...]:
        """Name customers that look alike."""
        with self._lock:
            return find_similar(text, [customer.record.name for customer in self.customers.values()])

    def newest(self, actor: str, limit: int) -> list[tuple[KnownCustomer, KnownCopy]]:
        """List the copies that a person issued, the newest first."""
        with self._lock:
            own = (pair for pair in reversed(self.by_digest.values()) if pair[1].logged.entry.actor == actor)
            return [pair for pair, _ in zip(own, range(limit), strict=False)]

    def snapshot(self) -> Iterator[KnownCustomer]:
        """Go through all customers as they are now."""
        with self._lock:
            customers = list(self.customers.values())
        yield from customers

    def _learn_records(self) -> None:
        for name, _ in self._archive.storage.find(RECIPIENTS):
            if name not in self._files:
                content = self._archive.storage.read(name)
                if content is not None:  # else it was erased meanwhile
                    self._keep(read_record(self._names_key, name, content))

    def _keep(self, record: Recipient) -> None:
        self._files.add(record.file)
        self._records[record.pseudonym] = record

    def _find_record(self, pseudonym: str) -> Recipient | None:
        if pseudonym not in self._records:
            self._learn_expected(pseudonym)
        if pseudonym not in self._records and not self._listed:
            self._learn_records()
            self._listed = None if self._listed is None else True
        return self._records.get(pseudonym)

    def _learn_expected(self, pseudonym: str) -> None:
        """Learn the records of expected customers up to the one that is wanted, who usually comes next."""
        for name in list(islice(self._expected, _AHEAD)):
            found = self._archive.find_recipient(self._names_key, name)
            if found is not None:
                self._keep(found)
                del self._expected[name]
                if found.pseudonym == pseudonym:
                    return

    def _take(self, number: int, content: bytes) -> None:
        logged = LogEntry(number, content, read_entry(content))
        self._peaks.add(content)
        self.size = number + 1
        if number == 0:
            self.begins_at = logged.entry.recorded_at
        match logged.entry.kind:
            case "customer-copy":
                self._take_copy(logged)
            case "act":
                self._take_act(logged)
            case "erasure":
                self._forget(logged.entry.recipient or "")
                self.acts.append(logged)
            case "anchor":
                self.anchors.append(logged)

    def _take_copy(self, logged: LogEntry) -> None:
        self.copies += 1
        entry = logged.entry
        record = self._find_record(entry.recipient or "")
        if record is None:  # erased, as an entry further on says
            self.gone[entry.files[0].digest] = entry.actor or ""
            return
        customer = self.customers.get(record.pseudonym)
        if customer is None:
            customer = KnownCustomer(record, fold_for_search(record.name))
            self.customers[record.pseudonym] = customer
        details = open_details(record.key, entry.sealed) if entry.sealed else NO_DETAILS
        copy = KnownCopy(logged, details, fold_for_search(details.reference))
        customer.copies.append(copy)
        self._by_number[logged.number] = copy
        self.by_digest[copy.digest] = (customer, copy)
        if details.request:
            self.by_request[details.request] = (customer, copy)
        if details.reference:
            self.owners.setdefault(details.reference, record.pseudonym)
        if entry.renews in self.by_digest:
            self.by_digest[entry.renews][1].replaced = True

    def _take_act(self, logged: LogEntry) -> None:
        self.acts.append(logged)
        entry = logged.entry
        customer = self.customers.get(entry.recipient or "")
        if entry.act == "withdrawn" and entry.about in self._by_number:
            self._by_number[entry.about].withdrawn = logged
        elif entry.act == "hold" and customer is not None:
            customer.holds[logged.number] = logged
            self._holds[logged.number] = customer
        elif entry.act == "release" and entry.about in self._holds:
            self._holds.pop(entry.about).holds.pop(entry.about, None)
        elif customer is not None and entry.act in ("erase-asked", "erase-refused", "erase-waiting"):
            customer.asked = logged if entry.act == "erase-asked" else None
            customer.waiting = logged if entry.act == "erase-waiting" else customer.waiting

    def _forget(self, pseudonym: str) -> None:
        customer = self.customers.pop(pseudonym, None)
        self._files.discard(self._records[pseudonym].file if pseudonym in self._records else "")
        self._records.pop(pseudonym, None)
        for copy in customer.copies if customer else ():
            self.gone[copy.digest] = copy.logged.entry.actor or ""
            self.by_digest.pop(copy.digest, None)
            self.by_request.pop(copy.details.request, None)
            self._by_number.pop(copy.logged.number, None)
            if self.owners.get(copy.details.reference) == pseudonym:
                del self.owners[copy.details.reference]

    def _compare(self) -> None:
        checkpoint = self._archive.checkpoint()
        root = self._peaks.root()
        if checkpoint.size == self.size and root is not None and root != checkpoint.root:
            raise TamperedError(f"{self._archive.storage.location}: the log is not that of its {CHECKPOINT}")
