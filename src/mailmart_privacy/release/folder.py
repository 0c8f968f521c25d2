"""The folder of versions in a checkout: open the next version, build its records, withdraw one, check all."""

import datetime
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._files import open_whole, remove_leftovers, write_many, write_whole
from .._sync import sync_file
from .._unicode import spell_out
from ..errors import RecordError, UsageError
from ..policy.entries import LEDGER, VERSION
from ..policy.ledger import Ledger
from ..policy.versions import VERIFY_URL
from ..trust.trust_list import TRUST_LIST
from .records import (
    SOURCE,
    Release,
    build_records,
    date_source,
    make_entry,
    make_withdrawal,
    read_entries,
    read_source,
    write_ledger,
)
from .rules import compare_records, compare_released, find_faults
from .trust_file import read_trust_entries

if TYPE_CHECKING:
    from ..policy.kinds import Change
    from ..policy.model import Policy


_DATA_IN_A_WHEEL = "mailmart_privacy/data"


def read_released(place: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Read what a release recorded.

    Args:
        place: a wheel of this package, or a folder of versions.

    Returns:
        The entries of its ledger, and those of its trust list.

    Raises:
        UsageError: it contains no ledger.
        RecordError: its ledger or its trust list cannot be used.
    """
    try:
        if place.is_dir():
            content = {name: (place / name).read_bytes() for name in (LEDGER, TRUST_LIST) if (place / name).exists()}
        else:
            with zipfile.ZipFile(place) as wheel:
                names = {name: f"{_DATA_IN_A_WHEEL}/{name}" for name in (LEDGER, TRUST_LIST)}
                content = {name: wheel.read(path) for name, path in names.items() if path in wheel.namelist()}
    except (zipfile.BadZipFile, zlib.error, RuntimeError):
        content = {}
    if LEDGER not in content:
        raise UsageError(f"{place} has no {LEDGER}; give a wheel of this package, or a folder of versions")

    def read(name: str) -> bytes:
        if name not in content:
            raise FileNotFoundError(name)
        return content[name]

    try:
        return read_entries(read), read_trust_entries(read)
    except RecordError as error:
        raise RecordError(f"{place}: {error}") from None


class DataFolder:
    """A folder that holds `ledger.json`, and one folder for each version.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> bytes:
        """Read a file by its path below the folder."""
        return (self.path / name).read_bytes()

    def open_version(self, day: datetime.date, *, origin: str | None = None) -> tuple[Path, str]:
        """Begin the next version: the text of an earlier one, under another date.

        Args:
            day: the date of the new version.
            origin: the version whose text it begins with, or None for the newest that was not withdrawn.

        Returns:
            The new `policy.md`, and the version that it begins with.

        Raises:
            UsageError: the date does not come after that of the newest version, or the folder of the version exists.
            RecordError: the ledger, or the source of the earlier version, cannot be used.
        """
        ledger, name = Ledger(self.read), day.isoformat()
        newest = ledger.versions[-1].version
        if name <= newest:
            raise UsageError(f"{name} does not come after {newest}, the newest version; give a later date")
        kept = [each.version for each in ledger.versions if each.withdrawn_at is None]
        before = ledger.version(origin or kept[-1]).version
        place = self.path / name
        if place.exists():
            raise UsageError(f"{place} exists and was kept; continue with the text in it, or remove it")
        source = date_source(ledger.record(before, SOURCE), day, origin=f"{before}/{SOURCE}")
        place.mkdir()
        try:
            write_whole(place / SOURCE, source)
        except OSError:
            place.rmdir()
            raise
        return place / SOURCE, before

    def build_version(
        self,
        version: str,
        *,
        now: datetime.datetime,
        released_at: datetime.datetime | None = None,
        effective_at: datetime.datetime | None = None,
        change: "Change | None" = None,
        summary: str | None = None,
        verify_url: str | None = None,
        replace: bool = False,
    ) -> dict[str, bytes]:
        """Make the records of a version from its `policy.md`, and its entry in the ledger, which is written last.

        Args:
            version: the name of its folder.
            now: this moment (aware).
            released_at: the moment of the release (aware); None for this one, or for what was recorded before.
            effective_at: from when it is in force (aware); None for midnight UTC of its date.
            change: "material" or "editorial"; the first version has none.
            summary: what changed, in a sentence or two for people; the first version has none.
            verify_url: the address at which its copies can be checked, shown on their page 1; None for the one that
                was recorded for it, or for the version before it.
            replace: build the newest version again; arguments that are None stay as they were.

        Returns:
            The recorded files, by name.

        Raises:
            UsageError: the version is recorded already, breaks a rule of releasing, or has no source.
            SourceError: its source has faults.
        """
        source = self.path / version / SOURCE
        if not source.is_file():
            raise UsageError(f"{source} is missing", argument="source")
        entries = read_entries(self.read)
        replaced = _take_replaced(entries, version, replace=replace)
        release = Release(
            released_at=released_at or _moment(replaced.get("released_at")) or now,
            effective_at=effective_at or _moment(replaced.get("effective_at")),
            change=change or replaced.get("change"),
            summary=replaced.get("summary") if summary is None else summary,
            verify_url=verify_url or _find_address([*entries, replaced]),
        )
        content = source.read_bytes()
        policy = read_source(content, origin=str(source))
        if policy.version != version:
            raise UsageError(f"{source} was last updated on {policy.version}; its folder is named {version}")
        if faults := find_faults(self._last(entries), policy, change=release.change, summary=release.summary):
            raise UsageError("; ".join(faults))
        made = build_records(content, release, origin=str(source))
        entry = make_entry(made, release, entries)
        self._write([*entries, entry], source.parent, made)
        return made

    def withdraw(self, version: str, *, reason: str, withdrawn_at: datetime.datetime) -> None:
        """Withdraw an announced version before it takes effect; its records stay.

        Args:
            version: for instance "2027-01-15".
            reason: why, in a sentence or two for people.
            withdrawn_at: the moment (aware).

        Raises:
            RecordError: the version was not announced, has taken effect, or is withdrawn already; or the reason
                cannot be used.
        """
        entries = read_entries(self.read)
        entry = make_withdrawal(version, reason=reason, withdrawn_at=withdrawn_at, entries=entries)
        self._write([*entries, entry], self.path, {})

    def find_faults(self, released: list[dict[str, Any]]) -> list[str]:
        """Compare the folder with the ledger, the newest version with a new build, and all of it with a release.

        Args:
            released: the entries of a release's ledger; empty if there is none to compare with.

        Returns:
            What is wrong, one line each; an empty list if nothing is.
        """
        ledger = Ledger(self.read)
        faults = compare_released(ledger.entries, released) + compare_records(ledger, self.read)
        known = {version.version for version in ledger.versions}
        for source in sorted(self.path.glob(f"*/{SOURCE}")):
            if source.parent.name not in known:
                faults.append(
                    f"{source.parent.name}/{SOURCE} is not recorded in {LEDGER}; build its records, or remove it"
                )
        for version in ledger.versions:
            names = {name for name, _ in version.records}
            for path in sorted((self.path / version.version).glob("*")):
                if path.name not in names:
                    said = spell_out(path.name)
                    faults.append(
                        f"{version.version}/{said} is not recorded in {LEDGER}, and would be shipped; remove it"
                    )
        return faults

    def _last(self, entries: list[dict[str, Any]]) -> "Policy | None":
        """Load the version that the next one follows."""
        if not entries:
            return None
        content = write_ledger(entries)
        ledger = Ledger(lambda name: content if name == LEDGER else self.read(name))
        kept = [version.version for version in ledger.versions if version.withdrawn_at is None]
        return ledger.policy(kept[-1]) if kept else None

    def _write(self, entries: list[dict[str, Any]], place: Path, made: dict[str, bytes]) -> None:
        for each in {self.path, place}:
            remove_leftovers(each)  # of a build that was killed
        with open_whole(self.path / LEDGER, force=True) as ledger:  # written first, put in its place last
            ledger.write(write_ledger(entries))
            ledger.flush()
            sync_file(ledger.fileno())
            write_many(place, [each for each in made.items() if each[0] != SOURCE], force=True)


def _take_replaced(entries: list[dict[str, Any]], version: str, *, replace: bool) -> dict[str, Any]:
    """Remove the entry that is built again from the end of the ledger; empty for a new version."""
    if not any(entry["version"] == version for entry in entries):
        return {}
    if not replace:
        raise UsageError(f"version {version} is recorded; a released version never changes. Make a new one")
    if (entries[-1]["kind"], entries[-1]["version"]) != (VERSION, version):
        raise UsageError(f"version {version} is not the newest; later entries chain to it, so it cannot be replaced")
    return entries.pop()


def _find_address(entries: list[dict[str, Any]]) -> str:
    """Find the address at which copies are checked: that of the newest entry that has one."""
    return next((entry["verify_url"] for entry in reversed(entries) if "verify_url" in entry), VERIFY_URL)


def _moment(stamp: str | None) -> datetime.datetime | None:
    return None if stamp is None else datetime.datetime.fromisoformat(stamp)
