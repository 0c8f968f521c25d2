"""Plain text → Policy, or at least paragraphs: text that people have edited, pasted or wrapped.

Reading the canonical text gives the policy that it was written from. Its layout does not show everything: a
heading inside a section is a line like any other, and ids of sections are not written. So a short line without a
full stop counts as a heading, and an id is the slug of its title. The result is written as Markdown and read by
`parse_policy`, which checks the rules of a policy.
"""

import contextlib
import re
from collections.abc import Iterator

from ..errors import SourceError, require_text
from .blocks import Block
from .markup import escape_markdown, slug
from .model import Policy
from .prose import Prose
from .read_markdown import PROCESSORS_SECTION, parse_policy

_ITEM = re.compile(r"  • (.*)")
_LOOSE_ITEM = re.compile(r"\s*[•‣◦▪*–-]\s+(.*)")
_NUMBERED = re.compile(r"([0-9]{1,4})\. (.*)")
_ID = re.compile(r"[a-z][a-z0-9-]*")
_HEADING = 60  # letters that a heading may have
_NO_HEADING = tuple(".,;:?!…")


def parse_text(source: str, *, origin: str = "policy.txt") -> Policy:
    """Parse the plain text of a policy.

    Args:
        source: the canonical text, or one that was wrapped or has other bullets.
        origin: what the messages call it.

    Returns:
        The policy. If the source is a canonical text, `Policy.text` gives it back.

    Raises:
        SourceError: it is not the text of a policy; the error lists all faults, each with the line that it
            would have in the canonical layout.
        WrongTypeError: the source is not a string.
    """
    require_text(source, "source")
    with contextlib.suppress(SourceError):
        policy = _parse(_read_blocks(source, loose=False), origin)
        if policy.text == source.strip("\n"):
            return policy
    return _parse(_read_blocks(source, loose=True), origin)


def read_prose(source: str, *, name: str) -> Prose:
    """Read any text as prose: its paragraphs, and what seem to be headings and lists.

    Args:
        source: the text.
        name: what it is called.

    Returns:
        The prose.

    Raises:
        WrongTypeError: the source is not a string.
    """
    require_text(source, "source")
    return Prose(name=name, blocks=_guess_headings(tuple(_read_blocks(source, loose=True))))


def _read_blocks(source: str, *, loose: bool) -> Iterator[Block]:
    """Split at blank lines and before bullets; join the lines of a paragraph or an item."""
    item = _LOOSE_ITEM if loose else _ITEM
    paragraph: list[str] = []
    items: list[list[str]] = []

    def close() -> Iterator[Block]:
        if paragraph:
            yield Block(type="paragraph", text=" ".join(paragraph))
        if items:
            yield Block(type="list", items=tuple(" ".join(words) for words in items))
        paragraph.clear()
        items.clear()

    for line in [*source.split("\n"), ""]:
        if not line.strip():
            yield from close()
        elif found := item.fullmatch(line):
            if paragraph:
                yield from close()
            items.append(found[1].split() if loose else [found[1]])
        else:
            (items[-1] if items else paragraph).extend(line.split() if loose else [line])


def _parse(blocks: Iterator[Block], origin: str) -> Policy:
    title, *others = (*blocks, Block(type="paragraph"))
    dateline, *body = (*others[:-1], Block(type="paragraph"))
    lines = [f"# {escape_markdown(title.text)}", dateline.text, *_write_body(_guess_headings(tuple(body[:-1])))]
    return parse_policy("\n\n".join(lines) + "\n", origin=origin)


def _write_body(blocks: tuple[Block, ...]) -> Iterator[str]:
    titles = _section_titles(blocks)
    processors = _find_processors(blocks, titles)
    taken = {PROCESSORS_SECTION}
    for index, block in enumerate(blocks):
        title = titles.get(index)
        if title is None and block.type != "heading":
            yield block.markdown
            continue
        words = block.text if title is None else title
        own = PROCESSORS_SECTION if index == processors else _make_id(words, index, taken)
        taken |= {own, f"{own}-heading"}
        mark = "" if own == slug(words) else f" {{#{own}}}"
        yield f"{'###' if title is None else '##'} {escape_markdown(block.text)}{mark}"


def _make_id(title: str, index: int, taken: set[str]) -> str:
    own = slug(title)
    return own if _ID.fullmatch(own) and not {own, f"{own}-heading"} & taken else f"part-{index}"


def _section_titles(blocks: tuple[Block, ...]) -> dict[int, str]:
    """Find the headings of sections: lines that begin with the next number."""
    titles: dict[int, str] = {}
    for index, block in enumerate(blocks):
        found = None if block.type == "list" else _NUMBERED.fullmatch(block.text)
        if found and int(found[1]) == len(titles) + 1:
            titles[index] = found[2]
    return titles


def _find_processors(blocks: tuple[Block, ...], titles: dict[int, str]) -> int | None:
    """Find the section of processors: by its title, else as the first that lists `Name — purpose`."""
    for index, title in titles.items():
        if slug(title) == PROCESSORS_SECTION:
            return index
    section = None
    for index, block in enumerate(blocks):
        section = index if index in titles else section
        if block.type == "list" and all(" — " in item for item in block.items):
            return section
    return None


def _guess_headings(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Turn paragraphs that look like headings into headings: short, without a full stop, and not the last."""
    made: list[Block] = []
    following = Block(type="heading")
    for block in reversed(blocks):
        found = block
        if block.type == "paragraph" and len(block.text) <= _HEADING and not block.text.endswith(_NO_HEADING):
            numbered = _NUMBERED.fullmatch(block.text) is not None
            if numbered or following.type != "heading":
                found = Block(type="heading", text=block.text)
        following = found
        made.append(found)
    return tuple(reversed(made))
