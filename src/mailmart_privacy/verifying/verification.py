"""What a verified copy says, as values and in words."""

import datetime
from dataclasses import dataclass
from typing import Any

from .._time import format_date, format_iso, format_second

SCHEMA = "urn:mailmart-privacy:schema:verification:1"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class SignatureSummary:
    """One signature of a copy.

    Attributes:
        field: "Publisher" or "Delivery".
        signer: the name in the signer's certificate.
        certificate_digest: lowercase hex SHA-256 of that certificate in DER.
        self_signed: whether no one but its holder vouches for it.
        signing_time: the moment that the signer claims (aware, UTC).
        proven_at: the moment at which a timestamp proves that it existed (aware, UTC), or None.
        time_source: the name of the authority that says so, or None: the signer's own clock.
        covered_bytes: how many bytes of the file it covers, from the first one.
        changes_after: what was added after it; nothing else was.
        level: the level that it reached in this file, as in ETSI EN 319 142-1: "B-B" to "B-LTA".
        valid_until: until when all this can be shown from the file, if no certificate is revoked (aware, UTC).
    """

    field: str
    signer: str
    certificate_digest: str
    self_signed: bool
    signing_time: datetime.datetime
    proven_at: datetime.datetime | None
    time_source: str | None
    covered_bytes: int
    changes_after: tuple[str, ...]
    level: str
    valid_until: datetime.datetime

    def __repr__(self) -> str:
        return f"<SignatureSummary {self.field} by {self.signer[:80]!r}, {self.level}>"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class TimestampSummary:
    """One archive timestamp of a copy.

    Attributes:
        field: "ArchiveTimestamp1", and so on.
        authority: the name in the authority's certificate.
        certificate_digest: lowercase hex SHA-256 of that certificate in DER.
        stamped_at: the moment that it gives (aware, UTC).
        covered_bytes: how many bytes of the file it covers, from the first one.
        expires_at: when that certificate expires (aware, UTC); the last one is renewed before.
    """

    field: str
    authority: str
    certificate_digest: str
    stamped_at: datetime.datetime
    covered_bytes: int
    expires_at: datetime.datetime

    def __repr__(self) -> str:
        return f"<TimestampSummary {self.field} by {self.authority[:80]!r}>"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Verification:
    """The verdict on a valid copy. For any other file, verifying raises an error.

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
        timestamps: its archive timestamps, oldest first.
        level: the level reached, as in ETSI EN 319 142-1: "B-B", "B-T", "B-LT" or "B-LTA".
        valid_until: until when the copy can be shown to be valid, if no certificate is revoked (aware, UTC).
        digest: lowercase hex SHA-256 of the file.
        withdrawn_at: when this version was withdrawn before it took effect (aware, UTC), or None.
        remarks: what else should be known, each as one sentence without a full stop.
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
    timestamps: tuple[TimestampSummary, ...]
    level: str
    valid_until: datetime.datetime
    digest: str
    withdrawn_at: datetime.datetime | None = None
    remarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Verification of {self.version}, {self.reference[:40]!r} to {self.recipient[:60]!r}, {self.level}>"

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON, in the form of `data/schemas/verification.schema.json`."""
        return {
            "version": self.version,
            "last_updated": self.last_updated.isoformat(),
            "effective_at": _stamp(self.effective_at),
            "effective_until": None if self.effective_until is None else _stamp(self.effective_until),
            "withdrawn_at": None if self.withdrawn_at is None else _stamp(self.withdrawn_at),
            "policy_digest": self.policy_digest,
            "paper": self.paper,
            "recipient": self.recipient,
            "reference": self.reference,
            "issued_at": _stamp(self.issued_at),
            "level": self.level,
            "valid_until": _stamp(self.valid_until),
            "digest": self.digest,
            "remarks": list(self.remarks),
            "signatures": [
                {
                    "field": signature.field,
                    "signer": signature.signer,
                    "certificate_digest": signature.certificate_digest,
                    "self_signed": signature.self_signed,
                    "signing_time": _stamp(signature.signing_time),
                    "proven_at": None if signature.proven_at is None else _stamp(signature.proven_at),
                    "time_source": signature.time_source,
                    "covered_bytes": signature.covered_bytes,
                    "changes_after": list(signature.changes_after),
                    "level": signature.level,
                    "valid_until": _stamp(signature.valid_until),
                }
                for signature in (self.publisher, self.delivery)
            ],
            "timestamps": [
                {
                    "field": stamp.field,
                    "authority": stamp.authority,
                    "certificate_digest": stamp.certificate_digest,
                    "stamped_at": _stamp(stamp.stamped_at),
                    "covered_bytes": stamp.covered_bytes,
                    "expires_at": _stamp(stamp.expires_at),
                }
                for stamp in self.timestamps
            ],
        }

    def describe(self) -> str:
        """The verdict in plain words, one fact a line."""
        force = f"from {format_second(self.effective_at)}; no later version is known"
        if self.withdrawn_at is not None:
            force = f"never; it was withdrawn on {format_second(self.withdrawn_at)}, before it took effect"
        elif self.effective_until is not None:
            until = format_second(self.effective_until)
            force = f"from {format_second(self.effective_at)}; superseded by a later version on {until}"
        rows = [
            ("Policy", f"version {self.version}, last updated {format_date(self.last_updated)}"),
            ("In force", force),
            ("Issued to", self.recipient),
            ("Reference", self.reference),
            ("Issued on", format_second(self.issued_at)),
            ("Level", f"{self.level}; valid until {format_second(self.valid_until)}"),
            *_describe_signature(self.publisher, "whole published form"),
            *_describe_signature(self.delivery, "whole copy as delivered"),
            *(row for stamp in self.timestamps for row in _describe_stamp(stamp, last=stamp is self.timestamps[-1])),
            ("Text", f"SHA-256 {self.policy_digest}"),
            ("File", f"SHA-256 {self.digest}"),
            *(("Note", remark) for remark in self.remarks),
        ]
        return "\n".join(f"  {label:<12} {value}" for label, value in rows)


def _describe_signature(signature: SignatureSummary, covered: str) -> list[tuple[str, str]]:
    signer = signature.signer
    if signature.self_signed and "self-signed" not in signer.lower():
        signer += " (self-signed)"
    proven = []
    if signature.proven_at is not None:
        proven.append(("", f"proven to be there on {format_second(signature.proven_at)}, by {signature.time_source}"))
    return [
        (signature.field, signer),
        ("", f"says {format_second(signature.signing_time)}, by the signer's own clock"),
        *proven,
        ("", f"level {signature.level}; shown to hold until {format_second(signature.valid_until)}"),
        ("", f"covers the {covered}, {signature.covered_bytes:,} bytes"),
        ("", f"after it: {', '.join(signature.changes_after) or 'nothing'}"),
        ("", f"certificate SHA-256 {signature.certificate_digest}"),
    ]


def _describe_stamp(stamp: TimestampSummary, *, last: bool) -> list[tuple[str, str]]:
    covered = "the entire file" if last else "all before it"
    return [
        ("Timestamp", f"{stamp.field}, by {stamp.authority}, on {format_second(stamp.stamped_at)}"),
        ("", f"covers {covered}, {stamp.covered_bytes:,} bytes; certificate expires {format_second(stamp.expires_at)}"),
        ("", f"certificate SHA-256 {stamp.certificate_digest}"),
    ]


def _stamp(moment: datetime.datetime) -> str:
    return format_iso(moment.replace(microsecond=0))
