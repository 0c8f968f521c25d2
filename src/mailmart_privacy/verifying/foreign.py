"""What a file is that does not begin with a recorded form, by a few bounded searches in its bytes."""

import re
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING

from ..copies import format_1
from ..copies.causes import find_difference
from ..copies.container import read_container
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
from ..pdf.scan import find_by_pieces, scan_file

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 48
_SAMPLES = 64
_MARKS = 8  # in a file of unknown origin; the first is the certification, and each costs a search of 8 KiB
_MARK = b"/Name /mailmart-privacy /R "
_NUMBER = re.compile(rb"/Name /mailmart-privacy /R ([1-9][0-9]{0,8}) >>")
_MARKED = re.compile(
    rb"/Name /mailmart-privacy /R [1-9][0-9]{0,8} >>.{1,8192}?"
    rb"/ByteRange \[0 ([0-9]{10}) ([0-9]{10}) ([0-9]{10})\]\n/Contents <([0-9a-f]{0,262144})>",
    re.DOTALL,
)


def name_foreign(pdf: bytes, forms: tuple[tuple[str, str, bytes], ...]) -> VerificationError:
    """Tell what a file is that does not begin with a recorded form.

    Args:
        pdf: the bytes of the file.
        forms: the version, the paper and the PDF of each recorded form, the newest first.

    Returns:
        The error to raise: it is a copy of a version that this release does not know, was changed, is signed by
        somebody, is not signed, or cannot be read.
    """
    if _holds_by_itself(pdf):
        return VersionMismatchError(
            "the file is signed as copies are, but is of a version of the policy that this release does not know: "
            "if it is genuine, it was issued by a newer release; upgrade mailmart-privacy, and verify it again"
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
    """Tell whether a file carries a valid certification in format 1, over any form, or one in a later format."""
    marks = list(islice(_list_marks(pdf), _MARKS))
    number = _NUMBER.match(pdf, marks[0]) if marks else None
    if number is not None and int(number[1]) != format_1.NUMBER:
        return True  # what follows the number is for that format to say
    found = next(filter(None, (_MARKED.match(pdf, mark) for mark in marks)), None)
    if found is None:
        return False
    start, stop, rest = (int(found[n]) for n in (1, 2, 3))
    if not start < found.start(4) < stop <= stop + rest <= len(pdf):
        return False
    try:
        values = read_container(bytes.fromhex(found[4].decode("ascii")))
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
