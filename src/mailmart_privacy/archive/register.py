"""Reading the whole log: every published entry is compared with the signed checkpoint.

Answers about one customer or one copy come from here and not from the index, which could be out of date or changed.
A million entries take some seconds.
"""

import datetime
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import TamperedError
from .entries import KINDS, LogEntry, read_entry
from .layout import CHECKPOINT
from .tlog.peaks import Peaks
from .tlog.tiles import WIDTH

if TYPE_CHECKING:
    from .archive import Archive

_THREADS = 4
_COPY = b'"kind":"customer-copy"'


def read_log(archive: "Archive") -> Iterator[tuple[int, bytes]]:
    """Read every entry: first the published ones, then those that are committed but not published yet.

    Rely on the entries only once the iteration has ended without an error.

    Raises:
        TamperedError: the published entries are not those of the checkpoint.
    """
    checkpoint = archive.checkpoint()
    tiles, peaks = archive.log.tiles(checkpoint.size), Peaks()
    with ThreadPoolExecutor(_THREADS) as pool:
        for bundle in pool.map(tiles.bundle, range(-(-checkpoint.size // WIDTH))):
            for content in bundle:
                peaks.append(content)
                yield peaks.size - 1, content
    if (peaks.size, peaks.root()) != (checkpoint.size, checkpoint.root):
        raise TamperedError(f"{archive.storage.location}: the log's entries are not those of its {CHECKPOINT}")
    for start, contents in archive.log.commits(checkpoint.size):
        yield from enumerate(contents, start)


@dataclass(slots=True)
class Register:
    """What people did, as read from the whole log.

    Attributes:
        size: how many entries the log has.
        begins_at: when the archive says that it was made (aware, UTC).
        acts: the entries of the kind "act".
        erasures: the entries of erasures that were done.
        anchors: the entries of anchors.
        rotations: the entries that replaced the log's key.
        unknown: how many entries there are of each kind that this release does not know.
        copies: the copies that were asked for.
    """

    size: int = 0
    begins_at: datetime.datetime | None = None
    acts: list[LogEntry] = field(default_factory=list)
    erasures: list[LogEntry] = field(default_factory=list)
    anchors: list[LogEntry] = field(default_factory=list)
    rotations: list[LogEntry] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    copies: list[LogEntry] = field(default_factory=list)

    def add(self, number: int, content: bytes) -> LogEntry:
        """Add an entry that is not a copy's."""
        found = LogEntry(number, content, read_entry(content))
        kind = found.entry.kind
        if number == 0:
            self.begins_at = found.entry.recorded_at
        if kind == "act":
            self.acts.append(found)
        elif kind == "erasure":
            self.erasures.append(found)
        elif kind == "anchor":
            self.anchors.append(found)
        elif kind == "key-rotation":
            self.rotations.append(found)
        elif kind not in KINDS:
            self.unknown[kind] += 1
        return found

    @property
    def erased(self) -> set[str]:
        """The pseudonyms of those who were erased."""
        return {each.entry.recipient or "" for each in self.erasures}

    @property
    def erased_customers(self) -> set[str]:
        """The pseudonyms of the customers who were erased; staff are not among them."""
        return {each.entry.recipient or "" for each in self.erasures if each.entry.act != "staff"}

    @property
    def ended(self) -> dict[str, LogEntry]:
        """The newest entry of each customer whose relation ended, by pseudonym."""
        return {each.entry.recipient or "": each for each in self._acts("relation-ended")}

    @property
    def withdrawn(self) -> dict[int, LogEntry]:
        """The withdrawals, by the numbers of the copies' entries."""
        return {each.entry.about: each for each in self._acts("withdrawn") if each.entry.about is not None}

    @property
    def holds(self) -> list[LogEntry]:
        """The holds that are in place: a release names the entry of the hold that it lifts."""
        released = {each.entry.about for each in self._acts("release")}
        return [each for each in self._acts("hold") if each.number not in released]

    @property
    def waiting(self) -> dict[str, LogEntry]:
        """The erasures that wait and were not done yet, by pseudonym; the newest entry of each."""
        found = {each.entry.recipient or "": each for each in self._acts("erase-waiting")}
        return {pseudonym: each for pseudonym, each in found.items() if pseudonym not in self.erased}

    def holds_on(self, pseudonym: str) -> list[LogEntry]:
        """List the holds on a customer, or on one of their copies."""
        return [each for each in self.holds if each.entry.recipient == pseudonym]

    def _acts(self, act: str) -> list[LogEntry]:
        return [each for each in self.acts if each.entry.act == act]


def read_register(archive: "Archive", wanted: Callable[[bytes], bool] = lambda content: False) -> Register:
    """Read the whole log.

    Args:
        archive: whose.
        wanted: tells of a copy's entry, by its bytes, whether it is to be kept.

    Raises:
        TamperedError: the log is not that of its checkpoint.
    """
    register = Register()
    for number, content in read_log(archive):
        register.size = number + 1
        if _COPY not in content:
            register.add(number, content)
        elif wanted(content):
            register.copies.append(LogEntry(number, content, read_entry(content)))
    return register


def copies_of(archive: "Archive", pseudonym: str) -> Register:
    """Read the whole log, with the copies of one customer."""
    sought = f'"recipient":"{pseudonym}"'.encode()
    return read_register(archive, lambda content: sought in content)
