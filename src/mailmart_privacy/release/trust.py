"""Recording which certificates and keys MailMart uses: for maintainers of the trust list."""

import contextlib
import datetime
from dataclasses import replace
from hashlib import sha256
from typing import Any

from .._time import format_moment, require_moment
from .._unicode import find_refused, name_characters
from ..errors import RecordError, UsageError
from ..keys.digests import strip_digest
from ..trust.trust_list import (
    COMPROMISED,
    CURRENT,
    OF_CERTIFICATES,
    PURPOSES,
    RETIRED,
    TrustList,
    TrustRecord,
    chain_record,
    write_trust_list,
)


def digest_of(content: bytes, *, origin: str) -> str:
    """Take the digest by which the trust list knows a certificate or a key.

    Args:
        content: a certificate in PEM or DER, or the text of a key.
        origin: the name of the file, for messages.

    Returns:
        The SHA-256 in lowercase hex.
    """
    from ..keys.certificates import certificate_digest, load_certificates

    if b"-----BEGIN" in content or content.startswith(b"0"):
        (found, *_) = load_certificates(content, origin=origin)
        return certificate_digest(found)
    return sha256(content.decode("utf-8", errors="replace").strip().encode()).hexdigest()


def add_certificate(
    entries: list[dict[str, Any]],
    certificate: bytes,
    *,
    purpose: str,
    since: datetime.datetime,
    name: str | None = None,
) -> list[dict[str, Any]]:
    """Record a certificate that is in use, or will be.

    Args:
        entries: those of the list, oldest first.
        certificate: the certificate in DER.
        purpose: "copies", "timestamps" or "data".
        since: from when it is used (aware).
        name: whose it is, or None for the name in it.

    Returns:
        The entries, with one more.

    Raises:
        UsageError: the purpose is not one of certificates, or the name cannot be used.
        RecordError: the certificate cannot sign for that purpose, or is recorded for it already.
    """
    from ..keys.certificates import load_certificate, subject_name

    if purpose not in OF_CERTIFICATES:
        raise UsageError(f"{purpose!r} is not a purpose of certificates; give {' or '.join(OF_CERTIFICATES)}")
    loaded = load_certificate(certificate)
    _require_fit(loaded, purpose)
    return _add(entries, purpose, name or subject_name(loaded), since, certificate=certificate)


def add_key(
    entries: list[dict[str, Any]], key: str, *, purpose: str, since: datetime.datetime, name: str
) -> list[dict[str, Any]]:
    """Record a key that is in use, or will be, as the text by which others know it.

    Args:
        entries: those of the list, oldest first.
        key: for instance the `name+hash+key` of an archive's log.
        purpose: "archive-log".
        since: from when it is used (aware).
        name: whose it is.

    Raises:
        UsageError: the purpose is not one of keys, or the key or the name cannot be used.
        RecordError: it is recorded already.
    """
    if purpose in OF_CERTIFICATES or purpose not in PURPOSES:
        raise UsageError(f"{purpose!r} is not a purpose of keys; give archive-log")
    if not key.strip() or find_refused(key):
        raise UsageError("the key is not one line of text")
    return _add(entries, purpose, name, since, key=key.strip())


def add_content(
    entries: list[dict[str, Any]],
    content: bytes,
    *,
    origin: str,
    purpose: str,
    since: datetime.datetime,
    name: str | None = None,
) -> list[dict[str, Any]]:
    """Record what a file holds: a certificate, or a key for a purpose of keys.

    Args:
        entries: those of the list, oldest first.
        content: of the file: one certificate in PEM or DER, or the text of a key.
        origin: the name of the file, for messages.
        purpose: "copies", "timestamps", "data" or "archive-log".
        since: from when it is used (aware).
        name: whose it is; None for the name in a certificate.

    Raises:
        UsageError: it holds several certificates, or a key without a name; see also `add_certificate` and `add_key`.
    """
    from ..keys.certificates import load_certificates, to_der

    if purpose not in OF_CERTIFICATES:
        if name is None:
            raise UsageError("a key has no name of its own", argument="name")
        key = content.decode("utf-8", errors="replace").strip()
        return add_key(entries, key, purpose=purpose, since=since, name=name)
    found = load_certificates(content, origin=origin)
    if len(found) != 1:
        raise UsageError(f"{origin} holds {len(found)} certificates; give a file with the one to record")
    return add_certificate(entries, to_der(found[0]), purpose=purpose, since=since, name=name)


def retire(entries: list[dict[str, Any]], digest: str, *, until: datetime.datetime) -> list[dict[str, Any]]:
    """Record until when a certificate or key was used; what was signed by then stays genuine.

    Args:
        entries: those of the list, oldest first.
        digest: of the certificate or key (SHA-256, hex), or the beginning of it.
        until: when it was used for the last time (aware).

    Raises:
        RecordError: it is not recorded, is compromised, or was taken into use later.
    """
    require_moment(until)
    for record in _find(entries, digest):
        if until < record.since:
            raise RecordError(f"{record.name!r} was taken into use later; give a moment after {record.since:%Y-%m-%d}")
        entries = chain_record(entries, _change(record, state=RETIRED, until=until, compromised_since=None))
    return entries


