"""Recipients: pseudonyms in the log, names in records that can be erased (GDPR Art. 17).

A record is a file of its own, encrypted with a key that is derived for it alone. It is found by a
keyed digest of the name; the pseudonym that entries carry is the digest of the record. So the log
says nothing of the name once the record is gone, not even to who has the key and guesses.
"""

import base64
import hmac
import json
import secrets
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ..errors import MissingExtraError, TamperedError
from .entries import write_json
from .layout import RECIPIENTS

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
    """A recipient whose record is there.

    Attributes:
        name: as on the first copy.
        pseudonym: what entries call them by.
        file: the name of their record.
        key: what is encrypted for them alone, 32 bytes.
    """

    name: str
    pseudonym: str
    file: str
    key: bytes


def name_record(names_key: bytes, name: str) -> str:
    """Name the file of a recipient's record: case, width and blanks of the name do not count."""
    folded = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    return f"{RECIPIENTS}/{hmac.digest(names_key, b'record of ' + folded.encode(), 'sha256').hex()}.json"


def write_record(names_key: bytes, name: str) -> tuple[bytes, Recipient]:
    """Write the record of a recipient who has none."""
    salt = secrets.token_bytes(16)
    key = _derive(names_key, salt)
    file = name_record(names_key, name)
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


def seal_reference(recipient: Recipient, reference: str) -> str:
    """Encrypt the reference of a copy, for as long as its recipient's record is there."""
    return _seal(recipient.key, reference.encode())


def open_reference(recipient: Recipient, sealed: str) -> str:
    """Decrypt the reference of a copy.

    Raises:
        TamperedError: it was changed, or belongs to another recipient.
    """
    try:
        return _open(recipient.key, sealed).decode()
    except (ValueError, InvalidTag):
        raise TamperedError("the reference in an entry was changed, or belongs to another recipient") from None


def _derive(names_key: bytes, salt: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt, b"a recipient of mailmart-privacy").derive(names_key)


def _seal(key: bytes, content: bytes) -> str:
    nonce = secrets.token_bytes(_NONCE)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, content, None)).decode()


def _open(key: bytes, sealed: str) -> bytes:
    raw = base64.b64decode(sealed, validate=True)
    return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], None)
