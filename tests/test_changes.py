"""What changed from one version to another, on edits of the real text."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailmart_privacy.diff.compare import compare
from mailmart_privacy.diff.comparison import Comparison, SectionChange
from mailmart_privacy.diff.words import Span, compare_words, similarities
from mailmart_privacy.policy.blocks import Block
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.model import Policy, Section
from mailmart_privacy.policy.read_markdown import parse_policy

MARKDOWN = shipped().record("2026-02-24", "policy.md").decode()


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The real policy."""
    return shipped().policy("2026-02-24")


def edited(*edits: tuple[str, str]) -> Policy:
    """Parse the real text with edits, as a version of a later date."""
    text = MARKDOWN
    for old, new in (("Last updated: February 24, 2026", "Last updated: November 2, 2026"), *edits):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return parse_policy(re.sub(r"<!-- SHA-256.*-->\n", "", text), origin="edited")


def joined(spans: tuple[Span, ...], *kinds: str) -> str:
    return "".join(span.text for span in spans if span.kind in kinds)


def changed(comparison: Comparison) -> list[SectionChange]:
    return [section for section in comparison.sections if section.status != "same" or section.moved]


@pytest.mark.parametrize(
    ("old", "new", "spans"),
    [
        ("We keep it.", "We keep it.", [("same", "We keep it.")]),
        ("", "", []),
        ("", "new", [("added", "new")]),
        ("for 30 days.", "for 90 days.", [("same", "for "), ("removed", "30"), ("added", "90"), ("same", " days.")]),
        # Not "process" and "or": words are whole.
        (
            "our processors are",
            "our processes are",
            [("same", "our "), ("removed", "processors"), ("added", "processes"), ("same", " are")],
        ),
        # Not a patchwork of the gaps that both have.
        (
            "at your written request",
            "upon our oral request",
            [("removed", "at your written"), ("added", "upon our oral"), ("same", " request")],
        ),
        (
            "ask a@mailmart.com.",
            "ask b@mailmart.com.",
            [("same", "ask "), ("removed", "a@mailmart.com"), ("added", "b@mailmart.com"), ("same", ".")],
        ),
    ],
)
def test_words_are_compared_whole(old: str, new: str, spans: list[tuple[str, str]]) -> None:
    """A reader sees the words that changed, next to each other."""
    assert [(span.kind, span.text) for span in compare_words(old, new)] == spans


WORDS = st.lists(st.sampled_from(["data", "we", "or", "30", "days", ",", ".", " ", "  ", "\n", "(", "é", "’s", "<b>"]))
BLOCKS = st.lists(
    st.one_of(
        st.builds(Block, type=st.just("paragraph"), text=WORDS.map("".join)),
        st.builds(Block, type=st.just("heading"), id=st.just("x"), text=WORDS.map("".join)),
        st.builds(Block, type=st.just("list"), items=st.lists(WORDS.map("".join), min_size=1, max_size=4).map(tuple)),
    ),
    max_size=6,
)


@given(WORDS.map("".join) | st.text(), WORDS.map("".join) | st.text())
def test_no_character_is_lost(old: str, new: str) -> None:
    """For any two wordings, the spans give both back; no span is empty or cuts a word."""
    spans = compare_words(old, new)
    assert joined(spans, "same", "removed") == old
    assert joined(spans, "same", "added") == new
    assert all(span.text for span in spans)
    assert all(one.kind != two.kind for one, two in pairwise(spans))


@given(data=st.data())
def test_no_section_or_passage_is_lost(policy: Policy, data: st.DataObject) -> None:
    """Sections in any order, dropped, new, retitled and rewritten: each side's words come back, section by section."""
    kept = data.draw(st.lists(st.sampled_from(policy.sections), unique_by=lambda each: each.id, max_size=11))
    made: list[Section] = []
    for number, section in enumerate(kept, 1):
        blocks = data.draw(st.just(section.blocks) | BLOCKS.map(tuple))
        id = data.draw(st.sampled_from([section.id, f"new-{number}"]))
        made.append(
            replace(
                section,
                number=number,
                id=id,
                title=data.draw(st.just(section.title) | WORDS.map("".join)),
                blocks=blocks,
            )
        )
    new = replace(policy, sections=tuple(made))
    for before, after in ((policy, new), (new, policy)):
        sections = compare(before, after).sections
        for side, kind, place in ((before, "removed", "old_number"), (after, "added", "new_number")):
            found = sorted((each for each in sections if getattr(each, place)), key=lambda each: getattr(each, place))
            texts = [
                [
                    joined(part, "same", kind)
                    for part in (each.title, *(p.spans for p in each.passages if p.status in ("same", "changed", kind)))
                ]
                for each in found
            ]
            assert texts == [
                [each.title, *(text for block in each.blocks for text in units(block))] for each in side.sections
            ]


