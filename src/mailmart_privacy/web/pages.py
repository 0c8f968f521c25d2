"""The pages, rendered from `templates/` for one moment and for the addresses at which they are served."""

from dataclasses import replace

from ..diff.compare import compare
from ..policy.render import PERMALINKS, render_template
from ..policy.status import IN_FORCE, find_status
from ..redline import page as redline_page
from .keys import PURPOSES, list_keys
from .published import SCRIPTS
from .representations import FORMATS, HTML
from .verdict_words import MARKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ..policy.ledger import Ledger
    from ..policy.versions import Version
    from ..trust.trust_list import TrustList
    from .urls import Addresses
    from .verdict import Verdict

# The formats that a page offers beside itself: the ending of the address, the media type, and the name.
_OTHER_FORMATS = [(ending, format) for ending, format in FORMATS.items() if format[0] != HTML]


class Pages:
    """Renders all pages as they are at one moment.

    Args:
        ledger: the versions.
        at: the moment (aware): which version is in force, and which ones are announced.
        addresses: where the pages are served.
        templates: a folder whose templates replace those of this package that have the same name, or None.
    """

    def __init__(
        self, ledger: "Ledger", at: "datetime", addresses: "Addresses", *, templates: "Path | str | None" = None
    ) -> None:
        self._ledger = ledger
        self._at = at
        self._addresses = addresses
        self.templates = templates

    def current(self) -> bytes:
        """Render the page at the address that never changes: the version in force, and what is announced."""
        return self._policy(self._ledger.version_in_force(self._at), self._addresses.page)

    def dated(self, version: "Version") -> bytes:
        """Render the page of one version: its text, and where it stands."""
        return self._policy(version, self._addresses.dated(version.version))

    def changes(self, version: "Version", before: "Version") -> bytes:
        """Render the redline from an earlier version to a version."""
        followed = self._ledger.predecessor(version)
        since = None if before == followed else before.version
        old, new = (self._ledger.policy(each.version) for each in (before, version))
        # No later version is told of: the page of a version says what that version brought.
        known = tuple(each for each in new.history if each.version <= version.version)
        return redline_page.render_html(
            compare(replace(old, history=known), replace(new, history=known)),
            stylesheet=self._addresses.style("redline"),
            urls=self._addresses,
            address=self._addresses.changes(version.version, since=since),
            templates=self.templates,
        ).encode()

    def versions(self) -> bytes:
        """Render the list of all versions, the newest first."""
        known = self._ledger.versions
        listed = [
            (version, find_status(version, known, self._at), list(self._ledger.earlier(version)))
            for version in reversed(known)
        ]
        return self._render("versions.html", address=self._addresses.versions, listed=listed, title=self._title())

    def verify(self, verdict: "Verdict | None" = None, *, can_send: bool) -> bytes:
        """Render the page that tells whether a copy is real; with a verdict, what the file is that was sent."""
        return self._render(
            "verify.html",
            address=self._addresses.verify,
            verdict=verdict,
            can_send=can_send,
            scripts=SCRIPTS,
            marks=MARKS,
        )

    def keys(self, trust_list: "TrustList") -> bytes:
        """Render the list of MailMart's certificates and keys as people read it."""
        return self._render("keys.html", address=self._addresses.keys, keys=list_keys(trust_list), purposes=PURPOSES)

    def index(self) -> bytes:
        """Render the start of a site that holds nothing but the policy."""
        return self._render("index.html", address="/", title=self._title())

    def nothing(self) -> bytes:
        """Render the page for an address with nothing at it: the way to what people may have looked for."""
        return self._render("nothing.html", address=None, title=self._title())

    def _policy(self, version: "Version", address: str) -> bytes:
        status = find_status(version, self._ledger.versions, self._at)
        policy = self._ledger.policy(version.version)
        upcoming = self._ledger.upcoming(self._at) if status.state == IN_FORCE else ()
        facts = {
            "@context": "https://schema.org",
            "@type": "WebPage",
            "url": self._addresses.canonical(address),
            "name": policy.title,
            "dateModified": version.version,
            "inLanguage": "en",
            "version": version.version,
        }
        return self._render(
            "page.html",
            address=address,
            version=version,
            policy=policy,
            status=status,
            announced=[(later, self._ledger.policy(later.version).title) for later in upcoming],
            facts=facts,
            permalinks=PERMALINKS,
        )

    def _title(self) -> str:
        return self._ledger.in_force(self._at).title

    def _render(self, template: str, *, version: "Version | None" = None, **variables: object) -> bytes:
        return render_template(
            template,
            folder=self.templates,
            urls=self._addresses,
            stylesheet=self._addresses.style("page"),
            formats=_OTHER_FORMATS,
            **{"version": version, "policy": None, "status": None, **variables},
        ).encode()
