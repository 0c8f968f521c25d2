"""What the feed and the calendar say about a version, in the same words."""

import re

from .._time import format_date
from ..policy.versions import Version

PUBLISHER = "MailMart"
AUTHORITY = "mailmart.com"  # the website that the policy's text names
LANGUAGE = "en"

# What neither XML 1.0, 2.2, nor a text of RFC 5545, 3.3.11, can hold; and the controls that XML discourages.
_UNFIT = re.compile("[^\t\n -~\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Make a text fit for XML and iCalendar: LF between lines, U+FFFD for what neither can hold."""
    return _UNFIT.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def dated_address(version: Version, *, base_url: str, path: str) -> str:
    """Give the whole address of a version's own page."""
    return f"{base_url}{path}/{version.version}"


def name_version(version: Version, title: str) -> str:
    """Name a version for people, for instance "Privacy Policy of February 24, 2026"."""
    return f"{title} of {format_date(version.last_updated)}"


def describe_change(version: Version) -> str:
    """Say how a version differs from the one before it: its change and its summary."""
    if version.change is None:
        return "The first recorded version."
    return f"{version.change.capitalize()} change: {version.summary}"
