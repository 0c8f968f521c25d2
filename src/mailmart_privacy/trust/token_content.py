"""What is signed in a timestamp token: the signed attributes (RFC 5652, 11) and the TSTInfo (RFC 3161, 2.4.2)."""

import datetime
import hashlib
from typing import NoReturn

from .. import _der as der
from ..errors import MissingExtraError
from ..keys.certificates import to_der
from .token_algorithms import read_digest_algorithm

try:
    from cryptography import x509
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

TST_INFO = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_ESS = "1.2.840.113549.1.9.16.2.12"
_ESS_V2 = "1.2.840.113549.1.9.16.2.47"


class TokenError(ValueError):
    """A timestamp cannot be used; the message says why, and begins with "the timestamp"."""


def refuse(why: str) -> NoReturn:
    """Raise a TokenError; `why` completes "the timestamp …"."""
    raise TokenError(f"the timestamp {why}")


def read_attributes(content: bytes) -> dict[str, der.Reader]:
    """Read the signed attributes; each has one value."""
    values: dict[str, der.Reader] = {}
    reader = der.Reader(content)
    while reader.next_tag() is not None:
        attribute = reader.enter()
        name, held = attribute.oid(), attribute.enter(der.SET)
        attribute.end()
        if name in values:
            refuse("has a signed attribute twice")
        values[name] = der.Reader(held.take())
        held.end()
    return values


def require_attributes(
    values: dict[str, der.Reader], certificate: x509.Certificate, digest: str, stamped: bytes
) -> None:
    """Require what RFC 5652, 11, and RFC 5816 do: what was stamped, and by which certificate."""
    if _CONTENT_TYPE not in values or _MESSAGE_DIGEST not in values:
        refuse("lacks a signed attribute")
    if values[_CONTENT_TYPE].oid() != TST_INFO:
        refuse("is over something else than a time")
    if values[_MESSAGE_DIGEST].read(der.OCTET_STRING) != hashlib.new(digest, stamped).digest():
        refuse("was changed: its digest is another")
    if _ESS_V2 in values:
        first = values[_ESS_V2].enter().enter().enter()
        name = read_digest_algorithm(first.enter()) if first.next_tag() == der.SEQUENCE else "sha256"
        named = hashlib.new(name, to_der(certificate)).digest()
    elif _ESS in values:
        first = values[_ESS].enter().enter().enter()
        named = hashlib.sha1(to_der(certificate), usedforsecurity=False).digest()  # RFC 2634 knows no other
    else:
        refuse("does not name its signer's certificate (ESS)")
    if first.read(der.OCTET_STRING) != named:
        refuse("names another certificate than its signer's")


def read_info(content: bytes) -> tuple[datetime.datetime, str, bytes, int | None]:
    """Read the TSTInfo (RFC 3161, 2.4.2): its moment, its imprint with the algorithm, its nonce."""
    info = der.read_only(content)
    if info.integer() != 1:
        refuse("has an unknown version")
    info.oid()  # the authority's policy
    imprint = info.enter()
    name, digest = read_digest_algorithm(imprint.enter()), imprint.read(der.OCTET_STRING)
    imprint.end()
    info.integer()  # its serial number
    moment = info.moment()
    if info.next_tag() == der.SEQUENCE:
        info.read(der.SEQUENCE)  # accuracy
    if info.next_tag() == der.BOOLEAN:
        info.boolean()  # ordering
    nonce = info.integer() if info.next_tag() == der.INTEGER else None
    if info.next_tag() == der.tagged(0):
        info.read(der.tagged(0))  # the authority's name
    if info.next_tag() == der.tagged(1):
        _require_plain_extensions(info.enter(der.tagged(1)))
    info.end()
    return moment, name, digest, nonce


def _require_plain_extensions(extensions: der.Reader) -> None:
    while extensions.next_tag() is not None:
        extension = extensions.enter()
        extension.oid()
        if extension.next_tag() == der.BOOLEAN and extension.boolean():
            refuse("has a critical extension")
