"""Markdown → Policy: the canonical text, and every fault with its line."""

import datetime
from hashlib import sha256

import pytest

from mailmart_privacy import _resources
from mailmart_privacy.errors import ExitCode, SourceError
from mailmart_privacy.policy.blocks import Block
from mailmart_privacy.policy.model import Policy, Processor
from mailmart_privacy.policy.read_markdown import parse_policy

VERSION = "2026-02-24"
DIGEST = "85591b988b6aa67cfa7d04e7e34d7025e6a2a250630a38f3b7a60bd4cf8965dd"
SOURCE = _resources.read_data(f"{VERSION}/policy.md").decode()
NUMBERED = r"a numbered list; use a bullet list, or write the number as `1\.`"
INVISIBLE = "control or invisible characters ({})"
NO_DATE = "no date; write a line like `Last updated: February 24, 2026` below the title"
NO_TITLE = "no title; write one like `# Privacy Policy` in the first line"
NO_PROCESSORS = "no section with the id 'third-party-services'; the processors are read from its list"
ATTRIBUTE = "an attribute; only headings may have one, and only an id: {#like-this}"
NOT_PLAIN = "HTML or an entity; write the plain text and the character itself"


def markup(tag: str) -> str:
    """What is said of an element inside running text."""
    return f"markup inside the text (<{tag}>); it would be lost in the plain text, so remove or escape it"


def changed(*changes: tuple[str, str]) -> str:
    """The real source with each first text, which occurs in it, replaced by the second."""
    source = SOURCE
    for old, new in changes:
        assert old in source, old
        source = source.replace(old, new, 1)
    return source


def faults(source: str) -> tuple[tuple[int, str], ...]:
    with pytest.raises(SourceError) as caught:
        parse_policy(source)
    return caught.value.faults


@pytest.fixture(scope="module")
def policy() -> Policy:
    return parse_policy(SOURCE)


def test_the_canonical_text_byte_for_byte(policy: Policy) -> None:
    """The text has the digest and the length that were published, and is the recorded one."""
    text = policy.text.encode()
    assert (sha256(text).hexdigest(), len(text)) == (DIGEST, 3391)
    assert policy.digest == DIGEST
    assert text == _resources.read_data(f"{VERSION}/policy.txt")


def test_the_canonical_text_keeps_its_characters(policy: Policy) -> None:
    """Bullets, em dashes and straight quotes stand as written, and no newline ends the text."""
    assert "\n  • Clerk — Authentication and user management\n" in policy.text
    assert 'MailMart ("we," "our," or "us") operates' in policy.text
    assert "9. Children's Privacy\n" in policy.text
    assert policy.text.startswith("Privacy Policy\n\nLast updated: February 24, 2026\n\n1. Introduction\n\n")
    assert policy.text.endswith("through our website.")
    assert "\r" not in policy.text


def test_the_title_and_the_date(policy: Policy) -> None:
    """The version is the date that the policy names."""
    assert policy.title == "Privacy Policy"
    assert policy.last_updated == datetime.date(2026, 2, 24)
    assert policy.version == VERSION


def test_the_sections(policy: Policy) -> None:
    """There are eleven sections, numbered in order, under their stable ids."""
    assert [(section.number, section.id) for section in policy.sections] == list(
        enumerate(
            (
                "introduction",
                "information-we-collect",
                "how-we-use-your-information",
                "third-party-services",
                "data-security",
                "data-retention",
                "your-rights",
                "cookies",
                "childrens-privacy",
                "changes-to-this-policy",
                "contact-us",
            ),
            1,
        )
    )


def test_the_blocks_of_a_section(policy: Policy) -> None:
    """A section holds its headings, paragraphs and lists in order."""
    section = policy.section("information-we-collect")
    assert [block.type for block in section.blocks] == ["heading", "paragraph", "list"] * 2
    assert section.blocks[3] == Block(
        type="heading", id="automatically-collected-information", text="Automatically Collected Information"
    )
    assert section.blocks[5].type == "list"
    assert section.blocks[5].items[-1] == "Error logs and performance data (via Sentry)"


def test_the_processors(policy: Policy) -> None:
    """Six lines name seven processors; the two that share a line share its condition."""
    assert [(p.name, p.condition) for p in policy.processors] == [
        ("Clerk", None),
        ("Supabase", None),
        ("Cloudflare", None),
        ("Microsoft 365", None),
        ("Sentry", None),
        ("Instantly", "at your direction"),
        ("SmartLead", "at your direction"),
    ]
    assert policy.processors[0] == Processor(
        name="Clerk",
        purpose="Authentication and user management",
        condition=None,
        entry="Clerk — Authentication and user management",
    )
    assert policy.processors[5].purpose == policy.processors[6].purpose == "Email campaign integration"
    assert policy.processors[5].entry == "Instantly / SmartLead — Email campaign integration (at your direction)"


