"""The PDFs of a version, as they are made at its release: the form that copies are issued from, and one to read."""

from .._lazy import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .own_template import render_pdf
    from .reading import render_reading
    from .render import render_form
else:
    __getattr__, __dir__ = offer(
        __name__,
        {
            ".own_template": "render_pdf",
            ".reading": "render_reading",
            ".render": "render_form",
        },
    )

__all__ = [
    "render_form",
    "render_pdf",
    "render_reading",
]
