"""The condition for archiving a copy: it verifies."""

import datetime
from typing import TYPE_CHECKING

from ..verifying.verify import verify
from .session import Copy

if TYPE_CHECKING:
    from ..policy.ledger import Ledger
    from ..trust.anchors import Trusted


def admit(
    pdf: bytes,
    *,
    trust: "Trusted",
    at: datetime.datetime,
    ledger: "Ledger",
    renews: str | None = None,
    request: str = "",
    matter: str = "",
) -> Copy:
    """Verify a copy that is to be archived.

    Args:
        pdf: its bytes.
        trust: whom to trust for what.
        at: the moment for which certificates are validated (aware).
        ledger: the recorded versions.
        renews: the digest of the copy that it replaces.
        request: the key of the request that asked for it.
        matter: the matter that it belongs to.

    Raises:
        VerificationError: it does not verify, as `verify` says.
    """
    verdict = verify(pdf, trust=trust, at=at, ledger=ledger)
    return Copy(
        pdf=pdf,
        version=verdict.version,
        level=verdict.level,
        signer=verdict.delivery.certificate_digest,
        recipient=verdict.recipient,
        reference=verdict.reference,
        issued_at=verdict.issued_at,
        renews=renews,
        request=request,
        matter=matter,
    )
