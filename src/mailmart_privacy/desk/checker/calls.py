"""What `keeper` asks `checker`, and what it answers."""

import datetime
from dataclasses import dataclass

from ..messages import Call


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedPdf:
    """What a PDF is, by itself.

    Attributes:
        verdict: "genuine", "unsigned", "altered", "untrusted", "newer" or "unreadable".
        words: what the verifier said; empty for a genuine copy.
        fingerprint: lowercase hex SHA-256 of the file.
        recipient: whom it is made out to, or empty.
        reference: what it is called, or empty.
        issued_at: the moment that it shows, or None.
        version: of the policy, or empty.
        signer: who signed it, or empty.
        valid_until: until when it can be shown to be valid, or None.
    """

    verdict: str
    words: str
    fingerprint: str
    recipient: str
    reference: str
    issued_at: datetime.datetime | None
    version: str
    signer: str
    valid_until: datetime.datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Anchor:
    """A certificate to trust; see `TrustAnchor`.

    Attributes:
        certificate: in DER.
        source: "given", "own" or "published".
        since: from when it was in use, or None.
        until: until when it was in use, or None.
    """

    certificate: bytes
    source: str
    since: datetime.datetime | None
    until: datetime.datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Compromise:
    """A key that others may have had: the digest of the key, and since when."""

    digest: str
    since: datetime.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgePdf(Call[JudgedPdf]):
    """What is this file?

    Attributes:
        content: the file.
        signers: the certificates to trust for signatures.
        authorities: those to trust for timestamps.
        compromised: keys that others may have had.
        at: the moment for which certificates are validated.
    """

    content: bytes
    signers: tuple[Anchor, ...]
    authorities: tuple[Anchor, ...]
    compromised: tuple[Compromise, ...]
    at: datetime.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelter:
    """What the process is kept from.

    Attributes:
        no_network: whether it has no network.
        own_user: whether it is a user of its own.
    """

    no_network: bool
    own_user: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AskShelter(Call[Shelter]):
    """What are you kept from?"""


CHECKER_CALLS: dict[str, type[Call[object]]] = {
    kind.__name__: kind  # type: ignore[misc]
    for kind in (JudgePdf, AskShelter)
}
