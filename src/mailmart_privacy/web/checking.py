"""Is this copy real? A PDF → what it is, in plain words; at most a few files at a time.

A file is read once, into memory, and is never written to a disk. It may be hostile: the verifier is bounded, and this
module limits its size and how many files are checked at a time. The proxy limits how often somebody may ask.
"""

import datetime
import threading
from dataclasses import replace
from importlib.util import find_spec

from .._time import format_date, format_moment
from ..errors import (
    AlteredError,
    MissingExtraError,
    UnreadableFileError,
    UnsignedError,
    UntrustedError,
    VerificationError,
)
from ..policy.papers import PAPERS, form_name, reading_name
from .verdict import Verdict, describe_read, describe_verification, say
from .verdict_words import (
    ALTERED,
    COMPROMISED,
    FORMERLY_USED,
    GENUINE,
    NEWER,
    NONE_PUBLISHED,
    NOT_AVAILABLE,
    NOT_PUBLISHED,
    OTHER_DOCUMENT,
    UNKNOWN_SIGNER,
    UNREADABLE,
    UNSIGNED,
    WITHDRAWN,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..copies.reading import ReadCopy
    from ..policy.ledger import Ledger
    from ..trust.anchors import Trust
    from ..trust.trust_list import TrustList

MAX_BODY = 16 * 1024 * 1024 + 64 * 1024  # a file of 16 MiB, and what a form puts around it
_AT_ONCE = 4
_SLOTS = threading.BoundedSemaphore(_AT_ONCE)
# One after the other: threads share one interpreter, so several together are not faster, and each of them would keep
# the thread that serves pages waiting.
_TURN = threading.Lock()
_KINDS = {
    UnsignedError: UNSIGNED,
    AlteredError: ALTERED,
    UntrustedError: UNKNOWN_SIGNER,
    UnreadableFileError: UNREADABLE,
}


class BusyError(Exception):
    """As many files as allowed are being checked already."""


def can_check() -> bool:
    """Tell whether what checking needs is installed: the extra `pdf`."""
    return find_spec("cryptography") is not None


def check_copy(pdf: bytes, *, ledger: "Ledger", trust_list: "TrustList", at: datetime.datetime) -> Verdict:
    """Tell what a file is.

    Args:
        pdf: its bytes.
        ledger: the versions.
        trust_list: the certificates that may sign copies.
        at: the moment of asking (aware).

    Raises:
        BusyError: too many files are being checked.
        RecordError: a record of this package has changed.
    """
    if not _SLOTS.acquire(blocking=False):
        raise BusyError
    try:
        with _TURN:
            return _check(pdf, ledger, trust_list.trust(), at)
    except MissingExtraError:
        return say(NOT_AVAILABLE)
    finally:
        _SLOTS.release()


def _check(pdf: bytes, ledger: "Ledger", trust: "Trust", at: datetime.datetime) -> Verdict:
    from ..verifying.verify import verify

    try:
        found = verify(pdf, trust=trust, at=at, ledger=ledger)
    except UntrustedError as error:
        return _describe_untrusted(pdf, ledger, trust, at, str(error))
    except VerificationError as error:
        verdict = next((verdict for kind, verdict in _KINDS.items() if isinstance(error, kind)), NEWER)
        reason = OTHER_DOCUMENT if verdict == UNSIGNED and not _is_of_ours(pdf, ledger) else None
        return replace(say(verdict, reason), reason=str(error))
    facts = describe_verification(found, ledger, at)
    if found.delivery.proven_at is None and (until := _find_retirement(pdf, ledger, trust, at)) is not None:
        return replace(say(FORMERLY_USED, date=_day(until)), copy=found, facts=facts)
    version = ledger.version(found.version)
    if version.withdrawn_at is not None:
        advice = f"It was withdrawn on {format_moment(version.withdrawn_at)}. {version.withdrawal_reason}"
        return replace(say(WITHDRAWN), advice=advice, copy=found, facts=facts)
    return replace(say(GENUINE), copy=found, facts=facts)


def _day(moment: datetime.datetime) -> str:
    return format_date(moment.astimezone(datetime.UTC).date())


def _describe_untrusted(pdf: bytes, ledger: "Ledger", trust: "Trust", at: datetime.datetime, reason: str) -> Verdict:
    """Say more about a file that is whole, but whose signer is not trusted now."""
    read = _read(pdf, ledger)
    if read is None:
        return replace(say(UNKNOWN_SIGNER, OTHER_DOCUMENT), reason=reason)
    facts = describe_read(read, ledger, at)
    signer = read.delivery.signatory.parsed
    known = [since for c in signer if (since := trust.compromised_since(c)) is not None]
    if known:
        return replace(say(COMPROMISED, date=_day(min(known))), reason=reason, facts=facts)
    own = next((anchor for anchor in trust.signers if anchor.certificate == signer[0]), None)
    if own is not None and at > (last := own.certificate.not_valid_after_utc):
        # The certificate has expired. What it signed was signed while it was valid, or later: the file does not show.
        before = _check(pdf, ledger, trust, last)
        if before.copy is not None:
            return replace(say(FORMERLY_USED, date=_day(last)), copy=before.copy, facts=facts)
    why = None if _is_weak(read) else NOT_PUBLISHED if trust.signers else NONE_PUBLISHED
    return replace(say(UNKNOWN_SIGNER, why), reason=reason, facts=facts)


def _is_weak(read: "ReadCopy") -> bool:
    """Tell whether anybody may have the key that signed a copy; to compare its certificate would prove nothing."""
    from ..keys.certificates import read_key
    from ..keys.signature import find_weakness

    return find_weakness(read_key(read.delivery.signatory.parsed[0])) is not None


def _read(pdf: bytes, ledger: "Ledger") -> "ReadCopy | None":
    """Read a copy whose signatures are valid, no matter who signed it; None if the file is not such a copy."""
    from ..copies.reading import read_copy
    from ..verifying.origin import find_origin
    from ..verifying.verify import require_signatures

    try:
        read = read_copy(pdf, find_origin(pdf, ledger))
    except VerificationError:
        return None
    try:
        require_signatures(read)
    except AlteredError:
        return None
    except UntrustedError:  # whole, but anybody may have made its weak key
        pass
    return read


def _is_of_ours(pdf: bytes, ledger: "Ledger") -> bool:
    """Tell whether a file is, or begins with, a recorded form, or is a recorded reading edition."""
    return any(
        pdf.startswith(ledger.record(version.version, form_name(paper)))
        or pdf == ledger.record(version.version, reading_name(paper))
        for version in ledger.versions
        for paper in PAPERS
    )


def _find_retirement(pdf: bytes, ledger: "Ledger", trust: "Trust", at: datetime.datetime) -> datetime.datetime | None:
    """Tell until when the certificate that vouches for a copy was used; None if it is still in use."""
    retired = [anchor for anchor in trust.signers if anchor.until is not None and anchor.until < at]
    used = tuple(anchor for anchor in trust.signers if anchor not in retired)
    if not retired or _is_vouched_for(pdf, ledger, replace(trust, signers=used), at):
        return None
    # Each one by itself: another one that is retired, too, may have been used for longer.
    alone = [each for each in retired if _is_vouched_for(pdf, ledger, replace(trust, signers=(each,)), at)]
    return max((anchor.until for anchor in alone if anchor.until is not None), default=None)


def _is_vouched_for(pdf: bytes, ledger: "Ledger", trust: "Trust", at: datetime.datetime) -> bool:
    from ..verifying.verify import verify

    try:
        verify(pdf, trust=trust, at=at, ledger=ledger)
    except UntrustedError:
        return False
    return True
