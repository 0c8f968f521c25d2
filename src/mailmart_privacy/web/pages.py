"""The pages as they stand at an address: the recorded page, with what only that address can say around it.

The recorded page of a version is never made again. What is added is its address and that of its
other formats, for machines in the head and for people in the footer, and a line above the text
that tells whether it is the one in force.
"""

import json
from html import escape

from ..errors import RecordError
from ..policy.model import format_date
from ..policy.versions import CHANGES
from .representations import ATOM, CALENDAR, FORMATS, HTML

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ..policy.ledger import Ledger
    from ..policy.versions import Version
    from .urls import Addresses

_STYLESHEET = '<link rel="stylesheet" href="page.css">'
_BODY, _FOOTER = "<main>", "</footer>"


def current_page(ledger: "Ledger", version: "Version", upcoming: "Sequence[Version]", addresses: "Addresses") -> bytes:
    """Make the page at the address that never changes: the version in force, and what is announced."""
    notices = [_announcement(later, ledger, addresses) for later in upcoming]
    return _surround(
        ledger,
        version,
        addresses.page,
        notices,
        [
            f'The permanent address of this version is <a href="{addresses.dated(version.version)}">'
            f"{escape(addresses.whole(addresses.dated(version.version)))}</a>.",
            _formats(addresses, version.version),
            _others(addresses),
        ],
        addresses,
    )


def dated_page(ledger: "Ledger", version: "Version", addresses: "Addresses") -> bytes:
    """Make the page at the address of one version, which says the same for ever."""
    others = [f'<a href="{addresses.page}">Read the version that is in force today</a>.']
    if version.has_changes:
        others.insert(0, f'<a href="{addresses.changes(version.version)}">See what changed in this version</a>.')
    notice = f"<p>This is the version of {format_date(version.last_updated)}. {' '.join(others)}</p>"
    return _surround(
        ledger,
        version,
        addresses.dated(version.version),
        [notice],
        [_formats(addresses, version.version), _others(addresses)],
        addresses,
    )


def changes_page(ledger: "Ledger", version: "Version", addresses: "Addresses") -> bytes:
    """Make the page of what changed in a version: the recorded redline, and the way to that version."""
    page = ledger.record(version.version, CHANGES).decode()
    canonical = f'<link rel="canonical" href="{escape(addresses.whole(addresses.changes(version.version)))}">'
    head = f"{_style(addresses.redline_style)}\n{canonical}"
    way = (
        f'<p><a href="{addresses.dated(version.version)}">Read the version of {format_date(version.last_updated)}</a>. '
        f'<a href="{addresses.versions}">All versions of this policy</a>.</p>\n'
    )
    page = _replace(page, '<link rel="stylesheet" href="redline.css">', head)
    return _replace(page, _FOOTER, f"{way}{_FOOTER}").encode()


def versions_page(versions: "Sequence[Version]", at: "datetime", addresses: "Addresses") -> bytes:
    """Make the page that lists all versions, the newest first."""
    entries = "\n".join(_version(version, at, addresses) for version in reversed(versions))
    canonical = f'<link rel="canonical" href="{escape(addresses.whole(addresses.versions))}">'
    return _plain_page(
        "Versions of the Privacy Policy",
        versions[-1],
        f"{canonical}\n{_feed(addresses)}",
        f"<p>Every version stays at its own address, unchanged. {_subscribe(addresses)}</p>\n"
        f"<ol reversed>\n{entries}\n</ol>",
        addresses,
    )


def nothing_page(title: str, version: "Version", addresses: "Addresses") -> bytes:
    """Make the page for an address with nothing at it: the way from there to what people may have looked for."""
    return _plain_page(
        "There is nothing at this address",
        version,
        _feed(addresses),
        f'<p><a href="{addresses.page}">Read the {escape(title)} that is in force today</a>, '
        f'or see <a href="{addresses.versions}">all versions of it</a>.</p>',
        addresses,
    )


