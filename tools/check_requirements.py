"""Compare pyproject.toml with the lock files, and both with advisories.toml; fail where they disagree."""

import sys
import tomllib
from itertools import chain

from packaging.utils import canonicalize_name
from packaging.version import Version
from requirements import LOCKS, ROOT, compare_with_locks, read_pins, read_requirements


def main() -> int:
    faults = [*compare_with_locks(read_requirements()), *compare_with_advisories()]
    print(*faults, sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


def compare_with_advisories() -> list[str]:
    """List the floors and the pins that have a known fault."""
    document = tomllib.loads((ROOT / "advisories.toml").read_text(encoding="utf-8"))
    floors = {name: [version] for name, version in read_requirements().floors().items()}
    sources = {"pyproject.toml accepts": floors} | {
        f"locks/{lock.name}.txt has": read_pins(lock.path) for lock in LOCKS
    }
    return [
        f"{source} {advisory['package']} {version}: {advisory['identifier']}; safe from {', '.join(advisory['safe'])}"
        for advisory in document["advisory"]
        for source, versions in sources.items()
        for version in versions.get(canonicalize_name(advisory["package"]), [])
        if not is_safe(version, [Version(safe) for safe in advisory["safe"]])
    ]


def is_safe(version: Version, safe: list[Version]) -> bool:
    """Tell whether a version has the fix: that of its own series, or that of the newest."""
    own = [each for each in safe if each.release[:2] == version.release[:2]]
    return version >= min(chain(own, [max(safe)]))


if __name__ == "__main__":
    sys.exit(main())
