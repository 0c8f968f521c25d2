"""A text that is not in the layout of a policy: only its paragraphs are known."""

from dataclasses import dataclass
from hashlib import sha256

from .blocks import Block
from .model import Policy


@dataclass(frozen=True, kw_only=True, slots=True)
class Prose:
    """A text whose sections, date and processors are unknown.

    Attributes:
        name: what it is called.
        blocks: its paragraphs, headings and lists, in order.
    """

    name: str
    blocks: tuple[Block, ...]

    @property
    def text(self) -> str:
        """The text, laid out as the canonical text of a policy is."""
        return "\n\n".join(block.plain for block in self.blocks)

    @property
    def digest(self) -> str:
        """Lowercase hex SHA-256 of `text` in UTF-8."""
        return sha256(self.text.encode()).hexdigest()


def flatten(text: Policy | Prose) -> tuple[Block, ...]:
    """List everything in a text in order, with its title and the headings of its sections."""
    if isinstance(text, Prose):
        return text.blocks
    blocks = [Block(type="heading", text=text.title), Block(type="paragraph", text=text.dateline)]
    for section in text.sections:
        heading = f"{section.number}. {section.title}"
        blocks += (Block(type="heading", id=section.id, text=heading), *section.blocks)
    return tuple(blocks)
