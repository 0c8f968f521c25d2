"""Policy → page, fragment, Markdown, text and JSON: the same text and digest in each, and no markup gets through."""

import copy
import datetime
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mailmart_privacy import _resources
from mailmart_privacy.errors import ExitCode, UsageError
from mailmart_privacy.policy.blocks import Block
from mailmart_privacy.policy.markup import FragmentOptions
from mailmart_privacy.policy.model import Policy, Processor, Section
from mailmart_privacy.policy.read_markdown import parse_policy
from mailmart_privacy.policy.render import SCHEMA, read_style, render_html, render_json

HOSTILE = """<script>alert("1")</script> & 'two' &lt; <!-- --> [x](y) *z* {{ policy }} {% x %} ]]> #"""
VOID = {"meta", "link", "wbr"}


class Page(HTMLParser):
    """What the tests ask of a page: its elements with their attributes and their text, and whether they nest."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.ancestors: list[tuple[int, ...]] = []
        self.open: list[int] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.append("")
        self.ancestors.append(tuple(self.open))
        if tag not in VOID:
            self.open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self.open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for at in self.open:
            self.texts[at] += data

    def all(self, tag: str, inside: str = "html") -> list[tuple[dict[str, str], str]]:
        """Every such element below another: its attributes and its text."""
        return [
            (attributes, text)
            for (name, attributes), text, above in zip(self.elements, self.texts, self.ancestors, strict=True)
            if name == tag and (tag == inside or any(self.elements[at][0] == inside for at in above))
        ]

    def meta(self, key: str) -> str:
        (content,) = [a["content"] for a, _ in self.all("meta") if key in (a.get("name"), a.get("property"))]
        return content


def with_texts(policy: Policy, text: str) -> Policy:
    """The policy with one text in every place that takes one; its sections of processors stay."""
    blocks = (
        Block(type="heading", id="hostile", text=text),
        Block(type="paragraph", text=text),
        Block(type="list", items=(text, f"{text} again")),
    )
    first = replace(policy.sections[0], title=text, blocks=blocks)
    return replace(policy, title=text, sections=(first, *policy.sections[1:]))


@pytest.fixture(scope="module")
def policy() -> Policy:
    return parse_policy(_resources.read_data("2026-02-24/policy.md").decode())


@pytest.fixture(scope="module")
def page(policy: Policy) -> Page:
    return Page(render_html(policy))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json.loads(_resources.read_data("schemas/policy.schema.json"))


@pytest.fixture(scope="module")
def validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_every_format_carries_the_same_digest(policy: Policy, page: Page) -> None:
    """Page, fragment, Markdown and JSON name the digest that the plain text has."""
    digest = sha256(policy.text.encode()).hexdigest()
    assert policy.digest == digest
    assert page.meta("policy-digest") == digest
    assert [text for _, text in page.all("code", inside="footer")] == [digest]
    assert Page(policy.html).all("article", inside="article")[0][0]["data-policy-digest"] == digest
    assert policy.markdown.endswith(f"\n\n<!-- SHA-256 of the canonical text: {digest} -->\n")
    assert json.loads(render_json(policy))["digest"] == digest


def test_rendering_is_reproducible(policy: Policy) -> None:
    """The same policy gives the same bytes in every format, each ending with one newline but the text."""
    for render in (render_html, render_json, lambda each: each.markdown):
        assert render(policy) == render(copy.deepcopy(policy))
        assert render(policy).endswith("\n")
        assert not render(policy).endswith("\n\n")
        assert "\r" not in render(policy)
    assert policy.text == policy.text


def test_the_page_has_one_title(policy: Policy, page: Page) -> None:
    """There is one h1, one main, one article, and the page is named after the policy."""
    assert [text for _, text in page.all("h1", inside="main")] == [policy.title]
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("article", inside="main")) == 1
    assert [text for _, text in page.all("title")] == ["Privacy Policy · MailMart"]
    assert page.meta("og:title") == "Privacy Policy · MailMart"
    assert page.meta("og:type") == "article"


def test_the_page_says_what_it_is(policy: Policy, page: Page) -> None:
    """Language, encoding, viewport and description are given; the description holds facts of the policy only."""
    assert render_html(policy).startswith('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n')
    assert page.meta("viewport") == "width=device-width, initial-scale=1"
    assert page.meta("description") == "MailMart’s Privacy Policy, last updated February 24, 2026."
    assert page.meta("og:description") == page.meta("description")
    assert page.meta("policy-version") == policy.version


def test_the_headings_follow_each_other(page: Page) -> None:
    """No level of heading is skipped."""
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_page_works_under_a_strict_content_security_policy(policy: Policy, page: Page) -> None:
    """The page holds no script, no inline style and nothing from elsewhere, but one link to its style sheet."""
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "style", "base", "iframe", "img", "object", "embed", "form", "svg"}
    names = {name for _, attributes in page.elements for name in attributes}
    assert not [name for name in names if name in ("style", "src", "srcset") or name.startswith("on")]
    assert [attributes for attributes, _ in page.all("link")] == [{"rel": "stylesheet", "href": "page.css"}]
    assert "//" not in render_html(policy)


def test_the_style_sheet_is_the_one_that_was_asked_for(policy: Policy) -> None:
    """A service links its own URL, which is escaped."""
    page = Page(render_html(policy, stylesheet='/s.css?a=1&b="><script>'))
    assert [attributes["href"] for attributes, _ in page.all("link")] == ['/s.css?a=1&b="><script>']
    assert page.all("script") == []


def test_every_link_leads_to_an_element_of_the_page(page: Page) -> None:
    """The links, and the labels that sections name, resolve; no id stands twice."""
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for attributes, _ in page.all("a")]
    assert {link[:1] for link in links} == {"#"}
    assert {link[1:] for link in links} <= set(ids)
    labels = {attributes["aria-labelledby"] for attributes, _ in page.all("section")}
    assert labels == {attributes["id"] for attributes, _ in page.all("h2")}


def test_the_contents_list_the_sections(policy: Policy, page: Page) -> None:
    """The table of contents is a labelled list of all sections in order."""
    assert [(attributes["href"][1:], text) for attributes, text in page.all("a", inside="nav")] == [
        (section.id, section.title) for section in policy.sections
    ]
    assert [attributes["aria-label"] for attributes, _ in page.all("nav")] == ["Contents"]
    assert len(page.all("li", inside="nav")) == len(policy.sections)


def test_the_first_link_leads_past_the_contents(policy: Policy, page: Page) -> None:
    """Keyboard users can skip to the text."""
    attributes, _ = page.all("a")[0]
    assert (attributes["class"], attributes["href"]) == ("skip", f"#{policy.sections[0].id}")


def test_every_date_is_machine_readable(policy: Policy, page: Page) -> None:
    """Dates are in time elements; the one in the text is written as the policy writes it."""
    assert [(attributes["datetime"], text) for attributes, text in page.all("time")] == [
        ("2026-02-24", "February 24, 2026"),
        ("2026-02-24", "2026-02-24"),
    ]
    assert [text for _, text in page.all("time", inside="article")] == ["February 24, 2026"]
    assert page.meta("article:modified_time") == policy.version


def test_the_page_holds_the_sections_of_the_fragment(policy: Policy) -> None:
    """But for the link of each section to itself, the page's sections are those of the fragment, byte for byte."""
    without, found = re.subn(r'<a class="permalink" .*?</a>\n', "", render_html(policy))
    assert found == len(policy.sections)
    assert "\n".join(section.html for section in policy.sections) in without


