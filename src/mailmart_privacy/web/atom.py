"""The feed of versions and of changed processors: Atom (RFC 4287), with ids after RFC 4151.

The rules by which an entry has its moment (`updated`):

1. A version that is or was in force has the moment from which it was. That never changes again.
2. An announced version has the moment of its release, and a withdrawn one that of its withdrawal. So an entry
   changes when there is news of it, its id stays, and no moment lies in the future.
3. The changed processors of a version stand one second before it, so that no two entries have one moment, and
   readers, which sort by it, show the version first. Of two versions with one moment, the newer gives way by seconds.

All ids name the day of the first version, on which the text named the website: nobody knows who will hold a name
on a later day.
"""

import datetime
from xml.etree import ElementTree

from .._time import format_iso, format_moment
from ..diff.compare import compare
from ..diff.comparison import ProcessorChange
from ..policy.ledger import Ledger
from ..policy.model import Processor
from ..policy.versions import Version
from .notices import (
    AUTHORITY,
    LANGUAGE,
    PUBLISHER,
    clean,
    dated_address,
    describe_change,
    name_version,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

_ATOM = "http://www.w3.org/2005/Atom"
_XHTML = "http://www.w3.org/1999/xhtml"
_ID = f"tag:{AUTHORITY},2026-02-24:privacy"
_SECOND = datetime.timedelta(seconds=1)
_STATUSES = ("added", "changed", "removed")


def write_feed(ledger: Ledger, *, at: datetime.datetime, base_url: str, path: str) -> bytes:
    """Write the feed: an entry for each version, the newest first, and one for its changed processors.

    Args:
        ledger: the versions; those that are announced have entries too, which say so.
        at: the moment as of which a version is in force or announced (aware).
        base_url: scheme and host of addresses, for instance "https://mailmart.com".
        path: where the version in force is served, for instance "/privacy".

    Returns:
        The feed, of type application/atom+xml in UTF-8. It changes only when a version comes into
        force, or when the day begins that an announced one names.

    Raises:
        UsageError: `at` is naive.
        UnknownVersionError: no version is in force yet.
        RecordError: a version's record has changed or is missing.
    """
    in_force = ledger.version_in_force(at)
    changes = _changed_processors(ledger)
    moments = _moments(ledger, changes, at)
    feed = ElementTree.Element("feed", {"xmlns": _ATOM, "xml:lang": LANGUAGE})
    _add(feed, "id", _ID)
    _add(feed, "title", f"{ledger.policy(in_force.version).title} · {PUBLISHER}")
    _add(feed, "subtitle", "Versions of the policy, and changes in the third-party services that it names.")
    _add(feed, "updated", format_iso(max(moments.values())))
    _add(_add(feed, "author"), "name", PUBLISHER)
    _add(feed, "link", rel="self", type="application/atom+xml", href=f"{base_url}{path}/feed.atom")
    _add(feed, "link", rel="alternate", type="text/html", hreflang=LANGUAGE, href=f"{base_url}{path}")
    for version in reversed([version for version in ledger.versions if version.released_at <= at]):
        address = dated_address(version, base_url=base_url, path=path)
        name = name_version(version, ledger.policy(version.version).title)
        state, mark = _state(version, at)
        described = describe_change(version)
        entry = _entry(feed, _id(version), mark + name, moments[_id(version)], address, version)
        if version.has_changes:
            _add(entry, "link", rel="related", type="text/html", hreflang=LANGUAGE, href=f"{address}/changes")
        _add(entry, "summary", f"{state} {described}")
        _content(entry, [state, described])
        if changed := changes[version.version]:
            id = _processors_id(version)
            entry = _entry(feed, id, f"{mark}Changed processors in the {name}", moments[id], address, version)
            _add(entry, "category", term="processors", label="Processors")
            _add(entry, "summary", f"{state} {_summarise(changed)}")
            _list(_content(entry, [state, "What changes in the third-party services:"]), changed)
    ElementTree.indent(feed)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(feed, encoding="unicode").encode() + b"\n"


def _id(version: Version) -> str:
    return f"{_ID}/{version.version}"


def _processors_id(version: Version) -> str:
    return f"{_id(version)}/processors"


def _changed_processors(ledger: Ledger) -> "dict[str, list[ProcessorChange]]":
    """Compare each version with the one that it follows; the first follows none."""
    changes: dict[str, list[ProcessorChange]] = {}
    for version in ledger.versions:
        before = ledger.predecessor(version)
        policy = ledger.policy(version.version)
        compared: Sequence[ProcessorChange] = ()
        if before is not None:
            compared = compare(ledger.policy(before.version), policy).processors
        changes[version.version] = [each for each in compared if each.status != "same"]
    return changes


def _moments(
    ledger: Ledger, changes: "dict[str, list[ProcessorChange]]", at: datetime.datetime
) -> dict[str, datetime.datetime]:
    """Give each entry, by its id, its moment: the rules above, the oldest version first."""
    moments: dict[str, datetime.datetime] = {}
    for version in ledger.versions:
        if version.released_at > at:
            continue  # nobody knew of it
        moment = version.withdrawn_at or (version.effective_at if version.effective_at <= at else version.released_at)
        ids = [_id(version), _processors_id(version)] if changes[version.version] else [_id(version)]
        for id in ids:
            while moment in moments.values():
                moment -= _SECOND
            moments[id] = moment
    return moments


def _state(version: Version, at: datetime.datetime) -> tuple[str, str]:
    """Describe the status of a version: as a sentence, and as the beginning of its titles."""
    moment = format_moment(version.effective_at)
    if version.withdrawn_at is not None:
        day = format_moment(version.withdrawn_at)
        return f"Withdrawn on {day}, before it took effect: {version.withdrawal_reason}", "Withdrawn: "
    if version.effective_at > at:
        return f"Announced; takes effect on {moment}.", "Announced: "
    return f"In force from {moment}.", ""


def _entry(
    feed: "Element", id: str, title: str, moment: datetime.datetime, address: str, version: Version
) -> "Element":
    entry = _add(feed, "entry")
    _add(entry, "id", id)
    _add(entry, "title", title)
    _add(entry, "updated", format_iso(moment))
    _add(entry, "link", rel="alternate", type="text/html", hreflang=LANGUAGE, href=address)
    if version.change is not None:
        _add(entry, "category", term=version.change, label=f"{version.change.capitalize()} change")
    return entry


def _content(entry: "Element", paragraphs: "Sequence[str]") -> "Element":
    """Add content as XHTML, in the one element that RFC 4287, 3.1.1.3, asks for."""
    whole = _add(_add(entry, "content", type="xhtml"), "div", xmlns=_XHTML)
    for paragraph in paragraphs:
        _add(whole, "p", paragraph)
    return whole


def _list(whole: "Element", changed: "Sequence[ProcessorChange]") -> None:
    """List how processors changed: in words, since a mark or a colour says nothing to a screen reader."""
    listed = _add(whole, "ul")
    for each in changed:
        _add(listed, "li", f"{each.name}, {_describe(each)}.")


def _describe(change: ProcessorChange) -> str:
    if change.old is not None and change.new is not None:
        return f"changed. Before: {_purpose(change.old)}. Now: {_purpose(change.new)}"
    return f"{change.status}: {', '.join(_purpose(each) for each in (change.old, change.new) if each is not None)}"


def _purpose(processor: Processor) -> str:
    return f"{processor.purpose} ({processor.condition})" if processor.condition else processor.purpose


def _summarise(changed: "Sequence[ProcessorChange]") -> str:
    """Name the processors, by how they changed."""
    by_status = {status: [each.name for each in changed if each.status == status] for status in _STATUSES}
    return " ".join(f"{status.capitalize()}: {', '.join(names)}." for status, names in by_status.items() if names)


def _add(parent: "Element", tag: str, text: str | None = None, **attributes: str) -> "Element":
    child = ElementTree.SubElement(parent, tag, attributes)
    child.text = None if text is None else clean(text)
    return child