def test_a_wrapped_line_is_the_same_text(policy: Policy) -> None:
    """Where the lines of a source break makes no difference to the text."""
    assert parse_policy(changed(("essential cookies", "essential\ncookies"))) == policy


def test_the_kind_of_bullet_is_the_same_text(policy: Policy) -> None:
    """A list may be written with any of Markdown's bullets."""
    assert parse_policy(SOURCE.replace("\n- ", "\n* ")) == policy


def test_a_retitled_section_keeps_its_id() -> None:
    """A section whose title changes can keep its id, and hands it on in Markdown."""
    policy = parse_policy(changed(("## 6. Data Retention", "## 6. How Long We Keep Data {#data-retention}")))
    assert policy.section("data-retention").title == "How Long We Keep Data"
    assert parse_policy(policy.markdown) == policy


def test_escaped_markup_is_text() -> None:
    """What Markdown would read as markup can be written with a backslash."""
    policy = parse_policy(changed(("essential cookies", r"\*essential\* \<b\> \&amp; [1] cookies")))
    assert policy.section("cookies").blocks[0].text.startswith("We use *essential* <b> &amp; [1] cookies")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        pytest.param("# Privacy Policy\n", "Privacy Policy\n", 1, NO_TITLE, id="no title"),
        pytest.param(
            "To exercise", "# Again\n\nTo", 72, "a second title; there is one heading of level 1", id="second title"
        ),
        pytest.param("Last updated: February 24, 2026\n\n", "", 3, NO_DATE, id="no date"),
        pytest.param("Last updated: February", "Updated: February", 3, NO_DATE, id="no date in the line"),
        pytest.param("24, 2026", "30, 2026", 3, "'Last updated: February 30, 2026' is not a date", id="no such day"),
        pytest.param("February", "Febuary", 3, "'Last updated: Febuary 24, 2026' is not a date", id="no such month"),
        pytest.param("24, 2026", "04, 2026", 3, "'Last updated: February 04, 2026' is not a date", id="padded day"),
        pytest.param("## 3. How", "## 4. How", 30, "section 4 is out of order; expected 3", id="order"),
        pytest.param("## 11. ", "## 12. ", 86, "section 12 is out of order; expected 11", id="order at the end"),
        pytest.param("## 3. How", "## How", 30, "'How We Use Your Information' has no number", id="no number"),
        pytest.param(
            "### Personal", "#### Personal", 11, "a heading of level 4 below one of level 2", id="level skipped"
        ),
        pytest.param(
            "- Name and",
            "#### Deep\n\n- Name and",
            15,
            "a heading of level 4; only three levels are allowed",
            id="level too deep",
        ),
        pytest.param(
            "## 8. Cookies\n", "## 8. Cookies\n\n## 9. Crumbs\n", 74, "section 8 is empty", id="empty section"
        ),
        pytest.param("## 1. Intro", "Stray.\n\n## 1. Intro", 5, "text before the first section", id="stray text"),
        pytest.param(
            "6. Data Retention", "6. Data Security", 58, "the id 'data-security' is taken by line 54", id="same id"
        ),
        pytest.param(
            "Automatically Collected",
            "Personal",
            21,
            "the id 'personal-information' is taken by line 11",
            id="same heading",
        ),
        pytest.param("8. Cookies", "8. Cookies {#Cook_ies}", 74, "'Cook_ies' cannot be an id", id="not an id"),
        pytest.param("8. Cookies", "8. §", 74, "'' cannot be an id", id="title without letters"),
        pytest.param(
            "### Personal Information",
            "### Personal Information {#cookies-heading}",
            11,
            "the id 'cookies-heading' is that of section 8's heading",
            id="id of a section's heading",
        ),
        pytest.param(
            "Clerk — Auth",
            "Clerk - Auth",
            45,
            "'Clerk - Authentication and user management' is not a processor line",
            id="dash",
        ),
        pytest.param("Supabase — ", "Clerk — ", 46, "the processor 'Clerk' is listed twice", id="processor twice"),
        pytest.param("4. Third-Party", "4. Third Parties'", 1, NO_PROCESSORS, id="no section of processors"),
        pytest.param("- Data portability", "- ", 70, "an empty list item", id="empty item"),
        pytest.param(
            "essential c",
            "essentia\u0301l c",
            76,
            "the text is not in Unicode's normalization form C (NFC); normalise it",
            id="not NFC",
        ),
        pytest.param("essential c", "essential\tc", 76, INVISIBLE.format("U+0009"), id="tab"),
        pytest.param("essential c", "essential\u0007 c", 76, INVISIBLE.format("U+0007"), id="control character"),
        pytest.param(
            "essential c", "essential\u200b c", 76, INVISIBLE.format("U+200B ZERO WIDTH SPACE"), id="zero-width space"
        ),
        pytest.param(
            "essential c",
            "essential\u202e\u0000 c",
            76,
            INVISIBLE.format("U+202E RIGHT-TO-LEFT OVERRIDE, U+0000"),
            id="two of them",
        ),
        pytest.param(
            "essential c", "essential\u2028c", 76, INVISIBLE.format("U+2028 LINE SEPARATOR"), id="line separator"
        ),
        pytest.param(
            "# Privacy",
            "\ufeff# Privacy",
            1,
            INVISIBLE.format("U+FEFF ZERO WIDTH NO-BREAK SPACE"),
            id="byte order mark",
        ),
        pytest.param("essential c", "<b>essential</b> c", 76, NOT_PLAIN, id="HTML"),
        pytest.param("We use essential", "<div>We</div>\n\nWe use", 76, NOT_PLAIN, id="block of HTML"),
        pytest.param("To exercise", "<!-- Hidden -->\n\nTo exercise", 72, NOT_PLAIN, id="comment"),
        pytest.param("essential c", "essential &amp; c", 76, NOT_PLAIN, id="entity"),
        pytest.param("essential c", "*essential* c", 76, markup("em"), id="emphasis"),
        pytest.param("essential c", "`essential` c", 76, markup("code"), id="code"),
        pytest.param("essential c", "[essential](#x) c", 76, markup("a"), id="link"),
        pytest.param("essential c", "![essential](#x) c", 76, markup("img"), id="image"),
        pytest.param("essential c", "essential  \nc", 76, markup("br"), id="hard break"),
        pytest.param("We use ess", "1. We use ess", 76, NUMBERED, id="numbered list"),
        pytest.param("To exercise", "1. To exercise", 72, NUMBERED, id="numbered list below bullets"),
        pytest.param(
            "We use ess", "    We use ess", 76, "an indented or fenced block; remove the", id="indented block"
        ),
        pytest.param("We use ess", "> We use ess", 76, "a quotation; write it as a paragraph", id="quotation"),
        pytest.param("To exercise", "---\n\nTo exercise", 72, "a rule; remove it", id="rule"),
        pytest.param("- Data port", "- Data port\n    - able", 70, markup("ul"), id="list in a list"),
        pytest.param("tracking cookies.", "tracking cookies.\n{: .x }", 76, ATTRIBUTE, id="attribute of a paragraph"),
        pytest.param("8. Cookies", "8. Cookies {.x}", 74, ATTRIBUTE, id="attribute of a heading"),
    ],
)
def test_a_fault_is_named_with_its_line(old: str, new: str, line: int, message: str) -> None:
    """Each kind of fault is reported once, with its line, in words that say what to do."""
    found = faults(changed((old, new)))
    assert [fault for fault in found if fault[0] == line and fault[1].startswith(message)], found


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(changed(("## 3. How", "## 4. How")), id="wrong number"),
        pytest.param(SOURCE.partition("## 2. ")[0] + "## 3. " + SOURCE.partition("## 3. ")[2], id="section left out"),
        pytest.param(f"\ufeff{SOURCE}", id="byte order mark"),
        pytest.param(SOURCE.replace("\n", "\r\n"), id="line ends"),
    ],
)
def test_one_cause_is_one_fault(source: str) -> None:
    """A fault does not cause reports of other faults that do not exist."""
    assert len(faults(source)) == 1


