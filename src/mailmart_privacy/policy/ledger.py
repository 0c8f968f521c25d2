"""The ledger: which versions there are, what was recorded for each, and which was in force when.

1. Its entries follow the rules in `entries.py`. If not, nothing in the ledger can be used.
2. Each version's entry carries the SHA-256 of every file recorded for it. If a file differs, it cannot be read.
3. The recorded policy gives the recorded text. If not, that version cannot be loaded.
"""

import datetime
import json
from functools import cache
from hashlib import sha256

from .. import _resources
from .._time import require_moment
from ..errors import RecordError, UnknownVersionError
from .entries import LEDGER, parse_ledger
from .versions import Version, find_text_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .model import Policy


class Ledger:
    """The versions of the policy and the files recorded for them.

    Args:
        read: returns the bytes of a file by its path below `data/`; raises OSError if it does not exist.

    Attributes:
        entries: its entries as written in the file, oldest first.
        versions: the versions, oldest first, with the withdrawn ones.

    Raises:
        RecordError: the ledger is missing or unreadable, or breaks a rule of `entries.py`.
    """

    def __init__(self, read: "Callable[[str], bytes]") -> None:
        self._read = read
        self._policies: dict[str, Policy] = {}
        try:
            content = read(LEDGER)
        except OSError:
            raise RecordError(f"{LEDGER} is missing; reinstall the package") from None
        self.entries, self.versions = parse_ledger(content)

    def version(self, name: str) -> Version:
        """Find a version by its name, for instance "2026-02-24"; raises UnknownVersionError."""
        for version in self.versions:
            if version.version == name:
                return version
        known = ", ".join(version.version for version in self.versions) or "none"
        raise UnknownVersionError(f"there is no version {name!r} of the policy; there are: {known}")

    def version_in_force(self, at: datetime.datetime) -> Version:
        """Find the version in force at a moment; see `in_force`."""
        require_moment(at, because=", since a day on which the policy changes has two versions")
        found = None
        for version in self.versions:
            if version.effective_at <= at and version.withdrawn_at is None:
                found = version
        if found is None:
            first = self.versions[0]
            raise UnknownVersionError(
                f"no version of the policy is recorded for {at.isoformat()}: the first, {first.version}, "
                f"is in force from {first.effective_at.isoformat()}"
            )
        return found

    def upcoming(self, at: datetime.datetime) -> tuple[Version, ...]:
        """List the versions that are announced at a moment and not yet in force, the soonest first."""
        require_moment(at)
        return tuple(v for v in self.versions if v.effective_at > at and v.withdrawn_at is None)

    def earlier(self, version: Version) -> tuple[Version, ...]:
        """List the versions before a version's predecessor, the newest first, without withdrawn ones."""
        before = [each for each in self.versions if each.version < version.version and each.withdrawn_at is None]
        return tuple(reversed(before[:-1]))

    def predecessor(self, version: Version) -> Version | None:
        """Find the version before this one, leaving out withdrawn ones; None for the first."""
        before = [each for each in self.versions if each.version < version.version and each.withdrawn_at is None]
        return before[-1] if before else None

    def record(self, version: str, name: str) -> bytes:
        """Read a recorded file, and compare it with its digest.

        Args:
            version: for instance "2026-02-24".
            name: for instance "form-a4.pdf".

        Returns:
            Its bytes.

        Raises:
            UnknownVersionError: there is no such version.
            RecordError: the file is not recorded, is missing, or has changed; the message names it.
        """
        digests = dict(self.version(version).records)
        path = f"{version}/{name}"
        if name not in digests:
            raise RecordError(f"{path} is not recorded in {LEDGER}; there are: {', '.join(sorted(digests))}")
        try:
            content = self._read(path)
        except OSError:
            raise RecordError(f"{path} is missing; reinstall the package") from None
        if sha256(content).hexdigest() != digests[name]:
            raise RecordError(f"{path} has changed since it was recorded in {LEDGER}; reinstall the package")
        return content

    def policy(self, version: str) -> "Policy":
        """Load a version of the policy from its record; raises as `record` does."""
        if version not in self._policies:
            content = self.record(version, "policy.json")
            wrong = RecordError(f"{version}/policy.json does not give the text recorded in {LEDGER}")
            try:
                from .read_json import policy_from_json  # what verifying does not need

                policy = policy_from_json(json.loads(content), history=self.versions)
            except (ValueError, KeyError, TypeError, AttributeError):
                raise wrong from None
            if policy.digest != self.version(version).digest or policy.version != version:
                raise wrong
            self._policies[version] = policy
        return self._policies[version]

    def resolve(self, text_id: str) -> "Policy":
        """Find the text that a `Policy.text_id` names.

        Args:
            text_id: for instance "2026-02-24.85591b988b6aa67c".

        Returns:
            The policy.

        Raises:
            UsageError: it is not a text id.
            NewerVersionError: it names a version that a later release may know.
            UnknownTextError: it names a text that never existed.
            RecordError: the version's record has changed or is missing.
        """
        return self.policy(find_text_id(text_id, self.versions).version)

    def in_force(self, at: datetime.datetime) -> "Policy":
        """Load the version in force at a moment.

        Args:
            at: an aware datetime.

        Returns:
            The policy.

        Raises:
            UsageError: `at` is naive, or a date.
            UnknownVersionError: no version was in force yet.
        """
        return self.policy(self.version_in_force(at).version)


@cache
def shipped() -> Ledger:
    """Load the ledger that ships with the package."""
    return Ledger(_resources.read_data)
