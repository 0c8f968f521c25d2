"""A timestamp token (RFC 3161, 2.4.2), in the canonical form that copies carry.

Most of a token is signed; its outer parts are not, and nothing covers the last token of a file. So a token is read
into its values and written again from them. What is written is always the same for the same values:

1. CMS version 3, one signer, who is named by issuer and serial number.
2. No certificate but the signer's and those above it, sorted by their bytes (a SET OF in DER); none that signed itself,
   unless the signer did. A root is trusted because somebody named it, not because it is in a token.
3. Digest algorithms without parameters (RFC 5754), signature algorithms as RFC 4055 and RFC 5758 name them; where the
   token has a signed attribute that repeats them (RFC 6211), they are spelt as in that one.
4. An ECDSA signature with its lower s.
5. No revocation lists and no unsigned attributes.

What is covered by the signature (the TSTInfo and the signed attributes) is kept byte for byte.
"""

import datetime
import hashlib
from dataclasses import dataclass

from .. import _der as der
from ..errors import MissingExtraError
from ..keys.certificates import (
    find_extension,
    has_issued,
    is_self_signed,
    issuer_der,
    load_certificate,
    read_key,
    to_der,
)
from ..keys.ecdsa import normalize_low_s
from ..keys.signature import DIGESTS, SignatureError, require_signature
from .token_algorithms import (
    SignatureAlgorithm,
    read_digest_algorithm,
    read_signature_algorithm,
    write_digest_algorithm,
    write_signature_algorithm,
)
from .token_content import TST_INFO, TokenError, read_attributes, read_info, refuse, require_attributes

try:
    from cryptography import x509
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

SIGNED_DATA = "1.2.840.113549.1.7.2"
MAX_CERTIFICATES = 16
MAX_SIZE = 65_536  # bytes; those of public authorities have 4,000 to 7,000
_REMEMBERED = 64
_ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """What a token says.

    Attributes:
        content: the token in DER, in canonical form.
        moment: when it was made (aware, UTC).
        certificates: the authority's certificate, then those above it, as far as they are in the token.
        algorithm: the digest algorithm of its imprint, for instance "sha256".
        imprint: the digest of what was stamped.
        nonce: the number of the request that it answers, or None.
    """

    content: bytes
    moment: datetime.datetime
    certificates: tuple[x509.Certificate, ...]
    algorithm: str
    imprint: bytes
    nonce: int | None


def read_token(content: bytes) -> Token:
    """Read a token in any form of DER, and write it in canonical form.

    Args:
        content: a ContentInfo (RFC 5652) in DER.

    Returns:
        The token. Its signature holds, and it names its signer's certificate (RFC 5816). Nothing is said about who
        may be trusted.

    Raises:
        TokenError: it is not a token, or its signature does not hold.
    """
    if (known := _known.get(content)) is not None:
        return known
    try:
        found = _read(content)
    except TokenError:
        raise
    except SignatureError as error:
        raise TokenError(f"the timestamp's signature {error}") from None
    except ValueError as error:
        raise TokenError(f"the timestamp cannot be read ({error})") from None
    if len(_known) >= _REMEMBERED:
        _known.clear()
    _known[content] = _known[found.content] = found
    return found


def parse_token(content: bytes) -> Token:
    """Read a token in canonical form.

    Args:
        content: a ContentInfo (RFC 5652) in DER.

    Returns:
        The token, as `read_token` does.

    Raises:
        TokenError: it is not a token, its signature does not hold, or it is written in another way.
    """
    token = read_token(content)
    if token.content != content:
        raise TokenError("the timestamp is not written as copies carry it")
    return token


def require_stamped(token: Token, message: bytes) -> None:
    """Refuse a token that was made for something else.

    Raises:
        TokenError: its imprint is not the digest of the message.
    """
    if token.algorithm not in DIGESTS or token.imprint != hashlib.new(token.algorithm, message).digest():
        raise TokenError("the timestamp was made for something else")


# The last tokens that were read, each as it was spelt and as it is written here, which is read as the same values.
_known: dict[bytes, Token] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Signer:
    """A SignerInfo (RFC 5652, 5.3): its identifier, the signed attributes' content, algorithms, signature."""

    issuer: bytes
    serial: int | None
    key_identifier: bytes | None
    digest: str
    attributes: bytes
    algorithm: SignatureAlgorithm
    signature: bytes


