"""What pyproject.toml asks for, what the lock files name, and whether the two agree."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = "mailmart-privacy"


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """One lock file: which extras and dependency groups of pyproject.toml it covers."""

    name: str
    extras: tuple[str, ...] | None = None
    groups: tuple[str, ...] = ()
    oldest: bool = False  # pin what the extras need to their floors

    @property
    def path(self) -> Path:
        """Where the file is."""
        return ROOT / "locks" / f"{self.name}.txt"


LOCKS = (
    Lock(name="uv", groups=("setup",)),
    Lock(name="export", extras=("pdf",), groups=("build",)),
    Lock(name="desk", extras=("desk",), groups=("build",)),
    Lock(name="server", extras=("desk", "names", "pkcs11", "kms", "archive-s3", "archive-postgres")),
    Lock(name="test", extras=("all",), groups=("build", "lint", "test")),
    Lock(name="conformance", groups=("conformance",)),
    Lock(name="bench", groups=("bench",)),
    Lock(name="audit", groups=("audit",)),
    Lock(name="oldest", extras=("all",), groups=("test",), oldest=True),
)


@dataclass(frozen=True, slots=True)
class Requirements:
    """The requirements in pyproject.toml."""

    required: list[str]
    extras: dict[str, list[str]]
    groups: dict[str, list[str]] = field(default_factory=dict)

    def of(self, extras: tuple[str, ...] | None, groups: tuple[str, ...] = ()) -> list[Requirement]:
        """List what some extras with the package, or only some groups need."""
        lines = [] if extras is None else [*self.required]
        waiting, seen = list(extras or ()), set()
        while waiting:
            extra = waiting.pop()
            if extra in seen:
                continue
            seen.add(extra)
            for line in self.extras[extra]:
                needed = Requirement(line)
                if canonicalize_name(needed.name) == PROJECT:
                    waiting += needed.extras
                else:
                    lines.append(line)
        return [Requirement(line) for line in (*lines, *(line for group in groups for line in self.groups[group]))]

    def floors(self) -> dict[str, Version]:
        """Find the oldest version of each package that the package and its extras accept together."""
        found: dict[str, Version] = {}
        for needed in self.of(tuple(self.extras)):
            for each in needed.specifier:
                if each.operator == ">=":
                    name = canonicalize_name(needed.name)
                    found[name] = max(found.get(name, Version("0")), Version(each.version))
        return found


def read_requirements() -> Requirements:
    """Read pyproject.toml."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = document["project"]
    return Requirements(project["dependencies"], project["optional-dependencies"], document["dependency-groups"])


PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>[^ ;\\]+)", re.MULTILINE)


def read_pins(path: Path) -> dict[str, list[Version]]:
    """Read a lock file: each package with its versions, of which it has several where systems or Pythons differ."""
    found: dict[str, list[Version]] = {}
    for match in PIN.finditer(path.read_text(encoding="utf-8")):
        found.setdefault(canonicalize_name(match["name"]), []).append(Version(match["version"]))
    return found


def compare_with_locks(requirements: Requirements) -> list[str]:
    """List where pyproject.toml and the lock files disagree."""
    faults = []
    for lock in LOCKS:
        pins = read_pins(lock.path)
        for needed in requirements.of(lock.extras, lock.groups):
            versions = pins.get(canonicalize_name(needed.name), [])
            if not versions:
                faults.append(f"{lock.path.relative_to(ROOT)} lacks {needed.name}: run make lock")
            faults += [
                f"{lock.path.relative_to(ROOT)} has {needed.name} {version}, but pyproject.toml asks for "
                f"{needed.specifier}: run make lock"
                for version in versions
                if not needed.specifier.contains(version, prereleases=True)
            ]
    return faults