def test_a_fragment_fits_the_page_that_embeds_it(policy: Policy) -> None:
    """Another heading level, ids with a prefix, contents: and every link leads somewhere."""
    fragment = Page(f"<html>{policy.to_html(heading_level=3, id_prefix='privacy-', toc=True)}</html>")
    assert [text for _, text in fragment.all("h3")] == [policy.title]
    assert len(fragment.all("h4")) == len(policy.sections)
    assert {tag for tag, _ in fragment.elements if re.fullmatch("h[1-6]", tag)} == {"h3", "h4", "h5"}
    ids = {attributes["id"] for _, attributes in fragment.elements if "id" in attributes}
    assert all(id.startswith("privacy-") for id in ids)
    assert {attributes["href"].removeprefix("#") for attributes, _ in fragment.all("a")} <= ids
    assert len(fragment.all("a", inside="nav")) == len(policy.sections)
    for wrong in ({"heading_level": 0}, {"heading_level": 5}, {"heading_level": True}, {"id_prefix": '"'}):
        with pytest.raises(UsageError, match="give"):
            FragmentOptions(**wrong)


def test_the_fragment_is_the_text(policy: Policy) -> None:
    """The fragment is one article, in which every line of the canonical text has its own element."""
    fragment = Page(policy.html)
    assert fragment.elements[0][0] == "article"
    assert fragment.ancestors.count(()) == 1
    read = [
        text
        for (tag, _), text in zip(fragment.elements, fragment.texts, strict=True)
        if tag in ("h1", "h2", "h3", "p", "li")
    ]
    assert read == [line.removeprefix("  • ") for line in policy.text.split("\n") if line]


