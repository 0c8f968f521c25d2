"""MailMart's certificates and keys as a service publishes them: for people, as JSON and as PEM."""

import datetime
import json
import ssl
from dataclasses import dataclass

from .._der import GENERALIZED_TIME, INTEGER, SEQUENCE, Reader, read_only, tagged
from .._time import format_iso
from ..trust.trust_list import COMPROMISED, TrustRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..trust.trust_list import TrustList

# What keys are for, in the order in which people read of them.
PURPOSES = {
    "copies": "Signing copies",
    "timestamps": "Timestamps on copies",
    "archive-log": "Signing the log of the archive",
    "data": "Signing newer versions for services",
}
_UTC_TIME = 0x17


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedKey:
    """One certificate or key.

    Attributes:
        record: what the trust list says of it.
        valid_from: from when its certificate is valid (aware), or None where it is a key.
        valid_until: until when (aware), or None where it is a key.
    """

    record: TrustRecord
    valid_from: datetime.datetime | None
    valid_until: datetime.datetime | None

    def to_json(self) -> "dict[str, Any]":
        """Describe it as the JSON of the list does."""
        return self.record.to_json() | {
            "valid_from": self.valid_from and format_iso(self.valid_from),
            "valid_until": self.valid_until and format_iso(self.valid_until),
        }


def list_keys(trust_list: "TrustList") -> tuple[PublishedKey, ...]:
    """List what is in effect: by purpose, those in use first."""
    purposes, states = list(PURPOSES), ("current", "retired", "compromised")
    records = sorted(
        trust_list.in_effect(), key=lambda record: (purposes.index(record.purpose), states.index(record.state))
    )
    return tuple(map(_publish, records))


def write_keys(trust_list: "TrustList") -> bytes:
    """Write all certificates and keys as JSON."""
    document = {"keys": [key.to_json() for key in list_keys(trust_list)]}
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def write_certificates(trust_list: "TrustList") -> bytes:
    """Write the certificates that sign copies as PEM, each below its name (RFC 7468, 5.2).

    Users who trust this file trust all of it for copies. So it has no certificate for another purpose, and none whose
    key others may have.
    """
    parts = []
    for record in trust_list.in_effect("copies"):
        if record.certificate is not None and record.state != COMPROMISED:
            parts.append(f"# {record.name} ({record.state})\n{ssl.DER_cert_to_PEM_cert(record.certificate)}")
    return ("\n".join(parts) or "# MailMart has not published a certificate for copies yet.\n").encode()


def _publish(record: TrustRecord) -> PublishedKey:
    start, end = (None, None) if record.certificate is None else _read_validity(record.certificate)
    return PublishedKey(record=record, valid_from=start, valid_until=end)


def _read_validity(certificate: bytes) -> tuple[datetime.datetime, datetime.datetime]:
    """Read from when and until when a certificate is valid (RFC 5280, 4.1.2.5), without cryptography."""
    body = read_only(certificate).enter()
    if body.next_tag() == tagged(0):
        body.take()  # version
    body.read(INTEGER)  # serial number
    body.read(SEQUENCE)  # algorithm
    body.read(SEQUENCE)  # issuer
    validity = body.enter()
    return _read_time(validity), _read_time(validity)


def _read_time(reader: Reader) -> datetime.datetime:
    if reader.next_tag() == GENERALIZED_TIME:
        return reader.moment()
    text = reader.read(_UTC_TIME).decode("ascii")
    century = "19" if text >= "50" else "20"  # RFC 5280, 4.1.2.5.1
    return datetime.datetime.strptime(century + text, "%Y%m%d%H%M%SZ").replace(tzinfo=datetime.UTC)
