"""The records of customers and staff. Adding an entry finds a person's record by name, or creates it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import UsageError
from .recipients import (
    Person,
    Recipient,
    name_pseudonym,
    name_staff_record,
    name_waiting_record,
    read_record,
    write_record,
    write_staff_record,
)

if TYPE_CHECKING:
    from .archive import Archive
    from .storage.base import StorageWriter


class Records:
    """Finds and makes records.

    Args:
        archive: whose.
        names_key: encrypts names.
        writer: the way into its storage.
    """

    def __init__(self, archive: "Archive", names_key: bytes, writer: "StorageWriter") -> None:
        self._archive, self._names_key, self._writer = archive, names_key, writer
        self._recipients: dict[str, Recipient] = {}
        self._pseudonyms: dict[Person, str] = {}
        self._by_pseudonym: dict[str, Recipient] = {}

    def find_person(self, person: Person) -> str:
        """Find the pseudonym of a member of staff, and make the record if there is none."""
        if person not in self._pseudonyms:
            key, storage = self._names_key, self._archive.storage
            file = name_staff_record(key, person)
            while (content := storage.read(file)) is None:
                self._writer.put([(file, write_staff_record(key, person)[0])])
            self._pseudonyms[person] = read_record(key, file, content).pseudonym
        return self._pseudonyms[person]

    def find_recipients(self, names: Iterable[str]) -> dict[str, Recipient]:
        """Find the records of customers by name, and make those that are not there."""
        names = list(names)
        key = self._names_key
        missing = [name for name in dict.fromkeys(names) if not self._is_there(self._recipients.get(name))]
        for name in missing:
            self._recipients.pop(name, None)
        while missing:
            made = dict[str, tuple[str, bytes, Recipient]]()
            for name in missing:
                found = self._archive.find_recipient(key, name)
                if found is not None:
                    self._recipients[name] = found
                else:
                    content, found = write_record(key, name)
                    made.setdefault(found.file, (name, content, found))
            put = self._writer.put([(file, content) for file, (_, content, _) in made.items()])
            self._recipients |= {name: found for (name, _, found), done in zip(made.values(), put, strict=True) if done}
            missing = [name for name in missing if name not in self._recipients]  # spelt otherwise, or made by others
        return {name: self._recipients[name] for name in names}

    def find_record(self, pseudonym: str) -> Recipient:
        """Find the record of a customer whom entries call so, also of one whose erasure waits.

        Raises:
            UsageError: the customer was erased.
        """
        if not self._is_there(self._by_pseudonym.get(pseudonym)):
            records = self._archive.recipients(self._names_key)
            self._by_pseudonym = {record.pseudonym: record for record in records}
        if pseudonym not in self._by_pseudonym:
            raise UsageError("the customer was erased meanwhile")
        return self._by_pseudonym[pseudonym]

    def _is_there(self, record: Recipient | None) -> bool:
        """Tell whether a record that was found before is there yet: others may have erased or renamed it since."""
        return record is not None and self._archive.storage.read(record.file) is not None

    def put_aside(self, recipient: Recipient) -> None:
        """Free the name of a customer whose erasure waits: a copy for the same name gets a new pseudonym."""
        content = self._archive.storage.read(recipient.file)
        aside = name_waiting_record(self._names_key, recipient.pseudonym)
        if content is not None and recipient.file != aside:
            self._writer.put([(aside, content)])
            self._writer.remove([recipient.file])
        self._recipients.clear()
        self._by_pseudonym.clear()

    def remove(self, record: Recipient) -> None:
        """Remove the record of a customer or a member of staff; a new one of the same name stays."""
        content = self._archive.storage.read(record.file)
        own = [record.file] if content is not None and name_pseudonym(content) == record.pseudonym else []
        self._writer.remove([*own, name_waiting_record(self._names_key, record.pseudonym)])
        self._recipients.clear()
        self._pseudonyms.clear()
        self._by_pseudonym.clear()
