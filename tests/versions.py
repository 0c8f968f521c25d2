"""The world of `mailmart_privacy.testing` with forms of its own: what the tests of change and of serving begin with.

The second version is editorial and in force; the third is material and only announced at the tests' `NOW`:
a section moved, another changed, and there is a new processor.
"""

import datetime
import json
from dataclasses import replace
from functools import cache

from mailmart_privacy import _resources
from mailmart_privacy.policy.entries import LEDGER
from mailmart_privacy.policy.ledger import Ledger
from mailmart_privacy.release.records import (
    Release,
    date_source,
    make_entry,
    make_withdrawal,
    write_ledger,
)
from mailmart_privacy.testing import (
    FIRST,
    SECOND,
    SECOND_RELEASED,
    SECOND_SUMMARY,
    THIRD,
    THIRD_EFFECTIVE,
    THIRD_RELEASED,
    THIRD_SUMMARY,
    drafts,
    edit,
    edit_editorially,
    edit_materially,
    first_entry,
)

from .recording import build_records_once

__all__ = [
    "FIRST",
    "SECOND",
    "SECOND_RELEASED",
    "SECOND_SUMMARY",
    "THIRD",
    "THIRD_EFFECTIVE",
    "THIRD_RELEASED",
    "THIRD_SUMMARY",
    "edit",
    "edit_editorially",
    "edit_materially",
]

THIRD_WITHDRAWN = datetime.datetime(2026, 11, 22, 16, 30, tzinfo=datetime.UTC)
WITHDRAWAL_REASON = "Postmark does not send our e-mail after all."


def second_source() -> str:
    """The Markdown of the second version."""
    return drafts()[0][0].decode()


@cache
def three_versions() -> dict[str, bytes]:
    """All files below `data/` of a package with three versions."""
    return build_versions(drafts())


def build_versions(sources: tuple[tuple[bytes, Release], ...]) -> dict[str, bytes]:
    """Build all files below `data/` of a package that has the first version and those of some sources."""
    entries = [first_entry()]
    files = {f"{FIRST}/{name}": _resources.read_data(f"{FIRST}/{name}") for name in entries[0]["records"]}
    for source, release in sources:
        made = build_records_once(source, release)
        entries.append(make_entry(made, release, entries))
        files |= {f"{entries[-1]['version']}/{name}": content for name, content in made.items()}
    return files | {LEDGER: write_ledger(entries)}


def one_version_data() -> dict[str, bytes]:
    """All files below `data/` of a package that has the first version only."""
    return build_versions(())


@cache
def one_version() -> Ledger:
    """The ledger of a package that has the first version only, whatever ships: for tests that count its entries."""
    return _read_ledger(one_version_data())


def build_world(world: str) -> dict[str, bytes]:
    """Build all files below `data/` of a package in a world of `tests.world`.

    Args:
        world: "one" has the first version only; "three" has a third one that is announced, by today's clock, for the
            day in thirty days; "today" has one that took effect at midnight.
    """
    if world == "one":
        return one_version_data()
    second, (source, release) = drafts()
    today = datetime.datetime.now(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    third = replace(
        release,
        released_at=today - datetime.timedelta(days=3),
        effective_at=today + datetime.timedelta(days=30 if world == "three" else 0),
    )
    return build_versions((second, (date_source(source, today.date()), third)))


def withdrawn_ledger() -> Ledger:
    """The ledger of that package after the third version was withdrawn."""
    files = three_versions()
    entries = json.loads(files[LEDGER])["entries"]
    entry = make_withdrawal(THIRD, reason=WITHDRAWAL_REASON, withdrawn_at=THIRD_WITHDRAWN, entries=entries)
    return _read_ledger(files | {LEDGER: write_ledger([*entries, entry])})


def three_version_ledger() -> Ledger:
    """The ledger of that package."""
    return _read_ledger(three_versions())


def _read_ledger(files: dict[str, bytes]) -> Ledger:

    def read(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(name)
        return files[name]

    return Ledger(read)
