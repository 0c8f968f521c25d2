"""Finding what a customer received, by parts of names, references and digests.

Names are decrypted for the search only; no index holds them in clear.
"""

import datetime
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ..errors import UsageError
from .entries import LogEntry
from .recipients import Details, Person, Recipient, fold, open_details
from .register import Register, read_register

if TYPE_CHECKING:
    from .archive import Archive

_DIGEST = re.compile(r"[0-9a-f]{8,64}")
_WORD = re.compile(r"\w{3,}")
_SIMILAR, _NEARLY = 5, 0.8  # so many names are said; words count as one if they have so much in common
_COMPARED = 20_000  # names that are compared letter by letter, at most
_RECIPIENT = re.compile(rb'"recipient":"([0-9a-f]{64})"')


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundCopy:
    """A copy that a customer received.

    Attributes:
        number: of its entry.
        digest: of the file, lowercase hex SHA-256.
        size: of the file, in bytes.
        version: of the policy.
        level: "B-B" to "B-LTA".
        issued_at: when it was issued (aware, UTC), as its signer claims.
        recorded_at: when the archive says that it was added (aware, UTC).
        reference: what it is called.
        matter: the matter that it belongs to, or empty.
        renews: the digest of the copy that it replaces, or None.
        actor: the person who added it, or None.
        withdrawn_at: when it was withdrawn (aware, UTC), or None.
        withdrawn_because: the reason of that, or empty.
    """

    number: int
    digest: str
    size: int
    version: str
    level: str
    issued_at: datetime.datetime | None
    recorded_at: datetime.datetime
    reference: str
    matter: str
    renews: str | None
    actor: Person | None
    withdrawn_at: datetime.datetime | None
    withdrawn_because: str

    def __repr__(self) -> str:
        return f"<FoundCopy {self.reference[:80]!r}, version {self.version}, {self.level}, {self.digest[:16]}>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """A customer on record.

    Attributes:
        name: as on the first copy.
        pseudonym: what entries call the customer.
        copies: those that match, the oldest first; all of them if the name matches.
        held: whether a hold is in place on the customer or on one of the copies.
        erasure_due_at: when an erasure that waits can be done (aware, UTC), or None.
    """

    name: str
    pseudonym: str
    copies: tuple[FoundCopy, ...]
    held: bool
    erasure_due_at: datetime.datetime | None

    def __repr__(self) -> str:
        return f"<Customer {self.name[:100]!r}, {len(self.copies)} copies>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a search found, and what it searched.

    Attributes:
        text: what was searched for.
        customers: those that match, by name.
        similar: names of other customers that look alike.
        entries: how many entries were read.
        erasures: how many erasures there were; an erased customer cannot be told from an unknown one.
        begins_at: when the archive was made (aware, UTC); it knows nothing of earlier copies.
    """

    text: str
    customers: tuple[Customer, ...]
    similar: tuple[str, ...]
    entries: int
    erasures: int
    begins_at: datetime.datetime | None

    def __repr__(self) -> str:
        return f"<Found {self.text[:100]!r}: {len(self.customers)} customers in {self.entries:,} entries>"


def fold_for_search(text: str) -> str:
    """Fold a text for a search: as `fold` does, and without accents."""
    folded = fold(text)
    if folded.isascii():  # nothing in it has an accent
        return folded
    parts = unicodedata.normalize("NFKD", folded)
    return unicodedata.normalize("NFKC", "".join(each for each in parts if not unicodedata.combining(each)))


def find(archive: "Archive", names_key: bytes, text: str, *, exact: bool = False) -> Found:
    """Find customers and their copies.

    Args:
        archive: where to search. The whole log is read, and compared with its checkpoint.
        names_key: the archive's, which decrypts names.
        text: a part of a name or of a reference, or the beginning of a digest (8 characters or more). Case, accents,
            and the kinds of quotes and dashes do not count.
        exact: find the customer of exactly this name only (case, blanks, quotes and dashes do not count).

    Returns:
        What was found; no match is an answer, too.

    Raises:
        UsageError: the text is empty.
        TamperedError: the log is not that of its checkpoint, or a record was changed.
    """
    sought = fold_for_search(text)
    if not sought:
        raise UsageError("give a part of a name or of a reference, or the beginning of a digest")
    recipients = {record.pseudonym: record for record in archive.recipients(names_key)}
    if exact:
        named = {pseudonym for pseudonym, record in recipients.items() if fold(record.name) == fold(text)}
    else:
        named = {key for key, record in recipients.items() if sought in fold_for_search(record.name)}
    search = _Search(recipients, named, sought, exact=exact)
    register = read_register(archive, search.is_candidate)
    copies = search.choose(register.copies)
    staff = archive.staff(names_key)
    customers = [
        _describe(recipients[pseudonym], copies.get(pseudonym, []), register, staff)
        for pseudonym in {*named, *copies}
        if pseudonym not in register.erased
    ]
    customers.sort(key=lambda each: (fold_for_search(each.name), each.pseudonym))
    others = [record.name for key, record in recipients.items() if key not in named and key not in register.erased]
    return Found(
        text=text,
        customers=tuple(customers),
        similar=find_similar(text, others),
        entries=register.size,
        erasures=len(register.erased_customers),
        begins_at=register.begins_at,
    )


