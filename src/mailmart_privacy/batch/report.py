"""The result of a batch."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..errors import NotAnchoredError

# Is told which part of the work is done ("issuing" or "verifying"), how many are done, and how many there are.
Progress = Callable[[str, int, int], None]


def quiet(stage: str, done: int, total: int) -> None:
    """Ignore the progress of the work."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchReport:
    """The result of a batch.

    Attributes:
        copies: how many copies the batch has.
        issued: how many of them were issued by this run.
        found_before: how many were listed before this run.
        gone: how many of those are no longer in their place; they are not issued again.
        verified: how many were verified at the end.
        manifest: the list of what was issued, or None if the ZIP file contains it.
        not_anchored: why no authority stamped the archive afterwards, if one was named; the copies are archived.
    """

    copies: int
    issued: int
    found_before: int = 0
    gone: int = 0
    verified: int = 0
    manifest: Path | None = None
    not_anchored: "NotAnchoredError | None" = None