def test_the_style_sheet_loads_nothing() -> None:
    """The style sheet of a page by itself is small, and fetches neither fonts nor images."""
    css = read_style("page")
    assert len(css) < 13_312
    assert not re.search(rb"url\(|@import|@font-face", css)
    assert re.findall(rb"\n(\S.*) \{[^}]*!important", css) == [b"[hidden]"]  # which no other rule may show


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_can_be_read(scheme: str) -> None:
    """In both schemes every text has the contrast of WCAG 2.2's level AAA, 7:1, on what it is on."""
    css = read_style("page").decode()
    light, dark = (dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", part)) for part in css.split("@media", 2)[:2])
    assert light.keys() == dark.keys()
    colours = {"light": light, "dark": dark}[scheme]

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for text, ground in (("ink", "paper"), ("quiet", "paper"), ("accent", "paper"), ("ink", "mark")):
        one, other = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
        assert (one + 0.05) / (other + 0.05) >= 7, (text, ground)


@pytest.mark.parametrize(
    "name",
    ["", ".", "absent.html", "page", "../README.md", "fonts", "a\0b", "a/../page.html"],
)
def test_an_unknown_template_is_an_error_of_usage(policy: Policy, name: str) -> None:
    """A template that is not below the folder of templates is refused, in words that name the right one."""
    with pytest.raises(UsageError, match=r"there is no template .*; page\.html is the one") as caught:
        render_html(policy, name)
    assert caught.value.exit_code == ExitCode.USAGE


def test_hostile_text_stays_text_in_a_page(policy: Policy) -> None:
    """Markup, entities and template syntax in a policy's texts come out of the page as they went in."""
    hostile = with_texts(policy, HOSTILE)
    page = Page(render_html(hostile))
    for element, inside in (("h1", "main"), ("h3", "main"), ("li", "section"), ("a", "nav")):
        assert page.all(element, inside=inside)[0][1] == HOSTILE
    assert page.all("p", inside="section")[0][1] == HOSTILE
    assert page.all("h2")[0][1] == f"1. {HOSTILE}"
    assert page.all("title")[0][1] == f"{HOSTILE} · MailMart"
    assert page.meta("og:title") == f"{HOSTILE} · MailMart"
    assert HOSTILE in page.meta("description")
    assert page.all("script") == []
    assert "<script" not in hostile.html
    assert {tag for tag, _ in page.elements} == {tag for tag, _ in Page(render_html(policy)).elements}


def test_hostile_text_stays_text_in_markdown_and_json(policy: Policy) -> None:
    """Read back from Markdown or JSON, hostile text is what it was; the plain text holds it as it is."""
    hostile = with_texts(policy, HOSTILE)
    hostile = replace(hostile, sections=(replace(hostile.sections[0], id="introduction"), *hostile.sections[1:]))
    assert parse_policy(hostile.markdown) == hostile
    document = json.loads(render_json(hostile))
    assert document["title"] == document["sections"][0]["title"] == HOSTILE
    assert document["sections"][0]["blocks"][1] == {"type": "paragraph", "text": HOSTILE}
    assert hostile.text.startswith(f"{HOSTILE}\n\nLast updated: February 24, 2026\n\n1. {HOSTILE}\n\n")


def test_the_json_is_the_policy(policy: Policy) -> None:
    """The JSON holds the whole policy: from it alone the canonical text can be written again."""
    document = json.loads(render_json(policy))
    blocks = {
        "paragraph": lambda block: block["text"],
        "heading": lambda block: block["text"],
        "list": lambda block: "\n".join(f"  • {item}" for item in block["items"]),
    }
    day = datetime.date.fromisoformat(document["last_updated"])
    parts = [document["title"], f"Last updated: {day:%B} {day.day}, {day.year}"]
    for section in document["sections"]:
        parts.append(f"{section['number']}. {section['title']}")
        parts.extend(blocks[block["type"]](block) for block in section["blocks"])
    assert "\n\n".join(parts) == policy.text
    assert [(p["name"], p["condition"]) for p in document["processors"]] == [
        (p.name, p.condition) for p in policy.processors
    ]


def test_the_json_follows_its_schema(policy: Policy, schema: dict[str, Any], validator: Draft202012Validator) -> None:
    """The schema is one, is named by the document, and accepts it."""
    Draft202012Validator.check_schema(schema)
    document = json.loads(render_json(policy))
    assert document["$schema"] == SCHEMA == schema["$id"]
    validator.validate(document)
    validator.validate(json.loads(render_json(with_texts(policy, HOSTILE))))


def test_the_schema_is_closed_and_described(schema: dict[str, Any]) -> None:
    """Every object in the schema refuses unknown members, requires all that it knows, and describes each."""
    objects = [schema, *(part for part in schema["$defs"].values() if part.get("type") == "object")]
    assert len(objects) == 6
    for part in objects:
        assert part["additionalProperties"] is False
        assert part["required"] == [name for name in part["properties"] if name != "status"], "it is added when served"
        assert all("description" in member for member in part["properties"].values())
    assert all("description" in part for part in schema["$defs"].values())


def put(*path: str | int, value: Any) -> Callable[[Any], None]:
    """A change: set the member at the end of a path."""

    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


def drop(*path: str | int) -> Callable[[Any], None]:
    """A change: take a member away."""

    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        del document[path[-1]]

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(put("$schema", value="urn:mailmart-privacy:schema:policy:2"), id="another schema"),
        pytest.param(put("more", value=1), id="member of the document"),
        pytest.param(put("sections", 0, "more", value=1), id="member of a section"),
        pytest.param(put("sections", 0, "blocks", 0, "more", value=1), id="member of a block"),
        pytest.param(put("processors", 0, "more", value=1), id="member of a processor"),
        pytest.param(drop("digest"), id="no digest"),
        pytest.param(drop("sections", 0, "id"), id="no id"),
        pytest.param(drop("processors", 0, "condition"), id="no condition"),
        pytest.param(put("digest", value="A" * 64), id="digest in capitals"),
        pytest.param(put("digest", value="a" * 63), id="short digest"),
        pytest.param(put("digest", value="a" * 64 + "\n"), id="digest and a newline"),
        pytest.param(put("version", value="2026-2-24"), id="version unpadded"),
        pytest.param(put("version", value="2026-02-30"), id="no such day"),
        pytest.param(put("last_updated", value="2026-02-24T00:00:00Z"), id="moment for a date"),
        pytest.param(put("title", value=""), id="no title"),
        pytest.param(put("title", value=" Privacy Policy"), id="space before the title"),
        pytest.param(put("sections", value=[]), id="no sections"),
        pytest.param(put("sections", 0, "number", value=0), id="number from zero"),
        pytest.param(put("sections", 0, "number", value="1"), id="number as text"),
        pytest.param(put("sections", 0, "id", value="Introduction"), id="id in capitals"),
        pytest.param(put("sections", 0, "id", value="introduction\n"), id="id and a newline"),
        pytest.param(put("sections", 0, "blocks", value=[]), id="empty section"),
        pytest.param(put("sections", 0, "blocks", 0, "type", value="quote"), id="unknown block"),
        pytest.param(put("sections", 0, "blocks", 0, "type", value="list"), id="block of another type"),
        pytest.param(put("sections", 0, "blocks", 0, "text", value="one\ntwo"), id="two lines"),
        pytest.param(put("sections", 0, "blocks", 0, "text", value="bell\u0007"), id="control character"),
        pytest.param(put("sections", 1, "blocks", 2, "items", value=[]), id="empty list"),
        pytest.param(put("sections", 1, "blocks", 2, "items", 0, value=""), id="empty item"),
        pytest.param(put("processors", 0, "purpose", value=None), id="no purpose"),
        pytest.param(put("processors", 5, "condition", value=""), id="empty condition"),
        pytest.param(lambda document: document["processors"].append(document["processors"][0]), id="processor twice"),
    ],
)
def test_the_schema_refuses_a_changed_document(
    policy: Policy, validator: Draft202012Validator, change: Callable[[Any], None]
) -> None:
    """A document that is no longer in the form is refused."""
    document = json.loads(render_json(policy))
    change(document)
    assert not validator.is_valid(document)


