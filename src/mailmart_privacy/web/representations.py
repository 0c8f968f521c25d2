"""What is sent for a version: each of its formats as bytes, with all the headers that never change."""

from dataclasses import dataclass
from email.utils import format_datetime
from functools import cached_property
from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

Header = tuple[str, str]

HTML, ATOM, CALENDAR, CSS = "text/html", "application/atom+xml", "text/calendar", "text/css"
SCRIPT = "text/javascript"  # RFC 9239
FONT = "font/woff2"
# The formats of a version: the ending of their addresses, their media types, and what people call them.
FORMATS = {
    "html": (HTML, "Web page"),
    "json": ("application/json", "JSON"),
    "md": ("text/markdown", "Markdown"),
    "txt": ("text/plain", "Plain text"),
    "pdf": ("application/pdf", "PDF"),
}
POLICY_OF_PAGES = (
    "default-src 'none'; style-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_KEPT_WHEN_UNCHANGED = ("ETag", "Vary", "Content-Location")  # RFC 9110, 15.4.5


@dataclass(frozen=True, kw_only=True)
class Representation:
    """One format of one thing, ready to be sent.

    Attributes:
        media_type: without parameters.
        body: the bytes.
        modified_at: when it last changed, or None where that cannot be said.
        links: web links (RFC 8288), each as written in the header.
        location: the address at which these very bytes always are, or None.
        negotiated: whether its address has other formats, too.
        filename: what a browser saves it as, or None.
        permanent: whether these bytes will be at this address for good.
        has_form: whether it is a page with a form that is sent to this site.
        has_script: whether it is a page that runs scripts of this site.
    """

    media_type: str
    body: bytes
    modified_at: "datetime | None" = None
    links: tuple[str, ...] = ()
    location: str | None = None
    negotiated: bool = False
    filename: str | None = None
    permanent: bool = False
    has_form: bool = False
    has_script: bool = False

    @cached_property
    def etag(self) -> str:
        """A weak entity tag over the content and its format (RFC 9110, 8.8.3)."""
        return f'W/"{sha256(self.body).hexdigest()[:20]}-{self.media_type.rpartition("/")[2]}"'

    @cached_property
    def headers(self) -> tuple[Header, ...]:
        """All headers of a full answer but Cache-Control."""
        return tuple(self._headers())

    @cached_property
    def headers_unchanged(self) -> tuple[Header, ...]:
        """Those that a client needs to continue using its cached copy."""
        return tuple(header for header in self.headers if header[0] in _KEPT_WHEN_UNCHANGED)

    def _headers(self) -> "Iterable[Header]":
        text = self.media_type.startswith("text/")
        yield "Content-Type", f"{self.media_type}; charset=utf-8" if text else self.media_type
        yield "Content-Length", str(len(self.body))
        if self.media_type not in (CSS, FONT, SCRIPT):
            yield "Content-Language", "en"
        if self.location is not None:
            yield "Content-Location", self.location
        if self.filename is not None:
            yield "Content-Disposition", f'inline; filename="{self.filename}"'
        yield "ETag", self.etag
        if self.modified_at is not None:
            yield "Last-Modified", format_datetime(self.modified_at, usegmt=True)
        if self.negotiated:
            yield "Vary", "Accept"
        if self.links:
            yield "Link", ", ".join(self.links)
        yield "X-Content-Type-Options", "nosniff"
        if self.media_type == HTML:
            yield "Content-Security-Policy", self._content_security_policy()

    def _content_security_policy(self) -> str:
        policy = POLICY_OF_PAGES
        if self.has_form:
            policy = policy.replace("form-action 'none'", "form-action 'self'")
        return policy.replace("style-src", "script-src 'self'; style-src") if self.has_script else policy


def link(address: str, relation: str, *, media_type: str | None = None) -> str:
    """Write a web link as written in the header (RFC 8288, 3)."""
    kind = f'; type="{media_type}"' if media_type else ""
    return f'<{address}>; rel="{relation}"{kind}'