def _read(content: bytes) -> Token:
    if len(content) > MAX_SIZE:
        refuse(f"has more than {MAX_SIZE:,} bytes")
    info = der.read_only(content)
    if info.oid() != SIGNED_DATA:
        refuse("is not signed data")
    wrapped = info.enter(der.tagged(0))
    info.end()
    data = wrapped.enter()
    wrapped.end()
    data.integer()
    data.read(der.SET)  # the digest algorithms; each signer names its own again
    encapsulated = data.enter()
    if encapsulated.oid() != TST_INFO:
        refuse("is over something else than a time")
    held = encapsulated.enter(der.tagged(0))
    encapsulated.end()
    stamped = held.read(der.OCTET_STRING)
    held.end()
    pool = _read_certificates(data)
    if data.next_tag() == der.tagged(1):
        data.take()
    signers = data.enter(der.SET)
    data.end()
    signer = _read_signer(signers.enter())
    signers.end()
    certificates = _order(signer, pool)
    values = read_attributes(signer.attributes)
    require_attributes(values, certificates[0], signer.digest, stamped)
    key = read_key(certificates[0])
    signature = normalize_low_s(signer.signature, key)
    algorithm = signer.algorithm
    message = der.encode(der.SET, signer.attributes)
    require_signature(key, signature, message, signer.digest, pss_salt=algorithm.pss_salt)
    moment, name, imprint, nonce = read_info(stamped)
    return Token(
        content=_write(signer, certificates, stamped, signature, values),
        moment=moment,
        certificates=certificates,
        algorithm=name,
        imprint=imprint,
        nonce=nonce,
    )


def _read_certificates(data: der.Reader) -> list[x509.Certificate]:
    if data.next_tag() != der.tagged(0):
        refuse("has no certificates")
    found, listed = [], data.enter(der.tagged(0))
    while listed.next_tag() is not None:
        value = listed.take()
        if value[0] == der.SEQUENCE:  # the other kinds of CertificateChoices are no longer issued
            found.append(load_certificate(value))
        if len(found) > MAX_CERTIFICATES:
            refuse(f"has more than {MAX_CERTIFICATES} certificates")
    return sorted(found, key=to_der)


def _read_signer(reader: der.Reader) -> _Signer:
    reader.integer()
    issuer, serial, key_identifier = b"", None, None
    if reader.next_tag() == der.SEQUENCE:
        identifier = reader.enter()
        issuer, serial = identifier.take(), identifier.integer()
        identifier.end()
    else:
        key_identifier = reader.read(0x80)
    digest = read_digest_algorithm(reader.enter())
    attributes = reader.read(der.tagged(0))
    algorithm = read_signature_algorithm(reader.enter(), digest)
    signature = reader.read(der.OCTET_STRING)
    if reader.next_tag() == der.tagged(1):
        reader.take()
    reader.end()
    return _Signer(
        issuer=issuer,
        serial=serial,
        key_identifier=key_identifier,
        digest=digest,
        attributes=attributes,
        algorithm=algorithm,
        signature=signature,
    )


def _order(signer: _Signer, pool: list[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Begin with the signer's certificate, and continue with each one's issuer; leave out all others and the root."""
    if signer.key_identifier is None:
        own = [c for c in pool if (issuer_der(c), c.serial_number) == (signer.issuer, signer.serial)]
    else:
        own = [c for c in pool if _key_identifier(c) == signer.key_identifier]
    if not own:
        refuse("lacks its signer's certificate")
    path = own[:1]
    above = [c for c in pool if c != path[0] and not is_self_signed(c)]
    while True:
        following = next((c for c in above if c not in path and has_issued(c, path[-1])), None)
        if following is None:
            return tuple(path)
        path.append(following)


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    found = find_extension(certificate, x509.SubjectKeyIdentifier)
    return found.digest if found else None


def _write(
    signer: _Signer,
    certificates: tuple[x509.Certificate, ...],
    stamped: bytes,
    signature: bytes,
    values: dict[str, der.Reader],
) -> bytes:
    digest, algorithm = write_digest_algorithm(signer.digest), write_signature_algorithm(signer.algorithm)
    if _ALGORITHM_PROTECTION in values:
        protected = values[_ALGORITHM_PROTECTION].enter()
        digest, algorithm = protected.take(), der.encode(der.SEQUENCE, protected.read(der.tagged(1)))
        if (
            read_digest_algorithm(der.read_only(digest)) != signer.digest
            or read_signature_algorithm(der.read_only(algorithm), signer.digest) != signer.algorithm
        ):
            refuse("names other algorithms in its signed attributes")
    own = certificates[0]
    named = der.encode(der.SEQUENCE, issuer_der(own), der.encode_integer(own.serial_number))
    information = der.encode(
        der.SEQUENCE,
        der.encode_integer(1),
        named,
        digest,
        der.encode(der.tagged(0), signer.attributes),
        algorithm,
        der.encode(der.OCTET_STRING, signature),
    )
    data = der.encode(
        der.SEQUENCE,
        der.encode_integer(3),
        der.encode(der.SET, digest),
        der.encode(
            der.SEQUENCE,
            der.encode_oid(TST_INFO),
            der.encode(der.tagged(0), der.encode(der.OCTET_STRING, stamped)),
        ),
        der.encode_set([to_der(c) for c in certificates], der.tagged(0)),
        der.encode(der.SET, information),
    )
    return der.encode(der.SEQUENCE, der.encode_oid(SIGNED_DATA), der.encode(der.tagged(0), data))
