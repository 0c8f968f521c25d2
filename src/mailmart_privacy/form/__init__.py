"""The PDF form that copies are issued from, as it is made at a release."""

from .._lazy import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .own_template import render_pdf
    from .render import render_form
else:
    __getattr__, __dir__ = offer(
        __name__,
        {
            ".own_template": "render_pdf",
            ".render": "render_form",
        },
    )

__all__ = [
    "render_form",
    "render_pdf",
]
