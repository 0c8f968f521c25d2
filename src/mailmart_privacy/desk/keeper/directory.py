"""The copies of each customer, in memory: names and references decrypted once, and kept up with the log.

It is made from the log alone, and compared with the log's checkpoint whenever both have the same size. An index or a
table of the desk proves nothing.
"""

import contextlib
import gc
import threading
import time
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

from ...archive.entries import LogEntry, read_entry
from ...archive.finding import find_similar, fold_for_search
from ...archive.layout import CHECKPOINT
from ...archive.recipients import NO_DETAILS, Details, Recipient, open_details
from ...archive.register import read_log
from ...archive.tlog.peaks import Peaks
from ...errors import PrivacyError, TamperedError
from ..lines import write_line
from .known import KnownCopy, KnownCustomer
from .names import Names
from .text_index import TextIndex

if TYPE_CHECKING:
    from ...archive.archive import Archive

_PAUSE = 0.1  # seconds between two looks at the log while a batch is followed
_MANY = 256  # entries that are read, then decrypted, then filed: work of one kind at a time takes less
_FEW, _STOP = 4, 0.0005  # entries that are read until others may go first, and for how many seconds
_COMPARED = 300  # names that are compared letter by letter, which takes a tenth of a millisecond each


# An entry, and where it is a copy's: who it is for, and what is decrypted of it.
_Opened = tuple[LogEntry, Recipient | None, Details]


