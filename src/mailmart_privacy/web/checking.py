"""Is this copy real? A PDF → what it is, in plain words; at most a few files at a time.

A file is read once, into memory, and is never written to a disk. It may be hostile: the verifier is bounded, and this
module bounds its size and how many are looked at together; how often somebody may ask is the proxy's to say.
"""

import email.parser
import email.policy
import threading
from dataclasses import dataclass
from typing import Any

from .._time import format_moment
from ..errors import (
    AlteredError,
    MissingExtraError,
    UnreadableFileError,
    UnsignedError,
    UntrustedError,
    VerificationError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime

    from ..policy.ledger import Ledger
    from ..trust.trust_list import TrustList
    from ..verifying.verification import Verification

MAX_BODY = 16 * 1024 * 1024 + 64 * 1024  # a file of 16 MiB, and what a form puts around it
_AT_ONCE = 4
_SLOTS = threading.BoundedSemaphore(_AT_ONCE)

# What each verdict is called, and what to do about it. The words have to be right at every level, and for anybody.
_NO_COPY = "Is this the file that you were sent? Save the attachment again, and choose that file."
_ASK = "Ask MailMart for a new copy, and say where you received this one."
_VERDICTS = {
    UnsignedError: ("unsigned", "This is not a signed copy", "Nobody signed it for anybody. " + _NO_COPY),
    AlteredError: ("altered", "Not genuine: this file was changed", "Do not rely on it. " + _ASK),
    UntrustedError: (
        "unknown signer",
        "We cannot confirm who signed this file",
        "Its signer is not on the list of MailMart’s certificates. " + _ASK,
    ),
    UnreadableFileError: ("unreadable", "This file cannot be checked", _NO_COPY),
}
_NEWER = (
    "newer version",
    "This file is of a newer version of the policy",
    "This service does not know that version yet. Try again at mailmart.com in a day.",
)


class BusyError(Exception):
    """As many files as can be looked at together are being looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a file is.

    Attributes:
        verdict: "genuine", "withdrawn", "altered", "unknown signer", "unsigned", "newer version", "unreadable" or
            "not available".
        headline: the same for people.
        advice: what to do, and whom to ask.
        reason: what the verifier said, or None for a genuine copy.
        copy: what the verifier found, or None where the file is not genuine.
        superseded_by: the version that superseded that of the copy, or None.
    """

    verdict: str
    headline: str
    advice: str
    reason: str | None = None
    copy: "Verification | None" = None
    superseded_by: str | None = None

    @property
    def is_genuine(self) -> bool:
        """Whether the file is a genuine copy."""
        return self.copy is not None

    def to_json(self) -> dict[str, Any]:
        """Describe it as the JSON answer does."""
        return {
            "verdict": self.verdict,
            "genuine": self.is_genuine,
            "headline": self.headline,
            "advice": self.advice,
            "reason": self.reason,
            "superseded_by": self.superseded_by,
            "copy": None if self.copy is None else self.copy.to_json(),
        }


def check_copy(pdf: bytes, *, ledger: "Ledger", trust_list: "TrustList", at: "datetime.datetime") -> Verdict:
    """Tell what a file is.

    Args:
        pdf: its bytes.
        ledger: the versions.
        trust_list: the certificates that may sign copies.
        at: the moment of asking (aware).

    Raises:
        BusyError: too many files are being looked at.
        RecordError: a record of this package has changed.
    """
    try:
        from ..verifying.verify import verify
    except MissingExtraError:
        return Verdict(
            verdict="not available",
            headline="This service cannot check files",
            advice="Check it at mailmart.com, or ask whoever runs this service to install mailmart-privacy[pdf].",
        )
    if not _SLOTS.acquire(blocking=False):
        raise BusyError
    trust = trust_list.trust()
    try:
        found = verify(pdf, trust=trust, at=at, ledger=ledger)
    except VerificationError as error:
        verdict, headline, advice = next((said for kind, said in _VERDICTS.items() if isinstance(error, kind)), _NEWER)
        if isinstance(error, UntrustedError) and not trust.signers:
            advice = "MailMart has not published its certificates yet, so nobody can check here who signed a copy."
        return Verdict(verdict=verdict, headline=headline, advice=advice, reason=str(error))
    finally:
        _SLOTS.release()
    return _describe(found, ledger, at)


def _describe(found: "Verification", ledger: "Ledger", at: "datetime.datetime") -> Verdict:
    version = ledger.version(found.version)
    if version.withdrawn_at is not None:
        return Verdict(
            verdict="withdrawn",
            headline="Genuine, but this version was withdrawn before it took effect",
            advice=f"It was withdrawn on {format_moment(version.withdrawn_at)}. {version.withdrawal_reason}",
            copy=found,
        )
    if version.effective_at > at:
        advice = f"This version takes effect on {format_moment(version.effective_at)}."
    elif version.effective_until is None or version.effective_until > at:
        advice = "This version is in force today."
    else:
        advice = f"This version was in force until {format_moment(version.effective_until)}."
    later = [each for each in ledger.versions if each.effective_at == version.effective_until]
    superseded = later[0].version if later and later[0].effective_at <= at else None
    return Verdict(
        verdict="genuine",
        headline="Genuine, and unchanged since it was issued",
        advice=advice,
        copy=found,
        superseded_by=superseded,
    )


def read_upload(content_type: str, body: bytes) -> bytes | None:
    """Take the file out of a request: the body itself, or the one file of a form.

    Args:
        content_type: the header of the request.
        body: its body, whole.

    Returns:
        The bytes of the file, or None where there is none.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind in ("application/pdf", "application/octet-stream"):
        return body or None
    if kind != "multipart/form-data" or any(ord(character) < 32 for character in content_type):
        return None
    head = f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode("latin-1", "replace")
    form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    for part in form.iter_parts() if form.is_multipart() else ():
        if part.get_filename() is not None:
            content = part.get_payload(decode=True)
            return content if isinstance(content, bytes) and content else None
    return None
