"""All that is at some address while one version is in force: made once, then only looked up."""

import datetime
import json
from dataclasses import dataclass, replace
from functools import cached_property

from .. import _resources
from ..policy.versions import Version, describe_versions
from .atom import write_feed
from .icalendar import write_calendar
from .notices import midnight
from .pages import changes_page, current_page, dated_page, nothing_page, versions_page
from .representations import ATOM, CALENDAR, CSS, FORMATS, HTML, Representation, link
from .urls import Addresses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..policy.ledger import Ledger

JSON, TEXT, PDF = (FORMATS[ending][0] for ending in ("json", "txt", "pdf"))
_RECORDS = {"json": "policy.json", "txt": "policy.txt", "pdf": "form-a4.pdf"}


@dataclass(frozen=True, kw_only=True)
class Resource:
    """What is at an address.

    Attributes:
        representations: its formats by media type, the preferred one first.
        permanent: whether it will be the same for ever.
    """

    representations: dict[str, Representation]
    permanent: bool = False

    @cached_property
    def offers(self) -> tuple[str, ...]:
        """The media types."""
        return tuple(self.representations)


@dataclass(frozen=True, kw_only=True)
class ResourceSet:
    """Everything by its path, from one moment to another.

    Attributes:
        things: what is where.
        starts: from when on it is so.
        ends: until when, or None where nothing is announced.
        nothing: the page for people at any other path.
    """

    things: dict[str, Resource]
    starts: datetime.datetime
    ends: datetime.datetime | None
    nothing: bytes


def build_resources(ledger: "Ledger", addresses: Addresses, at: datetime.datetime) -> ResourceSet:
    """Make all that is at some address at a moment.

    Args:
        ledger: the versions.
        addresses: where they are served.
        at: the moment (aware).

    Raises:
        UnknownVersionError: no version is in force yet.
        RecordError: a record has changed or is missing.
    """
    version = ledger.version_in_force(at)
    at, ends = _step(ledger, at)  # what is made is the same during the whole step
    upcoming = ledger.upcoming(at)
    things: dict[str, Resource] = {}
    for each in ledger.versions:
        made = dict(_dated(ledger, each, addresses, at))
        things |= _spread(addresses.dated(each.version), made, permanent=True)
        things[addresses.style(each.version)] = _style(ledger, each)
        if each.has_changes:
            page = Representation(media_type=HTML, body=changes_page(ledger, each, addresses))
            things |= _spread(addresses.changes(each.version), {HTML: page}, permanent=True)
            things[addresses.redline_style] = _single(CSS, _resources.read_template("redline.css"))
    current = dict(_current(ledger, version, upcoming, addresses))
    things |= _spread(addresses.page, current, permanent=False)
    things |= _spread(addresses.versions, _list(ledger, at, addresses), permanent=False)
    address = {"base_url": addresses.base_url, "path": addresses.page}
    things[addresses.feed] = _single(ATOM, write_feed(ledger, at=at, **address))
    things[addresses.calendar] = _single(CALENDAR, write_calendar(ledger, **address))
    nothing = nothing_page(ledger.policy(version.version).title, version, addresses)
    return ResourceSet(things=things, starts=at, ends=ends, nothing=nothing)


def _step(ledger: "Ledger", at: datetime.datetime) -> tuple[datetime.datetime, datetime.datetime | None]:
    """Find from when and until when nothing happens: no version comes into force, and no day of one begins."""
    turns = {moment for each in ledger.versions for moment in (each.effective_at, midnight(each.last_updated))}
    return max(turn for turn in turns if turn <= at), min((turn for turn in turns if turn > at), default=None)


def _spread(address: str, made: dict[str, Representation], *, permanent: bool) -> dict[str, Resource]:
    """Put each format at an address of its own, and all of them at the one without an ending."""
    endings = {media_type: ending for ending, (media_type, _) in FORMATS.items()}
    things = {
        f"{address}.{endings[media_type]}": Resource(representations={media_type: one}, permanent=permanent)
        for media_type, one in made.items()
    }
    negotiated = {
        media_type: Representation(
            media_type=media_type,
            body=one.body,
            modified_at=one.modified_at,
            links=one.links,
            location=one.location or f"{address}.{endings[media_type]}",
            negotiated=len(made) > 1,
            filename=one.filename,
        )
        for media_type, one in made.items()
    }
    return things | {address: Resource(representations=negotiated, permanent=permanent)}


