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
from mailmart_privacy.policy.ledger import LEDGER, Ledger
from mailmart_privacy.release.records import build_records, make_entry, write_ledger

FIRST, SECOND, THIRD = "2026-02-24", "2026-09-01", "2027-01-15"
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
    first = json.loads(_resources.read_data(LEDGER))["versions"][0]
    files = {f"{FIRST}/{name}": _resources.read_data(f"{FIRST}/{name}") for name in first["records"]}
    entries = [first]
    for version, source, effective_at, change, summary in (
        (SECOND, second_source(), None, "editorial", SECOND_SUMMARY),
        (THIRD, third_source(), THIRD_EFFECTIVE, "material", THIRD_SUMMARY),
    ):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "unclosed file", ResourceWarning)  # WeasyPrint leaves one open
            made = build_records(source.encode())
        entries.append(
            make_entry(made, effective_at=effective_at, previous=entries[-1], change=change, summary=summary)
        )
        files |= {f"{version}/{name}": content for name, content in made.items()}
    return files | {LEDGER: write_ledger(entries)}


def three_version_ledger() -> Ledger:
    """The ledger of that package."""
    files = three_versions()

    def read(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(name)
        return files[name]

    return Ledger(read)
