"""The policy as values. Nothing here reads, writes or asks the clock.

The plain text is canonical: `Policy.text` is what the digest is taken of. Markdown and HTML are
two other spellings of the same blocks, and carry that digest.
"""

import datetime
import re
from dataclasses import dataclass, field
from hashlib import sha256

from .versions import Changes, Version, find_text_id, make_text_id

LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")  # ETSI EN 319 142-1, 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Paragraph:
    """A paragraph of running text."""

    text: str

    @property
    def markdown(self) -> str:
        """This paragraph in Markdown."""
        return escape_markdown(self.text)

    @property
    def html(self) -> str:
        """This paragraph as HTML."""
        return f"<p>{_escape(self.text)}</p>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """A heading inside a section. Its id is unique within the policy."""

    id: str
    text: str

    @property
    def markdown(self) -> str:
        """This heading in Markdown, at the third level."""
        return f"### {escape_markdown(self.text)}{_explicit_id(self.id, self.text)}"

    @property
    def html(self) -> str:
        """This heading as HTML, at the third level."""
        return f'<h3 id="{self.id}">{_escape(self.text)}</h3>'


@dataclass(frozen=True, kw_only=True, slots=True)
class BulletList:
    """A list whose order carries no meaning."""

    items: tuple[str, ...]

    @property
    def text(self) -> str:
        """The items as they stand in the canonical text, one a line."""
        return "\n".join(f"  • {item}" for item in self.items)

    @property
    def markdown(self) -> str:
        """This list in Markdown."""
        return "\n".join(f"- {escape_markdown(item)}" for item in self.items)

    @property
    def html(self) -> str:
        """This list as HTML."""
        return "<ul>\n" + "".join(f"<li>{_escape(item)}</li>\n" for item in self.items) + "</ul>"


Block = Paragraph | Heading | BulletList


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One numbered section of the policy.

    Attributes:
        number: its place, counted from 1.
        id: stable name for links and for `Policy.section`; the slug of its first title.
        title: its heading without the number.
        blocks: what stands below the heading, in order.
    """

    number: int
    id: str
    title: str
    blocks: tuple[Block, ...]

    @property
    def text(self) -> str:
        """The section in the canonical plain text, with its heading."""
        return "\n\n".join((f"{self.number}. {self.title}", *(block.text for block in self.blocks)))

    @property
    def markdown(self) -> str:
        """The section in Markdown, with its heading."""
        heading = f"## {self.number}. {escape_markdown(self.title)}{_explicit_id(self.id, self.title)}"
        return "\n\n".join((heading, *(block.markdown for block in self.blocks)))

    @property
    def html(self) -> str:
        """The section as an HTML `<section>` whose id is `Section.id`."""
        return "\n".join(
            (
                f'<section id="{self.id}" aria-labelledby="{self.id}-heading">',
                f'<h2 id="{self.id}-heading">{self.number}. {_escape(self.title)}</h2>',
                *(block.html for block in self.blocks),
                "</section>",
            )
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Processor:
    """A third-party service that may process personal data (a processor, GDPR Art. 4(8)).

    Attributes:
        name: the service.
        purpose: what it is used for.
        condition: what has to be the case for it to be used, or None.
        entry: its line in the policy, as written; two services may share one.
    """

    name: str
    purpose: str
    condition: str | None
    entry: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """One version of the privacy policy.

    Attributes:
        title: what it is called.
        last_updated: the date that it names.
        sections: its text, in order.
        processors: the third-party services that it names.
        history: the versions of the ledger that it was loaded from, oldest first; none where it
            comes from elsewhere. It is no part of what makes two policies equal.
    """

    title: str
    last_updated: datetime.date
    sections: tuple[Section, ...]
    processors: tuple[Processor, ...]
    history: tuple[Version, ...] = field(default=(), compare=False, repr=False)

    @property
    def version(self) -> str:
        """The policy's version: `last_updated` in ISO 8601. Not the package's version."""
        return self.last_updated.isoformat()

    @property
    def dateline(self) -> str:
        """The line below the title, for instance "Last updated: February 24, 2026"."""
        return f"Last updated: {format_date(self.last_updated)}"

    @property
    def text(self) -> str:
        """The canonical plain text: no newline at the end, LF between lines."""
        return "\n\n".join((self.title, self.dateline, *(section.text for section in self.sections)))

    @property
    def digest(self) -> str:
        """Lowercase hex SHA-256 of `text` in UTF-8; every format carries this one."""
        return sha256(self.text.encode()).hexdigest()

    @property
    def text_id(self) -> str:
        """What a service stores when a person acknowledged this text; `resolve` finds the text again.

        The version, a dot, and the first 16 hex digits of the digest: 27 ASCII characters that need
        no escaping in a URL, a cookie or a file name. It never changes.
        """
        return make_text_id(self.version, self.digest)

    @property
    def markdown(self) -> str:
        """The policy in Markdown, ending with a comment that carries the digest."""
        parts = (f"# {escape_markdown(self.title)}", self.dateline, *(s.markdown for s in self.sections))
        return "\n\n".join((*parts, digest_comment(self.digest))) + "\n"

    @property
    def html(self) -> str:
        """The body fragment, for a service's own page; its headings begin at `<h1>`."""
        return "\n".join(
            (
                f'<article class="privacy-policy" lang="en" data-policy-version="{self.version}"'
                f' data-policy-digest="{self.digest}">',
                f"<h1>{_escape(self.title)}</h1>",
                f'<p>Last updated: <time datetime="{self.version}">{format_date(self.last_updated)}</time></p>',
                *(section.html for section in self.sections),
                "</article>",
            )
        )

    def changes_since(self, text_id: str) -> Changes:
        """List the versions between the text that a person acknowledged and this one.

        Args:
            text_id: the `Policy.text_id` that was stored, for instance "2026-02-24.85591b988b6aa67c".

        Returns:
            The versions after it, up to this one: none where it is this text, or a later one that
            was announced. `Changes.material` says whether the person has to be told.

        Raises:
            UsageError: it is not a text id.
            NewerVersionError: it names a version that a later release may know.
            UnknownTextError: it names a text that never existed.
        """
        since = find_text_id(text_id, self.history)
        return Changes(
            since=since,
            versions=tuple(known for known in self.history if since.version < known.version <= self.version),
        )

    def section(self, id: str) -> Section:
        """Find a section by its stable id.

        Args:
            id: for instance "data-retention".

        Returns:
            The section.

        Raises:
            UnknownSectionError: no section has that id; the message names the near ones.
        """
        from ..errors import UnknownSectionError, require_text

        require_text(id, "id")
        for section in self.sections:
            if section.id == id:
                return section
        raise UnknownSectionError(id, self.version, tuple(section.id for section in self.sections))


_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def format_date(day: datetime.date) -> str:
    """Write a date as the policy does, "February 24, 2026", whatever the locale."""
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


# Markdown's own characters, the "&" of what would be an entity, what makes a heading or a list item
# at the start, and the "#" that would close a heading at the end.
_MARKUP = re.compile(r"[\\`*_\[\]<>{}]|&(?=#?\w+;)|^[#+-]|#\Z")


def slug(title: str) -> str:
    """Make the default id of a title: ASCII letters and digits in lower case, words joined by hyphens."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in title.lower().replace("'", "").replace("’", ""))
    return "-".join(words.split())


def digest_comment(digest: str) -> str:
    """Write the last line of the Markdown rendering."""
    return f"<!-- SHA-256 of the canonical text: {digest} -->"


def escape_markdown(text: str) -> str:
    """Escape what Markdown would read as markup, so that the text stays the same text."""
    escaped = _MARKUP.sub(r"\\\g<0>", text)
    head, dot, rest = escaped.partition(".")
    return f"{head}\\.{rest}" if dot and head.isdigit() else escaped


def _explicit_id(id: str, title: str) -> str:
    return "" if id == slug(title) else f" {{#{id}}}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
