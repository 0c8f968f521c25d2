"""How a file differs from what issuing would write, in words for people: in which part, and where."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..pdf.notes import FormNotes
    from .update import Draft, Progress

_WINDOW = 2**20  # bytes that are searched for what was added
_OBJECTS = 40
_OBJECT = re.compile(rb"(?:\A|[\r\n])([0-9]{1,10}) [0-9]{1,5} obj")


def name_difference(pdf: bytes, start: int, draft: "Draft", written: bytes, digest: bytes) -> str:
    """Tell which part of an update differs from what issuing would write.

    Any difference changes the container, and any difference in length changes which bytes it covers; so these two are
    compared last.

    Args:
        pdf: the file.
        start: where the update is in it.
        draft: the update, as issuing writes it.
        written: the same with its container.
        digest: SHA-256 of what is signed; empty if nothing is signed.
    """
    place, words = len(written), "the end of the file"
    for begin, end in draft.compared():
        found = find_difference(pdf[start + begin : start + end], written[begin:end])
        if begin + found < end:
            place, words = begin + found, draft.name_part(begin + found)
            break
    in_container = draft.hole <= place < draft.hole + 2 * draft.room
    if in_container and digest.hex().encode("ascii") not in pdf[start : start + len(written)]:
        return f"{draft.name_part(0)} was made for something else"
    return f"{words} is not what issuing writes (the first difference is at byte {start + place:,})"


def name_added(pdf: bytes, notes: "FormNotes", progress: "Progress", delivery: int) -> str:
    """Tell what is in the place where something else was expected, by its object numbers.

    Args:
        pdf: the file.
        notes: of the form.
        progress: how far the file is what issuing writes.
        delivery: the object number of the delivery's signature; 0 before it.
    """
    start = progress.length
    end = pdf.find(b"startxref", start, start + _WINDOW)
    window = pdf[start : start + _WINDOW if end < 0 else end]
    words: dict[str, None] = {}
    for index, found in enumerate(_OBJECT.finditer(window)):
        if index == _OBJECTS:
            break
        words[_name_object(int(found[1]), notes, progress, delivery)] = None
    said = ", ".join(words) or "what was added is not an object of a PDF"
    return f"{said} (from byte {start:,})"


def _name_object(number: int, notes: "FormNotes", progress: "Progress", delivery: int) -> str:
    for name, note in notes.fields.items():
        if note.number == number:
            return f"the field {name}"
    if number == notes.page.number:
        return "the first page"
    if number < notes.size:
        return notes.kinds.get(number, "an object of the form")
    if number == progress.publisher:
        return "the signature Publisher"
    if number == delivery:
        return "the signature Delivery"
    if number in (progress.store, *progress.certificates, *progress.ocsps, *progress.crls):
        return "its validation data"
    return "an object of the copy" if number < progress.size else "new objects"


def find_difference(one: bytes, other: bytes) -> int:
    """Find the first place at which two byte strings differ; the shorter one's end where one begins with the other."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
