"""The timestamp authorities to ask, and whom to trust."""

from dataclasses import dataclass, field

from .anchors import Trust
from .timestamp_client import TimestampClient


@dataclass(frozen=True, kw_only=True, slots=True)
class Authorities:
    """What levels above B-B need.

    Attributes:
        timestamps: whom to ask for timestamps.
        trust: whom to trust for what; the certificates of the signer and of the authorities have to lead there for B-LT
            and B-LTA.
    """

    timestamps: TimestampClient = field(default_factory=lambda: TimestampClient(urls=()))
    trust: Trust = field(default_factory=Trust)
