"""For the tests of services: a clock that a test sets, and a world in which the policy has three versions.

A service has to work on the day when the next version takes effect. Its tests need not wait for that day: within
`three_versions()` the first version is superseded, the second, an editorial one, is in force, and the third, a
material one, is announced. The texts are made from the first version that ships, so no release changes them.
Nothing here needs a test framework, or an extra.
"""

import contextlib
import datetime
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from . import _clock, _resources
from ._time import require_moment
from .policy.entries import LEDGER
from .policy.kinds import EDITORIAL, MATERIAL
from .policy.ledger import shipped
from .policy.render import render_json
from .policy.versions import Version
from .release.records import SOURCE, Release, date_source, make_entry, read_source, write_ledger

__all__ = ["Clock", "World", "three_versions"]

FIRST, SECOND, THIRD = "2026-02-24", "2026-09-01", "2027-01-15"
START = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)
SECOND_RELEASED = datetime.datetime(2026, 8, 1, 8, tzinfo=datetime.UTC)
THIRD_RELEASED = datetime.datetime(2026, 11, 20, 8, tzinfo=datetime.UTC)
THIRD_EFFECTIVE = datetime.datetime(2027, 2, 1, 9, tzinfo=datetime.UTC)
SECOND_SUMMARY = "Says more plainly which cookies there are. Nothing else changed."
THIRD_SUMMARY = "Postmark sends our e-mail; account data are kept for 90 days after an account is closed."
_TEXTS = ("policy.txt", "policy.json", SOURCE)  # what differs from version to version


class Clock:
    """A clock that stands still until a test sets it.

    It is called like a function wherever a clock is an argument, for instance in `create_service(clock=…)`.

    Args:
        moment: what it tells (aware).

    Raises:
        UsageError: `moment` is not aware.
    """

    def __init__(self, moment: datetime.datetime) -> None:
        self.set(moment)

    def __call__(self) -> datetime.datetime:
        return self._moment

    def __repr__(self) -> str:
        return f"<Clock at {self._moment.isoformat()}>"

    def set(self, moment: datetime.datetime) -> None:
        """Set it to a moment (aware), for instance to a version's `effective_at`.

        Raises:
            UsageError: `moment` is not aware.
        """
        require_moment(moment)
        self._moment = moment

    def advance(self, by: datetime.timedelta) -> None:
        """Set it forward, or back by a negative duration."""
        self.set(self._moment + by)


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Three versions, and the clock by which they take effect.

    Attributes:
        clock: what `current()`, `upcoming()` and a service made by `create_service()` go by.
        first: superseded at the start.
        second: in force at the start; editorial.
        third: announced at the start; material. It adds a processor, keeps data for longer and moves a section.
    """

    clock: Clock
    first: Version
    second: Version
    third: Version


@contextlib.contextmanager
def three_versions(*, at: datetime.datetime = START) -> Iterator[World]:
    """Let the policy have three versions, and the clock stand still, until the block ends.

    It is the state of the whole process, so two such blocks cannot run at once in threads. Make the service or the
    application within the block: one that was made before goes on serving what ships. The PDFs of the second and the
    third version are those of the first, so that downloads work; a copy made from them says the first version.

    Args:
        at: where the clock begins (aware).

    Yields:
        The versions, and the clock to set.

    Raises:
        UsageError: `at` is not aware.
    """
    clock = Clock(at)
    files = _resources.replace_data(_make_data())
    source = _clock.replace(clock)
    _forget()
    try:
        first, second, third = shipped().versions
        yield World(clock=clock, first=first, second=second, third=third)
    finally:
        _clock.replace(source)
        _resources.replace_data(files)
        _forget()


def _forget() -> None:
    """Let go of what was loaded once for this process."""
    import sys

    shipped.cache_clear()
    django = sys.modules.get("mailmart_privacy.web.django.conf")
    if django is not None:
        django.forget()


@cache
def _make_data() -> dict[str, bytes]:
    """Make the files below `data/` that differ from those that ship."""
    entries = [first_entry()]
    papers = [name for name in entries[0]["records"] if name not in _TEXTS]
    pdfs = {name: _resources.read_data(f"{FIRST}/{name}") for name in papers}
    files: dict[str, bytes] = {}
    for source, release in drafts():
        policy = release.add_to(read_source(source))
        texts = {"policy.txt": policy.text, "policy.json": render_json(policy)}
        made = {name: text.encode() for name, text in texts.items()} | {SOURCE: source} | pdfs
        entries.append(make_entry(made, release, entries))
        files |= {f"{policy.version}/{name}": content for name, content in made.items()}
    return files | {LEDGER: write_ledger(entries)}


def first_entry() -> dict[str, Any]:
    """Read the ledger's entry of the first version."""
    entry: dict[str, Any] = json.loads(_resources.read_data(LEDGER))["entries"][0]
    return entry


def drafts() -> tuple[tuple[bytes, Release], tuple[bytes, Release]]:
    """Write the second and the third version: the Markdown of each, and what is known at its release."""
    first = _resources.read_data(f"{FIRST}/{SOURCE}").decode()
    second = edit_editorially(first)
    third = edit_materially(second)
    return (
        (
            date_source(second.encode(), datetime.date.fromisoformat(SECOND)),
            Release(released_at=SECOND_RELEASED, change=EDITORIAL, summary=SECOND_SUMMARY),
        ),
        (
            date_source(third.encode(), datetime.date.fromisoformat(THIRD)),
            Release(released_at=THIRD_RELEASED, effective_at=THIRD_EFFECTIVE, change=MATERIAL, summary=THIRD_SUMMARY),
        ),
    )


def edit_editorially(source: str) -> str:
    """Say the same in other words."""
    return edit(
        source,
        ("We do not use advertising or tracking cookies.", "We use no advertising cookies and no tracking cookies."),
    )


def edit_materially(source: str) -> str:
    """Add a processor, keep data for longer, and move a section."""
    source = edit(
        source,
        ("- Sentry — Error", "- Postmark — Transactional email\n- Sentry — Error"),
        ("as long as your account is active or", "as long as your account is active, for 90 days after that, or"),
    )
    security, retention = ("## 5. Data Security", "## 6. Data Retention")
    start, middle, end = (source.index(mark) for mark in (security, retention, "## 7."))
    moved = source[middle:end].replace("## 6.", "## 5.") + source[start:middle].replace("## 5.", "## 6.")
    return source[:start] + moved + source[end:]


def edit(text: str, *edits: tuple[str, str]) -> str:
    """Replace what is in a text exactly once; leave out the comment with the digest of the old text."""
    for old, new in edits:
        if text.count(old) != 1:
            raise AssertionError(f"{old!r} is not in the text exactly once")
        text = text.replace(old, new)
    return re.sub(r"<!-- SHA-256.*-->\n", "", text)
