"""The policy as its record has it: JSON, as `render_json` wrote it, → the policy."""

import datetime

from .blocks import Block
from .model import Policy, Processor, Section
from .versions import Version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def policy_from_json(document: "dict[str, Any]", *, history: tuple[Version, ...] = ()) -> Policy:
    """Build the policy from what `render_json` wrote.

    Args:
        document: the parsed JSON.
        history: the versions of its ledger.

    Returns:
        The policy. Its digest is computed from its text.
    """
    return Policy(
        title=document["title"],
        last_updated=datetime.date.fromisoformat(document["last_updated"]),
        sections=tuple(
            Section(
                number=section["number"],
                id=section["id"],
                title=section["title"],
                blocks=tuple(_block_from_json(block) for block in section["blocks"]),
            )
            for section in document["sections"]
        ),
        processors=tuple(Processor(**processor) for processor in document["processors"]),
        history=history,
    )


def _block_from_json(block: "dict[str, Any]") -> Block:
    match block["type"]:
        case "paragraph":
            return Block(type="paragraph", text=block["text"])
        case "heading":
            return Block(type="heading", id=block["id"], text=block["text"])
        case "list":
            return Block(type="list", items=tuple(block["items"]))
        case other:
            raise ValueError(f"unknown block {other!r}")
