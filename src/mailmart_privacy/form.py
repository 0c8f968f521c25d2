"""Policy → PDF form: PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1) in one file, by WeasyPrint.

Nothing comes from the machine: fonts, style and dates are the package's and the policy's own, so
the same policy gives the same bytes everywhere. The only part that imports WeasyPrint.
"""

import contextlib
import datetime
import logging
from functools import partial
from hashlib import sha256
from html.parser import HTMLParser
from io import BytesIO
from typing import TYPE_CHECKING, Any

from . import _resources
from .characters import name_characters
from .errors import FormError, MissingExtraError, UsageError
from .render import environment, render_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .models import Policy

# Letter is lower and wider than A4: with these margins both hold the same lines on the same pages.
PAPERS = {"a4": "size: A4; margin: 31mm 34mm 27mm", "letter": "size: letter; margin: 25mm 37.05mm 21mm"}
_BASE = "https://package.invalid/"  # never asked: PackageFetcher answers for it


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
    if paper not in PAPERS:
        raise UsageError(f"there is no form for the paper {paper!r}; there are: {', '.join(PAPERS)}")
    try:
        from weasyprint import CSS, HTML, Attachment
        from weasyprint.text.fonts import FontConfiguration
        from weasyprint.urls import URLFetcher, URLFetcherResponse

        from .form_pdf import finish_form
    except (ImportError, OSError) as error:  # OSError: the Python part is there, Pango is not
        raise MissingExtraError(
            "form", f"WeasyPrint ({error})" if isinstance(error, OSError) else "WeasyPrint"
        ) from None

    class PackageFetcher(URLFetcher):  # type: ignore[misc]
        """Gives the package's own templates, and nothing else."""

        def fetch(self, url: str, headers: object = None) -> Any:
            if not url.startswith(_BASE):
                raise ValueError("a template may use the package's own files only")
            kind = "text/css" if url.endswith(".css") else "font/ttf"
            return URLFetcherResponse(url, _resources.read_template(url.removeprefix(_BASE)), {"Content-Type": kind})

    html = environment().get_template("form.html").render(policy=policy, paper=paper)
    _require_characters(html)
    with _complaints() as complaints:
        fonts, fetcher = FontConfiguration(), PackageFetcher()
        sheets = [CSS(string=f"@page {{ {PAPERS[paper]} }}", font_config=fonts, url_fetcher=fetcher)]
        document = HTML(string=html, base_url=_BASE, url_fetcher=fetcher).render(
            stylesheets=sheets, font_config=fonts, pdf_forms=True
        )
        moment = datetime.datetime.combine(policy.last_updated, datetime.time())
        attach = partial(Attachment, url_fetcher=fetcher, created=moment, modified=moment)
        document.metadata.attachments = [
            attach(
                string=render_json(policy),
                name="policy.json",
                description="The policy as data",
                relationship="Data",
            ),
            attach(
                string=policy.markdown,
                name="policy.md",
                description="The policy as text with headings, in Markdown",
                relationship="Source",
            ),
        ]
        pdf: bytes | None = document.write_pdf(
            finisher=finish_form,
            pdf_variant="pdf/a-3a",
            pdf_tags=True,
            pdf_forms=True,
            pdf_identifier=sha256(html.encode()).digest()[:16],
        )
    if complaints:
        raise FormError(f"WeasyPrint could not lay out the form as asked: {complaints[0]}")
    assert pdf is not None  # it is, where no file is named
    return pdf


@contextlib.contextmanager
def _complaints() -> "Iterator[list[str]]":
    """Collect what WeasyPrint would only log: a style or font that it left out changes the form unseen."""
    found: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage())

    logger, collector = logging.getLogger("weasyprint"), Collector(logging.WARNING)
    level, disabled = logger.level, logger.disabled
    logger.addHandler(collector)
    logger.setLevel(logging.WARNING)  # whoever calls may have silenced it
    logger.disabled = False
    try:
        yield found
    finally:
        logger.removeHandler(collector)
        logger.setLevel(level)
        logger.disabled = disabled


class _Text(HTMLParser):
    """Collects the characters of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.characters: set[str] = set()

    def handle_data(self, data: str) -> None:
        self.characters |= set(data)


def _require_characters(html: str) -> None:
    """Refuse a text that the form's fonts cannot show: another font would be taken from the machine."""
    from fontTools.ttLib import TTFont

    page = _Text()
    page.feed(html)
    missing = set()
    for name in ("MailMartSerif-Regular", "MailMartSerif-Semibold", "MailMartSans-Regular", "MailMartSans-Semibold"):
        font = TTFont(BytesIO(_resources.read_template(f"fonts/{name}.ttf")))
        missing |= page.characters - {chr(code) for code in font.getBestCmap() or ()} - {"\n"}
    if missing:
        raise FormError(f"the form's fonts lack characters of the policy: {name_characters(sorted(missing))}")
