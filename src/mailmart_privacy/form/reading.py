"""Policy → reading edition: the PDF for everybody, without fields and signatures, PDF/A-4 and PDF/UA-2."""

from typing import TYPE_CHECKING

from .._time import midnight
from ..policy.render import environment
from .lines import describe_change, keep_last_words
from .page import print_page

if TYPE_CHECKING:
    from ..policy.model import Policy


def render_reading(policy: "Policy", paper: str = "a4") -> bytes:
    """Render the policy as a PDF to read and to print.

    Args:
        policy: what to render.
        paper: "a4" or "letter".

    Returns:
        The bytes of the PDF; the same for the same policy, on any machine.

    Raises:
        UsageError: there is no such paper.
        FormError: the package's fonts lack a character of the policy.
        MissingExtraError: WeasyPrint is not installed.
    """
    page = (
        environment()
        .get_template("reading.html")
        .render(
            policy=policy,
            change=describe_change(policy),
            sections=[keep_last_words(section.to_html()) for section in policy.sections],
            effective_at=policy.effective_at or midnight(policy.last_updated),
        )
    )
    return print_page(page, paper=paper, marked=True)
