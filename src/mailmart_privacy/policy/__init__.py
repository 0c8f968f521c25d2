"""The policy: reading its text, and writing it as a page, JSON, Markdown or text."""

from .._lazy import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .prose import Prose
    from .read_markdown import parse_policy
    from .read_text import parse_text, read_prose
    from .render import read_style, render_html, render_json
else:
    __getattr__, __dir__ = offer(
        __name__,
        {
            ".prose": "Prose",
            ".read_markdown": "parse_policy",
            ".read_text": "parse_text read_prose",
            ".render": "read_style render_html render_json",
        },
    )

__all__ = [
    "Prose",
    "parse_policy",
    "parse_text",
    "read_prose",
    "read_style",
    "render_html",
    "render_json",
]
