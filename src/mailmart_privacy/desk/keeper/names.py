"""Who the pseudonyms in the log are: the records of customers and of staff, each decrypted once."""

import threading
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from ...archive.layout import RECIPIENTS
from ...archive.recipients import Person, Recipient

if TYPE_CHECKING:
    from ...archive.archive import Archive

_AHEAD = 96  # customers of a batch who are looked for at once: as many as its processes work on, and some more


class Names:
    """The names in an archive; `find` and `learn_all` are for the one thread that reads the log.

    Args:
        archive: whose.
        names_key: decrypts names.
    """

    def __init__(self, archive: "Archive", names_key: bytes) -> None:
        self._archive, self._names_key = archive, names_key
        self._files: set[str] = set()
        self._records: dict[str, Recipient] = {}
        self._expected: dict[str, None] = {}
        # Whether all records were listed since what is read of the log now was published; None while the log is read
        # first, when others may add records.
        self._listed: bool | None = None
        self._staff: dict[str, Person | None] = {}  # None: erased; a record never comes back
        self._staff_lock = threading.Lock()

    def learn_all(self) -> None:
        """Read the records of all customers that are not known yet."""
        names = (name for name, _ in self._archive.storage.find(RECIPIENTS) if name not in self._files)
        for record in self._archive.read_records(self._names_key, names):
            self._keep(record)

    def begin_commit(self) -> None:
        """Note that what follows in the log may name customers whose records were not there before."""
        self._listed = False

    def expect(self, names: Iterable[str]) -> None:
        """Expect records of these customers, in this order, as a batch makes them: they are then read by their names.

        Without that, all records are listed for each few copies that a batch makes.
        """
        self._expected = dict.fromkeys(names)

    def find_by_name(self, name: str) -> Recipient | None:
        """Find the record of a customer by the exact name, and keep it; it may be new."""
        found = self._archive.find_recipient(self._names_key, name)
        if found is not None:
            self._keep(found)
        return found

    def find(self, pseudonym: str) -> Recipient | None:
        """Find the record of the customer whom entries call so; None where it was erased."""
        if pseudonym not in self._records:
            self._learn_expected(pseudonym)
        if pseudonym not in self._records and not self._listed:
            self.learn_all()
            self._listed = None if self._listed is None else True
        return self._records.get(pseudonym)

    def find_staff(self, pseudonym: str | None) -> Person | None:
        """Find the person whom entries call so, or None where nobody is known."""
        if pseudonym is None:
            return None
        if pseudonym not in self._staff:
            found = self._archive.staff(self._names_key)
            with self._staff_lock:
                self._staff = {pseudonym: None, **found, **self._staff}
        return self._staff[pseudonym]

    def forget(self, pseudonym: str) -> None:
        """Forget a customer, or a member of staff, who was erased."""
        record = self._records.pop(pseudonym, None)
        if record is not None:
            self._files.discard(record.file)
        with self._staff_lock:
            self._staff[pseudonym] = None

    def _keep(self, record: Recipient) -> None:
        self._files.add(record.file)
        self._records[record.pseudonym] = record

    def _learn_expected(self, pseudonym: str) -> None:
        """Learn the records of expected customers up to the one that is wanted, who usually comes next."""
        expected = self._expected
        for name in list(islice(expected, _AHEAD)):
            found = self.find_by_name(name)
            if found is not None:
                del expected[name]
                if found.pseudonym == pseudonym:
                    return
