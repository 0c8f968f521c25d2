"""Whether every link of a site leads somewhere."""

import re
from html.parser import HTMLParser

from ..errors import SiteError
from .representations import Header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_IN_HEADER = re.compile(r"<([^>]*)>")
_IN_XML = re.compile(r"""<loc>([^<]*)</loc>|\b(?:href|src)="([^"]*)\"""")
_IN_CALENDAR = re.compile(r"^(?:URL|SOURCE;VALUE=URI):(.*?)\r$", re.MULTILINE)
_OUTSIDE = ("https://", "mailto:", "urn:", "tag:")


class _Page(HTMLParser):
    """Collects the links of a page, and what in it can be linked to."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: "list[tuple[str, str | None]]") -> None:
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.links.append(value)
            elif name == "id" and value is not None:
                self.ids.add(value)


def check_links(files: "Mapping[str, bytes]", rules: "Iterable[tuple[str, tuple[Header, ...]]]", base_url: str) -> None:
    """Follow every link of pages, feed, calendar, sitemap and headers to a file, and to its place in it.

    Args:
        files: bytes by path.
        rules: the headers that go with each address.
        base_url: what comes before an address of the site where it is whole.

    Raises:
        SiteError: a link leads nowhere; one line for each.
    """
    pages = {path: _Page(content.decode()) for path, content in files.items() if path.endswith(".html")}
    found = [(path, link) for path, page in pages.items() for link in page.links]
    for path, content in files.items():
        if path.endswith((".atom", ".xml")):
            found += [(path, first or second) for first, second in _IN_XML.findall(content.decode())]
        elif path.endswith(".ics"):
            unfolded = content.replace(b"\r\n ", b"").decode()
            found += [(path, link) for link in _IN_CALENDAR.findall(unfolded)]
    for url, headers in rules:
        found += [(url, link) for name, value in headers if name == "Link" for link in _IN_HEADER.findall(value)]
    broken = [
        f"{path} links to {link}, which does not exist"
        for path, link in found
        if not _leads(link, path, base_url, files, pages)
    ]
    if broken:
        raise SiteError("\n".join(dict.fromkeys(broken)))


def _leads(link: str, path: str, base_url: str, files: "Mapping[str, bytes]", pages: "Mapping[str, _Page]") -> bool:
    address, _, fragment = link.removeprefix(base_url).partition("#")
    if address.startswith(_OUTSIDE):
        return True
    if address and not address.startswith("/"):
        return False  # relative: what it means depends on the address at which the page is read
    target = address.removeprefix("/") if address else path
    if address == "/":
        target = "index.html"
    if f"{target}.html" in files:
        target = f"{target}.html"
    if target not in files:
        return False
    return not fragment or (target in pages and fragment in pages[target].ids)
