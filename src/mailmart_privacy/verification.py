"""What a verified copy says, as values and in plain words."""

import datetime
from dataclasses import dataclass
from typing import Any

from .models import format_date

SCHEMA = "urn:mailmart-privacy:schema:verification:1"


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureSummary:
    """One signature of a copy.

    Attributes:
        field: "Publisher" or "Delivery".
        signer: the name in the signer's certificate.
        certificate_digest: lowercase hex SHA-256 of that certificate in DER.
        self_signed: whether no one but its holder vouches for it.
        signing_time: the moment that the signer claims (aware, UTC).
    """

    field: str
    signer: str
    certificate_digest: str
    self_signed: bool
    signing_time: datetime.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """The verdict on a copy that holds. A copy that does not hold has none: verifying raises.

    Attributes:
        version: the policy's version.
        last_updated: the date that the policy names.
        effective_at: from when that version is in force (aware, UTC).
        effective_until: until when, or None while there is no later one.
        policy_digest: lowercase hex SHA-256 of the canonical text.
        paper: "a4" or "letter".
        recipient: whom the copy is addressed to.
        reference: what the copy is called.
        issued_at: when it was issued (aware, UTC).
        publisher: the signature over the published form.
        delivery: the signature over this copy.
        level: the level reached, as in ETSI EN 319 142-1: "B-B".
        digest: lowercase hex SHA-256 of the file.
    """

    version: str
    last_updated: datetime.date
    effective_at: datetime.datetime
    effective_until: datetime.datetime | None
    policy_digest: str
    paper: str
    recipient: str
    reference: str
    issued_at: datetime.datetime
    publisher: SignatureSummary
    delivery: SignatureSummary
    level: str
    digest: str

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON, in the form of `data/schemas/verification.schema.json`."""
        return {
            "version": self.version,
            "last_updated": self.last_updated.isoformat(),
            "effective_at": _stamp(self.effective_at),
            "effective_until": None if self.effective_until is None else _stamp(self.effective_until),
            "policy_digest": self.policy_digest,
            "paper": self.paper,
            "recipient": self.recipient,
            "reference": self.reference,
            "issued_at": _stamp(self.issued_at),
            "level": self.level,
            "digest": self.digest,
            "signatures": [
                {
                    "field": signature.field,
                    "signer": signature.signer,
                    "certificate_digest": signature.certificate_digest,
                    "self_signed": signature.self_signed,
                    "signing_time": _stamp(signature.signing_time),
                }
                for signature in (self.publisher, self.delivery)
            ],
        }

    def describe(self) -> str:
        """The verdict in plain words, one fact a line."""
        until = "no later version is known" if self.effective_until is None else f"until {_words(self.effective_until)}"
        signer = self.delivery.signer
        if self.delivery.self_signed and "self-signed" not in signer.lower():
            signer += " (self-signed)"
        rows = [
            ("Policy", f"version {self.version}, last updated {format_date(self.last_updated)}"),
            ("In force", f"from {_words(self.effective_at)}; {until}"),
            ("Issued to", self.recipient),
            ("Reference", self.reference),
            ("Issued on", _words(self.issued_at)),
            ("Signed by", signer),
            ("Certificate", f"SHA-256 {self.delivery.certificate_digest}"),
            ("Time source", "the signer's own clock (level B-B, no timestamp)"),
            ("Text", f"SHA-256 {self.policy_digest}"),
            ("File", f"SHA-256 {self.digest}"),
        ]
        if self.publisher.certificate_digest != self.delivery.certificate_digest:
            rows.insert(6, ("Certified by", self.publisher.signer))
        return "\n".join(f"  {label:<12} {value}" for label, value in rows)


def _stamp(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _words(moment: datetime.datetime) -> str:
    moment = moment.astimezone(datetime.UTC)
    return f"{format_date(moment.date())}, {moment:%H:%M:%S} UTC"
