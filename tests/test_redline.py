"""Redlines of the real text's versions, in every format: what they show, and that nothing is lost."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from markdown import markdown
from pyhanko.pdf_utils.reader import PdfFileReader

from mailmart_privacy import _resources, redline
from mailmart_privacy.diff.compare import compare
from mailmart_privacy.diff.comparison import Comparison
from mailmart_privacy.diff.words import compare_words
from mailmart_privacy.errors import FormError, SourceError, UsageError
from mailmart_privacy.form.lines import keep_last_words
from mailmart_privacy.policy.blocks import Block
from mailmart_privacy.policy.ledger import Ledger
from mailmart_privacy.policy.prose import Prose
from mailmart_privacy.policy.read_markdown import parse_policy
from mailmart_privacy.policy.read_text import parse_text, read_prose
from mailmart_privacy.policy.render import read_style
from mailmart_privacy.redline import wording

from .versions import FIRST, SECOND, SECOND_SUMMARY, THIRD, THIRD_SUMMARY, second_source, three_version_ledger

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # WeasyPrint leaves one open

HOSTILE = """<script>alert("1")</script> ~~a~~ **b** | `c` [x](y) &lt; \x1b[31mred\x1b[0m \x9b2J \u202e # {{ 7 * 7 }}"""
VOID = {"meta", "link", "wbr"}


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return three_version_ledger()


@pytest.fixture(scope="module")
def editorial(ledger: Ledger) -> Comparison:
    """From the first version to the second: a sentence."""
    return compare(ledger.policy(FIRST), ledger.policy(SECOND))


@pytest.fixture(scope="module")
def material(ledger: Ledger) -> Comparison:
    """From the first version to the third: sentences, a moved section, a processor."""
    return compare(ledger.policy(FIRST), ledger.policy(THIRD))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json.loads(_resources.read_data("schemas/redline.schema.json"))  # type: ignore[no-any-return]


class Page(HTMLParser):
    """A redline's page: its elements, whether they nest, and the text of both sides by section."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[tuple[str, str]] = []
        self.sides: dict[str, dict[str, str]] = {}
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        if tag not in VOID:
            self.open.append((tag, given.get("id") or given.get("class", "")))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self.open]
        section = next((name for tag, name in reversed(self.open) if tag == "section"), "")
        if not {"p", "li", "h3", "td"} & set(tags) or ("p", "status") in self.open:
            return
        for side, other in (("old", "ins"), ("new", "del")):
            if other not in tags:
                texts = self.sides.setdefault(section, {"old": "", "new": ""})
                texts[side] += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def words(text: str) -> str:
    return " ".join(text.split())


def shown(passages: tuple[Any, ...], *kinds: str) -> str:
    return words(" ".join("".join(s.text for s in each.spans if s.kind in kinds) for each in passages))


def test_the_summary_counts(editorial: Comparison, material: Comparison, ledger: Ledger) -> None:
    """One sentence says how much changed, and of what kind."""
    assert wording.summarize(editorial) == "1 section changed"
    assert wording.summarize(material) == "3 sections changed, 1 moved, 1 processor added"
    back = compare(material.new, material.old)
    assert wording.summarize(back) == "3 sections changed, 1 moved, 1 processor removed"
    third = ledger.policy(THIRD)
    first, *others = third.processors
    other = replace(third, title="Notice", processors=(replace(first, purpose="Billing"), *others))
    assert wording.summarize(compare(third, other)) == "The title changed, 1 processor put to another use"


def test_the_same_text_is_said_to_be_the_same(ledger: Ledger) -> None:
    """In every format; with another date it says so, and no section is listed as changed."""
    policy = ledger.policy(FIRST)
    same = compare(policy, policy)
    for rendered in (redline.render_text(same), redline.render_markdown(same), redline.render_html(same)):
        assert "The two texts are the same." in rendered
        assert "unchanged" not in rendered
        assert "struck through" not in rendered
    assert "1. Introduction: unchanged" in redline.render_text(same, full=True)
    assert json.loads(redline.render_json(same))["same"] is True
    dated = compare(policy, replace(policy, last_updated=ledger.policy(THIRD).last_updated))
    assert wording.summarize(dated) == "The two texts are the same, except for the date"
    assert not wording.is_same(dated)


def test_text_without_colour_reads_in_a_log(material: Comparison) -> None:
    """Marks as in git's word diff; changes come first, and what is unchanged takes one line at the end."""
    text = redline.render_text(material)
    assert "We [-do not use-]{+use no+} advertising [-or-]{+cookies and no+} tracking cookies.\n" in text
    assert text.splitlines()[-1] == (
        "Unchanged: 1. Introduction; 2. Information We Collect; 3. How We Use Your Information; "
        "6. Data Security (formerly 5); 7. Your Rights; 9. Children's Privacy; 10. Changes to This Policy; "
        "11. Contact Us."
    )
    assert "\n5. Data Retention: changed, moved from 6 to 5\n" in text
    assert "\nProcessors\n\n  added  Postmark  {+Transactional email+}\n" in text
    head, _, _ = text.partition("3 sections changed")
    newest = f"Version {THIRD}: material change, in force from February 1, 2027, 09:00 UTC\n  {THIRD_SUMMARY}\n"
    assert head.index(newest) < head.index(f"Version {SECOND}: editorial change") < head.index(SECOND_SUMMARY)
    assert "\x1b" not in text
    assert "encryption in transit" not in text
    assert "encryption in transit" in redline.render_text(material, full=True)


def test_text_in_colour_is_not_colour_alone(material: Comparison) -> None:
    """Without its colours the text is what a log gets; each line ends as it began."""
    text = redline.render_text(material, color=True, width=60)
    assert "\x1b[31m[-do not use-]\x1b[0m\x1b[32m{+use no+}\x1b[0m" in text
    assert re.sub(r"\x1b\[[0-9;]+m", "", text) == redline.render_text(material, width=60)
    for line in text.splitlines():
        codes = re.findall(r"\x1b\[([0-9;]+)m", line)
        assert codes[1::2] == ["0"] * (len(codes) // 2)
        assert len(codes) % 2 == 0


@pytest.mark.parametrize("color", [False, True])
def test_lines_are_broken_between_words(material: Comparison, *, color: bool) -> None:
    """No line of the text is longer than asked, and joined lines give the same words."""

    def plain(text: str) -> str:
        marks = r"\x1b\[[0-9;]+m|\[-|-\]|\{\+|\+\}"
        return words(re.sub(marks, "", text))

    wide = redline.render_text(material, color=color, full=True)
    narrow = redline.render_text(material, color=color, full=True, width=50)
    assert plain(narrow) == plain(wide)
    seen = re.sub(r"\x1b\[[0-9;]+m", "", narrow)
    body = seen.partition("\n4. ")[2].partition("Processors")[0]
    assert 40 < max(map(len, body.splitlines())) <= 50


def test_the_page_holds_both_wordings(editorial: Comparison, material: Comparison) -> None:
    """Without the inserted words a section reads as before, without the deleted ones as after."""
    for comparison in (editorial, material):
        page = Page(redline.render_html(comparison, full=True))
        for section in comparison.sections:
            for side, kind in (("old", "removed"), ("new", "added")):
                expected = shown(section.passages, "same", kind).replace(" ", "")
                assert page.sides[section.id][side].replace(" ", "").replace("\n", "") == expected


def test_the_page_is_accessible_and_strict(material: Comparison) -> None:
    """A language, one h1, headings in order, a table with its heads, links that lead somewhere, no style inside."""
    html = redline.render_html(material, stylesheet="/assets/redline.css")
    page = Page(html)
    assert page.all("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert [each["scope"] for each in page.all("th")] == ["col"] * 3 + ["row"]  # Postmark, the only one that changed
    assert len(page.all("caption")) == 1
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {"third-party-services", "data-retention", "cookies", "redline-processors"} == set(ids) - {"main"}
    assert page.all("a") == []
    assert not page.all("script")
    assert not page.all("style")
    assert not any("style" in attributes for _, attributes in page.elements)
    assert [each["href"] for each in page.all("link")] == ["/assets/redline.css"]
    assert html.count("<del>") == 2
    assert "3 sections changed, 1 moved, 1 processor added." in html
    assert THIRD_SUMMARY in html


def test_the_style_tells_more_than_colour() -> None:
    """Words read aloud are generated, so that they are not copied; both kinds have a line."""
    css = read_style("redline").decode()
    assert re.search(r"del \{[^}]*line-through", css)
    assert re.search(r"ins \{[^}]*underline", css)
    assert 'content: " [deleted: "' in css
    assert 'content: " [inserted: "' in css
    assert "clip-path" in css


def contrast(first: str, second: str) -> float:
    """The contrast of two colours (WCAG 2.2, relative luminance)."""

    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_the_colours_can_be_read() -> None:
    """Every colour of words has a contrast of 4.5 on its ground, light and dark (WCAG 2.2, 1.4.3)."""
    css = read_style("redline").decode()
    light, dark, _, more_light, more_dark, *_ = re.findall(r":root \{([^}]*)\}", css)  # on paper: the third
    for root in (light + more_light, dark + more_dark):
        colors = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", root))
        for word, ground in (("removed", "removed-ground"), ("added", "added-ground"), ("quiet", "paper")):
            assert contrast(colors[word], colors[ground]) >= 4.5, (word, root)
            assert contrast(colors[word], colors["paper"]) >= 4.5, (word, root)


def test_markdown_is_read_as_markdown(material: Comparison) -> None:
    """Headings, lists and the table are such; marks that would not be read as marks are tags."""
    source = redline.render_markdown(material)
    assert "We ~~do not use~~**use no** advertising ~~or~~**cookies and no** tracking cookies." in source
    assert "account is active<ins>, for 90 days after that,</ins> or as needed" in source
    assert "\n| Postmark | added | **Transactional email** |\n" in source
    assert "\n- **Postmark — Transactional email**\n" in source
    assert "\n## 5\\. Data Retention: changed, moved from 6 to 5\n" in source
    html = markdown(source)
    assert html.count("<h1>") == 1
    assert "<strong>use no</strong>" in html
    assert "<ol>" not in html


def test_json_follows_its_schema_and_loses_nothing(
    editorial: Comparison, material: Comparison, schema: dict[str, Any]
) -> None:
    """Both texts can be put together again from the document."""
    for comparison in (
        editorial,
        material,
        compare(read_prose("One.\n\nTwo.", name="a.txt"), material.old),
    ):
        document = json.loads(redline.render_json(comparison))
        jsonschema.validate(document, schema, format_checker=jsonschema.FormatChecker())
        assert [each["id"] for each in document["sections"]] == [each.id for each in comparison.sections]
        for written, section in zip(document["sections"], comparison.sections, strict=True):
            for kind in ("removed", "added"):
                spans = [span for passage in written["passages"] for span in passage["spans"]]
                text = "".join(span["text"] for span in spans if span["kind"] in ("same", kind))
                assert words(text) == words(
                    "".join(s.text for p in section.passages for s in p.spans if s.kind in ("same", kind))
                )
    document = json.loads(redline.render_json(material))
    retention = next(each for each in document["sections"] if each["id"] == "data-retention")
    old = "".join(span["text"] for span in retention["passages"][0]["spans"] if span["kind"] != "added")
    assert old == material.old.section("data-retention").blocks[0].text  # type: ignore[union-attr]
    assert (retention["moved"], retention["old_number"], retention["new_number"]) == (True, 6, 5)
    assert [each["version"] for each in document["released"]] == [SECOND, THIRD]
    assert document["old"]["text_id"] == material.old.text_id  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def printed(material: Comparison) -> bytes:
    return redline.render_pdf(material)


def test_the_pdf_is_reproducible_and_can_be_read(material: Comparison, printed: bytes, tmp_path: Path) -> None:
    """The same comparison gives the same bytes; poppler tells deleted words from inserted ones; it is tagged."""
    assert redline.render_pdf(material) == printed
    path = tmp_path / "redline.pdf"
    path.write_bytes(printed)
    result = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True)
    assert result.stderr == b""
    text = words(result.stdout.decode())
    assert "What changed in the Privacy Policy From version 2026-02-24 to version 2027-01-15" in text
    assert (
        "We [deleted: do not use] [inserted: use no] advertising [deleted: or] [inserted: cookies and no] tracking"
        in (text.replace("][", "] ["))
    )
    assert "[inserted: , for 90 days after that,]" in text  # over the end of a line: said once
    assert "Postmark added [inserted: Transactional email]" in text
    assert text.index(THIRD_SUMMARY) < text.index("3 sections changed") < text.index("Unchanged: 1. Introduction;")
    facts = subprocess.run(["pdfinfo", "-meta", str(path)], capture_output=True, check=True).stdout.decode()
    assert "What changed in the Privacy Policy: from version" in facts
    spoken = subprocess.run(["pdfinfo", "-struct-text", str(path)], capture_output=True, check=True).stdout.decode()
    assert "/TextDecorationType /LineThrough" in spoken
    actual = [each["/ActualText"] for each in structure(PdfFileReader(BytesIO(printed)).root["/StructTreeRoot"])]
    assert actual[:2] == ["[inserted: Postmark — ", "Transactional email]"]  # its last words are kept together
    assert actual[2:4] == ["[inserted: , for 90 days after", "that,]"]
    assert {"[inserted: use no]", "[deleted: or]"} <= set(actual)
    with pytest.raises(UsageError, match="a4, letter"):
        redline.render_pdf(material, paper="a5")


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_digests_are_never_alone_on_a_page(material: Comparison, tmp_path: Path, paper: str, full: bool) -> None:
    """The last page says something, and each bookmark leads to its heading."""
    path = tmp_path / "redline.pdf"
    path.write_bytes(redline.render_pdf(material, paper=paper, full=full))
    text = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True).stdout.decode()
    *_, last = text.rstrip("\f").split("\f")
    before, _, _ = last.partition("SHA-256 of")
    assert len(words(before)) > 150, last
    headings = [
        "What changed in the Privacy Policy",
        *map(wording.plain_title, wording.list_changed(material)),
        "Processors",
    ]
    headings += [wording.plain_title(each) for each in wording.list_unchanged(material)] if full else []
    found = list(read_bookmarks(path.read_bytes()))
    assert [re.sub(r"^[0-9]+\. ", "", title) for title, _ in found] == headings
    assert {kind for _, kind in found} == {"/H1", "/H2"}


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_the_pdf_breaks_no_list_and_no_last_words(material: Comparison, tmp_path: Path, paper: str) -> None:
    """A list is on one page; the last two words of each paragraph and item are on one line, also if one is new."""
    path = tmp_path / "redline.pdf"
    path.write_bytes(redline.render_pdf(material, paper=paper, full=True))
    command = ["pdftotext", "-raw", str(path), "-"]
    shown = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    lines = re.sub(r"\[(?:deleted|inserted): |\]| ", "", shown)
    for section in material.sections:
        for passage in section.passages:
            text = "".join(span.text for span in passage.spans)
            assert "".join(text.split()[-2:]) in lines, text
    pages = ["".join(page.split()) for page in lines.split("\f")]
    for section in material.sections:
        for kind, listed in wording.group_passages(section.passages):
            items = ["".join(span.text for span in passage.spans) for passage in listed if kind == "item"]
            assert not items or any(all("•" + "".join(item.split()) in page for item in items) for page in pages)


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("<p>One two three.</p>", '<p>One <span class="together">two three.</span></p>'),
        (
            "<li>One <del>two three</del> four.</li>",
            '<li>One <del>two </del><span class="together"><del class="continued">three</del> four.</span></li>',
        ),
        (
            '<p>a <del>b c</del><ins class="instead">d e</ins>.</p>',
            '<p>a <del>b </del><span class="together"><del class="continued">c</del><ins class="instead">d e</ins>.'
            "</span></p>",
        ),
    ],
)
def test_the_last_two_words_stay_together(html: str, kept: str) -> None:
    """Within a mark as well; the mark goes on, so that it is read out once."""
    assert keep_last_words(html) == kept


