"""What a file is, in plain words: a verdict, and what a copy says."""

import datetime
from dataclasses import dataclass
from typing import Any

from .._time import format_moment
from ..policy.status import ANNOUNCED, IN_FORCE, find_status
from .verdict_words import GENUINE, KINDS, WITHDRAWN, WRONG, find_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..copies.reading import ReadCopy
    from ..policy.ledger import Ledger
    from ..verifying.verification import Verification


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a copy says, for people.

    Attributes:
        recipient: whom it is addressed to.
        reference: what it is called.
        issued_at: when it was issued (aware).
        time: who says so, as a sentence.
        signer: the name in the signer's certificate.
        certificate: the SHA-256 of that certificate, in hex.
        version: the version of the policy.
        last_updated: the date that this version names.
        status: where that version stands, as a sentence.
        successor: the version that superseded it, or None.
        remarks: what else should be known, each as a sentence without a full stop.
    """

    recipient: str
    reference: str
    issued_at: datetime.datetime
    time: str
    signer: str
    certificate: str
    version: str
    last_updated: datetime.date
    status: str
    successor: str | None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a file is.

    Attributes:
        verdict: one of the verdicts of `verdict_words`.
        headline: the same for people.
        advice: what to do, and whom to ask.
        reason: what the verifier said, or None.
        copy: what the verifier found, where it accepted the file; else None.
        facts: what the copy says, where it could be read whole; else None.
    """

    verdict: str
    headline: str
    advice: str
    reason: str | None = None
    copy: "Verification | None" = None
    facts: Facts | None = None

    @property
    def is_genuine(self) -> bool:
        """Whether the file is a genuine copy, and nothing is left open."""
        return self.verdict in (GENUINE, WITHDRAWN)

    @property
    def kind(self) -> str:
        """What it means at a glance: "genuine", "open" or "wrong"."""
        return KINDS.get(self.verdict, WRONG)

    def to_json(self) -> dict[str, Any]:
        """Describe it as the JSON answer does."""
        facts = self.facts
        return {
            "verdict": self.verdict,
            "genuine": self.is_genuine,
            "headline": self.headline,
            "advice": self.advice,
            "reason": self.reason,
            "superseded_by": None if facts is None else facts.successor,
            "signer": None if facts is None else {"name": facts.signer, "certificate_digest": facts.certificate},
            "copy": None if self.copy is None else self.copy.to_json(),
        }


def say(verdict: str, reason: str | None = None, *, date: str = "") -> Verdict:
    """Make a verdict with its words; see `find_words`."""
    headline, advice = find_words(verdict, reason, date=date)
    return Verdict(verdict=verdict, headline=headline, advice=advice)


def describe_verification(found: "Verification", ledger: "Ledger", at: datetime.datetime) -> Facts:
    """Say what the verifier found in a copy that it accepted."""
    delivery = found.delivery
    if delivery.proven_at is None:
        time = "The signer says so; no timestamp confirms it."
    else:
        time = f"A timestamp by {delivery.time_source} confirms that it existed on {format_moment(delivery.proven_at)}."
    if found.timestamps:
        time += f" It was last stamped on {format_moment(found.timestamps[-1].stamped_at)}, to keep it checkable."
    status, successor = _describe_status(found.version, ledger, at)
    return Facts(
        recipient=found.recipient,
        reference=found.reference,
        issued_at=found.issued_at,
        time=time,
        signer=delivery.signer,
        certificate=delivery.certificate_digest,
        version=found.version,
        last_updated=found.last_updated,
        status=status,
        successor=successor,
        remarks=found.remarks,
    )


def describe_read(read: "ReadCopy", ledger: "Ledger", at: datetime.datetime) -> Facts:
    """Say what was read in a copy whose signer is not trusted."""
    from .._lookalikes import find_lookalikes
    from ..keys.certificates import subject_name

    status, successor = _describe_status(read.form.version, ledger, at)
    signatory = read.delivery.signatory
    return Facts(
        recipient=read.recipient,
        reference=read.reference,
        issued_at=read.delivery.moment,
        time="The signer says so; nobody known to this site confirms it.",
        signer=subject_name(signatory.parsed[0]),
        certificate=signatory.digest,
        version=read.form.version,
        last_updated=ledger.version(read.form.version).last_updated,
        status=status,
        successor=successor,
        remarks=tuple(filter(None, [find_lookalikes(read.recipient)])),
    )


def _describe_status(name: str, ledger: "Ledger", at: datetime.datetime) -> tuple[str, str | None]:
    """Say where a version stands, and which one superseded it."""
    version = ledger.version(name)
    status = find_status(version, ledger.versions, at)
    moment = format_moment(status.moment)
    if status.state == IN_FORCE:
        return f"in force today, since {moment}", None
    if status.state == ANNOUNCED:
        return f"takes effect on {moment}", None
    if status.successor is None:
        return f"withdrawn on {moment}, before it took effect", None
    return f"superseded on {moment}", status.successor.version
