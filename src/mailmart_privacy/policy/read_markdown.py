"""Markdown → Policy. Python-Markdown reads the blocks; this module says which of them make a policy.

A policy reads the same in every format, so it is made of headings, paragraphs and bullet lists of
plain text, and of nothing that one of the formats would have to drop. Every fault is collected
with its line, and all are raised together.
"""

import datetime
import re
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.treeprocessors import Treeprocessor

from .._time import format_date
from .._unicode import is_refused
from ..errors import SourceError, require_text
from .blocks import Block
from .markup import slug
from .model import Policy, Processor, Section, digest_comment
from .source_checks import NUMBERED_LIST, find_excess, find_faults_of_characters

PROCESSORS_SECTION = "third-party-services"

_STASHED = re.compile("\x02wzxhzdk:([0-9]+)\x03")
_DATELINE = re.compile(r"Last updated: ([A-Z][a-z]+) ([0-9]{1,2}), ([0-9]{4})")
_NUMBERED = re.compile(r"([0-9]+)\. (\S.*)")
_PROCESSOR = re.compile(r"(?P<names>\S.*?) — (?P<purpose>[^()]*[^()\s])(?: \((?P<condition>[^()]+)\))?")
_ID = re.compile(r"[a-z][a-z0-9-]*")
_BARE = re.compile(r" {0,3}(?:([-_*])(?: ?\1){2,}|[-+*]|#{1,6}) *")  # a rule, or a list item or heading without text
_DIGEST = re.compile(re.escape(digest_comment("@")).replace("@", "([0-9a-f]{64})"))
_REFUSED = {
    "ol": NUMBERED_LIST,
    "pre": "an indented or fenced block; remove the indentation",
    "blockquote": "a quotation; write it as a paragraph",
    "hr": "a rule; remove it",
    "html": "HTML or an entity; write the plain text and the character itself",
}


def parse_policy(source: str, *, origin: str = "policy.md") -> Policy:
    """Parse the Markdown of a policy.

    Args:
        source: the text of a `policy.md`.
        origin: what the messages call it.

    Returns:
        The policy.

    Raises:
        SourceError: the source has faults; it carries all of them, each with its line.
        WrongTypeError: the source is not a string.
    """
    require_text(source, "source")
    source, claimed = _take_digest(source)
    if excess := find_excess(source):
        raise SourceError(origin, (excess,))
    faults = find_faults_of_characters(source)
    clean = "".join(c if c == "\n" or not is_refused(c) else " " if c == "\t" else "" for c in source)
    reader = _Reader(_parse_blocks(clean), faults)
    policy = reader.read()
    if policy is None or faults:
        raise SourceError(origin, tuple(sorted(set(faults))))
    if claimed not in ("", policy.digest):
        raise SourceError(
            origin, ((source.count("\n") + 1, f"the digest {claimed[:12]}… in the last line is not the text's"),)
        )
    return policy


@dataclass(frozen=True, kw_only=True, slots=True)
class _Item:
    """One block of the source: what Python-Markdown made of it, and where it began."""

    tag: str
    line: int
    text: str
    id: str = ""
    fault: str = ""
    items: "tuple[_Item, ...]" = ()


class _Lines(Treeprocessor):
    """Runs before the inline patterns, while every element still holds the text as written."""

    def __init__(self, md: Markdown, lines: list[str]) -> None:
        super().__init__(md)
        self.lines = lines

    def run(self, root: Element) -> None:
        lines, at = self.lines, 0
        for element in root.iter():
            text = (element.text or "").strip()
            first = text.partition("\n")[0]
            if not first and not len(element):
                first = next((line for line in lines[at:] if _BARE.fullmatch(line)), "")
            if stashed := _STASHED.match(first):
                first = str(self.md.htmlStash.rawHtmlBlocks[int(stashed[1])]).strip().partition("\n")[0]
            if first:
                at = next((n for n in range(at, len(lines)) if first in lines[n]), at)
                element.set("line", str(at + 1))
                at += 0 if element.tag in ("ul", "ol", "div") else text.count("\n") + 1