def structure(element: Any) -> Iterator[Any]:
    """Walk through the structure, and yield what has an ActualText."""
    if "/ActualText" in element:
        yield element
    kids = element["/K"] if "/K" in element else []
    for at in range(len(kids)) if isinstance(kids, list) else ():
        if hasattr(kids[at], "raw_get"):
            yield from structure(kids[at])


def read_bookmarks(pdf: bytes) -> Iterator[tuple[str, str]]:
    """Read each bookmark's title, and the kind of element that it leads to."""

    def read(first: Any) -> Iterator[tuple[str, str]]:
        while first is not None:
            yield first["/Title"], first["/A"]["/SD"][0]["/S"]
            yield from read(first["/First"] if "/First" in first else None)
            first = first["/Next"] if "/Next" in first else None

    yield from read(PdfFileReader(BytesIO(pdf)).root["/Outlines"]["/First"])


def test_the_pdf_takes_no_font_from_the_machine(ledger: Ledger) -> None:
    """A text with letters that the package's fonts lack is refused; the other formats take it."""
    foreign = compare(read_prose("隐私政策", name="a.txt"), ledger.policy(FIRST))
    with pytest.raises(FormError, match="隐"):
        redline.render_pdf(foreign)
    assert "隐私政策" in redline.render_html(foreign)


