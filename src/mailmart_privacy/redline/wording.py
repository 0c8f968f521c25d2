"""What every redline says in the same words, whatever its format."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from .._time import format_moment
from .._unicode import spell_out
from ..diff.comparison import Comparison, Passage, ProcessorChange, SectionChange
from ..diff.words import Span, compare_words
from ..policy.model import Policy, Processor
from ..policy.prose import Prose
from ..policy.versions import Version

SAME = "The two texts are the same"
HOW_TO_READ = "Words that were removed are struck through; words that were added are underlined."
_STATUS = {"same": "unchanged", "changed": "changed", "added": "added", "removed": "removed"}
_PROCESSORS = {"added": "added", "removed": "removed", "changed": "put to another use"}


def title(comparison: Comparison) -> str:
    """Head the redline."""
    named = [side.title for side in (comparison.new, comparison.old) if isinstance(side, Policy)]
    return f"What changed in the {named[0]}" if named else "What changed"


def name_side(comparison: Comparison, side: Policy | Prose) -> str:
    """Name a text: a version by its date, any other so that nobody takes it for one."""
    if isinstance(side, Prose):
        return spell_out(side.name)
    known = _known(comparison)
    if known and side.text_id not in known:
        return f"a text dated {side.version} that is not recorded"
    return f"version {side.version}"


def list_digests(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """List both texts by name, each with the SHA-256 of its plain text."""
    return tuple((name_side(comparison, side), side.digest) for side in (comparison.old, comparison.new))


def list_released(comparison: Comparison) -> tuple[Version, ...]:
    """List the versions after the old text up to the new one, as the ledger describes them, the oldest first."""
    old, new = comparison.old, comparison.new
    if isinstance(new, Prose) or new.text_id not in {version.text_id for version in new.history}:
        return ()
    if isinstance(old, Policy) and old.text_id in {version.text_id for version in new.history}:
        found = new.changes_since(old.text_id).versions
    else:
        found = tuple(version for version in new.history if version.version == new.version)
    return tuple(version for version in found if version.summary)


def describe_version(version: Version) -> str:
    """Say which version it is, how it differs from the one before, and from when it is in force."""
    return f"Version {version.version}: {version.change} change, in force from {format_moment(version.effective_at)}"


def describe_section(change: SectionChange) -> str:
    """Describe how a section changed."""
    said = _STATUS[change.status]
    if change.moved:
        moved = f"moved from {change.old_number} to {change.new_number}"
        return moved if change.status == "same" else f"{said}, {moved}"
    if change.old_number and change.new_number and change.old_number != change.new_number:
        return f"{said}, formerly {change.old_number}"
    return said


def is_same(comparison: Comparison) -> bool:
    """Tell whether the two texts are the same; of prose, only the words count."""
    prose = isinstance(comparison.old, Prose) or isinstance(comparison.new, Prose)
    return comparison.old.text == comparison.new.text or (prose and comparison.same_text)


def list_changed(comparison: Comparison) -> tuple[SectionChange, ...]:
    """List the sections that changed, came, went or moved."""
    return tuple(section for section in comparison.sections if section.status != "same" or section.moved)


def list_unchanged(comparison: Comparison) -> tuple[SectionChange, ...]:
    """List the sections that are the same and in the same place; others may have given them another number."""
    return tuple(section for section in comparison.sections if section.status == "same" and not section.moved)


def describe_unchanged(comparison: Comparison) -> str:
    """Name all that did not change, in one line; empty if two texts are the same, or if nothing stayed as it was."""
    if is_same(comparison):
        return ""
    parts = []
    for section in list_unchanged(comparison):
        formerly = "" if section.old_number == section.new_number else f" (formerly {section.old_number})"
        parts.append(f"{section_number(section)}{plain_title(section)}{formerly}")
    if comparison.processors and all(each.status == "same" for each in comparison.processors):
        parts.append("Processors")
    return "; ".join(parts)


def section_number(change: SectionChange) -> str:
    """Write a section's number, as it comes before its title."""
    number = change.new_number or change.old_number
    return "" if number is None else f"{number}. "


def section_title(change: SectionChange) -> tuple[Span, ...]:
    """Give the words of a section's title; prose has none."""
    return change.title or (Span("same", "The text"),)


def section_heading(change: SectionChange) -> tuple[Span, ...]:
    """Give a section's number and the words of its title; the number of a section that came or went does so, too."""
    first, *rest = section_title(change)
    number = section_number(change)
    if change.status in ("added", "removed") or first.kind == "same":
        return (Span(first.kind, f"{number}{first.text}"), *rest)
    return (Span("same", number), first, *rest)


def plain_title(change: SectionChange) -> str:
    """Give a section's title as written in the new text, or in the old one."""
    spans = section_title(change)
    gone = "removed" if change.status != "removed" else ""
    return "".join(span.text for span in spans if span.kind != gone)


def list_processors(comparison: Comparison, *, full: bool) -> tuple[ProcessorChange, ...]:
    """List the processors to show: those that changed, or all of them."""
    changed = tuple(each for each in comparison.processors if each.status != "same")
    return comparison.processors if full else changed


def compare_uses(change: ProcessorChange) -> tuple[Span, ...]:
    """Compare what a processor is used for, and on which condition."""
    old, new = ("" if each is None else _use(each) for each in (change.old, change.new))
    return compare_words(old, new)


def group_passages(passages: Iterable[Passage]) -> Iterator[tuple[str, tuple[Passage, ...]]]:
    """Put the items of a list together; every other passage is a group of its own."""
    for (kind, _), group in groupby(
        enumerate(passages), key=lambda each: (each[1].kind, -1 if each[1].kind == "item" else each[0])
    ):
        yield kind, tuple(passage for _, passage in group)


def summarize(comparison: Comparison) -> str:
    """Say in one sentence what changed; no stop at its end."""
    if is_same(comparison):
        return SAME
    if comparison.same_text:
        return f"{SAME}, except for the date"
    parts = [] if all(span.kind == "same" for span in comparison.title) else ["the title changed"]
    if isinstance(comparison.old, Prose) or isinstance(comparison.new, Prose):
        passages: list[str] = [passage.status for section in comparison.sections for passage in section.passages]
        parts += _count("passage", [(word, passages.count(word)) for word in ("changed", "added", "removed")])
    else:
        statuses: list[str] = [section.status for section in comparison.sections]
        moved = sum(section.moved for section in comparison.sections)
        counts = [(word, statuses.count(word)) for word in ("changed", "added", "removed")]
        parts += _count("section", [*counts, ("moved", moved)])
        uses: list[str] = [each.status for each in comparison.processors]
        parts += _count("processor", [(said, uses.count(word)) for word, said in _PROCESSORS.items()])
    said = ", ".join(parts)
    return said[0].upper() + said[1:]


def processor_status(change: ProcessorChange) -> str:
    """Describe how a processor changed."""
    return _PROCESSORS.get(change.status, _STATUS[change.status])


def _count(noun: str, counts: list[tuple[str, int]]) -> list[str]:
    """Say how many; the first of them names what is counted."""
    found = [(said, count) for said, count in counts if count]
    nouns = [f" {noun}{'' if found[0][1] == 1 else 's'}", *("" for _ in found[1:])] if found else []
    return [f"{count}{named} {said}" for (said, count), named in zip(found, nouns, strict=True)]


def _known(comparison: Comparison) -> dict[str, Version]:
    sides = (comparison.old, comparison.new)
    return {v.text_id: v for side in sides if isinstance(side, Policy) for v in side.history}


def _use(processor: Processor) -> str:
    return processor.purpose + (f" ({processor.condition})" if processor.condition else "")