def find_similar(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Find names that share a word with a text, or are spelt nearly as it is: as a whole, or in one word."""
    folded = {fold_for_search(name): name for name in names}
    words_of = {key: set(_WORD.findall(key)) for key in folded}
    words, close = set(_WORD.findall(fold_for_search(text))), list[str]()
    if len(folded) <= _COMPARED:
        close = get_close_matches(fold_for_search(text), folded, _SIMILAR)
        known = set[str]().union(*words_of.values())
        words |= {near for word in words - known for near in get_close_matches(word, known, _SIMILAR, _NEARLY)}
    alike = [key for key in folded if words & words_of[key]]
    return tuple(folded[key] for key in dict.fromkeys([*close, *sorted(alike)]))[:_SIMILAR]


class _Search:
    """Chooses the copies that match."""

    def __init__(self, recipients: dict[str, Recipient], named: set[str], sought: str, *, exact: bool) -> None:
        self._recipients, self._named, self._sought, self._exact = recipients, named, sought, exact
        self._digest = f'"sha256":"{sought}'.encode() if _DIGEST.fullmatch(sought) and not exact else None

    def is_candidate(self, content: bytes) -> bool:
        """Tell from the bytes of a copy's entry whether it may match."""
        found = _RECIPIENT.search(content)
        pseudonym = found[1].decode() if found else ""
        if pseudonym in self._named:
            return True
        return not self._exact and pseudonym in self._recipients and self._matches(pseudonym, content)

    def _matches(self, pseudonym: str, content: bytes) -> bool:
        if self._digest is not None and self._digest in content:
            return True
        sealed = content.partition(b'"sealed":"')[2].partition(b'"')[0].decode()
        return bool(sealed) and self._sought in fold_for_search(self._open(pseudonym, sealed).reference)

    def choose(self, copies: list[LogEntry]) -> dict[str, list[tuple[LogEntry, Details]]]:
        """Sort copies by their customers, with their details decrypted."""
        chosen: dict[str, list[tuple[LogEntry, Details]]] = {}
        for copy in copies:
            pseudonym, sealed = copy.entry.recipient or "", copy.entry.sealed
            details = self._open(pseudonym, sealed) if sealed else Details()
            chosen.setdefault(pseudonym, []).append((copy, details))
        return chosen

    def _open(self, pseudonym: str, sealed: str) -> Details:
        return open_details(self._recipients[pseudonym].key, sealed)


def _describe(
    recipient: Recipient, copies: list[tuple[LogEntry, Details]], register: Register, staff: dict[str, Person]
) -> Customer:
    waiting = register.waiting.get(recipient.pseudonym)
    withdrawn = register.withdrawn
    found = []
    for copy, details in copies:
        entry, gone = copy.entry, withdrawn.get(copy.number)
        because = open_details(recipient.key, gone.entry.sealed).reason if gone and gone.entry.sealed else ""
        found.append(
            FoundCopy(
                number=copy.number,
                digest=entry.files[0].digest,
                size=entry.files[0].size,
                version=entry.version or "",
                level=entry.level or "",
                issued_at=entry.issued_at,
                recorded_at=entry.recorded_at,
                reference=details.reference,
                matter=details.matter,
                renews=entry.renews,
                actor=staff.get(entry.actor or ""),
                withdrawn_at=gone.entry.recorded_at if gone else None,
                withdrawn_because=because,
            )
        )
    return Customer(
        name=recipient.name,
        pseudonym=recipient.pseudonym,
        copies=tuple(found),
        held=bool(register.holds_on(recipient.pseudonym)),
        erasure_due_at=waiting.entry.due_at if waiting else None,
    )