class _Capture(Treeprocessor):
    """Runs last: keeps the tree, so that nothing is serialised and read back."""

    root = Element("div")  # what stays when the source is blank: Python-Markdown stops early

    def run(self, root: Element) -> None:
        self.root = root


def _parse_blocks(source: str) -> list[_Item]:
    md = Markdown(extensions=["attr_list"])
    md.parser.blockprocessors.deregister("reference")  # it drops its line without a word
    md.ESCAPED_CHARS = [*md.ESCAPED_CHARS, "<", "&"]  # CommonMark escapes these too; see escape_markdown
    capture = _Capture(md)
    md.treeprocessors.deregister("prettify")
    md.treeprocessors.register(_Lines(md, source.split("\n")), "lines", 100)
    md.treeprocessors.register(capture, "capture", -100)
    md.convert(source)
    return [_item(element) for element in capture.root]


def _item(element: Element) -> _Item:
    line = int(element.get("line") or next((e.get("line") for e in element.iter() if e.get("line")), "1") or 1)
    text = " ".join((element.text or "").split("\n")).strip()
    children, fault = list(element), ""
    if element.tag == "ul":
        return _Item(tag="ul", line=line, text="", items=tuple(_item(child) for child in children))
    if element.tag == "li" and len(children) == 1 and children[0].tag == "p" and not text:
        return replace(_item(children[0]), tag="li")
    if "\x02" in text or "\x02" in (element.tail or ""):
        fault = _REFUSED["html"]
    elif children:
        fault = (
            f"markup inside the text (<{children[0].tag}>); it would be lost in the plain text, so remove or escape it"
        )
    elif set(element.attrib) - {"line", "id"} or ("id" in element.attrib and element.tag[:1] != "h"):
        fault = "an attribute; only headings may have one, and only an id: {#like-this}"
    return _Item(tag=element.tag, line=line, text=text, id=element.get("id", ""), fault=fault)


