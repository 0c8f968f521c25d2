"""The policy as values. Nothing here reads or writes a file, or reads the clock.

The plain text is canonical: the digest is that of `Policy.text`. Markdown and HTML are two other
forms of the same blocks, and carry that digest.
"""

import datetime
from dataclasses import dataclass, field
from hashlib import sha256

from .._time import format_date
from . import kinds
from .blocks import Block
from .markup import PLAIN, FragmentOptions, escape, escape_markdown, explicit_id
from .versions import Version, find_text_id, make_text_id


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Section:
    """One numbered section of the policy.

    Attributes:
        number: its place, counted from 1.
        id: stable name for links and for `Policy.section`; the slug of its first title.
        title: its heading without the number.
        blocks: what is below the heading, in order.
    """

    number: int
    id: str
    title: str
    blocks: tuple[Block, ...]

    def __repr__(self) -> str:
        return f"<Section {self.number}. {self.title[:80]!r} ({self.id[:40]}), {len(self.blocks)} blocks>"

    @property
    def text(self) -> str:
        """The section in the canonical plain text, with its heading."""
        return "\n\n".join((f"{self.number}. {self.title}", *(block.plain for block in self.blocks)))

    @property
    def markdown(self) -> str:
        """The section in Markdown, with its heading."""
        heading = f"## {self.number}. {escape_markdown(self.title)}{explicit_id(self.id, self.title)}"
        return "\n\n".join((heading, *(block.markdown for block in self.blocks)))

    @property
    def html(self) -> str:
        """The section as an HTML `<section>` whose id is `Section.id`."""
        return self.to_html()

    def to_html(self, options: FragmentOptions = PLAIN) -> str:
        """Write the section as an HTML `<section>`, one level below the title."""
        id = f"{options.id_prefix}{self.id}"
        return "\n".join(
            (
                f'<section id="{id}" aria-labelledby="{id}-heading">',
                options.heading(1, f"{self.number}. {self.title}", id=f"{self.id}-heading"),
                *options.permalink(self.id, self.title),
                *(block.to_html(options) for block in self.blocks),
                "</section>",
            )
        )


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Processor:
    """A third-party service that may process personal data (a processor, GDPR Art. 4(8)).

    Attributes:
        name: the service.
        purpose: what it is used for.
        condition: when it is used, or None if always.
        entry: its line in the policy, as written; two services may share one.
    """

    name: str
    purpose: str
    condition: str | None
    entry: str

    def __repr__(self) -> str:
        return f"<Processor {self.name[:60]!r}, {self.purpose[:80]!r}>"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Changes:
    """What came after the text that somebody acknowledged.

    Attributes:
        since: the version of that text.
        versions: those that came into force after it, oldest first, up to the policy whose changes these are.
    """

    since: Version
    versions: tuple[Version, ...]

    def __repr__(self) -> str:
        return f"<Changes since {self.since.text_id}: {len(self.versions)} versions, material={self.material}>"

    @property
    def material(self) -> bool:
        """Whether one of them is a material change, so that people who saw the old text have to be told."""
        return any(version.change == kinds.MATERIAL for version in self.versions)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Policy:
    """One version of the privacy policy.

    Attributes:
        title: what it is called.
        last_updated: the date that it names.
        sections: its text, in order.
        processors: the third-party services that it names.
        history: the versions of the ledger that it was loaded from, oldest first; empty if it comes
            from elsewhere. Comparing two policies ignores it.
    """

    title: str
    last_updated: datetime.date
    sections: tuple[Section, ...]
    processors: tuple[Processor, ...]
    history: tuple[Version, ...] = field(default=(), compare=False, repr=False)

    def __repr__(self) -> str:
        return f"<Policy {self.text_id} {self.title[:80]!r}, {len(self.sections)} sections>"

    @property
    def version(self) -> str:
        """The policy's version: `last_updated` in ISO 8601. Not the package's version."""
        return self.last_updated.isoformat()

    @property
    def effective_at(self) -> datetime.datetime | None:
        """From when it is in force (aware, UTC); None if it is not a recorded version."""
        recorded = self._recorded
        return None if recorded is None else recorded.effective_at

    @property
    def change(self) -> "kinds.Change | None":
        """How it differs from the version before it; None for the first version, and if it is not a recorded version.

        "material" means that people have to be told, "editorial" that only the wording changed.
        """
        recorded = self._recorded
        return None if recorded is None else recorded.change

    @property
    def summary(self) -> str | None:
        """What changed, in a sentence or two for people; None wherever `change` is None."""
        recorded = self._recorded
        return None if recorded is None else recorded.summary

    @property
    def _recorded(self) -> Version | None:
        return next((version for version in self.history if version.text_id == self.text_id), None)

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
        return self.to_html()

    def to_html(self, *, heading_level: int = 1, id_prefix: str = "", toc: bool = False) -> str:
        """Write the body fragment as a page that embeds it needs it.

        Args:
            heading_level: the level of the title, 1 to 4; sections are one level below it, their parts two.
            id_prefix: what every id begins with, so that none of the page's own ids is repeated.
            toc: whether a list of the sections comes before the first one.

        Raises:
            UsageError: the level or the prefix cannot be used.
        """
        options = FragmentOptions(heading_level=heading_level, id_prefix=id_prefix)
        contents = (
            f'<li><a href="#{options.id_prefix}{section.id}">{escape(section.title)}</a></li>'
            for section in self.sections
        )
        return "\n".join(
            (
                f'<article class="privacy-policy" lang="en" data-policy-version="{self.version}"'
                f' data-policy-digest="{self.digest}">',
                options.heading(0, self.title),
                f'<p>Last updated: <time datetime="{self.version}">{format_date(self.last_updated)}</time></p>',
                *(('<nav aria-label="Contents">', "<ol>", *contents, "</ol>", "</nav>") if toc else ()),
                *(section.to_html(options) for section in self.sections),
                "</article>",
            )
        )

    def changes_since(self, text_id: str) -> Changes:
        """List the versions between the text that a person acknowledged and this one.

        Args:
            text_id: the `Policy.text_id` that was stored, for instance "2026-02-24.85591b988b6aa67c".

        Returns:
            The versions after it, up to this one: empty if it is this text, or a later one that
            was announced. `Changes.material` says whether the person has to be told.

        Raises:
            UsageError: it is not a text id.
            NewerVersionError: it names a version that a later release may know.
            UnknownTextError: it names a text that never existed.
        """
        since = find_text_id(text_id, self.history)
        return Changes(
            since=since,
            versions=tuple(
                known
                for known in self.history
                if since.version < known.version <= self.version and known.withdrawn_at is None
            ),
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


def digest_comment(digest: str) -> str:
    """Write the last line of the Markdown rendering."""
    return f"<!-- SHA-256 of the canonical text: {digest} -->"
