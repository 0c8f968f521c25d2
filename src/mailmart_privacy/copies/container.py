"""The signature container of a copy (CMS, RFC 5652), written from values in canonical form, and read again.

Everything in a container follows from the certificates, the digest of what is signed, the signature value and
the timestamp. The signature leaves only its padding and its unsigned parts free. Since a verifier writes the container
again and compares, these are not free either.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256

from .._der import (
    OCTET_STRING,
    SEQUENCE,
    SET,
    Reader,
    encode,
    encode_integer,
    encode_oid,
    encode_set,
    tagged,
)
from ..errors import MissingExtraError
from ..keys.certificates import LOCAL_NAME, is_self_signed, issuer_der, load_certificate, read_key

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

TOKEN_ROOM = 12288  # bytes for a timestamp token; those of public authorities have 4,000 to 7,000
MAX_CERTIFICATES = 16
_MAX_NAME = 256  # characters; X.520 allows 64

_SIGNED_DATA = encode_oid("1.2.840.113549.1.7.2")
_DATA = encode_oid("1.2.840.113549.1.7.1")
_SHA256 = encode(SEQUENCE, encode_oid("2.16.840.1.101.3.4.2.1"), b"\x05\x00")
_CONTENT_TYPE = encode(SEQUENCE, encode_oid("1.2.840.113549.1.9.3"), encode(SET, _DATA))
# The attribute message-digest, without the 32 bytes of the digest itself.
_MESSAGE_DIGEST = encode(
    SEQUENCE, encode_oid("1.2.840.113549.1.9.4"), encode(SET, encode(OCTET_STRING, bytes(32)))
).removesuffix(bytes(32))
_SIGNING_CERTIFICATE_V2 = encode_oid("1.2.840.113549.1.9.16.2.47")  # RFC 5035, 3
_TIMESTAMP = encode_oid("1.2.840.113549.1.9.16.2.14")  # id-aa-timeStampToken (RFC 3161, appendix A)
_ECDSA = encode(SEQUENCE, encode_oid("1.2.840.10045.4.3.2"))  # ecdsa-with-SHA256 (RFC 5758)
_RSA = encode(SEQUENCE, encode_oid("1.2.840.113549.1.1.11"), b"\x05\x00")  # sha256WithRSAEncryption (RFC 4055)


@dataclass(frozen=True, kw_only=True, slots=True)
class Signatory:
    """A signer, as containers and signature boxes name one.

    Attributes:
        certificate: the signer's own certificate, in DER.
        others: its issuers' certificates that containers carry, in DER; the root is left out.
        parsed: the certificates as cryptography holds them, the own one first.
        name: the first common name in it.
        title: the name as page 1 shows it, with the organisation that the certificate names.
        vouching: who vouches for the name, as page 1 says it.
        digest: its lowercase hex SHA-256.
        is_self_signed: whether no one but its holder vouches for it.
        head: version, digest algorithms, content type and certificates of the container.
        signer: version, identifier and digest algorithm of the signer.
        identified: the signed attribute that names the certificate (ESS, RFC 5035).
        algorithm: the signature algorithm.
        size: the most bytes that a container without a timestamp has.
    """

    certificate: bytes
    others: tuple[bytes, ...]
    parsed: tuple[x509.Certificate, ...]
    name: str
    title: str
    vouching: str
    digest: str
    is_self_signed: bool
    head: bytes
    signer: bytes
    identified: bytes
    algorithm: bytes
    size: int

    @property
    def identity(self) -> str:
        """The lowercase hex SHA-256 of what containers say of the signer: the own certificate, and those above it.

        Both signatures of a copy carry the same certificates, so a form that was certified with others is of no use.
        """
        return sha256(self.head + self.signer).hexdigest()

    def attributes(self, digest: bytes) -> list[bytes]:
        """Write the signed attributes for the digest (SHA-256) of what is signed."""
        return [_CONTENT_TYPE, _MESSAGE_DIGEST + digest, self.identified]

    def message(self, digest: bytes) -> bytes:
        """Write what the key signs: the signed attributes as a SET (RFC 5652, 5.4)."""
        return encode_set(self.attributes(digest))

    def container(self, digest: bytes, signature: bytes, token: bytes | None) -> bytes:
        """Write a container.

        Args:
            digest: SHA-256 of what is signed.
            signature: the signature over `message(digest)`.
            token: a timestamp token for the signature in DER, or None.
        """
        unsigned = b""
        if token is not None:
            unsigned = encode(tagged(1), encode(SEQUENCE, _TIMESTAMP, encode(SET, token)))
        signed = bytes((tagged(0),)) + self.message(digest)[1:]  # the same attributes under another tag (RFC 5652, 5.4)
        information = encode(SEQUENCE, self.signer, signed, self.algorithm, encode(OCTET_STRING, signature), unsigned)
        data = encode(SEQUENCE, self.head, encode(SET, information))
        return encode(SEQUENCE, _SIGNED_DATA, encode(tagged(0), data))

    def room(self, *, stamped: bool) -> int:
        """Tell for how many bytes of a container a copy has room: a function of certificates, key and kind alone."""
        return self.size + (TOKEN_ROOM if stamped else 0)


@lru_cache(maxsize=256)
def find_signatory(certificate: bytes, others: tuple[bytes, ...] = ()) -> Signatory:
    """Make a signatory of certificates in DER.

    Args:
        certificate: the signer's own.
        others: those of its issuers, in any order, the root among them or not.

    Raises:
        ValueError: the certificate cannot be read, or its key is of a kind that signs no copies.
    """
    own = load_certificate(certificate)
    carried = tuple(sorted({c for c in others if c != certificate and not _is_root(c)}))
    key = read_key(own)
    if isinstance(key, rsa.RSAPublicKey):
        algorithm, size = _RSA, (key.key_size + 7) // 8
    elif isinstance(key, ec.EllipticCurvePublicKey):
        # Two integers of at most the order's size: with a zero before the first bit, in a SEQUENCE.
        number = encode_integer(2**key.key_size - 1)
        algorithm, size = _ECDSA, len(encode(SEQUENCE, number, number))
    else:
        raise ValueError("a key of this kind signs no copies")
    issuer, serial = issuer_der(own), encode_integer(own.serial_number)
    identifier = encode(
        SEQUENCE,
        encode(OCTET_STRING, sha256(certificate).digest()),
        encode(SEQUENCE, encode(SEQUENCE, encode(tagged(4), issuer)), serial),
    )
    signatory = Signatory(
        certificate=certificate,
        others=carried,
        parsed=(own, *map(load_certificate, carried)),
        name=_name(own.subject),
        title=_make_title(own),
        vouching=_say_who_vouches(own),
        digest=sha256(certificate).hexdigest(),
        is_self_signed=is_self_signed(own),
        head=encode_integer(1)
        + encode(SET, _SHA256)
        + encode(SEQUENCE, _DATA)
        + encode_set([certificate, *carried], tagged(0)),
        signer=encode_integer(1) + encode(SEQUENCE, issuer, serial) + _SHA256,
        identified=encode(
            SEQUENCE,
            _SIGNING_CERTIFICATE_V2,
            encode(SET, encode(SEQUENCE, encode(SEQUENCE, identifier))),
        ),
        algorithm=algorithm,
        size=0,
    )
    return replace(signatory, size=len(signatory.container(bytes(32), bytes(size), None)))


def _is_root(certificate: bytes) -> bool:
    return is_self_signed(load_certificate(certificate))


def _name(name: x509.Name) -> str:
    """Name a signer or an authority in a copy's bytes: by the first common name, as it is in the certificate.

    What is shown of it does not depend on a version of Unicode: the form's font lacks what nobody could read.
    """
    return _first(name, x509.NameOID.COMMON_NAME) or "a certificate without a name"


def _make_title(certificate: x509.Certificate) -> str:
    name, organisation = _name(certificate.subject), _first(certificate.subject, x509.NameOID.ORGANIZATION_NAME)
    return name if organisation in ("", name) else f"{organisation}, issued by {name}"


def _say_who_vouches(certificate: x509.Certificate) -> str:
    if not is_self_signed(certificate):
        return f"Certificate from {_name(certificate.issuer)}"
    if _name(certificate.subject).startswith(f"{LOCAL_NAME} "):
        return "Signed with a key made on the issuer\u2019s computer; MailMart has not published it"
    return "Signed with the issuer\u2019s own certificate, shown below"


def _first(name: x509.Name, kind: x509.ObjectIdentifier) -> str:
    values = name.get_attributes_for_oid(kind)
    return str(values[0].value)[:_MAX_NAME] if values else ""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ContainerValues:
    """The values of a container that do not follow from anything else.

    Attributes:
        signatory: who signs.
        signature: the signature value.
        token: the timestamp token as it stands, in DER, or None.
    """

    signatory: Signatory
    signature: bytes
    token: bytes | None


def read_container(content: bytes) -> ContainerValues:
    """Read the values of a container. Writing it again shows whether it is in canonical form.

    Args:
        content: the container, followed by padding or nothing.

    Raises:
        ValueError: it is not a container with one signer whose certificate is in it.
    """
    data = Reader(content).enter()
    data.take()  # content type
    data = data.enter(tagged(0)).enter()
    data.integer()
    data.take()  # digest algorithms
    data.take()  # content type
    certificates = _take_all(data.enter(tagged(0)))
    if len(certificates) > MAX_CERTIFICATES:
        raise ValueError(f"it has more than {MAX_CERTIFICATES} certificates")
    signer = data.enter(SET).enter()
    signer.integer()
    named = signer.enter()
    issuer, serial = named.take(), named.integer()
    signer.take()  # digest algorithm
    signer.take()  # signed attributes
    signer.take()  # signature algorithm
    signature = signer.read(OCTET_STRING)
    token = None
    if signer.next_tag() is not None:
        attribute = signer.enter(tagged(1)).enter()
        attribute.take()  # its type
        token = attribute.enter(SET).take()
    own = _choose(tuple(certificates), issuer, serial)
    others = tuple(c for c in certificates if c != own)
    return ContainerValues(signatory=find_signatory(own, others), signature=signature, token=token)


def _take_all(reader: Reader) -> list[bytes]:
    found = []
    while reader.next_tag() is not None:
        found.append(reader.take())
    return found


@lru_cache(maxsize=256)
def _choose(certificates: tuple[bytes, ...], issuer: bytes, serial: int) -> bytes:
    for content in certificates:
        parsed = load_certificate(content)
        if parsed.serial_number == serial and issuer_der(parsed) == issuer:
            return content
    raise ValueError("it lacks its signer's certificate")
