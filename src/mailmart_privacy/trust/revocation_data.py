"""OCSP responses (RFC 6960) and lists of revoked certificates (RFC 5280): what they are, who signed them, and the one
form in which copies carry them.

What no signature covers is written again from its values. What was read of them is kept for a while: copies of one
issuer carry the same few.
"""

from .. import _der as der
from ..errors import MissingExtraError
from ..keys.certificates import read_key, remember, subject_der
from ..keys.ecdsa import normalize_low_s
from ..keys.signature import DIGESTS, require_signature
from .token_algorithms import SignatureAlgorithm, read_signature_algorithm, write_signature_algorithm

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509 import ocsp
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

_BASIC = "1.3.6.1.5.5.7.48.1.1"
MAX_REMEMBERED = 65_536  # bytes of what is remembered; most responses and lists of authorities have 500 to 5,000


@remember(256, largest=MAX_REMEMBERED)
def load_response(content: bytes) -> ocsp.OCSPResponse:
    """Load an OCSP response that answers for one certificate.

    Raises:
        ValueError: it is not one, or it was not successful.
    """
    response = ocsp.load_der_ocsp_response(content)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise ValueError(f"it answered {response.response_status.name.lower()}")
    if len(list(response.responses)) != 1:
        raise ValueError("it answered for several certificates")
    return response


@remember(256, largest=MAX_REMEMBERED)
def read_responders(content: bytes) -> tuple[x509.Certificate, ...]:
    """Read the certificates that come with an OCSP response.

    Raises:
        ValueError: it is not a response.
    """
    return tuple(load_response(content).certificates)


@remember(256, largest=MAX_REMEMBERED)
def load_list(content: bytes) -> x509.CertificateRevocationList:
    """Load a list of revoked certificates.

    Raises:
        ValueError: it is not one.
    """
    return x509.load_der_x509_crl(content)


def normalize_response(content: bytes, key: object) -> bytes:
    """Write an OCSP response in the form that copies carry.

    What is signed (RFC 6960, 4.2.1, ResponseData) and the certificates that come with it stay; the algorithm is named
    in one way, and an ECDSA signature has its lower s.

    Args:
        content: the response in DER.
        key: the key that signed it.

    Raises:
        ValueError: it is not a response.
    """
    outer = der.read_only(content)
    if outer.read(0x0A) != b"\x00":
        raise ValueError("it was not successful")
    wrapped = outer.enter(der.tagged(0)).enter()
    if wrapped.oid() != _BASIC:
        raise ValueError("it is not a basic OCSP response")
    basic = der.read_only(wrapped.read(der.OCTET_STRING))
    signed = basic.read(der.SEQUENCE)
    algorithm = basic.read(der.SEQUENCE)
    signature = normalize_low_s(_read_bits(basic), key)
    certificates: list[bytes] = []
    if basic.next_tag() == der.tagged(0):
        listed = basic.enter(der.tagged(0)).enter()
        while listed.next_tag() is not None:
            certificates.append(listed.take())
    basic.end()
    rest = der.encode(der.tagged(0), der.encode(der.SEQUENCE, *certificates)) if certificates else b""
    written = der.encode(
        der.SEQUENCE,
        der.encode(der.SEQUENCE, signed),
        write_signature_algorithm(_find_algorithm(algorithm)),
        der.encode(der.BIT_STRING, b"\x00", signature),
        rest,
    )
    inner = der.encode(der.SEQUENCE, der.encode_oid(_BASIC), der.encode(der.OCTET_STRING, written))
    return der.encode(der.SEQUENCE, b"\x0a\x01\x00", der.encode(der.tagged(0), inner))


def normalize_list(content: bytes, key: object) -> bytes:
    """Write a list of revoked certificates in the form that copies carry.

    The algorithm outside is that inside, which is signed (RFC 5280, 5.1.1.2); an ECDSA signature has its lower s.

    Args:
        content: the list in DER.
        key: the key that signed it.

    Raises:
        ValueError: it is not a list.
    """
    algorithm, _, signed, signature = _read_list(content)
    bits = der.encode(der.BIT_STRING, b"\x00", normalize_low_s(signature, key))
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, signed), algorithm, bits)


@remember(256, largest=MAX_REMEMBERED)
def signs_list(certificate: x509.Certificate, content: bytes) -> bool:
    """Tell whether a list (DER) was signed with a certificate's key, and names it as its issuer."""
    key, listed = read_key(certificate), load_list(content)
    try:
        return (
            isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
            and _read_list(content)[1] == subject_der(certificate)
            and listed.is_signature_valid(key)
        )
    except (ValueError, UnsupportedAlgorithm):
        return False


@remember(256, largest=MAX_REMEMBERED)
def signs_response(certificate: x509.Certificate, content: bytes) -> bool:
    """Tell whether an OCSP response (DER) was signed with a certificate's key."""
    try:
        response = load_response(content)
        digest = response.signature_hash_algorithm
        name = digest.name if digest else "an unknown digest"
        require_signature(read_key(certificate), response.signature, response.tbs_response_bytes, name)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def _read_list(content: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Read a list's algorithm, as what is signed names it; its issuer's name; what is signed; and the signature."""
    outer = der.read_only(content)
    signed = outer.read(der.SEQUENCE)
    outside = outer.take()
    signature = _read_bits(outer)
    outer.end()
    fields = der.Reader(signed)
    if fields.next_tag() == der.INTEGER:
        fields.integer()  # the version
    algorithm = fields.take()
    if algorithm != outside:
        raise ValueError("it names two algorithms")
    return algorithm, fields.take(), signed, signature


def _read_bits(reader: der.Reader) -> bytes:
    content = reader.read(der.BIT_STRING)
    if not content.startswith(b"\x00"):
        raise ValueError("its signature is not of whole octets")
    return content[1:]


def _find_algorithm(content: bytes) -> SignatureAlgorithm:
    for digest in DIGESTS:
        try:
            return read_signature_algorithm(der.Reader(content), digest)
        except ValueError:
            continue
    raise ValueError("its signature algorithm is not known here")
