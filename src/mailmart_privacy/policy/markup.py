"""How texts of the policy are written in Markdown and in HTML."""

import re
from dataclasses import dataclass

from ..errors import UsageError

_PREFIX = re.compile(r"(?:[A-Za-z][A-Za-z0-9_-]*)?", re.ASCII)
# Markdown's own characters, the "&" of what would be an entity, what makes a heading or a list item
# at the start, and the "#" that would close a heading at the end.
_MARKUP = r"[\\`*_\[\]<>{}]|&(?=#?\w+;)|^[#+-]|#\Z"
_HIGHEST = 4  # of the title; sections and their parts take the two levels below it


@dataclass(frozen=True, kw_only=True, slots=True)
class FragmentOptions:
    """The choices of a page that embeds the fragment.

    Attributes:
        heading_level: the level of the title, 1 to 4; sections are one level below it, their parts two.
        id_prefix: what every id begins with, so that none of the page's own ids is repeated.
        permalinks: whether each section has a link to itself after its heading.

    Raises:
        UsageError: the level or the prefix cannot be used.
    """

    heading_level: int = 1
    id_prefix: str = ""
    permalinks: bool = False

    def __post_init__(self) -> None:
        level = self.heading_level
        if isinstance(level, bool) or not isinstance(level, int) or not 1 <= level <= _HIGHEST:
            raise UsageError(f"the title cannot be a heading of level {level!r}; give 1 to {_HIGHEST}")
        if not isinstance(self.id_prefix, str) or not _PREFIX.fullmatch(self.id_prefix):
            raise UsageError(
                f"ids cannot begin with {self.id_prefix!r}; give a letter, then letters, digits, hyphens or underscores"
            )

    def heading(self, depth: int, text: str, *, id: str | None = None) -> str:
        """Write a heading: the title has depth 0, a section 1, a part of it 2."""
        tag = f"h{self.heading_level + depth}"
        mark = "" if id is None else f' id="{self.id_prefix}{id}"'
        return f"<{tag}{mark}>{escape(text)}</{tag}>"

    def permalink(self, id: str, title: str) -> list[str]:
        """Write a section's link to itself; nothing unless `permalinks` is set."""
        if not self.permalinks:
            return []
        return [f'<a class="permalink" href="#{self.id_prefix}{id}"><span>Link to “{escape(title)}”</span></a>']


PLAIN = FragmentOptions()


def escape(text: str) -> str:
    """Escape what HTML would read as markup, in text and in attributes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def slug(title: str) -> str:
    """Make the default id of a title: ASCII letters and digits in lower case, words joined by hyphens."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in title.lower().replace("'", "").replace("’", ""))
    return "-".join(words.split())


def escape_markdown(text: str) -> str:
    """Escape what Markdown would read as markup, so that the text reads the same."""
    escaped = re.sub(_MARKUP, r"\\\g<0>", text)
    head, dot, rest = escaped.partition(".")
    return f"{head}\\.{rest}" if dot and head.isdigit() else escaped


def explicit_id(id: str, title: str) -> str:
    """Write the id of a heading in Markdown; nothing if its title gives it the same id."""
    return "" if id == slug(title) else f" {{#{id}}}"
