"""Answers that carry no representation: what is refused and why, which methods there are, and where to look instead."""

from typing import NamedTuple

from .representations import ATOM, FORMATS, HTML, POLICY_OF_PAGES, Header, link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .resources import Resource

METHODS = ("GET", "HEAD")
ALLOW: Header = ("Allow", ", ".join((*METHODS, "OPTIONS")))
CORS: Header = ("Access-Control-Allow-Origin", "*")
SHARED = (FORMATS["json"][0], ATOM)  # the media types that scripts of other sites may read, where cors is on
_PREFLIGHT: tuple[Header, ...] = (
    CORS,
    ("Access-Control-Allow-Methods", ", ".join(METHODS)),
    ("Access-Control-Allow-Headers", "If-None-Match, If-Modified-Since"),
    ("Access-Control-Max-Age", "86400"),
)
_TEXT = FORMATS["txt"][0]


class Response(NamedTuple):
    """An answer to a request.

    Attributes:
        status: the status code (RFC 9110, 15).
        headers: names and values, in their order.
        body: the content; empty for HEAD and where the client has it already.
    """

    status: int
    headers: tuple[Header, ...]
    body: bytes


def refuse(method: str, status: int, message: str, *headers: Header, page: bytes | None = None) -> Response:
    """Refuse a request, with a line that says why, or with a page for people."""
    body = page or f"{message}\n".encode(errors="replace")
    fixed = (
        ("Content-Type", f"{HTML if page else _TEXT}; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", POLICY_OF_PAGES if page else "default-src 'none'"),
    )
    return Response(status, (*fixed, *headers), b"" if method == "HEAD" else body)


def refuse_types(method: str, resource: "Resource") -> Response:
    """Refuse a client that accepts none of the formats of a resource, and name them."""
    links = ", ".join(
        link(one.location, "alternate", media_type=media_type)
        for media_type, one in resource.representations.items()
        if one.location is not None
    )
    message = f"This address has none of the formats that you accept: {', '.join(resource.offers)}."
    return refuse(method, 406, message, ("Vary", "Accept"), ("Link", links))


def refuse_method(method: str) -> Response:
    """Refuse to change anything."""
    return refuse(method, 405, "This address can only be read.", ALLOW)


def describe_methods(resource: "Resource", *, cors: bool) -> Response:
    """Answer OPTIONS (RFC 9110, 9.3.7), and with it the preflight of a script of another site where that may read."""
    shared = cors and any(media_type in SHARED for media_type in resource.offers)
    return Response(204, (ALLOW, *(_PREFLIGHT if shared else ())), b"")


def redirect(method: str, path: str) -> Response:
    """Redirect to another path of this service, for good (RFC 9110, 15.4.9)."""
    return refuse(method, 308, f"This is at {path}.", ("Location", path))
