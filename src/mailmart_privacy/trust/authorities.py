"""Whom to ask for timestamps, and which certificates the answers have to lead to."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .timestamp_client import TimestampClient

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


@dataclass(frozen=True, kw_only=True, slots=True)
class Authorities:
    """What levels above B-B need.

    Attributes:
        timestamps: whom to ask for timestamps.
        roots: where the certificates of the signer and of the authorities lead to; needed for B-LT and B-LTA.
    """

    timestamps: TimestampClient = field(default_factory=lambda: TimestampClient(urls=()))
    roots: "tuple[Certificate, ...]" = ()
