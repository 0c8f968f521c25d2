"""What the copies of a batch have in common, as it is sent to workers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..copies.forms import RecordedForm
    from ..copies.pades import Level
    from ..keys.identity import Identity
    from ..trust.anchors import Trust
    from ..trust.timestamp_client import TimestampClient
    from ..typesetting.fonts import Typeface
    from .destinations import Destination


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchJob:
    """What the copies of a batch have in common. It is sent to workers.

    Attributes:
        id: tells it from others.
        form: the recorded form.
        open_identity: opens the identity that signs.
        level: of the copies.
        timestamps: whom to ask for timestamps.
        trust: whom to trust for what.
        fonts: for characters that the form's font does not have; they are in the same places for all workers.
        certified: the form as certified by the identity, its bytes; `CertifiedForm.from_bytes` reads them.
        place: where the copies are put, or None to hand them back.
    """

    id: str
    form: "RecordedForm"
    open_identity: "Callable[[], Identity]"
    level: "Level"
    timestamps: "TimestampClient"
    trust: "Trust"
    fonts: "tuple[Typeface, ...]" = ()
    certified: bytes = b""
    place: "Destination | None" = None


@dataclass(frozen=True, slots=True)
class OpenIdentity:
    """Gives an identity that is open already; it cannot be sent to another process."""

    identity: "Identity"

    def __call__(self) -> "Identity":
        return self.identity