@pytest.mark.parametrize("case", ["changed", "turned", "policy"])
def test_hostile_texts_stay_text(case: str, ledger: Ledger, schema: dict[str, Any]) -> None:
    """Neither markup nor a terminal's commands get through, from a text or from its name."""
    prose = read_prose(f"{HOSTILE}\n\nplain words", name=HOSTILE)
    other = Prose(
        name="b.txt", blocks=(Block(type="paragraph", text=f"plain {HOSTILE}"), Block(type="heading", text=HOSTILE))
    )
    comparison = {
        "changed": compare(prose, other),
        "turned": compare(other, prose),
        "policy": compare(prose, ledger.policy(FIRST)),
    }[case]
    html = redline.render_html(comparison, full=True)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    page = Page(html)
    assert not page.all("script")
    source = redline.render_markdown(comparison)
    made = Page(markdown(source))
    assert not made.all("script")
    assert not made.all("a")
    assert r"\~\~a\~\~ \*\*b\*\* \|" in source
    document = redline.render_json(comparison)
    jsonschema.validate(json.loads(document), schema)
    text = redline.render_text(comparison, color=False)
    painted = re.sub(r"\x1b\[(?:31|32|1|0)m", "", redline.render_text(comparison, color=True, width=40))
    for rendered in (html, source, document, text, painted):
        assert not {"\x1b", "\x9b", "\u202e"} & set(rendered)
    spans = [s["text"] for part in json.loads(document)["sections"] for p in part["passages"] for s in p["spans"]]
    assert "\x1b[31mred" in "".join(spans)


