"""Timestamps (RFC 3161): asking authorities, and renewing copies before the last one expires."""

from ._lazy import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .api.copies import renew
    from .trust.timestamp_client import TimestampClient
else:
    __getattr__, __dir__ = offer(
        __name__,
        {
            ".trust.timestamp_client": "TimestampClient",
            ".api.copies": "renew",
        },
    )

__all__ = [
    "TimestampClient",
    "renew",
]
