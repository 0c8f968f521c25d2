"""Writing one incremental update of a PDF (ISO 32000-1, 7.5.6): objects, cross-references, and a signature.

A format decides what is in it (`format_1`); how objects are written is the same for all updates.
"""

from dataclasses import dataclass, replace
from hashlib import sha256
from struct import Struct
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from ..pdf.notes import FormNotes

_RANGE = b"[0 %010d %010d %010d]"
_NO_RANGE = _RANGE % (0, 0, 0)
_ENTRY = Struct(">BIH").pack  # of the cross-references: in use, where, generation


class HashState(Protocol):
    """SHA-256 over the bytes so far, as `hashlib.sha256` returns it: hashlib has no public name for that type."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Continue with more bytes."""
        ...

    def copy(self) -> Self:
        """Copy the state, so that both can continue."""
        ...

    def digest(self) -> bytes:
        """Return the digest of the bytes so far."""
        ...

    def hexdigest(self) -> str:
        """Return the same in lowercase hex."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a copy has been written: everything that the next update needs to know.

    Attributes:
        length: how many bytes there are.
        size: one more than the highest object number.
        startxref: where the last cross-reference section begins.
        publisher: the object number of the publisher's signature; 0 before certification.
        store: the object number of the dictionary of validation data; 0 before there is one.
        certificates: the object numbers of the certificates in it, in their order.
        ocsps: those of the OCSP responses.
        crls: those of the revocation lists.
        stamps: those of the fields of archive timestamps.
    """

    length: int
    size: int
    startxref: int
    publisher: int = 0
    store: int = 0
    certificates: tuple[int, ...] = ()
    ocsps: tuple[int, ...] = ()
    crls: tuple[int, ...] = ()
    stamps: tuple[int, ...] = ()


@dataclass(slots=True, eq=False, repr=False)
class Draft:
    """An update that is written, except for the digits of its signature container.

    Attributes:
        body: its bytes.
        parts: where in them each object begins, and what it is to people.
        before: how far the copy had been written before it.
        size: one more than the highest object number with it.
        startxref: where its cross-references begin.
        hole: where in `body` the digits of the container stand; 0 without a signature.
        room: for how many bytes of a container there is room.
    """

    body: bytearray
    parts: list[tuple[int, str]]
    before: Progress
    size: int
    startxref: int
    hole: int = 0
    room: int = 0

    @property
    def after(self) -> Progress:
        """How far the copy has been written with it."""
        length = self.before.length + len(self.body)
        return replace(self.before, length=length, size=self.size, startxref=self.startxref)

    def digest(self, before: HashState) -> bytes:
        """Take the digest of what is signed: all but the container with its brackets.

        Args:
            before: SHA-256 over all that comes before the update; it stays as it is.
        """
        state, view = before.copy(), memoryview(self.body)
        state.update(view[: self.hole - 1])
        state.update(view[self.hole + 2 * self.room + 1 :])
        return state.digest()

    def seal(self, container: bytes) -> bytes:
        """Put the container in.

        Returns:
            The update.

        Raises:
            ValueError: there is not enough room for it.
        """
        digits = container.hex().encode("ascii")
        if len(digits) > 2 * self.room:
            raise ValueError(f"the signature container has {len(container):,} bytes; there is room for {self.room:,}")
        return b"%s%s%s" % (self.body[: self.hole], digits, self.body[self.hole + len(digits) :])

    def compared(self) -> list[tuple[int, int]]:
        """List the parts of the update in the order in which differences are looked for: the container comes last."""
        if not self.hole:
            return [(0, len(self.body))]
        covered, end = self.body.rindex(b"/ByteRange", 0, self.hole), self.hole + 2 * self.room
        return [(0, covered), (end, len(self.body)), (covered, self.hole), (self.hole, end)]

    def name_part(self, place: int) -> str:
        """Tell what is at a position in the update."""
        words = next((words for start, words in reversed(self.parts) if start <= place), self.parts[0][1])
        return f"{words} (its container)" if self.hole <= place < self.hole + 2 * self.room else words


