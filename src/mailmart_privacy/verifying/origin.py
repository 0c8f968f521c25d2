"""Which recorded form a file was issued from, by its bytes alone."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import AlteredError, UnreadableFileError, UnsignedError
from ..policy.papers import PAPERS, form_name

if TYPE_CHECKING:
    from ..policy.ledger import Ledger

MAX_SIZE = 16 * 1024 * 1024
MAX_UPDATES = 8 * 1024 * 1024  # most of it revocation lists
_CHUNK = 48
_SAMPLES = 64
_END = re.compile(rb"startxref\n[0-9]+\n.{5}\n?\Z", re.DOTALL)  # the last word may have been changed, too
_OBJECT = re.compile(rb"\s*[0-9]+ [0-9]+ obj")


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """The recorded form that a file begins with."""

    version: str
    paper: str
    form: bytes


def find_origin(pdf: bytes, ledger: "Ledger") -> Origin | None:
    """Find the recorded form that a file begins with.

    Args:
        pdf: the bytes of the file.
        ledger: the recorded versions.

    Returns:
        The form, or None where the file has nothing to do with any.

    Raises:
        UnsignedError: the file is a recorded form, as published.
        AlteredError: the file comes from a recorded form, but not byte for byte.
        UnreadableFileError: the file is no PDF, is too large, or was cut short.
        RecordError: a recorded form has changed.
    """
    if not pdf:
        raise UnreadableFileError("the file is empty")
    if len(pdf) > MAX_SIZE:
        raise UnreadableFileError(f"the file has {len(pdf):,} bytes; more than {MAX_SIZE:,} are not looked at")
    related = None
    for version in reversed(ledger.versions):
        for paper in PAPERS:
            form = ledger.record(version.version, form_name(paper))
            origin = Origin(version=version.version, paper=paper, form=form)
            if pdf.startswith(form):
                _require_complete(pdf, origin)
                return origin
            if form.startswith(pdf) and len(pdf) > _CHUNK:
                raise UnreadableFileError(
                    f"the file is cut short: it ends within the form of version {version.version}, at byte {len(pdf)}"
                )
            if related is None and _is_related(pdf, form):
                related = origin
    if related is not None:
        place = _first_difference(pdf, related.form)
        raise AlteredError(
            f"the file comes from the form of version {related.version} ({related.paper}), "
            f"but was changed: the first difference is at byte {place}"
        )
    if not pdf.startswith(b"%PDF-"):
        raise UnreadableFileError("the file is not a PDF")
    return None


def _require_complete(pdf: bytes, origin: Origin) -> None:
    """Tell a file that was cut short from one that was changed: it lacks the end that every update has."""
    if len(pdf) == len(origin.form):
        raise UnsignedError(
            f"the file is the form of version {origin.version} as published; it is not signed, and names no recipient"
        )
    tail = pdf[len(origin.form) :]
    if len(tail) > MAX_UPDATES:
        raise AlteredError(f"{len(tail):,} bytes follow the recorded form; the updates of a copy are much smaller")
    after = tail.rpartition(b"%%EOF")[2]
    if not _END.search(tail) and (after == tail or _OBJECT.match(after)):
        raise UnreadableFileError(f"the file is cut short: it ends at byte {len(pdf)}, within an update")


def _is_related(pdf: bytes, form: bytes) -> bool:
    """Tell whether a file holds most of a form, wherever it stands: changed in place, moved, or written anew."""
    step = max(1, (len(form) - _CHUNK) // _SAMPLES)
    samples = [form[i : i + _CHUNK] for i in range(0, len(form) - _CHUNK, step)]
    return sum(sample in pdf for sample in samples) * 2 > len(samples)


def _first_difference(pdf: bytes, form: bytes) -> int:
    low, high = 0, min(len(pdf), len(form))
    while low < high:
        middle = (low + high + 1) // 2
        if pdf[:middle] == form[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
