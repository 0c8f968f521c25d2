"""What the page of a bag of evidence says in addition to what is proven: customer, reference, issuer, matter,
person."""

import contextlib
from typing import TYPE_CHECKING

from .._limits import limited
from ..errors import PrivacyError
from ..verifying.verify import verify
from .evidence import Occasion
from .lookup import recipient_of
from .recipients import NO_DETAILS, open_details
from .register import read_register

if TYPE_CHECKING:
    from ..policy.ledger import Ledger
    from ..trust.anchors import Trusted
    from .entries import LogEntry
    from .service import ArchiveService


def describe_occasion(
    service: "ArchiveService",
    entry: "LogEntry",
    *,
    matter: str,
    trust: "Trusted",
    ledger: "Ledger",
) -> Occasion:
    """Gather what the page says; customer, reference and the reason of a withdrawal only if the archive's key is
    available.

    Args:
        service: the archive.
        entry: of the file that the evidence is for.
        matter: the matter that it is for; by default that of the copy.
        trust: whom to trust for what.
        ledger: the recorded versions.
    """
    made_by = service.actor.name if service.actor else ""
    if entry.entry.kind != "customer-copy":
        return Occasion(matter=matter, made_by=made_by)
    issuer = ""
    with contextlib.suppress(PrivacyError):  # not trusted here: the page names the certificate only
        pdf = service.archive.read_file(entry.entry.files[0]) or b""
        with limited():
            issuer = verify(pdf, trust=trust, at=service.clock(), ledger=ledger).delivery.signer
    withdrawal = read_register(service.archive).withdrawn.get(entry.number)
    withdrawn_at = withdrawal.entry.recorded_at if withdrawal else None
    if not service.location.key_path(service.archive.metadata.origin).exists():
        return Occasion(matter=matter, made_by=made_by, issuer=issuer, withdrawn_at=withdrawn_at)
    recipient = recipient_of(service.archive, service.keyring().names_key, entry)
    details = open_details(recipient.key, entry.entry.sealed) if entry.entry.sealed else NO_DETAILS
    sealed = withdrawal.entry.sealed if withdrawal else None
    return Occasion(
        customer=recipient.name,
        reference=details.reference,
        issuer=issuer,
        matter=matter or details.matter,
        made_by=made_by,
        withdrawn_at=withdrawn_at,
        withdrawn_because=open_details(recipient.key, sealed).reason if sealed else "",
    )
