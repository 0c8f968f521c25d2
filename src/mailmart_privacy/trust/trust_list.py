"""The trust list: which certificates and keys MailMart uses for what, recorded in `data/trust.json`.

The rules:

1. Records are only added. Each carries the SHA-256 of the one before it, and the list that of the last one, as in the
   ledger; so none can change or disappear unseen. Broken: nothing of the list can be used.
2. A record is about one certificate or key and one purpose: "copies" (it signs copies, or is above those that do),
   "timestamps" (the same of timestamp authorities), "data" (it signs newer data for services) or "archive-log" (it
   signs the log of an archive). The last record about it counts.
3. A certificate is "current", from when it was taken into use; or "retired", until when it was used: what was signed by
   then stays genuine; or "compromised", since when others may have had the key: what was signed later is refused, and
   so is what nothing but its signer says was signed earlier.
4. That a certificate was compromised cannot be taken back, and its moment cannot be moved to a later one. It is the key
   that others may have had, so all recorded certificates of one key are compromised together.

The list that ships is empty until MailMart adds its certificates.
"""

import base64
import binascii
import datetime
import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from .. import _resources
from .._time import format_iso, format_moment
from ..errors import RecordError
from ..policy.entries import entry_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from .anchors import Trust

FORMAT = 1
TRUST_LIST = "trust.json"
PURPOSES = ("copies", "timestamps", "data", "archive-log")
OF_CERTIFICATES = ("copies", "timestamps", "data")
CURRENT, RETIRED, COMPROMISED = STATES = ("current", "retired", "compromised")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class TrustRecord:
    """What is recorded of one certificate or key for one purpose.

    Attributes:
        purpose: one of `PURPOSES`.
        name: whose it is, in words.
        digest: lowercase hex SHA-256 of the certificate in DER, or of the key's text.
        certificate: the certificate in DER, or None where it is a key.
        key: the key as a text, for instance a log's `name+hash+key`; or None where it is a certificate.
        since: from when it was in use (aware).
        until: until when it was (aware), or None where it is in use or nothing is known.
        state: "current", "retired" or "compromised".
        compromised_since: since when others may have had the key (aware), or None.
    """

    purpose: str
    name: str
    digest: str
    certificate: bytes | None
    key: str | None
    since: datetime.datetime
    until: datetime.datetime | None
    state: str
    compromised_since: datetime.datetime | None

    def to_json(self) -> dict[str, Any]:
        """Return the record as it is in the list, without its link in the chain."""
        content = self.certificate
        return {
            "purpose": self.purpose,
            "name": self.name,
            "sha256": self.digest,
            "certificate": None if content is None else base64.b64encode(content).decode(),
            "key": self.key,
            "from": format_iso(self.since),
            "until": None if self.until is None else format_iso(self.until),
            "state": self.state,
            "compromised_since": None if self.compromised_since is None else format_iso(self.compromised_since),
        }


class TrustList:
    """The records, oldest first.

    Args:
        read: gives the bytes of a file by its path below `data/`; raises OSError if there is none.

    Raises:
        RecordError: the list is missing, cannot be read, or a record does not chain to the one before it.
    """

    def __init__(self, read: "Callable[[str], bytes]") -> None:
        try:
            document = json.loads(read(TRUST_LIST))
            if document["format"] != FORMAT:
                raise RecordError(f"{TRUST_LIST} has format {document['format']!r}; this package reads format {FORMAT}")
            self.entries: list[dict[str, Any]] = document["records"]
            _verify_chain(self.entries, document["head"])
            self.records = tuple(map(_read_record, self.entries))
        except OSError:
            raise RecordError(f"{TRUST_LIST} is missing; reinstall the package") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"{TRUST_LIST} cannot be read ({error}); reinstall the package") from None

    def in_effect(self, purpose: str | None = None) -> tuple[TrustRecord, ...]:
        """Return the last record about each certificate or key, in the order in which they were first added.

        Args:
            purpose: one of `PURPOSES`, or None for all.
        """
        last: dict[tuple[str, str], TrustRecord] = {}
        for record in self.records:
            last[record.purpose, record.digest] = record
        return tuple(record for record in last.values() if purpose in (None, record.purpose))

    def trust(self) -> "Trust":
        """Return whom the list says to trust for copies and for timestamps.

        Raises:
            MissingExtraError: cryptography is not installed.
        """
        from ..keys.certificates import key_digest, load_certificate
        from .anchors import PUBLISHED, Trust, TrustAnchor

        def anchors(purpose: str) -> tuple[TrustAnchor, ...]:
            return tuple(
                TrustAnchor(
                    certificate=load_certificate(record.certificate),
                    source=PUBLISHED,
                    since=record.since,
                    until=record.until,
                )
                for record in self.in_effect(purpose)
                if record.certificate is not None
            )

        return Trust(
            signers=anchors("copies"),
            authorities=anchors("timestamps"),
            compromised=tuple(
                (key_digest(load_certificate(record.certificate)), record.compromised_since)
                for record in self.in_effect()
                if record.certificate is not None and record.compromised_since is not None
            ),
        )


