"""The versions of the policy as values, and the changes since a version that somebody saw."""

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass

from .._time import format_iso
from . import kinds

TEXT_ID_DIGITS = 16  # of a digest, in `Policy.text_id`
# Where copies of a version say that they can be checked, unless its release says otherwise: the site that the policy's
# text names, and the adapters' own path.
VERIFY_URL = "https://mailmart.com/privacy/verify"
# As text, which `re` compiles when an id is looked up: reading the policy needs none.
_TEXT_ID = rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})\.[0-9a-f]{{{TEXT_ID_DIGITS}}}"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Version:
    """What the ledger says about one version of the policy.

    Attributes:
        version: `last_updated` in ISO 8601.
        last_updated: the date that the policy itself names.
        released_at: the moment at which it was published (aware, UTC).
        effective_at: the moment from which it is in force (aware, UTC).
        effective_until: the moment from which the next version is in force, or None.
        digest: lowercase hex SHA-256 of the canonical text.
        records: `(file name, digest)` of every file recorded for it.
        verify_url: where copies of it can be checked, as they say themselves.
        change: how it differs from the version before it: "material" if people have to be told,
            "editorial" if only the wording changed; None for the first version.
        summary: what changed, in a sentence or two for people; None for the first version.
        withdrawn_at: the moment at which it was withdrawn before it took effect, or None. It was never in force.
        withdrawal_reason: why, in a sentence or two for people; None if it was not withdrawn.
    """

    version: str
    last_updated: datetime.date
    released_at: datetime.datetime
    effective_at: datetime.datetime
    effective_until: datetime.datetime | None
    digest: str
    records: tuple[tuple[str, str], ...]
    verify_url: str = VERIFY_URL
    change: "kinds.Change | None" = None
    summary: str | None = None
    withdrawn_at: datetime.datetime | None = None
    withdrawal_reason: str | None = None

    def __repr__(self) -> str:
        return f"<Version {self.text_id}, in force from {format_iso(self.effective_at)}>"

    @property
    def text_id(self) -> str:
        """The `Policy.text_id` of its text."""
        return make_text_id(self.version, self.digest)

    @property
    def has_changes(self) -> bool:
        """Whether there is a version before it that it can be compared with."""
        return self.change is not None


def describe_versions(versions: Iterable[Version]) -> list[dict[str, object]]:
    """Describe versions as JSON documents do, in their order."""
    return [
        {
            "version": v.version,
            "last_updated": v.last_updated.isoformat(),
            "released_at": format_iso(v.released_at),
            "effective_at": format_iso(v.effective_at),
            "effective_until": v.effective_until and format_iso(v.effective_until),
            "digest": v.digest,
            "change": v.change,
            "summary": v.summary,
            "withdrawn_at": v.withdrawn_at and format_iso(v.withdrawn_at),
            "withdrawal_reason": v.withdrawal_reason,
            "records": dict(v.records),
        }
        for v in versions
    ]


def is_version(name: str) -> bool:
    """Tell whether a name has the form of a version: a date in ISO 8601, for instance "2026-02-24"."""
    try:
        return datetime.date.fromisoformat(name).isoformat() == name
    except ValueError:
        return False


def make_text_id(version: str, digest: str) -> str:
    """Make the id of a text: its version, a dot, and the first 16 hex digits of its digest."""
    return f"{version}.{digest[:TEXT_ID_DIGITS]}"


def find_text_id(text_id: str, versions: tuple[Version, ...]) -> Version:
    """Find the version whose text an id names.

    Args:
        text_id: for instance "2026-02-24.85591b988b6aa67c".
        versions: those of the ledger, oldest first.

    Raises:
        UsageError: it is not a text id.
        NewerVersionError: its version comes after the newest of these.
        UnknownTextError: its version never existed, or never had that text.
    """
    from ..errors import NewerVersionError, UnknownTextError, UsageError, require_text

    require_text(text_id, "text_id")
    shape = re.fullmatch(_TEXT_ID, text_id, re.ASCII)
    if shape is None:
        raise UsageError(f"{text_id!r:.80} is not a text id; one looks like 2026-02-24.0123456789abcdef")
    for version in versions:
        if version.text_id == text_id:
            return version
    if versions and shape[1] > versions[-1].version:
        raise NewerVersionError(shape[1], versions[-1].version)
    raise UnknownTextError(text_id, tuple(version.version for version in versions))