class _Reader:
    """Makes a policy of the blocks, and notes what is wrong with them."""

    def __init__(self, items: list[_Item], faults: list[tuple[int, str]]) -> None:
        self.items = items
        self.faults = faults
        self.ids: dict[str, int] = {}
        self.number = 0
        self.sections: list[Section] = []
        self.processors: list[Processor] = []

    def fault(self, line: int, message: str) -> None:
        self.faults.append((line, message))

    def read(self) -> Policy | None:
        for item in (i for outer in self.items for i in (outer, *outer.items)):
            if item.fault or item.tag in _REFUSED:
                self.fault(item.line, _REFUSED.get(item.tag, item.fault))
        self.read_heading_levels()
        title, rest = self.read_title()
        last_updated, rest = self.read_dateline(rest)
        groups: list[tuple[_Item, list[_Item]]] = []
        for item in rest:
            if item.tag == "h2":
                groups.append((item, []))
            elif groups:
                groups[-1][1].append(item)
            else:
                self.fault(item.line, "text before the first section; put it below a heading `## 1. …`")
        for place, (heading, body) in enumerate(groups, 1):
            self.read_section(place, heading, body)
        if PROCESSORS_SECTION not in (section.id for section in self.sections):
            self.fault(1, f"no section with the id {PROCESSORS_SECTION!r}; the processors are read from its list")
        if self.faults or last_updated is None:
            return None
        return Policy(
            title=title,
            last_updated=last_updated,
            sections=tuple(self.sections),
            processors=tuple(self.processors),
        )

    def read_heading_levels(self) -> None:
        level = 0
        for item in self.items:
            if item.tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
                own = int(item.tag[1])
                if own > level + 1:
                    self.fault(item.line, f"a heading of level {own} below one of level {level}; a level is skipped")
                elif own > 3:
                    self.fault(item.line, f"a heading of level {own}; only three levels are allowed")
                level = own

    def read_title(self) -> tuple[str, list[_Item]]:
        titles = [item for item in self.items if item.tag == "h1"]
        for extra in titles[1:]:
            self.fault(extra.line, "a second title; there is one heading of level 1")
        if not self.items or self.items[0].tag != "h1" or not self.items[0].text:
            self.fault(1, "no title; write one like `# Privacy Policy` in the first line")
            return "", [item for item in self.items if item.tag != "h1"]
        return titles[0].text, [item for item in self.items if item.tag != "h1"]

    def read_dateline(self, items: list[_Item]) -> tuple[datetime.date | None, list[_Item]]:
        expected = "`Last updated: February 24, 2026`"
        found = _DATELINE.fullmatch(items[0].text) if items and items[0].tag == "p" else None
        if found is None:
            self.fault(items[0].line if items else 1, f"no date; write a line like {expected} below the title")
            return None, items[1:] if items and items[0].tag == "p" else items
        for month in range(1, 13):
            try:
                day = datetime.date(int(found[3]), month, int(found[2]))
            except ValueError:
                continue
            if f"Last updated: {format_date(day)}" == found[0]:
                return day, items[1:]
        self.fault(items[0].line, f"{found[0]!r} is not a date as in {expected}")
        return None, items[1:]

    def read_section(self, place: int, heading: _Item, body: list[_Item]) -> None:
        found = _NUMBERED.fullmatch(heading.text)
        if found is None:
            self.fault(heading.line, f"{heading.text!r} has no number; expected `## {place}. …`")
        elif int(found[1]) not in (place, self.number + 1):  # one fault, not one for every section after it
            self.fault(heading.line, f"section {found[1]} is out of order; expected {place}")
        self.number = int(found[1]) if found else self.number + 1
        title = found[2] if found else heading.text
        id = self.read_id(heading, title)
        taken = self.ids.setdefault(f"{id}-heading", heading.line)
        if taken != heading.line and self.ids[id] == heading.line:
            self.fault(taken, f"the id '{id}-heading' is that of section {place}'s heading; give another")
        if not body:
            self.fault(heading.line, f"section {place} is empty")
        blocks = tuple(block for item in body if (block := self.read_block(item)) is not None)
        section = Section(number=place, id=id, title=title, blocks=blocks)
        self.sections.append(section)
        if id == PROCESSORS_SECTION:
            self.read_processors(heading, [item for outer in body for item in outer.items])

    def read_id(self, heading: _Item, title: str) -> str:
        id = heading.id or slug(title)
        if not _ID.fullmatch(id):
            self.fault(heading.line, f"{id!r} cannot be an id; give one: `{{#like-this}}`")
        elif id in self.ids:
            self.fault(heading.line, f"the id {id!r} is taken by line {self.ids[id]}; give another: `{{#like-this}}`")
        self.ids.setdefault(id, heading.line)
        return id

    def read_block(self, item: _Item) -> Block | None:
        if item.tag == "p":
            return Block(type="paragraph", text=item.text)
        if item.tag == "h3":
            return Block(type="heading", id=self.read_id(item, item.text), text=item.text)
        if item.tag == "ul":
            for entry in item.items:
                if not entry.text and not entry.fault:
                    self.fault(entry.line, "an empty list item")
            return Block(type="list", items=tuple(entry.text for entry in item.items))
        return None

    def read_processors(self, heading: _Item, entries: list[_Item]) -> None:
        if not entries:
            self.fault(heading.line, "no list of processors in this section")
        for item in entries:
            found = _PROCESSOR.fullmatch(item.text)
            if found is None:
                self.fault(item.line, f"{item.text!r} is not a processor line: `Name — purpose (condition)`")
                continue
            for name in found["names"].split(" / "):
                if name in (processor.name for processor in self.processors):
                    self.fault(item.line, f"the processor {name!r} is listed twice")
                self.processors.append(
                    Processor(name=name, purpose=found["purpose"], condition=found["condition"], entry=item.text)
                )


def _take_digest(source: str) -> tuple[str, str]:
    """Remove the comment that `Policy.markdown` ends with, if there is one."""
    body, _, last = source.rstrip("\n").rpartition("\n")
    found = _DIGEST.fullmatch(last)
    return (body, found[1]) if found else (source, "")