def test_markdown_is_read_back_as_the_same_policy(policy: Policy) -> None:
    """Parsing the Markdown rendering gives an equal policy, and rendering that the same Markdown."""
    assert parse_policy(policy.markdown) == policy
    assert parse_policy(policy.markdown).markdown == policy.markdown


def test_markdown_stays_readable(policy: Policy) -> None:
    """Ordinary text is not littered with backslashes: the Markdown of the real policy has none."""
    assert "\\" not in policy.markdown
    assert policy.markdown.startswith(_resources.read_data("2026-02-24/policy.md").decode())


def plain(text: str) -> str:
    """Make a text what a paragraph is: NFC, with single spaces between words."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


VISIBLE = st.characters(exclude_categories=("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"))
MARKUP = st.sampled_from("\\`*_[]<>{}()#+-.!&;:|~=^$\"'/?@% 01ax")
SEQUENCES = st.sampled_from(["&amp;", "&#60;", "<b>", "<!--", "-->", "http://", "1. ", "- ", " {#x}", " #"])
PLAIN = st.lists(MARKUP | VISIBLE | SEQUENCES, min_size=1).map("".join).map(plain).filter(bool)


@given(title=PLAIN, heading=PLAIN, paragraph=PLAIN, items=st.lists(PLAIN, min_size=1, max_size=4))
@example(title="C#", heading="F ##", paragraph="a < b", items=["<b>", "AT&T;"])
@example(title="#", heading="1. One", paragraph="1. One", items=["1. One", "- One", "---", "[x]: y"])
@example(title="a {#b}", heading="{: .c}", paragraph="===", items=["&amp;", "\\", "<!-- c -->", "> x"])
@example(title="<script>", heading="</section>", paragraph="<div class='x'>", items=["<?php ?>", "<![CDATA[x]]>"])
def test_any_plain_text_survives_markdown(title: str, heading: str, paragraph: str, items: list[str]) -> None:
    """Whatever plain text a title, heading, paragraph or item holds, Markdown gives it back."""
    processor = Processor(name="A", purpose="b", condition=None, entry="A — b")
    policy = Policy(
        title=title,
        last_updated=datetime.date(2026, 2, 24),
        sections=(
            Section(
                number=1,
                id="first",
                title=title,
                blocks=(
                    Block(type="heading", id="second", text=heading),
                    Block(type="paragraph", text=paragraph),
                    Block(type="list", items=tuple(items)),
                ),
            ),
            Section(
                number=2,
                id="third-party-services",
                title="Third-Party Services",
                blocks=(Block(type="list", items=("A — b",)),),
            ),
        ),
        processors=(processor,),
    )
    assert parse_policy(policy.markdown) == policy
