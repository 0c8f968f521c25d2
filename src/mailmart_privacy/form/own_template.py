"""Policy → PDF by a template of your own: unsigned, as WeasyPrint lays it out."""

import logging
import mimetypes
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ..errors import FormError
from ..policy.papers import require_paper
from ..policy.render import read_style, render_html
from .layout import require_weasyprint

if TYPE_CHECKING:
    from jinja2 import Template

    from ..policy.model import Policy

_SIZES = {"a4": "A4", "letter": "letter"}
_STYLE = "page.css"


def render_pdf(policy: "Policy", template: "str | Path | Template" = "page.html", *, paper: str = "a4") -> bytes:
    """Print the policy by a template, as a tagged PDF without a signature.

    This is for pages of your own design. Copies for customers are issued from the recorded form instead.

    Args:
        policy: what to print.
        template: as `render_html` takes it: the path of a template of your own, a folder whose templates replace those
            of this package, a Jinja2 template, or the name of a template of this package.
        paper: "a4" or "letter"; a template that says `@page { size: … }` decides itself.

    Returns:
        The bytes of the PDF. What the page links is read from the template's folder, or from this package; nothing is
        read from elsewhere, and nothing is fetched from a network.

    Raises:
        UsageError: there is no such template or paper, or the template cannot be rendered.
        FormError: the page links something that cannot be read.
        MissingExtraError: WeasyPrint is not installed.
    """
    require_paper(paper)
    require_weasyprint()
    from weasyprint import CSS, HTML

    html = render_html(policy, template, stylesheet=_STYLE)
    folder = None
    if isinstance(template, PathLike):
        place = Path(template).resolve()
        folder = place if place.is_dir() else place.parent
    fetcher = _make_fetcher(folder)
    logger, level = logging.getLogger("weasyprint"), logging.getLogger("weasyprint").level
    logger.setLevel(logging.CRITICAL)  # it reports each property of CSS that only browsers know
    try:
        page = HTML(string=html, base_url=_find_base(folder), url_fetcher=fetcher)
        size = CSS(string=f"@page {{ size: {_SIZES[paper]} }}", url_fetcher=fetcher)
        identifier = sha256(html.encode()).digest()[:16]
        pdf: bytes | None = page.write_pdf(stylesheets=[size], pdf_tags=True, pdf_identifier=identifier)
    finally:
        logger.setLevel(level)
    if fetcher.missing:
        raise FormError(f"the page links {fetcher.missing[0]}, which is not in the template's folder")
    assert pdf is not None  # without a target, it is returned
    return pdf


def _find_base(folder: Path | None) -> str:
    """Name what relative links begin with; the folder need not exist."""
    return f"{(folder or Path('/mailmart-privacy-templates')).as_uri()}/"


def _make_fetcher(folder: Path | None) -> Any:
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    from .. import _resources

    base = _find_base(folder)

    class TemplateFetcher(URLFetcher):  # type: ignore[misc]
        """Gives the files of the template's folder, then the package's; notes what neither has."""

        def __init__(self) -> None:
            super().__init__()
            self.missing: list[str] = []

        def fetch(self, url: str, headers: object = None) -> Any:
            if url.startswith("data:"):
                return super().fetch(url, headers)
            try:
                content = self._read(url)
            except (OSError, ValueError):
                self.missing.append(url.removeprefix(base))
                raise ValueError(f"{url} cannot be read") from None
            kind = mimetypes.guess_type(urlsplit(url).path)[0] or "application/octet-stream"
            return URLFetcherResponse(url, content, {"Content-Type": kind})

        def _read(self, url: str) -> bytes:
            if not url.startswith(base):
                raise ValueError("not a file of the template's folder")
            name = unquote(urlsplit(url).path.removeprefix(urlsplit(base).path))
            own = None if folder is None else (folder / name).resolve()
            if own is not None and folder is not None and own.is_relative_to(folder) and own.is_file():
                return own.read_bytes()
            return read_style("page", folder=folder) if name == _STYLE else _resources.read_template(name)

    return TemplateFetcher()
