"""Comparison → JSON, in the form of `data/schemas/redline.schema.json`."""

import json
import re
from collections.abc import Iterable
from typing import Any

from .._time import format_iso
from .._unicode import is_refused
from ..diff.comparison import Comparison
from ..diff.words import Span
from ..policy.model import Policy, Processor
from ..policy.prose import Prose
from ..policy.versions import Version
from . import wording

SCHEMA = "urn:mailmart-privacy:schema:redline:1"
_BEYOND = re.compile(r"[^\n -~]")


def render_json(comparison: Comparison) -> str:
    """Render a comparison as JSON; unchanged sections are whole in it.

    Args:
        comparison: what to render.

    Returns:
        The document. The same and the removed words of a passage, joined, are its old wording; the
        same and the added ones are its new wording. Control characters are escaped.
    """
    document = {
        "$schema": SCHEMA,
        "old": _side(comparison, comparison.old),
        "new": _side(comparison, comparison.new),
        "same": wording.is_same(comparison),
        "summary": wording.summarize(comparison),
        "released": [_version(version) for version in wording.list_released(comparison)],
        "title": _spans(comparison.title),
        "sections": [
            {
                "id": section.id,
                "status": section.status,
                "moved": section.moved,
                "old_number": section.old_number,
                "new_number": section.new_number,
                "title": _spans(section.title),
                "passages": [
                    {"kind": passage.kind, "status": passage.status, "spans": _spans(passage.spans)}
                    for passage in section.passages
                ],
            }
            for section in comparison.sections
        ],
        "processors": [
            {"name": each.name, "status": each.status, "old": _use(each.old), "new": _use(each.new)}
            for each in comparison.processors
        ],
    }
    return _BEYOND.sub(_escape, json.dumps(document, ensure_ascii=False, indent=2)) + "\n"


def _side(comparison: Comparison, side: Policy | Prose) -> dict[str, Any]:
    return {
        "name": wording.name_side(comparison, side),
        "version": side.version if isinstance(side, Policy) else None,
        "digest": side.digest,
        "text_id": side.text_id if isinstance(side, Policy) else None,
    }


def _version(version: Version) -> dict[str, Any]:
    return {
        "version": version.version,
        "effective_at": format_iso(version.effective_at),
        "change": version.change,
        "summary": version.summary,
    }


def _spans(spans: Iterable[Span]) -> list[dict[str, str]]:
    return [{"kind": span.kind, "text": span.text} for span in spans]


def _use(processor: Processor | None) -> dict[str, str | None] | None:
    return None if processor is None else {"purpose": processor.purpose, "condition": processor.condition}


def _escape(found: re.Match[str]) -> str:
    """Escape what a terminal would obey (RFC 8259, 7)."""
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4)) if is_refused(found[0]) else found[0]
