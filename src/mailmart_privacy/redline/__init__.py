"""Redlines: what changed from one text to another, word by word, as text, HTML, Markdown, JSON or PDF."""

from .._lazy import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..diff.compare import compare
    from ..diff.comparison import Comparison, Passage, ProcessorChange, SectionChange
    from ..diff.words import Span
    from .data import render_json
    from .markdown import render_markdown
    from .page import render_fragment, render_html
    from .paper import render_pdf
    from .text import render_text
else:
    __getattr__, __dir__ = offer(
        __name__,
        {
            "..diff.compare": "compare",
            "..diff.comparison": "Comparison Passage ProcessorChange SectionChange",
            "..diff.words": "Span",
            ".page": "render_fragment render_html",
            ".data": "render_json",
            ".markdown": "render_markdown",
            ".paper": "render_pdf",
            ".text": "render_text",
        },
    )

__all__ = [
    "Comparison",
    "Passage",
    "ProcessorChange",
    "SectionChange",
    "Span",
    "compare",
    "render_fragment",
    "render_html",
    "render_json",
    "render_markdown",
    "render_pdf",
    "render_text",
]
