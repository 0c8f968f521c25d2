"""The addresses of the policy: of each version, of each format, and of information about them."""

import re
from dataclasses import dataclass

from ..errors import UsageError

_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+)+", re.ASCII)
# Scheme and host as headers, XML and pages can all hold them (RFC 3986, 3.2): other letters are written in a host as
# xn--….
_BASE = re.compile(r"https?://(?:[\w-]+(?:\.[\w-]+)*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?", re.ASCII)

_PORTS = 65_535  # the highest (RFC 9293, 3.1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Where things are.

    Attributes:
        page: the path of the version in force, for instance "/privacy".
        base_url: what comes before it where an address has to be whole, for instance
            "https://mailmart.com".
        canonical_url: the whole address of the policy at its own place, or None if it is this one.

    Raises:
        UsageError: the path or the base cannot be used.
    """

    page: str
    base_url: str
    canonical_url: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.page, str) or not _PATH.fullmatch(self.page):
            raise UsageError(f"{self.page!r} is not a path for the policy; give one like /privacy or /legal/privacy")
        base = _BASE.fullmatch(self.base_url) if isinstance(self.base_url, str) else None
        if base is None or int(base[1] or 0) > _PORTS:
            raise UsageError(
                f"{self.base_url!r} is not the base of an address; give one like https://mailmart.com, in ASCII"
            )
        if self.canonical_url is not None and not _is_whole(self.canonical_url):
            raise UsageError(
                f"{self.canonical_url!r} is not the address of a policy; give one like https://mailmart.com/privacy"
            )

    def whole(self, address: str) -> str:
        """Complete an address with scheme and host."""
        return self.base_url + address

    def canonical(self, address: str) -> str:
        """Give the whole address that search engines should know: that of the policy's own place (RFC 6596)."""
        if self.canonical_url is None or not address.startswith(self.page):
            return self.whole(address)
        return self.canonical_url + address.removeprefix(self.page)

    def of(self, address: str, ending: str) -> str:
        """Name one format of what is at an address."""
        return f"{address}.{ending}"

    def dated(self, version: str, ending: str | None = None) -> str:
        """Name a version, in all formats or in one."""
        return f"{self.page}/{version}" if ending is None else f"{self.page}/{version}.{ending}"

    def changes(self, version: str, *, since: str | None = None) -> str:
        """Name the page of what changed in a version: since the one before it, or since any earlier one."""
        page = f"{self.page}/{version}/changes"
        return page if since is None else f"{page}-since-{since}"

    def letter(self, address: str) -> str:
        """Name the PDF on US Letter paper."""
        return f"{address}.letter.pdf"

    def style(self, name: str) -> str:
        """Name a style sheet: "page", "redline" or "embedded"."""
        return f"{self.page}/{name}.css"

    def font(self, name: str) -> str:
        """Name a font of the pages; style sheets link it relative to their own address."""
        return f"{self.page}/fonts/{name}"

    def script(self, name: str) -> str:
        """Name a script of the page that checks copies; scripts import each other relative to their own address."""
        return f"{self.page}/scripts/{name}.js"

    @property
    def home(self) -> str:
        """The home page of the site that the policy is a part of."""
        return f"{self.base_url}/"

    @property
    def versions(self) -> str:
        """The list of all versions."""
        return f"{self.page}/versions"

    @property
    def verify(self) -> str:
        """The page that tells whether a copy is real."""
        return f"{self.page}/verify"

    @property
    def keys(self) -> str:
        """MailMart's certificates and keys."""
        return f"{self.page}/keys"

    @property
    def processors(self) -> str:
        """The third-party services that the versions name, as JSON."""
        return f"{self.page}/processors.json"

    @property
    def feed(self) -> str:
        """The Atom feed."""
        return f"{self.page}/feed.atom"

    @property
    def calendar(self) -> str:
        """The calendar of effective dates."""
        return f"{self.page}/calendar.ics"


def _is_whole(url: str) -> bool:
    base = _BASE.match(url) if isinstance(url, str) else None
    return base is not None and bool(_PATH.fullmatch(url[base.end() :]))
