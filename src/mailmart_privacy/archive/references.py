"""References of copies: which customer has which, so that no two customers get the same one unnoticed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import ArchiveError, ExitCode
from .recipients import fold, open_details
from .register import read_register

if TYPE_CHECKING:
    from .archive import Archive


class ReferenceConflictError(ArchiveError):
    """Another customer has a copy with the same reference.

    Attributes:
        reference: of both copies.
        customer: the customer who has it already.
    """

    exit_code = ExitCode.USAGE
    reference: str
    customer: str

    def __init__(self, reference: str, customer: str) -> None:
        super().__init__(
            f"{customer} has a copy with the reference {reference!r}; none was archived for another customer",
            argument="same_reference",
            reference=reference,
            customer=customer,
        )


class ReferenceOwners:
    """Which customer has which reference. All references are decrypted when the first one is asked for.

    Args:
        archive: whose.
        names_key: decrypts names and references.
    """

    def __init__(self, archive: "Archive", names_key: bytes) -> None:
        self._archive, self._names_key = archive, names_key
        self._owners: dict[str, str] | None = None

    def claim(self, reference: str, customer: str) -> None:
        """Note that a customer has a reference.

        Raises:
            ReferenceConflictError: another customer has it.
        """
        if self._owners is None:
            self._owners = dict(_read_owners(self._archive, self._names_key))
        owner = self._owners.setdefault(reference, customer)
        if fold(owner) != fold(customer):
            raise ReferenceConflictError(reference, owner)


def _read_owners(archive: "Archive", names_key: bytes) -> Mapping[str, str]:
    records = {record.pseudonym: record for record in archive.recipients(names_key)}
    owners: dict[str, str] = {}
    for copy in read_register(archive, lambda content: True).copies:
        record = records.get(copy.entry.recipient or "")
        if record is not None and copy.entry.sealed:
            owners.setdefault(open_details(record.key, copy.entry.sealed).reference, record.name)
    return owners