def _dated(
    ledger: "Ledger", version: Version, addresses: Addresses, at: datetime.datetime
) -> "Iterable[tuple[str, Representation]]":
    address = addresses.dated(version.version)
    bodies = _bodies(ledger, version) | {"html": dated_page(ledger, version, addresses)}
    # Nothing was modified at a moment that is yet to come (RFC 9110, 8.8.2.1).
    modified_at = midnight(version.last_updated) if version.effective_at <= at else None
    yield from _formats(ledger, version, address, bodies, modified_at, addresses)


def _current(
    ledger: "Ledger", version: Version, upcoming: tuple[Version, ...], addresses: Addresses
) -> "Iterable[tuple[str, Representation]]":
    bodies = _bodies(ledger, version) | {"html": current_page(ledger, version, upcoming, addresses)}
    for media_type, made in _formats(ledger, version, addresses.page, bodies, version.effective_at, addresses):
        # Since when the page announces a version, nothing here knows; the entity tag does.
        announces = media_type == HTML and upcoming
        yield media_type, replace(made, modified_at=None) if announces else made


def _bodies(ledger: "Ledger", version: Version) -> dict[str, bytes]:
    recorded = {ending: ledger.record(version.version, name) for ending, name in _RECORDS.items()}
    return recorded | {"md": ledger.policy(version.version).markdown.encode()}


def _formats(
    ledger: "Ledger",
    version: Version,
    address: str,
    bodies: dict[str, bytes],
    modified_at: datetime.datetime | None,
    addresses: Addresses,
) -> "Iterable[tuple[str, Representation]]":
    links = tuple(_links(ledger, version, address, addresses))
    for ending, (media_type, _) in FORMATS.items():
        # But for the page, the bytes of the version in force are those of its dated address.
        dated = ending != "html" and address == addresses.page
        yield (
            media_type,
            Representation(
                media_type=media_type,
                body=bodies[ending],
                modified_at=modified_at,
                links=links,
                location=addresses.dated(version.version, ending) if dated else None,
                filename=f"mailmart-privacy-policy-{version.version}.pdf" if ending == "pdf" else None,
            ),
        )


def _links(ledger: "Ledger", version: Version, address: str, addresses: Addresses) -> "Iterable[str]":
    yield link(addresses.whole(address), "canonical")
    yield link(addresses.page, "privacy-policy")  # RFC 6903
    for ending, (media_type, _) in FORMATS.items():
        yield link(addresses.of(address, ending), "alternate", media_type=media_type)
    yield link(addresses.feed, "alternate", media_type=ATOM)
    yield link(addresses.versions, "version-history")  # RFC 5829
    if address != addresses.page:
        yield link(addresses.page, "latest-version")
    names = [each.version for each in ledger.versions]
    place = names.index(version.version)
    if place > 0:
        yield link(addresses.dated(names[place - 1]), "predecessor-version")
    if place + 1 < len(names):
        yield link(addresses.dated(names[place + 1]), "successor-version")


def _list(ledger: "Ledger", at: datetime.datetime, addresses: Addresses) -> dict[str, Representation]:
    document = json.dumps(describe_versions(ledger.versions), ensure_ascii=False, indent=2) + "\n"
    return {
        HTML: Representation(media_type=HTML, body=versions_page(ledger.versions, at, addresses)),
        JSON: Representation(media_type=JSON, body=document.encode()),
    }


def _style(ledger: "Ledger", version: Version) -> Resource:
    recorded = ledger.record(version.version, "page.css")
    return _single(CSS, recorded + b"\n" + _resources.read_template("served.css"))


def _single(media_type: str, body: bytes) -> Resource:
    return Resource(representations={media_type: Representation(media_type=media_type, body=body)})
