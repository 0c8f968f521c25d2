"""The rules for releasing a version, and whether everything that was released is unchanged.

The rules for a version that follows another one:

1. Its date and the moment at which it takes effect come after those of the one before it.
2. It has a change (material or editorial) and a summary.
3. If it names other processors, or the same ones for another purpose, its change is material: people have to
   be told to whom their data go (GDPR Art. 13(1)(e)).
4. If only its date differs, its change is editorial.
"""

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..diff.compare import compare
from ..errors import PrivacyError, RecordError
from ..policy.entries import LEDGER, WITHDRAWAL
from ..policy.kinds import EDITORIAL, MATERIAL
from .records import SOURCE, Release, build_records, find_faults_of_description, read_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..policy.ledger import Ledger
    from ..policy.model import Policy
    from ..policy.versions import Version

_REMEDY = "bring it back, and make a new version"


def find_faults(before: "Policy | None", policy: "Policy", *, change: str | None, summary: str | None) -> list[str]:
    """Compare a version with the rules above.

    Args:
        before: the version before it, or None for the first, which has neither change nor summary.
        policy: its text.
        change: "material" or "editorial".
        summary: its summary.

    Returns:
        What is wrong, one line each; an empty list if it may be released.
    """
    name = f"version {policy.version}"
    if before is None:
        described = change is not None or summary is not None
        return [f"{name} is the first; it has neither change nor summary"] if described else []
    faults = []
    if policy.version <= before.version:
        faults.append(f"{name} does not come after {before.version}; give it a later date")
    faults += [f"{name} {fault}" for fault in find_faults_of_description(change, summary)]
    comparison = compare(before, policy)
    processors = [f"{each.name} ({each.status})" for each in comparison.processors if each.status != "same"]
    if change == EDITORIAL and processors:
        faults.append(f"{name} is not editorial, since processors change: {', '.join(processors)}; make it material")
    if change == MATERIAL and comparison.same_text:
        faults.append(f"{name} is not material, since nothing but the date changes; make it editorial")
    return faults


def compare_records(ledger: "Ledger", read: "Callable[[str], bytes]") -> list[str]:
    """Compare every recorded file and every version with the ledger, and the newest version with a new build.

    Args:
        ledger: the ledger.
        read: returns the bytes of a file by its path below `data/`.

    Returns:
        What is wrong, one line each; an empty list if nothing is. Older versions were made by older templates of
        the form, so their files are compared with their digests only.
    """
    faults: list[str] = []
    policies: dict[str, Policy] = {}
    for version in ledger.versions:
        found = _compare_files(version, read)
        try:
            policies[version.version] = ledger.policy(version.version)
        except RecordError as error:
            if not any(fault.startswith(f"{version.version}/policy.json") for fault in found):
                found.append(str(error))
        faults += found
    for version in ledger.versions:
        predecessor = ledger.predecessor(version)
        before = None if predecessor is None else policies.get(predecessor.version)
        if version.version in policies and (before is not None) == (predecessor is not None):
            policy = policies[version.version]
            faults += find_faults(before, policy, change=version.change, summary=version.summary)
    return faults + _compare_build(ledger.versions[-1], read)


def compare_released(entries: list[dict[str, Any]], released: list[dict[str, Any]]) -> list[str]:
    """Compare a ledger with one that was released: all entries of that one must be in it, unchanged.

    Somebody who rewrites a record, its digest and all later entries leaves a ledger that breaks no rule. Only a copy
    of the ledger that is kept elsewhere reveals it.

    Args:
        entries: the entries of the ledger, as `read_entries` gives them.
        released: those of the one that was released.

    Returns:
        What is wrong, one line each.
    """
    faults = []
    known = {(entry["kind"], entry["version"]): entry for entry in entries}
    for entry in released:
        version, ours = entry["version"], known.get((entry["kind"], entry["version"]))
        if entry["kind"] == WITHDRAWAL:
            if ours != entry:
                faults.append(f"the withdrawal of {version} is not as it was released; bring it back")
        elif ours is None:
            faults.append(f"version {version} was released and is gone; bring it back")
        elif ours["digest"] != entry["digest"]:
            faults.append(f"the text of {version} is not the one released under that date; {_REMEDY}")
        elif changed := _differing(ours, entry):
            faults.append(f"version {version} is not as it was released: {', '.join(changed)}; {_REMEDY}")
    return faults


def _compare_files(version: "Version", read: "Callable[[str], bytes]") -> list[str]:
    faults = []
    for name, digest in version.records:
        path = f"{version.version}/{name}"
        try:
            content = read(path)
        except OSError:
            faults.append(f"{path} is missing; bring it back")
            continue
        other = name == SOURCE and _has_other_text(version, content)
        if other or sha256(content).hexdigest() != digest:
            what = "holds another text under its old date" if other else "has changed"
            faults.append(f"{path} {what}: it is not what {LEDGER} recorded; {_REMEDY}")
    return faults


def _has_other_text(version: "Version", content: bytes) -> bool:
    """Tell whether a source has another text than the version; False if it cannot be parsed."""
    try:
        return read_source(content).digest != version.digest
    except PrivacyError:
        return False


def _compare_build(newest: "Version", read: "Callable[[str], bytes]") -> list[str]:
    path = f"{newest.version}/{SOURCE}"
    release = Release(
        released_at=newest.released_at,
        effective_at=newest.effective_at,
        change=newest.change,
        summary=newest.summary,
        verify_url=newest.verify_url,
    )
    try:
        built = build_records(read(path), release, origin=path)
    except (PrivacyError, OSError) as error:
        return [f"{newest.version} cannot be built again: {error}"]
    faults: list[str] = []
    recorded = dict(newest.records)
    if sha256(built[SOURCE]).hexdigest() != recorded.get(SOURCE):
        return faults  # reported for the source already; everything made from it differs, too
    for name in sorted(built.keys() | recorded.keys()):
        if name not in built or name not in recorded:
            faults.append(f"{newest.version}/{name} is not both recorded and built")
        elif sha256(built[name]).hexdigest() != recorded[name]:
            faults.append(f"{newest.version}/{name} is not what a new build makes")
    return faults


def _differing(entry: dict[str, Any], released: dict[str, Any]) -> list[str]:
    """Name the members in which two entries differ, and each record that differs."""
    flat = [
        {**each, **{f"records/{name}": digest for name, digest in each["records"].items()}}
        for each in (entry, released)
    ]
    for each in flat:
        del each["records"]
    return [
        name.removeprefix("records/") for name in sorted(flat[0] | flat[1]) if flat[0].get(name) != flat[1].get(name)
    ]
