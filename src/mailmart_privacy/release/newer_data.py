"""Newer data: a folder that brings later versions to a service that has an older release of this package.

The folder has what `data/` of a newer release has: `ledger.json`, `trust.json`, and a folder for each new version. The
records of versions that ship with this package may be left out. Two more files vouch for it:

```json
{"format": 1, "ledger": "<head of ledger.json>", "trust": "<head of trust.json, or null>", "signed_at": "…Z"}
```

is `head.json`, and `head.p7s` is its signature: a detached CMS SignedData in DER (RFC 5652), with SHA-256 and the
signer's certificate, encoded as the signatures of copies are (`copies/container.py`).

The rules, in the order in which they are applied:

1. The signature is valid, and in that canonical form.
2. The trust list that ships with this package records the signer's certificate for the purpose "data": the certificate
   itself, not one above it. It was in use at `signed_at`, and within its validity. Somebody with a compromised key
   could write any `signed_at`, so signatures with such a key no longer count.
3. The ledger and the trust list in the folder are those whose heads were signed.
4. Both begin with every entry that ships with this package. So a folder can neither be older nor fork.
5. The trust list in the folder does not record the signer's certificate as compromised either.
6. Every file of every version is as the ledger records it.

If one is broken, nothing of the folder is used. Nothing is fetched: the operator of the service puts the folder there.
"""

import datetime
import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._time import format_iso, format_moment, require_moment
from ..errors import RecordError
from ..policy.entries import LEDGER, entry_digest
from ..policy.ledger import Ledger, shipped
from ..trust.trust_list import COMPROMISED, TRUST_LIST, TrustList, shipped_trust_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

    from ..keys.identity import Identity

    Read = Callable[[str], bytes]

FORMAT = 1
HEAD, SIGNATURE = "head.json", "head.p7s"
PURPOSE = "data"
_REINSTALL = "; reinstall the package"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewerData:
    """Data that may be used in place of the data that ship.

    Attributes:
        ledger: the versions.
        trust_list: MailMart's certificates and keys.
        files: the files that do not ship, or differ from those that do, by their path below the folder.
        signer: the name of the signer of the head.
        signed_at: when, as the signer says (aware).
    """

    ledger: Ledger
    trust_list: TrustList
    files: dict[str, bytes]
    signer: str
    signed_at: datetime.datetime


def sign_data(read: "Read", identity: "Identity", *, signed_at: datetime.datetime) -> dict[str, bytes]:
    """Sign the head of a folder of data.

    Args:
        read: returns the bytes of a file by its path below the folder; raises OSError if it does not exist.
        identity: whose certificate the folder's own trust list records for "data".
        signed_at: the moment (aware).

    Returns:
        `head.json` and `head.p7s`, by name.

    Raises:
        RecordError: the ledger or the trust list cannot be used, or nobody would accept the signer.
        IdentityError: the key could not be reached, or refused.
    """
    from ..copies.container import find_signatory
    from ..keys.certificates import to_der

    require_moment(signed_at)
    ledger, trust_list = Ledger(read), TrustList(read)
    own = to_der(identity.certificate)
    _require_signer(identity.certificate, trust_list, signed_at)
    document = {
        "format": FORMAT,
        "ledger": _find_head(ledger.entries),
        "trust": _find_head(trust_list.entries),
        "signed_at": format_iso(signed_at),
    }
    head = (json.dumps(document, indent=2) + "\n").encode()
    signatory = find_signatory(own, tuple(map(to_der, identity.chain)))
    digest = sha256(head).digest()
    signature = identity.sign(signatory.message(digest))
    return {HEAD: head, SIGNATURE: signatory.container(digest, signature, None)}


def open_data(folder: "Path | str", *, ledger: Ledger | None = None, trust_list: TrustList | None = None) -> NewerData:
    """Open a folder of newer data, by the rules above.

    Args:
        folder: the folder.
        ledger: what the folder has to extend; None for the ledger that ships.
        trust_list: says whose signature counts, and is extended, too; None for the list that ships.

    Raises:
        RecordError: a rule is broken; the message names the folder and says which.
        MissingExtraError: cryptography is not installed.
    """
    place = Path(folder)
    ours, trusted = ledger or shipped(), trust_list or shipped_trust_list()
    try:
        return _open(place, ours, trusted)
    except RecordError as error:
        raise RecordError(f"the data in {place} cannot be used: {str(error).removesuffix(_REINSTALL)}") from None
    except OSError as error:
        missing = Path(error.filename or place).name
        raise RecordError(f"the data in {place} cannot be used: {missing} cannot be read") from None


