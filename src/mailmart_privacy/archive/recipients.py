"""Recipients and staff: pseudonyms in the log, names in records that can be erased (GDPR Art. 17).

A record is a file of its own, encrypted with a key that is derived for it alone. It is found by a
keyed digest of the name; the pseudonym that entries carry is the digest of the record. Once the
record is gone, the log reveals nothing about the name, not even to somebody who has the key and guesses.
"""

import base64
import hmac
import json
import secrets
import unicodedata
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from ..errors import MissingExtraError, TamperedError
from .entries import write_json
from .layout import RECIPIENTS, STAFF

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

_NONCE = 12


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient whose record exists.

    Attributes:
        name: as on the first copy.
        pseudonym: how entries name them.
        file: the name of their record.
        key: encrypts what is for them alone; 32 bytes.
    """

    name: str
    pseudonym: str
    file: str
    key: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A member of staff who causes entries.

    Attributes:
        issuer: who vouches for the person: the address of an identity provider, or "os" for the operating system.
        subject: what the issuer calls them, for good.
        name: what to show.
    """

    issuer: str
    subject: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Details:
    """What an entry says in encrypted form.

    Attributes:
        reference: of a copy.
        reason: why the entry was made, in the words of the person who caused it.
        matter: the legal or business matter that it belongs to.
        request: the key of the request that asked for a copy, so that repeating the request makes no second copy.
    """

    reference: str = ""
    reason: str = ""
    matter: str = ""
    request: str = ""


NO_DETAILS = Details()

# One customer may be typed with any of these quotes and dashes.
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u02b9\u0060\u00b4\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    }
)


def fold(name: str) -> str:
    """Fold the spellings of one name: case, width, spaces and the kinds of quotes and dashes do not count."""
    if name.isascii():  # most names; it has one width
        return " ".join(name.translate(_ALIKE).lower().split())
    return " ".join(unicodedata.normalize("NFKC", name.translate(_ALIKE)).translate(_ALIKE).casefold().split())


def name_record(names_key: bytes, name: str) -> str:
    """Name the file of a recipient's record by the folded name."""
    return f"{RECIPIENTS}/{hmac.digest(names_key, b'record of ' + fold(name).encode(), 'sha256').hex()}.json"


def name_waiting_record(names_key: bytes, pseudonym: str) -> str:
    """Name the file of the record of a recipient whose erasure waits; the name itself is free for a new record."""
    return f"{RECIPIENTS}/{hmac.digest(names_key, b'waiting record of ' + pseudonym.encode(), 'sha256').hex()}.json"


def write_record(names_key: bytes, name: str) -> tuple[bytes, Recipient]:
    """Write the record of a recipient who has none."""
    return _write_record(names_key, name_record(names_key, name), name)


def write_staff_record(names_key: bytes, person: Person) -> tuple[bytes, Recipient]:
    """Write the record of a member of staff who has none; its name is that of a `Person` as JSON."""
    return _write_record(names_key, name_staff_record(names_key, person), write_json(asdict(person)).decode())


def name_staff_record(names_key: bytes, person: Person) -> str:
    """Name the file of the record of a member of staff, by issuer and subject."""
    key = write_json([person.issuer, person.subject])
    return f"{STAFF}/{hmac.digest(names_key, b'staff record of ' + key, 'sha256').hex()}.json"


def read_person(record: Recipient) -> Person:
    """Read the member of staff whose record this is.

    Raises:
        TamperedError: it is the record of a customer.
    """
    try:
        return Person(**json.loads(record.name))
    except (ValueError, TypeError):
        raise TamperedError(f"{record.file} is not the record of a member of staff") from None


def _write_record(names_key: bytes, file: str, name: str) -> tuple[bytes, Recipient]:
    salt = secrets.token_bytes(16)
    key = _derive(names_key, salt)
    document = {"name": _seal(key, name.encode()), "salt": base64.b64encode(salt).decode()}
    content = write_json(document) + b"\n"
    return content, Recipient(name, name_pseudonym(content), file, key)


def read_record(names_key: bytes, file: str, content: bytes) -> Recipient:
    """Read a recipient's record.

    Raises:
        TamperedError: it was changed, or is of another archive.
    """
    try:
        document: Any = json.loads(content)
        key = _derive(names_key, base64.b64decode(document["salt"], validate=True))
        name = _open(key, document["name"]).decode()
    except (ValueError, KeyError, TypeError, InvalidTag):
        raise TamperedError(f"{file} was changed, or was encrypted with another key") from None
    return Recipient(name, name_pseudonym(content), file, key)


def name_pseudonym(content: bytes) -> str:
    """The pseudonym of the recipient whose record this is."""
    return sha256(content).hexdigest()


def seal_details(key: bytes, details: Details) -> str:
    """Encrypt the details of an entry.

    Args:
        key: of the recipient, so that the details go when the recipient is erased; or that of `derive_acts_key`.
        details: what to encrypt.
    """
    given = {name: value for name in Details.__slots__ if (value := getattr(details, name))}
    return _seal(key, write_json(given))


def open_details(key: bytes, sealed: str) -> Details:
    """Decrypt the details of an entry.

    Raises:
        TamperedError: they were changed, or were encrypted with another key.
    """
    try:
        document = json.loads(_open(key, sealed))
        return Details(**{name: str(value) for name, value in document.items() if name in Details.__slots__})
    except (ValueError, InvalidTag, AttributeError):
        raise TamperedError("the details in an entry were changed, or belong to another recipient") from None


def derive_acts_key(names_key: bytes) -> bytes:
    """Derive the key of details that outlive the erasure of a recipient, those of holds for instance."""
    return HKDF(hashes.SHA256(), 32, None, b"acts in an archive of mailmart-privacy").derive(names_key)


def _derive(names_key: bytes, salt: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt, b"a recipient of mailmart-privacy").derive(names_key)


def _seal(key: bytes, content: bytes) -> str:
    nonce = secrets.token_bytes(_NONCE)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, content, None)).decode()


def _open(key: bytes, sealed: str) -> bytes:
    raw = base64.b64decode(sealed, validate=True)
    return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], None)