def test_a_removed_number_is_struck_through(ledger: Ledger) -> None:
    """A removed section is shown with its number, also if the next one has the same number."""
    policy = ledger.policy(FIRST)
    kept = [section for section in policy.sections if section.id != "cookies"]
    new = replace(policy, sections=tuple(replace(each, number=n) for n, each in enumerate(kept, 1)))
    gone, come = compare(policy, new), compare(new, policy)
    assert "\n[-8. Cookies-]: removed\n" in redline.render_text(gone)
    assert "; 8. Children's Privacy (formerly 9); " in redline.render_text(gone)
    assert "\n{+8. Cookies+}: added\n" in redline.render_text(come)
    assert "\n## ~~8\\. Cookies~~: removed\n" in redline.render_markdown(gone)
    assert "<h2><del>8. Cookies</del></h2>" in redline.render_html(gone)
    assert "<h2><ins>8. Cookies</ins></h2>" in redline.render_html(come)


def test_a_draft_is_not_named_like_a_version(ledger: Ledger) -> None:
    """If a text has a version's date but differs from that version, the redline says that it is not recorded."""
    policy = ledger.policy(FIRST)
    draft = replace(policy, title="Privacy Notice")
    text = redline.render_text(compare(policy, draft))
    assert "from version 2026-02-24 to a text dated 2026-02-24 that is not recorded" in text
    assert "Title: Privacy [-Policy-]{+Notice+}" in text
    fresh = parse_policy(second_source())
    assert "to a text dated 2026-09-01" not in redline.render_text(compare(policy, fresh))
    assert wording.list_released(compare(policy, draft)) == ()


