"""The paper sizes that a policy's PDFs are made for, and the names of the records."""

from typing import Literal, get_args

from ..errors import UsageError

Paper = Literal["a4", "letter"]
PAPERS: tuple[Paper, ...] = get_args(Paper)


def require_paper(paper: object) -> None:
    """Refuse a paper size for which there is no form; raises UsageError."""
    if paper not in PAPERS:
        known = ", ".join(PAPERS)
        raise UsageError(f"there is no paper size {paper!r}; there are: {known}", argument="paper", known=PAPERS)


def form_name(paper: str) -> str:
    """Name the recorded form of a paper size, for instance "form-a4.pdf"."""
    return f"form-{paper}.pdf"


def reading_name(paper: str) -> str:
    """Name the recorded reading edition of a paper size, for instance "reading-a4.pdf"."""
    return f"reading-{paper}.pdf"


def notes_name(paper: str) -> str:
    """Name the recorded notes of the form of a paper size, for instance "form-a4.notes.json"."""
    return f"form-{paper}.notes.json"