@cache
def shipped_trust_list() -> TrustList:
    """Load the trust list that ships with the package."""
    return TrustList(_resources.read_data)


def published_trust() -> "Trust":
    """Return whom the trust list that ships with the package says to trust; nobody, as long as it is empty."""
    return shipped_trust_list().trust()


def write_trust_list(entries: list[dict[str, Any]]) -> bytes:
    """Write the list's file from its entries, oldest first."""
    document = {"format": FORMAT, "records": entries, "head": entry_digest(entries[-1]) if entries else None}
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def chain_record(entries: list[dict[str, Any]], record: TrustRecord) -> list[dict[str, Any]]:
    """Add a record to the entries of a list.

    Args:
        entries: those of the list, oldest first.
        record: what is added.

    Returns:
        The entries, with one more that chains to the last.

    Raises:
        RecordError: the record contradicts an earlier one (rule 4).
    """
    for earlier in map(_read_record, entries):
        if (earlier.purpose, earlier.digest) == (record.purpose, record.digest):
            _require_consistent(earlier, record)
    previous = entry_digest(entries[-1]) if entries else None
    return [*entries, {**record.to_json(), "previous": previous}]


def _require_consistent(earlier: TrustRecord, record: TrustRecord) -> None:
    before, now = earlier.compromised_since, record.compromised_since
    if before is not None and (now is None or now > before):
        raise RecordError(
            f"{record.name!r} is recorded as compromised since {format_moment(before)}; that cannot be taken back, "
            "and no later moment can be given"
        )


def _read_record(entry: dict[str, Any]) -> TrustRecord:
    content = entry["certificate"]
    try:
        certificate = None if content is None else base64.b64decode(content, validate=True)
    except binascii.Error:
        raise ValueError("a certificate is not in Base64") from None
    record = TrustRecord(
        purpose=entry["purpose"],
        name=entry["name"],
        digest=entry["sha256"],
        certificate=certificate,
        key=entry["key"],
        since=datetime.datetime.fromisoformat(entry["from"]),
        until=_read_moment(entry["until"]),
        state=entry["state"],
        compromised_since=_read_moment(entry["compromised_since"]),
    )
    _require_sound(record)
    return record


def _require_sound(record: TrustRecord) -> None:
    subject = record.certificate if record.certificate is not None else str(record.key).encode()
    is_certificate = record.purpose in OF_CERTIFICATES
    if record.purpose not in PURPOSES or record.state not in STATES:
        raise ValueError(f"unknown purpose {record.purpose!r} or state {record.state!r}")
    if (record.certificate is None) == is_certificate or (record.key is None) != is_certificate:
        raise ValueError(f"a record for {record.purpose} has the wrong kind of key")
    if sha256(subject).hexdigest() != record.digest:
        raise ValueError(f"the digest of {record.name!r} is another")
    if (record.state == COMPROMISED) != (record.compromised_since is not None):
        raise ValueError(f"the state of {record.name!r} does not fit its moments")
    if record.state == RETIRED and record.until is None:
        raise ValueError(f"{record.name!r} is retired, and nothing says until when it was used")
    if any(each.utcoffset() is None for each in (record.since, record.until, record.compromised_since) if each):
        raise ValueError(f"a moment of {record.name!r} has no time zone")


def _read_moment(text: str | None) -> datetime.datetime | None:
    return None if text is None else datetime.datetime.fromisoformat(text)


def _verify_chain(entries: list[dict[str, Any]], head: str | None) -> None:
    previous = None
    for place, entry in enumerate(entries, 1):
        if entry["previous"] != previous:
            raise RecordError(f"{TRUST_LIST}: record {place} does not chain to the one before it")
        previous = entry_digest(entry)
    if head != previous:
        raise RecordError(f"{TRUST_LIST}: its last record has changed; reinstall the package")
