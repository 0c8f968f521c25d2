"""The status of a version at a moment: announced, in force, superseded, or withdrawn before it took effect."""

import datetime
from dataclasses import dataclass

from .._time import format_iso
from .versions import Version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ANNOUNCED, IN_FORCE, SUPERSEDED, WITHDRAWN = "announced", "in force", "superseded", "withdrawn"
_SENTENCES = {
    ANNOUNCED: "Takes effect on",
    IN_FORCE: "In force since",
    SUPERSEDED: "Superseded on",
    WITHDRAWN: "Withdrawn on",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """The status of a version.

    Attributes:
        state: "announced", "in force", "superseded" or "withdrawn".
        moment: since when it has this status; for an announced version, when it takes effect.
        successor: the version that superseded it, or None.
    """

    state: str
    moment: datetime.datetime
    successor: Version | None = None

    @property
    def sentence(self) -> str:
        """The words before the moment on a page."""
        return _SENTENCES[self.state]

    @property
    def badge(self) -> str:
        """What a list of versions calls it."""
        return self.state.capitalize()

    def since(self, version: Version) -> datetime.datetime:
        """Tell since when it has this status; for an announced version, since its release."""
        return version.released_at if self.state == ANNOUNCED else self.moment

    def to_json(self, version: Version) -> "dict[str, object]":
        """Describe it for the JSON of a version that services publish: since when, and what superseded it."""
        document: dict[str, object] = {
            "state": self.state,
            "since": format_iso(self.since(version)),
            "superseded_by": None if self.successor is None else self.successor.version,
        }
        return document if version.withdrawal_reason is None else document | {"reason": version.withdrawal_reason}


def find_status(version: Version, versions: "Sequence[Version]", at: datetime.datetime) -> Status:
    """Tell the status of a version at a moment.

    Args:
        version: one of `versions`.
        versions: all versions, oldest first.
        at: the moment (aware).
    """
    if version.withdrawn_at is not None:
        return Status(state=WITHDRAWN, moment=version.withdrawn_at)
    if version.effective_at > at:
        return Status(state=ANNOUNCED, moment=version.effective_at)
    if version.effective_until is None or version.effective_until > at:
        return Status(state=IN_FORCE, moment=version.effective_at)
    successor = next(
        each for each in versions if each.effective_at == version.effective_until and each.withdrawn_at is None
    )
    return Status(state=SUPERSEDED, moment=version.effective_until, successor=successor)
