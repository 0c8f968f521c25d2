"""Many copies at once: whom they are for, and what became of each."""

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
