"""What a copy is found to be."""

from .._lazy import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .verification import SignatureSummary, TimestampSummary, Verification
else:
    __getattr__, __dir__ = offer(
        __name__,
        {
            ".verification": "SignatureSummary TimestampSummary Verification",
        },
    )

__all__ = [
    "SignatureSummary",
    "TimestampSummary",
    "Verification",
]
