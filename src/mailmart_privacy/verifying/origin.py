"""Which recorded form a file was issued from, by its bytes alone; and if none, what the file is."""

import re
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING

from ..copies import format_1
from ..copies.causes import find_difference
from ..copies.container import read_container
from ..copies.forms import RecordedForm, load_form
from ..copies.reader import MAX_UPDATES
from ..errors import (
    AlteredError,
    UnreadableFileError,
    UnsignedError,
    UntrustedError,
    VerificationError,
    VersionMismatchError,
)
from ..keys.certificates import read_key
from ..keys.signature import require_signature
from ..pdf.scan import MAX_SIZE, find_by_pieces, scan_file
from ..policy.papers import PAPERS, form_name, reading_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..policy.ledger import Ledger

_CHUNK = 48
_SAMPLES = 64
_END = re.compile(rb"startxref\n[0-9]{1,10}\n.{5}\n?\Z", re.DOTALL)  # the last word may have been changed, too
_OBJECT = re.compile(rb"\s{0,8}[0-9]{1,10} [0-9]{1,5} obj")
_MARKS = 8  # in a file of unknown origin; the first is the certification, and each costs a search of 8 KiB
_MARK = b"/Name /mailmart-privacy /R "
_MARKED = re.compile(
    rb"/Name /mailmart-privacy /R ([1-9][0-9]{0,8}) >>.{1,8192}?"
    rb"/ByteRange \[0 ([0-9]{10}) ([0-9]{10}) ([0-9]{10})\]\n/Contents <([0-9a-f]{0,262144})>",
    re.DOTALL,
)


def find_origin(pdf: bytes, ledger: "Ledger") -> RecordedForm:
    """Find the recorded form that a file begins with.

    Args:
        pdf: the bytes of the file.
        ledger: the recorded versions.

    Raises:
        UnsignedError: the file is a recorded form or reading edition, as published, or is not signed at all.
        AlteredError: the file comes from a recorded form, but not byte for byte.
        VersionMismatchError: it seems to be of a version that was recorded after this release.
        UntrustedError: it is signed, but is not a copy of a recorded policy.
        UnreadableFileError: the file is not a PDF, is too large, or was cut short.
        RecordError: a recorded form has changed.
    """
    if not pdf:
        raise UnreadableFileError("the file is empty")
    if len(pdf) > MAX_SIZE:
        raise UnreadableFileError(f"the file has {len(pdf):,} bytes; files of more than {MAX_SIZE:,} are not read")
    forms = _load_forms(ledger)
    for version, paper, form in forms:
        if pdf.startswith(form):
            _require_complete(pdf, version, form)
            return load_form(ledger, version, paper)
        if form.startswith(pdf) and len(pdf) > _CHUNK:
            raise UnreadableFileError(
                f"the file is cut short: it ends within the form of version {version}, at byte {len(pdf):,}"
            )
    _require_no_reading(pdf, ledger)
    raise _judge(pdf, forms)


@lru_cache(maxsize=16)
def _load_forms(ledger: "Ledger") -> tuple[tuple[str, str, bytes], ...]:
    """Load the PDFs of all recorded forms, the newest first; their notes are loaded for the one that is needed."""
    return tuple(
        (version.version, paper, ledger.record(version.version, form_name(paper)))
        for version in reversed(ledger.versions)
        for paper in PAPERS
    )


def _require_no_reading(pdf: bytes, ledger: "Ledger") -> None:
    """Name the PDF that everybody can read and print."""
    digest = sha256(pdf).hexdigest()
    for version in ledger.versions:
        if any((reading_name(paper), digest) in version.records for paper in PAPERS):
            raise UnsignedError(
                f"the file is the PDF of version {version.version} for everybody, as published; "
                "it is not signed, and names no recipient"
            )