def test_a_reference_definition_is_not_dropped() -> None:
    """A line that Markdown would take as a link's definition stays in the text."""
    policy = parse_policy(changed(("To exercise", "[1]: see below\n\nTo exercise")))
    assert "\n\n[1]: see below\n\n" in policy.text


def test_all_faults_are_raised_together() -> None:
    """A source with many faults reports them all, in the order of their lines, in one error."""
    source = changed(
        ("February 24", "February 31"),
        ("### Personal", "#### Personal"),
        ("## 3. How", "## 7. How"),
        ("Clerk — Auth", "Clerk - Auth"),
        ("secure authentication", "secure\u200b authentication"),
        ("6. Data Retention", "6. Data Security"),
        ("essential cookies", "essentia\u0301l <b>cookies</b>"),
    )
    with pytest.raises(SourceError) as caught:
        parse_policy(source, origin="draft.md")
    error = caught.value
    assert [line for line, _ in error.faults] == [3, 11, 30, 45, 56, 58, 76, 76]
    assert str(error).splitlines() == [f"draft.md:{line}: {message}" for line, message in error.faults]
    assert error.origin == "draft.md"
    assert error.exit_code == ExitCode.FAILED


@pytest.mark.parametrize("source", ["", "\n", " \n\n", "\n" * 5], ids=repr)
def test_an_empty_source(source: str) -> None:
    """A source without text lacks a title, a date and the processors, and says so."""
    assert set(faults(source)) == {(1, NO_TITLE), (1, NO_DATE), (1, NO_PROCESSORS)}


def test_a_digest_in_the_last_line_is_held_against_the_text(policy: Policy) -> None:
    """Markdown that carries the digest of another text is refused."""
    assert parse_policy(policy.markdown) == policy
    found = faults(policy.markdown.replace("essential cookies", "all cookies"))
    assert found == ((89, f"the digest {DIGEST[:12]}… in the last line is not the text's"),)
