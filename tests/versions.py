"""A second and a third version, made of the real text: what the tests of change and of serving begin with.

The second is editorial and in force; the third is material and only announced at the tests' `NOW`:
a section moved, another changed, and there is a new processor.
"""

import datetime
import json
import re
import warnings
from functools import cache

from mailmart_privacy import _resources
from mailmart_privacy.policy.entries import LEDGER
from mailmart_privacy.policy.ledger import Ledger
from mailmart_privacy.release.records import Release, build_records, make_entry, make_withdrawal, write_ledger

FIRST, SECOND, THIRD = "2026-02-24", "2026-09-01", "2027-01-15"
SECOND_RELEASED = datetime.datetime(2026, 8, 1, 8, tzinfo=datetime.UTC)
THIRD_RELEASED = datetime.datetime(2026, 11, 20, 8, tzinfo=datetime.UTC)
THIRD_WITHDRAWN = datetime.datetime(2026, 11, 22, 16, 30, tzinfo=datetime.UTC)
WITHDRAWAL_REASON = "Postmark does not send our e-mail after all."
THIRD_EFFECTIVE = datetime.datetime(2027, 2, 1, 9, tzinfo=datetime.UTC)
SECOND_SUMMARY = "Says more plainly which cookies there are. Nothing else changed."
THIRD_SUMMARY = "Postmark sends our e-mail; account data are kept for 90 days after an account is closed."


def second_source() -> str:
    """The Markdown of the second version."""
    source = _resources.read_data(f"{FIRST}/policy.md").decode()
    return edit_editorially(edit(source, ("Last updated: February 24, 2026", "Last updated: September 1, 2026")))


def third_source() -> str:
    """The Markdown of the third version."""
    return edit_materially(edit(second_source(), ("Last updated: September 1, 2026", "Last updated: January 15, 2027")))


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
    """Replace what stands in a text exactly once; drop the comment that names the old digest."""
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return re.sub(r"<!-- SHA-256.*-->\n", "", text)


@cache
def three_versions() -> dict[str, bytes]:
    """All files below `data/` of a package with three versions."""
    first = json.loads(_resources.read_data(LEDGER))["entries"][0]
    files = {f"{FIRST}/{name}": _resources.read_data(f"{FIRST}/{name}") for name in first["records"]}
    entries = [first]
    second = Release(released_at=SECOND_RELEASED, change="editorial", summary=SECOND_SUMMARY)
    third = Release(released_at=THIRD_RELEASED, effective_at=THIRD_EFFECTIVE, change="material", summary=THIRD_SUMMARY)
    for version, source, release in ((SECOND, second_source(), second), (THIRD, third_source(), third)):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "unclosed file", ResourceWarning)  # WeasyPrint leaves one open
            made = build_records(source.encode(), release)
        entries.append(make_entry(made, release, entries))
        files |= {f"{version}/{name}": content for name, content in made.items()}
    return files | {LEDGER: write_ledger(entries)}


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
