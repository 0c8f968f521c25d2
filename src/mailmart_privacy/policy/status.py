"""Where a version stands at a moment: announced, in force, or superseded."""

import datetime
from dataclasses import dataclass

from .versions import Version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ANNOUNCED, IN_FORCE, SUPERSEDED = "announced", "in force", "superseded"
_SENTENCES = {ANNOUNCED: "Takes effect on", IN_FORCE: "In force since", SUPERSEDED: "Superseded on"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """Where a version stands.

    Attributes:
        state: "announced", "in force" or "superseded".
        moment: since when it is so; of an announced version, when it takes effect.
        successor: the version that superseded it, or None.
    """

    state: str
    moment: datetime.datetime
    successor: Version | None = None

    @property
    def sentence(self) -> str:
        """What stands before the moment on a page."""
        return _SENTENCES[self.state]

    @property
    def badge(self) -> str:
        """What a list of versions calls it."""
        return self.state.capitalize()


def find_status(version: Version, versions: "Sequence[Version]", at: datetime.datetime) -> Status:
    """Tell where a version stands at a moment.

    Args:
        version: one of `versions`.
        versions: all versions, oldest first.
        at: the moment (aware).
    """
    if version.effective_at > at:
        return Status(state=ANNOUNCED, moment=version.effective_at)
    if version.effective_until is None or version.effective_until > at:
        return Status(state=IN_FORCE, moment=version.effective_at)
    successor = next(each for each in versions if each.effective_at == version.effective_until)
    return Status(state=SUPERSEDED, moment=version.effective_until, successor=successor)