class Directory:
    """The names and copies of an archive, in memory; safe to use from several threads.

    Args:
        archive: whose.
        names_key: decrypts names and details.
    """

    def __init__(self, archive: "Archive", names_key: bytes) -> None:
        self._archive, self.names = archive, Names(archive, names_key)
        # One thread reads what is new, which takes long: files are read, names decrypted. The other lock is held only
        # while that is filed, so that searches go on meanwhile.
        self._reading, self._lock = threading.Lock(), threading.Lock()
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
        self._names = TextIndex[KnownCustomer]()
        self._references = TextIndex[tuple[KnownCustomer, KnownCopy]]()
        self._digests = TextIndex[tuple[KnownCustomer, KnownCopy]]()
        self._followed = False
        self.begins_at = archive.metadata.created_at

    def refresh(self, *, gently: bool = False) -> None:
        """Read what is new in the log.

        Args:
            gently: let searches go first. Python runs one thread at a time; that one is to stop often, but briefly.

        Raises:
            TamperedError: the log is not that of its checkpoint.
        """
        with self._reading:
            if not self.size:
                with _without_collection():
                    self.names.learn_all()
                    self._take(read_log(self._archive), _MANY)
                return
            for first, contents in self._archive.log.commits(self.size):
                self.names.begin_commit()
                self._take(enumerate(contents, first), _FEW if gently else _MANY, stop=_STOP if gently else 0)
            self._compare()

    def refresh_unless_followed(self) -> None:
        """Read what is new in the log, unless a thread does so all the time; errors are those of `refresh`."""
        if not self._followed:
            self.refresh()

    @contextlib.contextmanager
    def following(self, names: Iterable[str]) -> Iterator[None]:
        """Follow a batch: a thread reads what is new, a moment after it was logged, so that no search waits for it.

        Afterwards everything that the batch has logged is known.

        Args:
            names: of the customers, in the order in which the batch makes their records. They are then read by their
                names; see `Names.expect`.
        """
        self.names.expect(names)
        ended = threading.Event()
        thread = threading.Thread(target=self._follow, args=(ended,), name="following", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self.names.expect(())

    def _follow(self, ended: threading.Event) -> None:
        try:
            self._followed = True
            while not ended.wait(_PAUSE):
                self.refresh(gently=True)
            self.refresh()
        except (PrivacyError, OSError) as error:  # the next one who asks reads the log, and is told
            write_line("keeper", "a batch cannot be followed in the log", error=type(error).__name__)
        finally:
            self._followed = False

    def search(self, text: str) -> list[tuple[KnownCustomer, list[KnownCopy]]]:
        """Find customers by a part of the name, of a reference, or the beginning of a digest.

        Args:
            text: as a person types it; case and accents do not count.

        Returns:
            Customers by name, each with the copies that match, or with all copies if the name matches.
        """
        sought = fold_for_search(text)
        is_digest = len(sought) >= 8 and set(sought) <= set("0123456789abcdef")
        with self._lock:
            found = {each.record.pseudonym: (each, list(each.copies)) for each in self._names.find(sought)}
            some = dict[str, tuple[KnownCustomer, dict[int, KnownCopy]]]()
            digests = self._digests.find(sought, at_start=True) if is_digest else iter(())
            for customer, copy in chain(self._references.find(sought), digests):
                some.setdefault(customer.record.pseudonym, (customer, {}))[1][copy.logged.number] = copy
        for pseudonym, (customer, copies) in some.items():
            found.setdefault(pseudonym, (customer, [copies[number] for number in sorted(copies)]))
        return sorted(found.values(), key=lambda each: (each[0].folded, each[0].record.pseudonym))

    def similar(self, text: str) -> tuple[str, ...]:
        """Name customers that look alike."""
        with self._lock:
            alike = self._names.rank(fold_for_search(text))[:_COMPARED]
        return find_similar(text, [customer.record.name for customer in alike])

    def find_owner(self, reference: str) -> KnownCustomer | None:
        """Find the customer who has a reference; None where nobody has it."""
        with self._lock:  # else the owner may be erased between the two
            return self.customers.get(self.owners.get(reference, ""))

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

    def _take(self, entries: Iterable[tuple[int, bytes]], at_once: int, stop: float = 0) -> None:
        """Take entries, so many at once; after each time others may go first, for so many seconds."""
        remaining = iter(entries)
        while some := list(islice(remaining, at_once)):
            taken = [self._open(LogEntry(number, content, read_entry(content))) for number, content in some]
            with self._lock:
                for each in taken:
                    self._file(*each)
            if stop:
                time.sleep(stop)

    def _open(self, logged: LogEntry) -> _Opened:
        """Find who a copy is for, and decrypt what is known of it; nobody where the customer was erased since."""
        entry = logged.entry
        record = self.names.find(entry.recipient or "") if entry.kind == "customer-copy" else None
        if record is None:
            return logged, None, NO_DETAILS
        return logged, record, open_details(record.key, entry.sealed) if entry.sealed else NO_DETAILS

    def _file(self, logged: LogEntry, record: Recipient | None, details: Details) -> None:
        self._peaks.append(logged.content)
        self.size = logged.number + 1
        entry = logged.entry
        if logged.number == 0:
            self.begins_at = entry.recorded_at
        match entry.kind:
            case "customer-copy":
                self.copies += 1
                if record is None:  # erased, as an entry further on says
                    self.gone[entry.files[0].digest] = entry.actor or ""
                else:
                    self._file_copy(record, KnownCopy(logged, details))
            case "act":
                self._file_act(logged)
            case "erasure":
                self._forget(entry.recipient or "")
                self.acts.append(logged)
            case "anchor":
                self.anchors.append(logged)

    def _file_copy(self, record: Recipient, copy: KnownCopy) -> None:
        customer = self.customers.get(record.pseudonym)
        if customer is None:
            customer = self.customers[record.pseudonym] = KnownCustomer(record, fold_for_search(record.name))
            self._names.add(customer.folded, customer)
        customer.copies.append(copy)
        filed, details = (customer, copy), copy.details
        self._by_number[copy.logged.number] = copy
        self.by_digest[copy.digest] = filed
        self._digests.add(copy.digest, filed)
        if details.request:
            self.by_request[details.request] = filed
        if details.reference:
            self._references.add(fold_for_search(details.reference), filed)
            self.owners.setdefault(details.reference, record.pseudonym)
        renewed = self.by_digest.get(copy.logged.entry.renews or "")
        if renewed is not None:
            renewed[1].replaced = True

    def _file_act(self, logged: LogEntry) -> None:
        self.acts.append(logged)
        entry = logged.entry
        customer = self.customers.get(entry.recipient or "")
        if entry.act == "withdrawn" and entry.about in self._by_number:
            copy = self._by_number[entry.about]
            copy.withdrawn = logged
            self._free(copy)
        elif entry.act == "hold" and customer is not None:
            customer.holds[logged.number] = logged
            self._holds[logged.number] = customer
        elif entry.act == "release" and entry.about in self._holds:
            self._holds.pop(entry.about).holds.pop(entry.about, None)
        elif customer is not None and entry.act in ("erase-asked", "erase-refused", "erase-waiting"):
            customer.asked = logged if entry.act == "erase-asked" else None
            customer.waiting = logged if entry.act == "erase-waiting" else customer.waiting

    def _free(self, copy: KnownCopy) -> None:
        """Let a corrected copy have the reference of a withdrawn one: also where the customer's name was wrong."""
        reference = copy.details.reference
        owner = self.customers.get(self.owners.get(reference, ""))
        if owner and not any(each.details.reference == reference and not each.withdrawn for each in owner.copies):
            del self.owners[reference]

    def _forget(self, pseudonym: str) -> None:
        customer = self.customers.pop(pseudonym, None)
        self.names.forget(pseudonym)
        if customer is None:  # staff, or erased before the log was read
            return
        self._names.remove(lambda owner: owner is customer)
        for index in (self._references, self._digests):
            index.remove(lambda owner: owner[0] is customer)
        for copy in customer.copies:
            self.gone[copy.digest] = copy.logged.entry.actor or ""
            self.by_digest.pop(copy.digest, None)
            self.by_request.pop(copy.details.request, None)
            self._by_number.pop(copy.logged.number, None)
            if self.owners.get(copy.details.reference) == pseudonym:
                del self.owners[copy.details.reference]

    def _compare(self) -> None:
        checkpoint = self._archive.checkpoint()
        if checkpoint.size == self.size and self._peaks.root() != checkpoint.root:
            raise TamperedError(f"{self._archive.storage.location}: the log is not that of its {CHECKPOINT}")


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Create what stays. To look for garbage among it, again and again, takes a tenth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
