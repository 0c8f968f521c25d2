"""Which recorded form a file was issued from, by its bytes alone; `foreign` says what it is otherwise."""

import re
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from .._limits import MAX_FILE
from ..copies.forms import RecordedForm, load_form
from ..copies.reader import MAX_UPDATES
from ..errors import AlteredError, UnreadableFileError, UnsignedError
from ..policy.papers import PAPERS, form_name, reading_name

if TYPE_CHECKING:
    from ..policy.ledger import Ledger

_SHORTEST = 48  # bytes of a form that are told from any other PDF's
_END = re.compile(rb"startxref\n[0-9]{1,10}\n.{5}\n?\Z", re.DOTALL)  # the last word may have been changed, too
_OBJECT = re.compile(rb"\s{0,8}[0-9]{1,10} [0-9]{1,5} obj")


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
    if len(pdf) > MAX_FILE:
        raise UnreadableFileError(f"the file has {len(pdf):,} bytes; files of more than {MAX_FILE:,} are not read")
    forms = _load_forms(ledger)
    for version, paper, form in forms:
        if pdf.startswith(form):
            _require_complete(pdf, version, form)
            return load_form(ledger, version, paper)
        if form.startswith(pdf) and len(pdf) > _SHORTEST:
            raise UnreadableFileError(
                f"the file is cut short: it ends within the form of version {version}, at byte {len(pdf):,}"
            )
    _require_no_reading(pdf, ledger)
    from .foreign import name_foreign  # few files need it

    raise name_foreign(pdf, forms)


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
