"""Policy → PDF form: PDF/A-4f (ISO 19005-4), PDF/UA-2 (ISO 14289-2) and WTPDF 1.0 in one file, by WeasyPrint.

Nothing comes from the machine: fonts, style and dates are the package's and the policy's own, so
the same policy gives the same bytes everywhere. Only the modules of this package import WeasyPrint.
"""

import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .._time import midnight
from ..policy.papers import require_paper
from ..policy.render import environment, render_json
from ..policy.versions import VERIFY_URL
from .layout import AttachedFile, require_weasyprint, typeset
from .lines import describe_change, keep_last_words

if TYPE_CHECKING:
    from ..policy.model import Policy


def render_form(policy: "Policy", paper: str = "a4", *, verify_url: str = VERIFY_URL) -> bytes:
    """Render the policy as a PDF form, unsigned, its fields empty.

    Args:
        policy: what to render.
        paper: "a4" or "letter".
        verify_url: where copies can be checked, as page 1 says.

    Returns:
        The bytes of the PDF; the same for the same policy, on any machine.

    Raises:
        UsageError: there is no such paper.
        FormError: the form's fonts lack a character of the policy.
        MissingExtraError: WeasyPrint or segno is not installed.
    """
    require_paper(paper)
    require_weasyprint()
    from .postprocess import finish_form
    from .qr_code import draw_qr_code

    address = urlsplit(verify_url)
    moment = datetime.datetime.combine(policy.last_updated, datetime.time())
    page = environment().get_template("form.html")
    return typeset(
        page.render(
            policy=policy,
            change=describe_change(policy),
            article=keep_last_words(policy.html),
            effective_at=policy.effective_at or midnight(policy.last_updated),
            verify_url=verify_url,
            origin=f"{address.scheme}://{address.netloc}/",
            qr_code=draw_qr_code(verify_url),
        ),
        paper=paper,
        forms=True,
        finish=finish_form,
        attached=(
            AttachedFile(
                name="policy.json",
                content=render_json(policy),
                description="The policy as data",
                relationship="Data",
                moment=moment,
            ),
            AttachedFile(
                name="policy.md",
                content=policy.markdown,
                description="The policy as text with headings, in Markdown",
                relationship="Source",
                moment=moment,
            ),
        ),
    )
