"""HTML → PDF by WeasyPrint, from the package's own files alone; it is an error if anything was left out."""

import contextlib
import logging
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from html.parser import HTMLParser
from io import BytesIO
from typing import TYPE_CHECKING, Any

from .. import _resources
from .._unicode import name_characters
from ..errors import FormError, MissingExtraError
from ..typesetting.clusters import IGNORED

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterator

# Letter is lower and wider than A4: with these margins both hold the same lines on the same pages.
_PAGES = {"a4": "size: A4; margin: 30mm 33mm 26mm", "letter": "size: letter; margin: 25mm 35.95mm 20mm"}
_VARIANT = "pdf/a-4f"
# For pages that are also read without us, so that they name no files.
_SANS = "".join(
    f'@font-face {{ font-family: "MailMart Sans"; font-weight: {weight}; src: url("fonts/MailMartSans-{name}.ttf") }}'
    for weight, name in ((400, "Regular"), (600, "Semibold"))
)
_PATIENCE = 20  # seconds for fontconfig to list fonts, the first time
_BASE = "https://package.invalid/"  # never asked: PackageFetcher answers for it


@dataclass(frozen=True, kw_only=True, slots=True)
class AttachedFile:
    """A file that a PDF carries (ISO 32000-2, 7.11.4)."""

    name: str
    content: str
    description: str
    relationship: str
    moment: "datetime.datetime"


def require_weasyprint() -> None:
    """Require WeasyPrint; raises MissingExtraError."""
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError) as error:  # OSError: the Python part is there, Pango is not
        raise MissingExtraError(
            "form", f"WeasyPrint ({error})" if isinstance(error, OSError) else "WeasyPrint"
        ) from None


def typeset(
    html: str,
    *,
    paper: str,
    forms: bool,
    finish: "Callable[[Any, Any], None]",
    attached: tuple[AttachedFile, ...] = (),
    machine_fonts: bool = False,
) -> bytes:
    """Lay out a page, and write it as a tagged PDF.

    Args:
        html: the page; what it links is looked up among the templates.
        paper: "a4" or "letter".
        forms: whether inputs become fields.
        finish: what is left to do with the PDF before it is written.
        attached: the files that it carries.
        machine_fonts: take the fonts of this machine for characters that the package's fonts lack.

    Returns:
        The bytes of the PDF; the same for the same page, on any machine unless it takes fonts from there.

    Raises:
        FormError: the fonts lack a character, or something could not be laid out as asked.
    """
    from weasyprint import CSS, HTML, Attachment
    from weasyprint.text.fonts import FontConfiguration

    _require_characters(html, machine_fonts=machine_fonts)
    with _complaints() as complaints:
        fonts, fetcher = FontConfiguration(), _make_fetcher()
        styles = [f"@page {{ {_PAGES[paper]} }}", _SANS] if machine_fonts else [f"@page {{ {_PAGES[paper]} }}"]
        sheets = [CSS(string=style, font_config=fonts, url_fetcher=fetcher, base_url=_BASE) for style in styles]
        document = HTML(string=html, base_url=_BASE, url_fetcher=fetcher).render(
            stylesheets=sheets, font_config=fonts, pdf_forms=forms
        )
        document.metadata.attachments = [
            Attachment(
                string=file.content,
                name=file.name,
                description=file.description,
                relationship=file.relationship,
                url_fetcher=fetcher,
                created=file.moment,
                modified=file.moment,
            )
            for file in attached
        ]
        pdf: bytes | None = document.write_pdf(
            finisher=finish,
            pdf_variant=_VARIANT,
            pdf_tags=True,
            pdf_forms=forms,
            pdf_identifier=sha256(html.encode()).digest()[:16],
        )
    if complaints:
        raise FormError(f"WeasyPrint could not lay out the form as asked: {complaints[0]}")
    assert pdf is not None  # it is, where no file is named
    return pdf


def _make_fetcher() -> Any:
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class PackageFetcher(URLFetcher):  # type: ignore[misc]
        """Gives the package's own templates, and nothing else."""

        def fetch(self, url: str, headers: object = None) -> Any:
            if not url.startswith(_BASE):
                raise ValueError("a template may use the package's own files only")
            kind = "text/css" if url.endswith(".css") else "font/ttf"
            return URLFetcherResponse(url, _resources.read_template(url.removeprefix(_BASE)), {"Content-Type": kind})

    return PackageFetcher()


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
    logger.setLevel(logging.WARNING)  # the caller may have silenced it
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


def _require_characters(html: str, *, machine_fonts: bool) -> None:
    """Refuse a text that the package's fonts cannot show, or with those of the machine: it would show boxes."""
    from fontTools.ttLib import TTFont

    page = _Text()
    page.feed(html)
    missing = set()
    for name in ("MailMartSerif-Regular", "MailMartSerif-Semibold", "MailMartSans-Regular", "MailMartSans-Semibold"):
        font = TTFont(BytesIO(_resources.read_template(f"fonts/{name}.ttf")))
        missing |= page.characters - {chr(code) for code in font.getBestCmap() or ()} - {"\n"}
    if missing and machine_fonts:
        missing -= _installed_characters() | set(IGNORED)
        if missing:
            names = name_characters(sorted(missing))
            raise FormError(f"no font on this machine has {names}; install a font that has them, and repeat it")
    elif missing:
        raise FormError(f"the package's fonts lack characters of the text: {name_characters(sorted(missing))}")


def _installed_characters() -> set[str]:
    """List the characters that fonts of this machine have, as fontconfig says; none where it is missing."""
    try:
        done = subprocess.run(
            ["fc-list", "-f", r"%{charset}\n"],  # noqa: S607 - wherever the system keeps it
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return set()
    characters = set[str]()
    for each in set(done.stdout.decode("ascii", "replace").split()):  # "20-7e a0 ..." for each font
        first, _, last = each.partition("-")
        characters.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return characters
