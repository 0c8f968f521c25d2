"""Everything that is served while one version is in force: rendered once, then only looked up."""

import datetime
import json
from dataclasses import dataclass, replace
from functools import cached_property

from .. import _resources
from .._time import midnight
from ..policy.papers import reading_name
from ..policy.render import read_style
from ..policy.status import find_status
from ..policy.versions import Version, describe_versions
from .atom import write_feed
from .checking import can_check
from .icalendar import write_calendar
from .keys import write_certificates, write_keys
from .pages import Pages
from .processors import write_processors
from .published import SCRIPTS, write_published
from .representations import ATOM, CALENDAR, CSS, FONT, FORMATS, HTML, SCRIPT, Representation, link
from .urls import Addresses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..policy.ledger import Ledger
    from ..trust.trust_list import TrustList
    from .settings import Settings

JSON, TEXT, PDF = (FORMATS[ending][0] for ending in ("json", "txt", "pdf"))
PEM = "application/x-pem-file"
_ENDINGS = {media_type: ending for ending, (media_type, _) in FORMATS.items()} | {PEM: "pem"}
_RECORDS = {"json": "policy.json", "txt": "policy.txt", "pdf": reading_name("a4")}
_FONTS = (
    "MailMartSans-Regular.woff2",
    "MailMartSans-Semibold.woff2",
    "MailMartSerif-Regular.woff2",
    "MailMartSerif-Semibold.woff2",
)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """What is at an address.

    Attributes:
        representations: its formats by media type, the preferred one first.
    """

    representations: dict[str, Representation]

    @cached_property
    def offers(self) -> tuple[str, ...]:
        """The media types."""
        return tuple(self.representations)


@dataclass(frozen=True, kw_only=True)
class ResourceSet:
    """Everything by its path, from one moment to another.

    Attributes:
        resources: by path.
        starts: since when that is true.
        ends: until when, or None where nothing is announced.
        pages: renders pages for this span of time.
        index: the start page of a site that holds nothing else.
        nothing: the page for people at any other path.
    """

    resources: dict[str, Resource]
    starts: datetime.datetime
    ends: datetime.datetime | None
    pages: Pages
    index: bytes
    nothing: bytes


def build_resources(
    ledger: "Ledger", addresses: Addresses, at: datetime.datetime, *, options: "Settings", trust_list: "TrustList"
) -> ResourceSet:
    """Make everything that is served at a moment.

    Args:
        ledger: the versions.
        addresses: where they are served.
        at: the moment (aware).
        options: those of the service.
        trust_list: MailMart's certificates and keys.

    Raises:
        UnknownVersionError: no version is in force yet.
        UsageError: a template of that folder cannot be rendered.
        RecordError: a record has changed or is missing.
    """
    ledger.version_in_force(at)
    at, ends = _step(ledger, at)  # what is made is the same during the whole step
    pages = Pages(ledger, at, addresses, templates=options.templates)
    builder = _Builder(ledger, pages, addresses, at, trust_list, can_send=options.uploads and can_check())
    return ResourceSet(
        resources={path: resource for made in builder.build() for path, resource in made.items()},
        starts=at,
        ends=ends,
        pages=pages,
        index=builder.pages.index(),
        nothing=builder.pages.nothing(),
    )


def _step(ledger: "Ledger", at: datetime.datetime) -> tuple[datetime.datetime, datetime.datetime | None]:
    """Find from when and until when no version is released or takes effect."""
    turns = {each.effective_at for each in ledger.versions if each.withdrawn_at is None}
    turns |= {each.released_at for each in ledger.versions}
    return max(turn for turn in turns if turn <= at), min((turn for turn in turns if turn > at), default=None)