def _judge(pdf: bytes, forms: tuple[tuple[str, str, bytes], ...]) -> VerificationError:
    """Tell what a file is that does not begin with a recorded form."""
    if _holds_by_itself(pdf):
        return VersionMismatchError(
            "the file is signed as copies are, but is of a version of the policy that this release does not know: "
            "it was issued by a newer release; upgrade mailmart-privacy, and verify it again"
        )
    related = [(find_difference(pdf, form), version, paper) for version, paper, form in forms if _is_related(pdf, form)]
    if related:
        # Versions share most of their bytes; a changed copy agrees longest with the form that it came from.
        place, version, paper = max(related, key=lambda found: found[0])
        return AlteredError(
            f"the file comes from the form of version {version} ({paper}), "
            f"but was changed: the first difference is at byte {place:,}"
        )
    if not pdf.startswith(b"%PDF-"):
        return UnreadableFileError("the file is not a PDF")
    found = scan_file(pdf)
    if found.encrypted:
        return UnreadableFileError("the file is encrypted; remove the encryption, which also breaks any signature")
    if found.marked:
        return AlteredError(
            "the file claims to be a copy, but was saved by another program, or changed: its signature is not valid"
        )
    if found.signed:
        return UntrustedError(
            "the file is signed, but is not a copy of a recorded policy; this package cannot vouch for it"
        )
    if not found.complete:
        return UnreadableFileError("the file cannot be read as a PDF; it is damaged or cut short")
    return UnsignedError("the file is not signed, and is not a copy of a recorded policy")


def _holds_by_itself(pdf: bytes) -> bool:
    """Tell whether a file carries a valid certification in format 1, over any form."""
    marks = islice(_list_marks(pdf), _MARKS)
    found = next(filter(None, (_MARKED.match(pdf, mark) for mark in marks)), None)
    if found is None:
        return False
    if int(found[1]) != format_1.NUMBER:
        return True
    start, stop, rest = (int(found[n]) for n in (2, 3, 4))
    if not start < found.start(5) < stop <= stop + rest <= len(pdf):
        return False
    try:
        values = read_container(bytes.fromhex(found[5].decode("ascii")))
        digest = sha256(pdf[:start] + pdf[stop : stop + rest]).digest()
        require_signature(read_key(values.signatory.parsed[0]), values.signature, values.signatory.message(digest))
    except ValueError:
        return False
    return True


def _list_marks(pdf: bytes) -> "Iterator[int]":
    place = find_by_pieces(pdf, _MARK)
    while place >= 0:
        yield place
        place = find_by_pieces(pdf, _MARK, place + len(_MARK))


def _require_complete(pdf: bytes, version: str, form: bytes) -> None:
    """Tell a file that was cut short from one that was changed: it lacks the end that every update has."""
    if len(pdf) == len(form):
        raise UnsignedError(
            f"the file is the form of version {version} as published; it is not signed, and names no recipient"
        )
    if len(pdf) - len(form) > MAX_UPDATES:
        raise AlteredError(
            f"{len(pdf) - len(form):,} bytes follow the recorded form; the updates of a copy are much smaller"
        )
    tail = pdf[len(form) :]
    after = tail.rpartition(b"%%EOF")[2]
    if not _END.search(tail[-64:]) and (after == tail or _OBJECT.match(after)):
        raise UnreadableFileError(f"the file is cut short: it ends at byte {len(pdf):,}, within an update")
    if b"/ByteRange" not in tail:
        raise UnsignedError("the file is a form of the policy that someone filled in; it is not signed")


def _is_related(pdf: bytes, form: bytes) -> bool:
    """Tell whether a file contains most of a form, wherever it is: changed in place, moved, or saved by another
    program."""
    step = max(1, (len(form) - _CHUNK) // _SAMPLES)
    samples = [form[i : i + _CHUNK] for i in range(0, len(form) - _CHUNK, step)]
    found = missing = 0
    for sample in samples:
        if find_by_pieces(pdf, sample) >= 0:
            found += 1
        else:
            missing += 1
        if max(found, missing) * 2 > len(samples):  # most of them: the others would not change the answer
            break
    return found > missing
