"""A stranger's file → what it is, in values that can be sent."""

import contextlib
import importlib
from hashlib import sha256

from ..._clock import now
from ..._limits import limited
from ...copies.forms import load_form
from ...errors import (
    AlteredError,
    UnreadableFileError,
    UnsignedError,
    UntrustedError,
    VerificationError,
)
from ...keys.certificates import load_certificate
from ...policy.ledger import shipped
from ...policy.papers import PAPERS
from ...trust.anchors import Trust, TrustAnchor
from ...verifying.verify import verify
from .calls import Anchor, JudgedPdf, JudgePdf

# What verifying imports where a file needs it; the backend is imported by cryptography's compiled code.
_LATER = (
    "_strptime",
    "cryptography.hazmat.backends.openssl.backend",
    "cryptography.hazmat.primitives.serialization",
    "encodings.utf_16_be",
    "mailmart_privacy._lookalikes",
    "mailmart_privacy.copies.drawn",
    "mailmart_privacy.trust.revocation_status",
    "mailmart_privacy.trust.timestamp_token",
    "mailmart_privacy.verifying.foreign",
    "resource",
    "shutil",
)
_VERDICTS = (
    (UnsignedError, "unsigned"),
    (AlteredError, "altered"),
    (UntrustedError, "untrusted"),
    (UnreadableFileError, "unreadable"),
)


def prepare() -> None:
    """Load all that judging reads later: the user whom this process becomes may not be able to."""
    for version in shipped().versions:
        for paper in PAPERS:
            load_form(shipped(), version.version, paper)
    with contextlib.suppress(VerificationError):
        verify(b"%PDF-", trust=Trust(signers=(), authorities=()), at=now(), ledger=shipped())
    for name in _LATER:
        importlib.import_module(name)


def judge_pdf(call: JudgePdf) -> JudgedPdf:
    """Tell what a PDF is, by itself: the archive is not asked."""
    fingerprint = sha256(call.content).hexdigest()
    trust = Trust(
        signers=_read(call.signers),
        authorities=_read(call.authorities),
        compromised=tuple((each.digest, each.since) for each in call.compromised),
    )
    try:
        with limited():
            found = verify(call.content, trust=trust, at=call.at, ledger=shipped())
    except VerificationError as error:
        verdict = next((name for kind, name in _VERDICTS if isinstance(error, kind)), "newer")
        return JudgedPdf(
            verdict=verdict,
            words=str(error),
            fingerprint=fingerprint,
            recipient="",
            reference="",
            issued_at=None,
            version="",
            signer="",
            valid_until=None,
        )
    return JudgedPdf(
        verdict="genuine",
        words="; ".join(found.remarks),
        fingerprint=fingerprint,
        recipient=found.recipient,
        reference=found.reference,
        issued_at=found.issued_at,
        version=found.version,
        signer=found.delivery.signer,
        valid_until=found.valid_until,
    )


def _read(anchors: tuple[Anchor, ...]) -> tuple[TrustAnchor, ...]:
    return tuple(
        TrustAnchor(
            certificate=load_certificate(each.certificate), source=each.source, since=each.since, until=each.until
        )
        for each in anchors
    )
