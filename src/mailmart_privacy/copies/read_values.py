"""The signatures and timestamps of a copy, as they were read; none of them is verified yet.

They are neither compared nor printed; to make the methods for that takes a third of the time of making a class.
"""

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..trust.timestamp_token import Token
    from .container import Signatory
    from .update import HashState, Progress


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ReadSignature:
    """One signature of a copy, as it was read; it is not verified yet.

    Attributes:
        field: "Publisher" or "Delivery".
        signatory: who signs.
        moment: when, as the signer says (aware, UTC).
        digest: SHA-256 of what is signed.
        signature: the signature value.
        token: its timestamp, or None.
        end: how many bytes of the file it covers, with the container itself.
    """

    field: str
    signatory: "Signatory"
    moment: datetime.datetime
    digest: bytes
    signature: bytes
    token: "Token | None"
    end: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ReadStamp:
    """One archive timestamp of a copy.

    Attributes:
        field: "ArchiveTimestamp1" and so on.
        token: what it says.
        digest: SHA-256 of what it covers.
        end: how many bytes of the file it covers, with the container itself.
    """

    field: str
    token: "Token"
    digest: bytes
    end: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ReadCertification:
    """A certification that was read: a file with the very same bytes after the form has the same one.

    Attributes:
        update: its bytes.
        signature: what they say.
        progress: how far the file has been read with it.
        state: SHA-256 over the form and it.
    """

    update: bytes
    signature: ReadSignature
    progress: "Progress"
    state: "HashState"
