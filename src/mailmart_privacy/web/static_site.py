"""The static site: what the service answers, as files for a content delivery network.

Every file is the content of an answer, so that each page is rendered in one place. `_headers` lists the headers of
each file, as Cloudflare Pages and Netlify read them; for any other server it shows which headers to send.
"""

from email.utils import parsedate_to_datetime
from xml.sax.saxutils import escape

from .core import Service
from .link_check import check_links
from .representations import Header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

HEADERS, SITEMAP, INDEX = "_headers", "sitemap.xml", "index.html"
# What a server of files says by itself, or must say of what it really sends.
_BY_THE_SERVER = ("Content-Length", "ETag", "Last-Modified", "Vary", "Content-Location")


def build_site(service: Service) -> dict[str, bytes]:
    """Make the files of the whole site.

    Args:
        service: whose answers they are; its clock tells which version is in force.

    Returns:
        Bytes by path below the site's root, with forward slashes, in the order of their names. They
        are the same for the same versions, addresses and version in force. An address without an
        ending is the file with the ending .html, as content delivery networks have it.

    Raises:
        SiteError: a link leads nowhere; the message names each.
        RecordError: a record has changed or is missing.
    """
    service = service.frozen()  # a file's headers cannot count the seconds to a version that is announced
    files: dict[str, bytes] = {}
    rules: list[tuple[str, tuple[Header, ...]]] = []
    urls = service.urls()
    for url in sorted(urls):
        answer = service.respond("GET", url, {})
        rules.append((url, answer.headers))
        if f"{url}.html" not in urls:
            files[url.removeprefix("/")] = answer.body
    for url, page in service.site_pages().items():
        rules.append((url, page.headers))
        files[INDEX if url == "/" else url.removeprefix("/")] = page.body
    files[SITEMAP] = _write_sitemap(rules, service.base_url)
    check_links(files, rules, service.base_url)
    files[HEADERS] = "\n".join(_write_rules(rules)).encode()
    return dict(sorted(files.items()))


def _write_rules(rules: "Iterable[tuple[str, tuple[Header, ...]]]") -> "Iterable[str]":
    for url, headers in rules:
        yield url
        for name, value in headers:
            if name not in _BY_THE_SERVER:
                yield f"  {name}: {value}"
        yield ""


def _write_sitemap(rules: "Iterable[tuple[str, tuple[Header, ...]]]", base_url: str) -> bytes:
    """List the pages (sitemaps.org, 0.9): those whose address is the canonical one."""
    entries = []
    headers = {url: dict(sent) for url, sent in rules}
    for url, sent in headers.items():
        if sent["Content-Type"].startswith("text/html") and not url.endswith(".html"):
            # A page's own text is its plain text, which says when it last changed.
            stamp = headers.get(f"{url}.txt", {}).get("Last-Modified")
            lastmod = f"<lastmod>{parsedate_to_datetime(stamp).date()}</lastmod>" if stamp else ""
            entries.append(f"<url><loc>{escape(base_url + url)}</loc>{lastmod}</url>\n")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        + "".join(entries)
        + "</urlset>\n"
    ).encode()