def compromise(entries: list[dict[str, Any]], digest: str, *, since: datetime.datetime) -> list[dict[str, Any]]:
    """Record since when others may have had a key; what was signed later is refused.

    The other certificates of the same key get a record, too: somebody who has the key can sign with each of them.

    Args:
        entries: those of the list, oldest first.
        digest: of the certificate or key (SHA-256, hex), or the beginning of it.
        since: since when (aware).

    Returns:
        The entries, with one more for each certificate and purpose.

    Raises:
        RecordError: it is not recorded, or an earlier moment is.
    """
    require_moment(since)
    found = _find(entries, digest)
    for record in (*found, *_find_same_key(entries, found, since)):
        entries = chain_record(entries, _change(record, state=COMPROMISED, until=record.until, compromised_since=since))
    return entries


def _add(
    entries: list[dict[str, Any]],
    purpose: str,
    name: str,
    since: datetime.datetime,
    *,
    certificate: bytes | None = None,
    key: str | None = None,
) -> list[dict[str, Any]]:
    require_moment(since)
    if not name.strip() or find_refused(name):
        raise UsageError(f"the name cannot hold {name_characters(find_refused(name))}" if name else "give a name")
    digest = sha256(certificate if certificate is not None else str(key).encode()).hexdigest()
    if any((entry["purpose"], entry["sha256"]) == (purpose, digest) for entry in entries):
        raise RecordError(f"{name!r} (SHA-256 {digest}) is recorded for {purpose} already")
    if certificate is not None:
        _require_uncompromised(entries, certificate, name)
    record = TrustRecord(
        purpose=purpose,
        name=name,
        digest=digest,
        certificate=certificate,
        key=key,
        since=since,
        until=None,
        state=CURRENT,
        compromised_since=None,
    )
    return chain_record(entries, record)


def _find(entries: list[dict[str, Any]], digest: str) -> tuple[TrustRecord, ...]:
    """Find what is recorded of a certificate or key: one record for each purpose."""
    wanted = strip_digest(digest)
    found = [each for each in _read(entries).in_effect() if each.digest.startswith(wanted)]
    if not wanted or len(wanted) < 8 or not found:
        raise RecordError(
            f"no certificate or key with SHA-256 {digest} is recorded; give at least 8 digits of one that is"
        )
    if len({each.digest for each in found}) > 1:
        raise RecordError(f"several certificates or keys have a SHA-256 that begins with {digest}; give more digits")
    return tuple(found)


def _find_same_key(
    entries: list[dict[str, Any]], found: tuple[TrustRecord, ...], since: datetime.datetime
) -> list[TrustRecord]:
    """Find the records of other certificates that have the key of those found, and are not compromised yet by then."""
    from ..keys.certificates import key_digest, load_certificate

    keys = {key_digest(load_certificate(each.certificate)) for each in found if each.certificate is not None}
    return [
        each
        for each in _read(entries).in_effect()
        if each.certificate is not None
        and each.digest != found[0].digest
        and key_digest(load_certificate(each.certificate)) in keys
        and (each.compromised_since is None or each.compromised_since > since)
    ]


def _require_uncompromised(entries: list[dict[str, Any]], certificate: bytes, name: str) -> None:
    from ..keys.certificates import load_certificate

    since = _read(entries).trust().compromised_since(load_certificate(certificate))
    if since is not None:
        raise RecordError(
            f"{name!r} has a key that is recorded as compromised since {format_moment(since)}; make a new key, and "
            "record its certificate"
        )


def _read(entries: list[dict[str, Any]]) -> TrustList:
    content = write_trust_list(entries)
    return TrustList(lambda _: content)


def _change(
    record: TrustRecord, *, state: str, until: datetime.datetime | None, compromised_since: datetime.datetime | None
) -> TrustRecord:
    return replace(record, state=state, until=until, compromised_since=compromised_since)


def _require_fit(certificate: Any, purpose: str) -> None:
    """Refuse a certificate that no verifier would accept: neither an authority's nor one for that purpose.

    Data are signed by the very certificate that is recorded, so it cannot be an authority's. The copies of an identity
    made on first use say that MailMart has not published its key, so it cannot be recorded either.
    """
    from ..keys.certificates import LOCAL_NAME, subject_name
    from ..trust.purposes import NotTrustedError, require_authority, require_purpose

    if subject_name(certificate).startswith(f"{LOCAL_NAME} "):
        raise RecordError(
            f"{subject_name(certificate)} was made on first use, and its copies say that MailMart has not published it;"
            " make an identity that has a name, and record that"
        )
    wanted = "stamp" if purpose == "timestamps" else "sign"
    with contextlib.suppress(NotTrustedError):
        if purpose != "data":
            require_authority(certificate, below=0, purpose=wanted)
            return
    try:
        require_purpose(certificate, wanted)
    except NotTrustedError as error:
        raise RecordError(f"the certificate {error}; it cannot be recorded for {purpose}") from None