def units(block: Block) -> tuple[str, ...]:
    return block.items if block.type == "list" else (block.text,)


def test_similarity_is_of_words() -> None:
    """It counts letters of common words in order, and nothing for the same gaps."""
    assert similarities(["", "one two", "a b c"], ["", "one two", "one six", "d e f"]) == [
        [1, 0, 0, 0],
        [0, 1, 0.5, 0],
        [0, 0, 0, 0],
    ]
    assert similarities(["one two six"], ["six two one"]) == [[2 * 3 / 18]]
    assert similarities(["one two six"], ["six two one"], least=1) == [[2 * 3 / 18]], "not in order, but it could be"
    assert similarities(["one two six"], ["one alike"], least=0.5) == [[0]]


def test_a_policy_is_the_same_as_itself(policy: Policy) -> None:
    """A comparison without changes says so, and contains every section and processor."""
    comparison = compare(policy, policy)
    assert comparison.same_text
    assert [section.id for section in comparison.sections] == [section.id for section in policy.sections]
    assert [each.name for each in comparison.processors] == [each.name for each in policy.processors]
    assert compare(policy, edited()).same_text  # another date, and no other word


def test_edits_are_found_where_they_are(policy: Policy) -> None:
    """Exactly the changed word, the new item and the removed paragraph are reported."""
    section = next(each for each in policy.sections if any(len(block.markdown) > 200 for block in each.blocks))
    block = next(block for block in section.blocks if len(block.markdown) > 200)
    word = max(block.markdown.split(), key=lambda each: (block.markdown.count(each) == 1, each.isalpha(), len(each)))
    comparison = compare(policy, edited((block.markdown, block.markdown.replace(word, "otherwise"))))
    (found,) = changed(comparison)
    assert (found.id, found.status, found.moved) == (section.id, "changed", False)
    (passage,) = [each for each in found.passages if each.status != "same"]
    assert [span.text for span in passage.spans if span.kind != "same"] == [word, "otherwise"]
    assert not comparison.same_text


def test_a_moved_section_is_reported_as_moved(policy: Policy) -> None:
    """Only the section in another place counts as moved, not those that got another number; no text counts as new."""
    moving, *rest = policy.sections[2:]
    order = (*policy.sections[:2], *rest[:4], moving, *rest[4:])
    new = replace(policy, sections=tuple(replace(each, number=n) for n, each in enumerate(order, 1)))
    comparison = compare(policy, new)
    (found,) = changed(comparison)
    assert (found.id, found.status, found.moved) == (moving.id, "same", True)
    assert (found.old_number, found.new_number) == (3, 7)
    assert [each.new_number for each in comparison.sections] == list(range(1, 12))


def test_sections_come_and_go(policy: Policy) -> None:
    """A new section is added, a removed one keeps its place, and one with another title is recognised."""
    kept = [section for section in policy.sections if section.number != 4]
    fresh = replace(policy.sections[3], id="automated-decisions", title="Automated Decisions", blocks=())
    retitled = replace(kept[-1], id="how-to-reach-us", title="How to Reach Us")
    order = (fresh, *kept[:-1], retitled)
    new = replace(policy, sections=tuple(replace(each, number=n) for n, each in enumerate(order, 1)))
    comparison = compare(policy, new)
    assert [(each.id, each.status, each.moved) for each in changed(comparison)] == [
        ("automated-decisions", "added", False),
        (policy.sections[3].id, "removed", False),
        ("how-to-reach-us", "changed", False),
    ]
    ids = [each.id for each in comparison.sections]
    assert ids.index(policy.sections[3].id) == ids.index(policy.sections[2].id) + 1


def test_processors_are_compared_by_name(policy: Policy) -> None:
    """Added, removed and put to another use; the line that two of them share does not count."""
    first, second, *others = policy.processors
    new = replace(
        policy,
        processors=(
            replace(first, purpose="something else"),
            replace(second, entry="another line"),
            *others[:-1],
            replace(second, name="Newcomer"),
        ),
    )
    statuses = {each.name: each.status for each in compare(policy, new).processors if each.status != "same"}
    assert statuses == {first.name: "changed", "Newcomer": "added", others[-1].name: "removed"}
    assert not compare(policy, new).same_text