def test_plain_text_comes_back_as_a_policy(ledger: Ledger) -> None:
    """The canonical text of every version gives that very policy, headings and processors included."""
    for version in ledger.versions:
        policy = ledger.policy(version.version)
        assert parse_text(policy.text) == policy
        assert parse_text(policy.text).text == policy.text


def test_wrapped_text_with_other_bullets_is_the_same_text(ledger: Ledger) -> None:
    """What a mail program makes of the text: short lines, hyphens for bullets, blank lines at the end."""
    import textwrap

    policy = ledger.policy(FIRST)
    wrapped = "\n".join(textwrap.fill(line, 60) for line in policy.text.replace("  • ", "- ").split("\n"))
    assert wrapped != policy.text
    assert parse_text(f"{wrapped}\n\n\n") == policy


def test_a_paragraph_like_a_list_comes_back(ledger: Ledger) -> None:
    """In the canonical layout, a paragraph that begins with a hyphen stays a paragraph."""
    policy = ledger.policy(FIRST)
    first = replace(
        policy.sections[0],
        blocks=(Block(type="paragraph", text="- so it was."), Block(type="paragraph", text="* so it is.")),
    )
    changed = replace(policy, sections=(first, *policy.sections[1:]))
    assert parse_text(changed.text).text == changed.text


