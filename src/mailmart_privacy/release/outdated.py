"""Whether a service already publishes versions that this package does not know: version skew, for health checks."""

import json
from dataclasses import dataclass

from .._loopback import is_safe_url
from .._unicode import spell_out
from ..errors import PrivacyError, RecordError, UsageError
from ..trust.fetching import Deadline, fetch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..policy.versions import Version


_PATIENCE = 10  # seconds until the whole answer has to be there
_LARGEST = 1024 * 1024  # bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Skew:
    """How this package differs from what is published.

    Attributes:
        missing: versions that are published and not known here, oldest first.
        withdrawn: versions that are withdrawn there and not here.
        different: versions whose published text differs; no later release explains that.
    """

    missing: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    different: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.withdrawn or self.different)

    def describe(self) -> list[str]:
        """Say what differs, one line each."""
        lines = [f"version {name} is published, and this package does not know it" for name in self.missing]
        lines += [f"version {name} was withdrawn, and this package announces it" for name in self.withdrawn]
        return lines + [f"the text of version {name} is not the one that is published" for name in self.different]


def find_skew(published: bytes, versions: "Iterable[Version]") -> Skew:
    """Compare the versions of this package with a published list of versions.

    Args:
        published: the content of a `versions.json`, as services with this package publish it.
        versions: those of this package.

    Raises:
        RecordError: it is not a list of versions.
    """
    known = {version.version: version for version in versions}
    missing, withdrawn, different = [], [], []
    try:
        for each in json.loads(published):
            name, digest = each["version"], each["digest"]
            ours = known.get(name)
            if ours is None:
                missing.append(str(name))
            elif ours.digest != digest:
                different.append(name)
            elif each.get("withdrawn_at") and ours.withdrawn_at is None:
                withdrawn.append(name)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RecordError("what is published there is not a list of versions") from None
    return Skew(missing=tuple(missing), withdrawn=tuple(withdrawn), different=tuple(different))


def fetch_versions(url: str) -> bytes:
    """Fetch a published list of versions, for `find_skew`.

    Args:
        url: the address of a `versions.json`. It has to begin with https://, except on this machine.

    Raises:
        UsageError: it is not such an address.
        PrivacyError: there is no successful answer within ten seconds, or it is too large.
    """
    if not is_safe_url(url):
        raise UsageError(f"{url!r:.200} does not begin with https://; give the address of a published versions.json")
    try:
        content = fetch(url, None, {"Accept": "application/json"}, _PATIENCE, Deadline(_PATIENCE))
    except OSError as error:
        raise PrivacyError(f"{spell_out(url)} cannot be read: {error}") from None
    if len(content) > _LARGEST:
        raise PrivacyError(f"{spell_out(url)} has more than {_LARGEST:,} bytes; that is not a list of versions")
    return content
