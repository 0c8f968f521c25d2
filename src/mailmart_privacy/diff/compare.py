"""Two versions of the policy: what changed in their sections, and in the list of processors."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from ..errors import WrongTypeError
from ..policy.blocks import Block
from ..policy.model import Policy, Processor, Section
from ..policy.prose import Prose, flatten
from .comparison import Comparison, Kind, Passage, ProcessorChange, SectionChange, Status
from .sequence_matcher import Effort, Matcher
from .words import Span, compare_words, similarities

_ALIKE = 0.4  # share of a passage from which on it is the same passage, in other words
_SIDES = ("removed", "added")
_Unit = tuple[Kind, str]


def compare(old: Policy | Prose, new: Policy | Prose) -> Comparison:
    """Compare two texts.

    Args:
        old: the one before.
        new: the one after.

    Returns:
        What changed. Where one of them is prose, all of both is compared as one section.

    Raises:
        UsageError: they are too long, and have too little in common.
        WrongTypeError: one of them is neither a `Policy` nor `Prose`.
    """
    for argument, value in (("old", old), ("new", new)):
        if not isinstance(value, Policy | Prose):
            raise WrongTypeError(argument, "a Policy or Prose", value)
    effort = Effort()
    if isinstance(old, Prose) or isinstance(new, Prose):
        return _compare_flat(old, new, effort)
    return Comparison(
        old=old,
        new=new,
        title=compare_words(old.title, new.title, effort),
        sections=tuple(_compare_sections(old.sections, new.sections, effort)),
        processors=tuple(_compare_processors(old.processors, new.processors)),
    )


def _compare_flat(old: Policy | Prose, new: Policy | Prose, effort: Effort) -> Comparison:
    """Compare by the words alone: what is a heading, and what a list, prose only seems to tell."""
    before, after = _units(flatten(old)), _units(flatten(new))
    # The policy's own kinds win over those that prose seems to have.
    seen = [*after, *before] if isinstance(old, Policy) else [*before, *after]
    kinds: dict[str, Kind] = {text: kind for kind, text in seen}
    plain: list[list[_Unit]] = [[("paragraph", text) for _, text in units] for units in (before, after)]
    passages = []
    for passage in _compare_passages(plain[0], plain[1], effort):
        first, second = ("".join(s.text for s in passage.spans if s.kind in ("same", kind)) for kind in _SIDES)
        passages.append(Passage(kinds.get(second) or kinds[first], passage.status, passage.spans))
    same = all(passage.status == "same" for passage in passages)
    whole = SectionChange(
        id="text",
        status="same" if same else "changed",
        moved=False,
        old_number=None,
        new_number=None,
        title=(),
        passages=tuple(passages),
    )
    return Comparison(old=old, new=new, title=(), sections=(whole,), processors=())


def _compare_sections(old: Sequence[Section], new: Sequence[Section], effort: Effort) -> Iterator[SectionChange]:
    pairs = _pair_sections(old, new, effort)
    partner = {after: before for before, after in pairs}
    moved = _moved([partner[after] for after in sorted(partner)])
    kept = {before for before, _ in pairs}
    removed = _after_their_neighbours(old, kept)
    yield from (_section(section, None, effort) for section in removed.get(None, ()))
    for index, section in enumerate(new):
        before = partner.get(index)
        if before is None:
            yield _section(None, section, effort)
            continue
        yield _section(old[before], section, effort, moved=before in moved)
        yield from (_section(gone, None, effort) for gone in removed.get(before, ()))


def _pair_sections(old: Sequence[Section], new: Sequence[Section], effort: Effort) -> list[tuple[int, int]]:
    """Pair sections by their ids, then those left over by their text, the most alike first."""
    places = {section.id: index for index, section in enumerate(new)}
    pairs = [(index, places[section.id]) for index, section in enumerate(old) if section.id in places]
    left = [index for index in range(len(old)) if index not in {before for before, _ in pairs}]
    right = [index for index in range(len(new)) if index not in {after for _, after in pairs}]
    shares = similarities([old[i].text for i in left], [new[i].text for i in right], effort, least=_ALIKE)
    alike = [
        (share, before, after)
        for before, row in zip(left, shares, strict=True)
        for after, share in zip(right, row, strict=True)
    ]
    for share, before, after in sorted(alike, key=lambda each: (-each[0], *each[1:])):
        if share >= _ALIKE and before in left and after in right:
            pairs.append((before, after))
            left.remove(before)
            right.remove(after)
    return pairs


def _moved(order: Sequence[int]) -> set[int]:
    """Tell which of these moved: the fewest whose removal leaves the others in order."""
    ends: list[int] = []
    tails: list[tuple[int, ...]] = []
    for value in order:
        at = bisect_left(ends, value)
        run = (*(tails[at - 1] if at else ()), value)
        ends[at : at + 1] = [value]
        tails[at : at + 1] = [run]
    return set(order) - set(tails[-1] if tails else ())


def _after_their_neighbours(old: Sequence[Section], kept: set[int]) -> dict[int | None, list[Section]]:
    """Put each removed section after the last one before it that was kept."""
    removed: dict[int | None, list[Section]] = {}
    neighbour = None
    for index, section in enumerate(old):
        if index in kept:
            neighbour = index
        else:
            removed.setdefault(neighbour, []).append(section)
    return removed


def _section(old: Section | None, new: Section | None, effort: Effort, *, moved: bool = False) -> SectionChange:
    title = compare_words("" if old is None else old.title, "" if new is None else new.title, effort)
    passages = tuple(
        _compare_passages(_units(() if old is None else old.blocks), _units(() if new is None else new.blocks), effort)
    )
    status: Status = "same"
    if old is None or new is None:
        status = "added" if old is None else "removed"
    elif any(span.kind != "same" for span in title) or any(each.status != "same" for each in passages):
        status = "changed"
    shown = new or old
    assert shown is not None
    return SectionChange(
        id=shown.id,
        status=status,
        moved=moved,
        old_number=None if old is None else old.number,
        new_number=None if new is None else new.number,
        title=title,
        passages=passages,
    )


def _units(blocks: Sequence[Block]) -> list[_Unit]:
    units: list[_Unit] = []
    for block in blocks:
        if block.type == "list":
            units.extend(("item", item) for item in block.items)
        else:
            units.append((block.type, block.text))
    return units


def _compare_passages(old: Sequence[_Unit], new: Sequence[_Unit], effort: Effort) -> Iterator[Passage]:
    for tag, a, b, c, d in Matcher(old, new, effort).get_opcodes():
        if tag == "equal":
            yield from (Passage(kind, "same", (Span("same", text),)) for kind, text in old[a:b])
        else:
            yield from _align(old[a:b], new[c:d], effort)


def _align(old: Sequence[_Unit], new: Sequence[_Unit], effort: Effort) -> Iterator[Passage]:
    """Pair passages that differ, in order, so that they share as much as possible."""
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    share = similarities([text for _, text in old], [text for _, text in new], effort, least=_ALIKE)
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            alike = share[i][j] >= _ALIKE and old[i][0] == new[j][0]
            paired = share[i][j] + best[i + 1][j + 1] if alike else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], paired)
    i = j = 0
    while i < len(old) or j < len(new):
        if i < len(old) and (j == len(new) or best[i][j] == best[i + 1][j]):
            yield Passage(old[i][0], "removed", (Span("removed", old[i][1]),))
            i += 1
        elif j < len(new) and (i == len(old) or best[i][j] == best[i][j + 1]):
            yield Passage(new[j][0], "added", (Span("added", new[j][1]),))
            j += 1
        else:
            yield Passage(old[i][0], "changed", compare_words(old[i][1], new[j][1], effort))
            i, j = i + 1, j + 1


def _compare_processors(old: Sequence[Processor], new: Sequence[Processor]) -> Iterator[ProcessorChange]:
    before = {processor.name: processor for processor in old}
    after = {processor.name: processor for processor in new}
    for name, processor in after.items():
        known = before.get(name)
        status: Status = "added"
        if known is not None:
            facts = (known.purpose, known.condition) == (processor.purpose, processor.condition)
            status = "same" if facts else "changed"
        yield ProcessorChange(name=name, status=status, old=known, new=processor)
    for name, processor in before.items():
        if name not in after:
            yield ProcessorChange(name=name, status="removed", old=processor, new=None)
