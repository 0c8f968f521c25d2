"""Many copies at once: their recipients, and the outcome for each."""

from .._lazy import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..sheets.rows import Row
    from .results import FailedRow, IssuedRow
else:
    __getattr__, __dir__ = offer(
        __name__,
        {
            ".results": "FailedRow IssuedRow",
            "..sheets.rows": "Row",
        },
    )

__all__ = [
    "FailedRow",
    "IssuedRow",
    "Row",
]