def _plain_page(heading: str, version: "Version", head: str, content: str, addresses: "Addresses") -> bytes:
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{heading} · MailMart</title>
<meta name="color-scheme" content="light dark">
{_style(addresses.style(version.version))}
{head}
</head>
<body class="versions">
<main>
<h1>{heading}</h1>
{content}
</main>
</body>
</html>
""".encode()


def format_moment(moment: "datetime") -> str:
    """Write a moment in UTC for people: the day alone at midnight, else with the time."""
    day = format_date(moment.date())
    return day if (moment.hour, moment.minute, moment.second) == (0, 0, 0) else f"{day}, {moment:%H:%M} UTC"


def _surround(
    ledger: "Ledger",
    version: "Version",
    address: str,
    notices: "Iterable[str]",
    closing: "Iterable[str]",
    addresses: "Addresses",
) -> bytes:
    page = ledger.record(version.version, "page.html").decode()
    said = "\n".join(notices)
    above = f'<aside class="notice" aria-label="About this version">\n{said}\n</aside>\n' if said else ""
    below = "".join(f"<p>{line}</p>\n" for line in closing)
    page = _replace(page, _STYLESHEET, _head(version, ledger.policy(version.version).title, address, addresses))
    page = _replace(page, _BODY, f"{above}{_BODY}")
    return _replace(page, _FOOTER, f"{below}{_FOOTER}").encode()


def _replace(page: str, place: str, content: str) -> str:
    if page.count(place) != 1:
        raise RecordError(f"a recorded page has no single {place}; this package cannot serve it")
    return page.replace(place, content)


def _head(version: "Version", title: str, address: str, addresses: "Addresses") -> str:
    whole = addresses.whole(address)
    facts = {
        "@context": "https://schema.org",
        "@type": "WebPage",
        "url": whole,
        "name": title,
        "dateModified": version.version,
        "inLanguage": "en",
        "version": version.version,
    }
    # Data, not a script: no policy on scripts applies to it. "<" would end it early.
    data = json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c")
    alternates = (
        f'<link rel="alternate" type="{media_type}" title="{name}" href="{addresses.of(address, ending)}">'
        for ending, (media_type, name) in FORMATS.items()
        if media_type != HTML
    )
    return "\n".join(
        (
            _style(addresses.style(version.version)),
            f'<link rel="canonical" href="{escape(whole)}">',
            f'<meta property="og:url" content="{escape(whole)}">',
            *alternates,
            _feed(addresses),
            f'<script type="application/ld+json">{data}</script>',
        )
    )


def _style(address: str) -> str:
    return f'<link rel="stylesheet" href="{address}">'


def _feed(addresses: "Addresses") -> str:
    return f'<link rel="alternate" type="{ATOM}" title="Versions of this policy" href="{addresses.feed}">'


def _announcement(later: "Version", ledger: "Ledger", addresses: "Addresses") -> str:
    title = escape(ledger.policy(later.version).title)
    changes = ""
    if later.has_changes:
        changes = f' or <a href="{addresses.changes(later.version)}">see what changes</a>'
    return (
        f'<p><strong>A new {title} takes effect on <time datetime="{later.effective_at:%Y-%m-%dT%H:%M:%SZ}">'
        f"{format_moment(later.effective_at)}</time>.</strong> {escape(later.summary or '')} "
        f'<a href="{addresses.dated(later.version)}">Read it</a>{changes}.</p>'
    )


def _formats(addresses: "Addresses", version: str) -> str:
    names = ", ".join(
        f'<a href="{addresses.dated(version, ending)}" type="{media_type}">{name}</a>'
        for ending, (media_type, name) in FORMATS.items()
        if media_type != HTML
    )
    return f"This version in other formats: {names}."


def _others(addresses: "Addresses") -> str:
    return f'<a href="{addresses.versions}">All versions of this policy</a>. {_subscribe(addresses)}'


def _subscribe(addresses: "Addresses") -> str:
    feed = f'<a href="{addresses.feed}" type="{ATOM}">feed</a>'
    calendar = f'<a href="{addresses.calendar}" type="{CALENDAR}">calendar</a>'
    return f"To hear of a new one, subscribe to the {feed} or the {calendar}."


def _version(version: "Version", at: "datetime", addresses: "Addresses") -> str:
    start = f'<time datetime="{version.effective_at:%Y-%m-%dT%H:%M:%SZ}">{format_moment(version.effective_at)}</time>'
    if version.effective_at > at:
        state = f"Takes effect on {start}."
    elif version.effective_until is None or version.effective_until > at:
        state = f"In force since {start}."
    else:
        end = version.effective_until
        state = (
            f'Was in force from {start} until <time datetime="{end:%Y-%m-%dT%H:%M:%SZ}">{format_moment(end)}</time>.'
        )
    summary = ""
    if version.change is not None:
        summary = f"<p><strong>{version.change.capitalize()} change.</strong> {escape(version.summary or '')}</p>\n"
    day = format_date(version.last_updated)  # which one, for who hears the links in a list of links
    links = [
        f'<a href="{addresses.dated(version.version, ending)}" type="{media_type}"'
        f' aria-label="{name}, {day}">{name}</a>'
        for ending, (media_type, name) in FORMATS.items()
        if media_type != HTML
    ]
    if version.has_changes:
        changes = addresses.changes(version.version)
        links.insert(0, f'<a href="{changes}" aria-label="What changed, {day}">What changed</a>')
    return (
        f'<li id="{version.version}">\n'
        f'<h2><a href="{addresses.dated(version.version)}">{day}</a></h2>\n'
        f"<p>{state}</p>\n{summary}<p>{' · '.join(links)}</p>\n</li>"
    )
