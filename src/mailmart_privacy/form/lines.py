"""What a printed paragraph needs beyond the markup: its last line holds more than one word."""

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..policy.model import Policy

_LONGEST = 60  # characters: two words that do not fit on a line are better broken
_MARK = r"</?(?:del|ins)\b[^>]*>"
_LAST_TWO = re.compile(rf"(?:{_MARK}|[^<>\s])+ (?:{_MARK}|[^<>\s])+(?=</(?:p|li)>)")
_MARKS = re.compile(_MARK)


def keep_last_words(html: str) -> str:
    """Keep the last two words of each paragraph and item on one line; the text stays the same.

    Words that are marked as deleted or inserted may begin before the last two. Then the mark is closed before these and
    opened again within them, with the class "continued", so that screen readers hear of one mark.
    """
    return _LAST_TWO.sub(_wrap, html)


def describe_change(policy: "Policy") -> str:
    """Write how a version differs from the one before it, as a paragraph of HTML; nothing for the first version."""
    if policy.change is None:
        return ""
    return keep_last_words(f"<p>{policy.change.capitalize()} change. {escape(policy.summary or '')}</p>")


def _wrap(found: re.Match[str]) -> str:
    tail = found[0]
    if len(_MARKS.sub("", tail)) > _LONGEST:
        return tail
    first = _MARKS.search(tail)
    if first is None or not first[0].startswith("</"):
        return f'<span class="together">{tail}</span>'
    tag = first[0][2:-1]  # it is open where the two words begin
    return f'</{tag}><span class="together"><{tag} class="continued">{tail}</span>'
