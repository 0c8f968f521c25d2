"""A recorded form with its notes: the bytes that every copy begins with, and everything that is known about them."""

from collections import deque
from dataclasses import dataclass, field
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


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class RecordedForm:
    """A recorded form.

    Attributes:
        version: of the policy.
        paper: "a4" or "letter".
        pdf: its bytes.
        notes: what was noted of it when it was recorded.
        state: SHA-256 over `pdf`, to be continued with what follows.
        certifications: those of it that were read last; all copies of one certified form begin with the same one.
    """

    version: str
    paper: str
    pdf: bytes
    notes: FormNotes
    state: "HashState" = field(init=False)
    certifications: "deque[ReadCertification]" = field(default_factory=lambda: deque(maxlen=_REMEMBERED), init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", sha256(self.pdf))

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