class Update:
    """An update under way: objects, then the cross-references to them.

    Args:
        notes: of the form.
        progress: how far the copy had been written before it.

    Attributes:
        taken: how many numbers of new objects it has taken.
        body: the bytes of the update.
        offsets: where in the file each object stands.
        parts: where in `body` each object begins, and what it is to people.
        hole: where in `body` the digits of the signature container stand; 0 without a signature.
        room: for how many bytes of a container there is room.
    """

    def __init__(self, notes: "FormNotes", progress: Progress) -> None:
        self.notes, self.progress = notes, progress
        self.taken = self.hole = self.room = 0
        self.body = bytearray()
        self.offsets: dict[int, int] = {}
        self.parts: list[tuple[int, str]] = []

    def take_number(self) -> int:
        """Take the number of a new object."""
        self.taken += 1
        return self.progress.size + self.taken - 1

    def add(self, number: int, content: bytes, words: str) -> None:
        """Add an object, and how messages name it."""
        self.offsets[number] = self.progress.length + len(self.body)
        self.parts.append((len(self.body), words))
        self.body += b"%d 0 obj\n%s\nendobj\n" % (number, content)

    def add_stream(self, entries: bytes, content: bytes, words: str) -> int:
        """Add a new uncompressed stream; returns its number."""
        number = self.take_number()
        head = b"<< %s/Length %d >>" % (entries, len(content))
        self.add(number, b"%s\nstream\n%s\nendstream" % (head, content), words)
        return number

    def add_hole(self, number: int, head: bytes, room: int, words: str) -> None:
        """Add a signature dictionary whose container is still empty."""
        self.offsets[number] = self.progress.length + len(self.body)
        self.parts.append((len(self.body), words))
        self.body += b"%d 0 obj\n%s\n/ByteRange %s\n/Contents <" % (number, head, _NO_RANGE)
        self.hole, self.room = len(self.body), room
        self.body += b"0" * (2 * room) + b"> >>\nendobj\n"

    def close(self) -> Draft:
        """Write the cross-references (ISO 32000-1, 7.5.8), not packed, and which bytes are signed."""
        number, notes = self.take_number(), self.notes
        place = self.progress.length + len(self.body)
        self.offsets[number] = place
        order = sorted(self.offsets)
        entries = b"".join([_ENTRY(1, self.offsets[n], 0) for n in order])
        info = b"" if notes.info is None else b"/Info %s " % notes.info.encode("ascii")
        changed = sha256(notes.id + self.body).hexdigest()[:32]
        head = (
            b"<< /Type /XRef /W [ 1 4 2 ] /Size %d /Root %d 0 R %s/ID [ <%s> <%s> ] /Prev %d "
            b"/Index [ %s ] /Length %d >>"
            % (
                self.progress.size + self.taken,
                notes.catalog.number,
                info,
                notes.id.hex().encode("ascii"),
                changed.encode("ascii"),
                self.progress.startxref,
                b" ".join([b"%d 1" % n for n in order]),
                len(entries),
            )
        )
        self.parts.append((len(self.body), "the cross-references"))
        self.body += b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (number, head, entries)
        self.body += b"startxref\n%d\n%%%%EOF\n" % place
        if self.hole:
            length = self.progress.length + len(self.body)
            start = self.progress.length + self.hole - 1  # the container's brackets are not signed
            stop = start + 2 * self.room + 2
            placed = _RANGE % (start, stop, length - stop)
            gap = self.body.rindex(_NO_RANGE, 0, self.hole)
            self.body[gap : gap + len(placed)] = placed
        size = self.progress.size + self.taken
        return Draft(self.body, self.parts, self.progress, size, place, self.hole, self.room)


def refer(numbers: tuple[int, ...]) -> bytes:
    """Write references to objects, a blank before each."""
    return b"".join(b" %d 0 R" % n for n in numbers)


def write_string(text: str) -> bytes:
    """Write a text string (ISO 32000-1, 7.9.2.2), in hex."""
    if text.isascii():
        return b"<%s>" % text.encode("ascii").hex().encode("ascii")
    return b"<feff%s>" % text.encode("utf-16-be").hex().encode("ascii")
