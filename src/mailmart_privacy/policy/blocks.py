"""The blocks of a section, and how they are written in Markdown and in HTML."""

from dataclasses import dataclass

from . import kinds
from .markup import PLAIN, FragmentOptions, escape, escape_markdown, explicit_id


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Block:
    """A paragraph, a heading inside a section, or a list whose order carries no meaning.

    This is one class because serializers such as msgspec cannot tell the dataclasses of a union apart.

    Attributes:
        type: "paragraph", "heading" or "list".
        text: the words of a paragraph or a heading; empty for a list.
        id: stable name of a heading for links, unique within the policy; empty for the others.
        items: the items of a list, in order; empty for the others.
    """

    type: "kinds.BlockType"
    text: str = ""
    id: str = ""
    items: tuple[str, ...] = ()

    def __repr__(self) -> str:
        shown = f"{len(self.items)} items" if self.type == "list" else repr(self.text[:100])
        return f"<Block {self.type} {shown}>"

    @property
    def plain(self) -> str:
        """The block as written in the canonical text; a list has one item a line."""
        return "\n".join(f"  • {item}" for item in self.items) if self.type == "list" else self.text

    @property
    def markdown(self) -> str:
        """The block in Markdown; a heading at the third level."""
        if self.type == "list":
            return "\n".join(f"- {escape_markdown(item)}" for item in self.items)
        text = escape_markdown(self.text)
        return f"### {text}{explicit_id(self.id, self.text)}" if self.type == "heading" else text

    @property
    def html(self) -> str:
        """The block as HTML; a heading at the third level."""
        return self.to_html()

    def to_html(self, options: FragmentOptions = PLAIN) -> str:
        """Write the block as HTML; a heading two levels below the title."""
        if self.type == "heading":
            return options.heading(2, self.text, id=self.id)
        if self.type == "paragraph":
            return f"<p>{escape(self.text)}</p>"
        return "<ul>\n" + "".join(f"<li>{escape(item)}</li>\n" for item in self.items) + "</ul>"
