"""Policy → PDF form: PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1) in one file, by WeasyPrint.

Nothing comes from the machine: fonts, style and dates are the package's and the policy's own, so
the same policy gives the same bytes everywhere. This and its neighbours, `form_*.py`, are the only part
that imports WeasyPrint.
"""

import datetime
from typing import TYPE_CHECKING

from ..policy.papers import require_paper
from ..policy.render import environment, render_json
from .layout import AttachedFile, require_weasyprint, typeset

if TYPE_CHECKING:
    from ..policy.model import Policy

# Where page 1 says that a copy can be checked: the site that the policy's text names, and the adapters' own path.
VERIFY_URL = "https://mailmart.com/privacy/verify"


def render_form(policy: "Policy", paper: str = "a4") -> bytes:
    """Render the policy as a PDF form, unsigned, its fields empty.

    Args:
        policy: what to render.
        paper: "a4" or "letter".

    Returns:
        The bytes of the PDF; the same for the same policy, on any machine.

    Raises:
        UsageError: there is no such paper.
        FormError: the form's fonts lack a character of the policy.
        MissingExtraError: WeasyPrint is not installed.
    """
    require_paper(paper)
    require_weasyprint()
    from .postprocess import finish_form

    moment = datetime.datetime.combine(policy.last_updated, datetime.time())
    return typeset(
        environment().get_template("form.html").render(policy=policy, paper=paper, verify_url=VERIFY_URL),
        paper=paper,
        variant="pdf/a-3a",
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
