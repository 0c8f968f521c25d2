"""What changed from one text to another, as values."""

from dataclasses import dataclass
from typing import Literal

from ..policy.model import Policy, Processor
from ..policy.prose import Prose
from .words import Span

Kind = Literal["paragraph", "heading", "item"]
Status = Literal["same", "changed", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph, a heading or an item of a list, in both wordings.

    Attributes:
        kind: what it is.
        status: how it changed.
        spans: its words.
    """

    kind: Kind
    status: Status
    spans: tuple[Span, ...]

    def __repr__(self) -> str:
        return f"<Passage {self.kind} {self.status}, {len(self.spans)} spans>"


@dataclass(frozen=True, kw_only=True, slots=True)
class SectionChange:
    """How a section changed.

    Attributes:
        id: its stable id.
        status: how its title and text changed; a section that only moved, or only has another
            number, is the same.
        moved: whether it is elsewhere among the sections that both versions have. Not moved is
            one whose number differs only because others came, went or moved.
        old_number, new_number: its number in each text, counted from 1; None if that text lacks it, or if
            one of the two texts is prose, so that each counts as one section.
        title: the words of its title.
        passages: what is below it.
    """

    id: str
    status: Status
    moved: bool
    old_number: int | None
    new_number: int | None
    title: tuple[Span, ...]
    passages: tuple[Passage, ...]

    def __repr__(self) -> str:
        return f"<SectionChange {self.id[:80]!r} {self.status}, {len(self.passages)} passages>"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessorChange:
    """How a processor changed (GDPR Art. 4(8)); "changed" means another purpose or condition."""

    name: str
    status: Status
    old: Processor | None
    new: Processor | None

    def __repr__(self) -> str:
        return f"<ProcessorChange {self.name[:80]!r} {self.status}>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What changed from one text to another.

    Attributes:
        old: the text before.
        new: the text after.
        title: the words of the title.
        sections: in the order of the new policy; a removed one comes after the one that it followed.
        processors: those of the new policy in its order, then those that were removed.
    """

    old: Policy | Prose
    new: Policy | Prose
    title: tuple[Span, ...]
    sections: tuple[SectionChange, ...]
    processors: tuple[ProcessorChange, ...]

    def __repr__(self) -> str:
        changed = sum(section.status != "same" for section in self.sections)
        return f"<Comparison of {self.old!r:.60} with {self.new!r:.60}: {changed} sections changed>"

    @property
    def same_text(self) -> bool:
        """Whether nothing but the date differs: no word, no section's place, no processor."""
        return (
            all(span.kind == "same" for span in self.title)
            and all(section.status == "same" and not section.moved for section in self.sections)
            and all(processor.status == "same" for processor in self.processors)
        )