def _open(folder: Path, ours: Ledger, trusted: TrustList) -> NewerData:
    def read_file(name: str) -> bytes:
        return (folder / name).read_bytes()

    head, signed_at = _read_head(read_file(HEAD))
    signer = _verify_signature(read_file(HEAD), read_file(SIGNATURE))
    name = _require_signer(signer, trusted, signed_at)
    known = {version.version for version in ours.versions}

    def read(name: str) -> bytes:
        version, _, file = name.partition("/")
        return ours.record(version, file) if version in known else read_file(name)

    ledger, trust_list = Ledger(read), TrustList(read)
    for file, entries, theirs in (
        (LEDGER, ledger.entries, ours.entries),
        (TRUST_LIST, trust_list.entries, trusted.entries),
    ):
        if head["ledger" if file == LEDGER else "trust"] != _find_head(entries):
            raise RecordError(f"{file} is not the one whose head was signed")
        _require_extension(file, entries, theirs)
    _require_signer(signer, trust_list, signed_at)
    files = {file: read_file(file) for file in (LEDGER, TRUST_LIST)}
    for version in (each for each in ledger.versions if each.version not in known):
        files |= {f"{version.version}/{each}": ledger.record(version.version, each) for each, _ in version.records}
        ledger.policy(version.version)
    return NewerData(ledger=ledger, trust_list=trust_list, files=files, signer=name, signed_at=signed_at)


def _read_head(content: bytes) -> tuple[dict[str, Any], datetime.datetime]:
    try:
        document: dict[str, Any] = json.loads(content)
        if document["format"] != FORMAT:
            raise RecordError(f"{HEAD} has format {document['format']!r}; this package reads format {FORMAT}")
        moment = datetime.datetime.fromisoformat(document["signed_at"])
        require_moment(moment)
        _ = document["ledger"], document["trust"]
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{HEAD} cannot be read ({error})") from None
    return document, moment


def _verify_signature(head: bytes, container: bytes) -> "x509.Certificate":
    """Verify rule 1, and return the signer's certificate."""
    from ..copies.container import read_container
    from ..keys.certificates import read_key
    from ..keys.signature import SignatureError, require_signature

    digest = sha256(head).digest()
    try:
        values = read_container(container)
        signatory = values.signatory
        require_signature(read_key(signatory.parsed[0]), values.signature, signatory.message(digest))
    except SignatureError:
        raise RecordError(f"{SIGNATURE} is not a signature over {HEAD}") from None
    except (ValueError, IndexError) as error:
        raise RecordError(f"{SIGNATURE} cannot be read ({error})") from None
    if values.token is not None or signatory.container(digest, values.signature, None) != container:
        raise RecordError(f"{SIGNATURE} is not in its canonical form")
    return signatory.parsed[0]


def _require_signer(certificate: "x509.Certificate", trust_list: TrustList, signed_at: datetime.datetime) -> str:
    """Verify rule 2 with a trust list, and return the signer's name."""
    from ..keys.certificates import certificate_digest, subject_name

    digest, name = certificate_digest(certificate), subject_name(certificate)
    records = [record for record in trust_list.in_effect() if record.digest == digest]
    record = next((each for each in records if each.purpose == PURPOSE), None)
    if any(each.state == COMPROMISED for each in records):
        raise RecordError(f"others may have the key of {name!r}, which signed it")
    if record is None:
        others = " and ".join(each.purpose for each in records)
        known = f"signs {others}, not data" if others else "is not on the trust list for data"
        raise RecordError(f"its signer {name!r} {known}")
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not max(start, record.since) <= signed_at <= min(end, record.until or end):
        raise RecordError(
            f"it says that {name!r} signed it on {format_moment(signed_at)}, when that key was not in use"
        )
    return record.name


def _find_head(entries: list[dict[str, Any]]) -> str | None:
    return entry_digest(entries[-1]) if entries else None


def _require_extension(file: str, entries: list[dict[str, Any]], ours: list[dict[str, Any]]) -> None:
    """Verify rule 4."""
    if entries[: len(ours)] == ours:
        return
    if entries == ours[: len(entries)]:
        raise RecordError(
            f"its {file} is older than the one of this release; remove the folder, or bring it up to date"
        )
    raise RecordError(f"its {file} contradicts the one of this release")
