"""A recorded form with its notes: the bytes that every copy begins with, and everything that is known about them."""

from collections import deque
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..pdf.notes import FormNotes
from ..policy.papers import PAPERS, form_name, notes_name

if TYPE_CHECKING:
    from ..policy.ledger import Ledger
    from .read_values import ReadCertification
    from .update import HashState

_REMEMBERED = 8


class RecordedForm:
    """A recorded form.

    Args:
        version: of the policy.
        paper: "a4" or "letter".
        pdf: its bytes.
        notes: what was noted of it when it was recorded.

    Attributes:
        state: SHA-256 over `pdf`, to be continued with what follows.
        certifications: those of it that were read last; all copies of one certified form begin with the same one.
    """

    def __init__(self, *, version: str, paper: str, pdf: bytes, notes: FormNotes) -> None:
        self.version, self.paper, self.pdf, self.notes = version, paper, pdf, notes
        self.state: HashState = sha256(pdf)
        self.certifications: deque[ReadCertification] = deque(maxlen=_REMEMBERED)

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (self.version, self.paper, self.pdf, self.notes.to_bytes())


def _restore(version: str, paper: str, pdf: bytes, notes: bytes) -> RecordedForm:
    return RecordedForm(version=version, paper=paper, pdf=pdf, notes=FormNotes.from_bytes(notes))


@lru_cache(maxsize=256)
def load_form(ledger: "Ledger", version: str, paper: str) -> RecordedForm:
    """Load a recorded form, once in a process.

    Raises:
        UsageError: there is no such paper.
        UnknownVersionError: there is no such version.
        RecordError: a record is missing or has changed.
        FormError: the notes cannot be read.
    """
    if paper not in PAPERS:
        raise UsageError(f"there is no form for the paper {paper!r}; there are: {', '.join(PAPERS)}")
    pdf = ledger.record(version, form_name(paper))
    notes = FormNotes.from_bytes(ledger.record(version, notes_name(paper)))
    return RecordedForm(version=version, paper=paper, pdf=pdf, notes=notes)
