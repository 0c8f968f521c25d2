"""Verifying copies: the verdict, and whom to trust."""

from .._lazy import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..trust.anchors import Trust, TrustAnchor, make_trust
    from ..trust.trust_list import published_trust
    from .verification import SignatureSummary, TimestampSummary, Verification
else:
    __getattr__, __dir__ = offer(
        __name__,
        {
            "..trust.anchors": "Trust TrustAnchor make_trust",
            "..trust.trust_list": "published_trust",
            ".verification": "SignatureSummary TimestampSummary Verification",
        },
    )

__all__ = [
    "SignatureSummary",
    "TimestampSummary",
    "Trust",
    "TrustAnchor",
    "Verification",
    "make_trust",
    "published_trust",
]