def test_the_processors_are_found_under_another_title(ledger: Ledger) -> None:
    """A section with a new title is still compared word by word."""
    policy = ledger.policy(FIRST)
    draft = parse_text(policy.text.replace("4. Third-Party Services", "4. Our Processors"))
    (found,) = wording.list_changed(compare(policy, draft))
    assert (found.id, found.status) == ("third-party-services", "changed")
    assert draft.processors == policy.processors


def test_text_that_is_no_policy_is_refused_as_one_and_read_as_prose(ledger: Ledger) -> None:
    """Paragraphs, headings and lists are still found, and compared with the policy as one section."""
    policy = ledger.policy(FIRST)
    body = policy.text.partition("\n\n")[2].partition("\n\n")[2].replace("under 18", "under 16")
    body = re.sub(r"^[0-9]+\. ", "", body, flags=re.MULTILINE)
    with pytest.raises(SourceError):
        parse_text(body)
    comparison = compare(policy, read_prose(body, name="body.txt"))
    (section,) = comparison.sections
    edits = ["".join(s.text for s in p.spans if s.kind != "same") for p in section.passages if p.status == "changed"]
    assert "1816" in edits
    assert {passage.kind for passage in section.passages} == {"heading", "paragraph", "item"}
    assert comparison.processors == ()
    assert wording.is_same(compare(policy, read_prose(policy.text.replace("  • ", "* "), name="a")))


def test_a_lone_short_word_between_changes_goes_with_them() -> None:
    """A reader sees one change, not confetti; a longer unchanged word is kept."""
    spans = compare_words("sent by post to clients on request", "handed over by hand to customers on demand")
    assert [(span.kind, span.text) for span in spans] == [
        ("removed", "sent by post to clients on request"),
        ("added", "handed over by hand to customers on demand"),
    ]
    assert [s.text for s in compare_words("old account here", "new account there") if s.kind == "same"] == [" account "]