class _Builder:
    """Makes the resources of one step."""

    def __init__(
        self,
        ledger: "Ledger",
        pages: Pages,
        addresses: Addresses,
        at: datetime.datetime,
        trust_list: "TrustList",
        *,
        can_send: bool,
    ) -> None:
        self.pages = pages
        self._trust_list = trust_list
        self._can_send = can_send
        self._ledger = ledger
        self._addresses = addresses
        self._at = at

    def build(self) -> "Iterable[dict[str, Resource]]":
        """Make everything, by path."""
        addresses = self._addresses
        yield self._spread(addresses.page, self._current())
        yield self._letter(addresses.page, self._ledger.version_in_force(self._at))
        for version in self._ledger.versions:
            yield self._spread(addresses.dated(version.version), self._dated(version))
            yield self._letter(addresses.dated(version.version), version)
            if (before := self._ledger.predecessor(version)) is not None:
                yield self._changes(addresses.changes(version.version), version, before)
            for each in self._ledger.earlier(version):
                yield self._changes(addresses.changes(version.version, since=each.version), version, each)
        yield self._spread(addresses.versions, self._list())
        address = {"base_url": addresses.base_url, "path": addresses.page}
        yield _single(addresses.feed, ATOM, write_feed(self._ledger, at=self._at, **address))
        yield _single(addresses.processors, JSON, write_processors(self._ledger))
        yield _single(addresses.calendar, CALENDAR, write_calendar(self._ledger, **address))
        page = self.pages.verify(can_send=self._can_send)
        check = Representation(media_type=HTML, body=page, has_form=self._can_send, has_script=True)
        yield self._spread(addresses.verify, [check])
        yield self._spread(addresses.keys, self._keys())
        yield _single(addresses.script("published"), SCRIPT, write_published(self._ledger, self._trust_list, addresses))
        for script in SCRIPTS:
            yield _single(addresses.script(script), SCRIPT, _resources.read_script(script))
        for style in ("page", "redline"):
            yield _single(addresses.style(style), CSS, read_style(style, fonts=True, folder=self.pages.templates))
        embedded = read_style("embedded", folder=self.pages.templates)
        yield _single(addresses.style("embedded"), CSS, embedded)
        for font in _FONTS:
            yield _single(addresses.font(font), FONT, _resources.read_template(f"fonts/{font}"), permanent=True)

    def _changes(self, address: str, version: Version, before: Version) -> dict[str, Resource]:
        return self._spread(address, [Representation(media_type=HTML, body=self.pages.changes(version, before))])

    def _letter(self, address: str, version: Version) -> dict[str, Resource]:
        """Put the PDF on US Letter paper at an address of its own: no header of a request asks for a paper."""
        body = self._ledger.record(version.version, reading_name("letter"))
        permanent = address != self._addresses.page
        name = f"mailmart-privacy-policy-{version.version}-letter.pdf"
        return _single(self._addresses.letter(address), PDF, body, permanent=permanent, filename=name)

    def _current(self) -> "Iterable[Representation]":
        version = self._ledger.version_in_force(self._at)
        for made in self._formats(version, self._addresses.page, self.pages.current(), version.effective_at):
            # But for the page, the bytes of the version in force are those of its dated address.
            location = self._addresses.dated(version.version, _ENDINGS[made.media_type])
            yield made if made.media_type == HTML else replace(made, location=location)

    def _dated(self, version: Version) -> "Iterable[Representation]":
        # Nothing was modified at a moment that is yet to come (RFC 9110, 8.8.2.1).
        modified_at = midnight(version.last_updated) if version.effective_at <= self._at else None
        address = self._addresses.dated(version.version)
        for made in self._formats(version, address, self.pages.dated(version), modified_at):
            yield replace(made, permanent=made.media_type not in (HTML, JSON))

    def _formats(
        self, version: Version, address: str, page: bytes, modified_at: datetime.datetime | None
    ) -> "Iterable[Representation]":
        links = tuple(self._links(version, address))
        bodies = {ending: self._ledger.record(version.version, name) for ending, name in _RECORDS.items()}
        status = find_status(version, self._ledger.versions, self._at)
        bodies |= {
            "html": page,
            "json": _add_member(bodies["json"], "status", status.to_json(version)),
            "md": self._ledger.policy(version.version).markdown.encode(),
        }
        since = status.since(version)
        # A release of this package renders a page again, so only its entity tag tells whether it changed. The JSON
        # changes with its status.
        modified = {HTML: None, JSON: since if since <= self._at else None}
        for ending, (media_type, _) in FORMATS.items():
            yield Representation(
                media_type=media_type,
                body=bodies[ending],
                modified_at=modified.get(media_type, modified_at),
                links=links,
                filename=f"mailmart-privacy-policy-{version.version}.pdf" if media_type == PDF else None,
            )

    def _links(self, version: Version, address: str) -> "Iterable[str]":
        addresses = self._addresses
        yield link(addresses.canonical(address), "canonical")
        yield link(addresses.page, "privacy-policy")  # RFC 6903
        for ending, (media_type, _) in FORMATS.items():
            yield link(addresses.of(address, ending), "alternate", media_type=media_type)
        yield link(addresses.feed, "alternate", media_type=ATOM)
        yield link(addresses.versions, "version-history")  # RFC 5829
        if address != addresses.page:
            yield link(addresses.page, "latest-version")
        if (before := self._ledger.predecessor(version)) is not None:
            yield link(addresses.dated(before.version), "predecessor-version")
        kept = (each for each in self._ledger.versions if each.withdrawn_at is None)
        after = next((each for each in kept if each.version > version.version), None)
        if after is not None and version.withdrawn_at is None:
            yield link(addresses.dated(after.version), "successor-version")

    def _list(self) -> "Iterable[Representation]":
        document = json.dumps(describe_versions(self._ledger.versions), ensure_ascii=False, indent=2) + "\n"
        yield Representation(media_type=HTML, body=self.pages.versions())
        yield Representation(media_type=JSON, body=document.encode())

    def _keys(self) -> "Iterable[Representation]":
        yield Representation(media_type=HTML, body=self.pages.keys(self._trust_list))
        yield Representation(media_type=JSON, body=write_keys(self._trust_list))
        yield Representation(media_type=PEM, body=write_certificates(self._trust_list))

    def _spread(self, address: str, made: "Iterable[Representation]") -> dict[str, Resource]:
        """Put each format at an address of its own, and all of them at the one without an ending."""
        formats = list(made)
        own = {f"{address}.{_ENDINGS[one.media_type]}": one for one in formats}
        negotiated = {
            one.media_type: replace(one, location=one.location or path, negotiated=len(formats) > 1)
            for path, one in own.items()
        }
        return {path: Resource(representations={one.media_type: one}) for path, one in own.items()} | {
            address: Resource(representations=negotiated)
        }


def _add_member(document: bytes, name: str, value: object) -> bytes:
    """Add a member to the end of a recorded JSON document, whose own bytes stay as they are before it."""
    written = json.dumps(value, ensure_ascii=False, indent=2).replace("\n", "\n  ")
    return document.removesuffix(b"\n}\n") + f',\n  "{name}": {written}\n}}\n'.encode()


def _single(
    address: str, media_type: str, body: bytes, *, permanent: bool = False, filename: str | None = None
) -> dict[str, Resource]:
    one = Representation(media_type=media_type, body=body, permanent=permanent, filename=filename)
    return {address: Resource(representations={media_type: one})}
