"""Validation data: what certificates are judged by, in the form that copies carry.

Anybody can add validation data to a B-LT copy: no signature of the copy covers them. So each piece has to be signed by
the issuer that it names, has to concern a signer of the file, and has only one form: the parts of an OCSP response or a
list that no signature covers are written again from their values.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from .. import _der as der
from ..errors import MissingExtraError
from ..keys.certificates import X509_ERRORS, has_issued, load_certificate, read_key, subject_der
from ..keys.ecdsa import normalize_low_s
from ..keys.signature import DIGESTS, require_signature
from .purposes import may_answer
from .token_algorithms import SignatureAlgorithm, read_signature_algorithm, write_signature_algorithm

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509 import ocsp
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_BASIC = "1.3.6.1.5.5.7.48.1.1"
_MAX_SIZE = 65_536  # bytes of what is remembered; most responses and lists of authorities have 500 to 5,000


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidationData:
    """What certificates are judged by, each in DER; sorted by content, each once.

    Attributes:
        certificates: the certificates; being here does not make them trusted.
        ocsps: OCSP responses (RFC 6960).
        crls: certificate revocation lists (RFC 5280).
    """

    certificates: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        for name in ("certificates", "ocsps", "crls"):
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))

    def __bool__(self) -> bool:
        return bool(self.certificates or self.ocsps or self.crls)

    def __add__(self, other: "ValidationData") -> "ValidationData":
        return ValidationData(
            certificates=self.certificates + other.certificates,
            ocsps=self.ocsps + other.ocsps,
            crls=self.crls + other.crls,
        )


def load_response(content: bytes) -> ocsp.OCSPResponse:
    """Load an OCSP response that answers for one certificate.

    Raises:
        ValueError: it is not one, or it was not successful.
    """
    return _load_response_once(content) if len(content) <= _MAX_SIZE else _load_response(content)


def load_list(content: bytes) -> x509.CertificateRevocationList:
    """Load a list of revoked certificates.

    Raises:
        ValueError: it is not one.
    """
    return _load_list_once(content) if len(content) <= _MAX_SIZE else _load_list(content)


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


def signs_list(certificate: x509.Certificate, content: bytes) -> bool:
    """Tell whether a list (DER) was signed with a certificate's key, and names it as its issuer."""
    return (_signs_list_once if len(content) <= _MAX_SIZE else _signs_list)(certificate, content)


def signs_response(certificate: x509.Certificate, content: bytes) -> bool:
    """Tell whether an OCSP response (DER) was signed with a certificate's key."""
    return (_signs_response_once if len(content) <= _MAX_SIZE else _signs_response)(certificate, content)


def require_genuine(data: ValidationData, others: "Iterable[x509.Certificate]") -> None:
    """Refuse validation data that none of their certificates signed, or that concern nobody in the file.

    Args:
        data: the data.
        others: the certificates of the signers and of the authorities, as they are elsewhere in the file.

    Raises:
        ValueError: a certificate, an OCSP response or a list is not signed by any, belongs to none of them, or is not
            written as copies carry it.
    """
    related = tuple(dict.fromkeys(others))
    size = sum(map(len, (*data.certificates, *data.ocsps, *data.crls)))
    (_require_genuine_once if size <= _MAX_SIZE else _require_genuine)(data, related)


def _require_genuine(data: ValidationData, others: tuple[x509.Certificate, ...]) -> None:
    try:
        certificates = [load_certificate(content) for content in data.certificates]
        for content in data.crls:
            load_list(content)
        for content in data.ocsps:
            load_response(content)
    except (ValueError, *X509_ERRORS):
        raise ValueError("its validation data cannot be read") from None
    pool = _find_related(certificates, list(others))
    for certificate in pool:
        if not any(has_issued(issuer, certificate) for issuer in pool):
            raise ValueError("a certificate among its validation data is not signed by any other")
    for content in data.crls:
        signer = next((c for c in pool if signs_list(c, content)), None)
        if signer is None:
            raise ValueError("a revocation list among its validation data does not hold")
        if not _is_spelt(normalize_list, content, signer):
            raise ValueError("a revocation list among its validation data is not written as copies carry it")
    for content in data.ocsps:
        _require_response(content, pool)


def _find_related(certificates: list[x509.Certificate], related: list[x509.Certificate]) -> list[x509.Certificate]:
    """Go from the certificates in the file's signatures to their issuers and OCSP responders."""
    waiting = [certificate for certificate in certificates if certificate not in related]
    while waiting:
        found = [
            c
            for c in waiting
            if any(has_issued(c, other) for other in related)
            or (may_answer(c) and any(has_issued(o, c) for o in related))
        ]
        if not found:
            raise ValueError("a certificate among its validation data has nothing to do with its signers")
        related += found
        waiting = [certificate for certificate in waiting if certificate not in found]
    return related


def _require_response(content: bytes, pool: list[x509.Certificate]) -> None:
    for certificate in load_response(content).certificates:
        if certificate not in pool:
            raise ValueError("an OCSP response among its validation data has a certificate of its own")
    signer = next((c for c in pool if signs_response(c, content)), None)
    if signer is None:
        raise ValueError("an OCSP response among its validation data does not hold")
    if not _is_spelt(normalize_response, content, signer):
        raise ValueError("an OCSP response among its validation data is not written as copies carry it")


def _is_spelt(normalize: "Callable[[bytes, object], bytes]", content: bytes, signer: x509.Certificate) -> bool:
    try:
        return normalize(content, read_key(signer)) == content
    except ValueError:
        return False


def _load_response(content: bytes) -> ocsp.OCSPResponse:
    response = ocsp.load_der_ocsp_response(content)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise ValueError(f"it answered {response.response_status.name.lower()}")
    if len(list(response.responses)) != 1:
        raise ValueError("it answered for several certificates")
    return response


def _load_list(content: bytes) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(content)


def _read_list(content: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Read a list's algorithm, as what is signed names it; its issuer's name; what is signed; and the signature."""
    outer = der.read_only(content)
    signed = outer.read(der.SEQUENCE)
    outer.read(der.SEQUENCE)
    signature = _read_bits(outer)
    outer.end()
    fields = der.Reader(signed)
    if fields.next_tag() == der.INTEGER:
        fields.integer()  # the version
    return fields.take(), fields.take(), signed, signature


def _signs_list(certificate: x509.Certificate, content: bytes) -> bool:
    key, listed = read_key(certificate), load_list(content)
    try:
        return (
            isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
            and _read_list(content)[1] == subject_der(certificate)
            and listed.is_signature_valid(key)
        )
    except (ValueError, UnsupportedAlgorithm):
        return False


def _signs_response(certificate: x509.Certificate, content: bytes) -> bool:
    try:
        response = load_response(content)
        digest = response.signature_hash_algorithm
        name = digest.name if digest else "an unknown digest"
        require_signature(read_key(certificate), response.signature, response.tbs_response_bytes, name)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


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


_load_response_once = lru_cache(256)(_load_response)
_load_list_once = lru_cache(256)(_load_list)
_signs_list_once = lru_cache(512)(_signs_list)
_signs_response_once = lru_cache(512)(_signs_response)
_require_genuine_once = lru_cache(64)(_require_genuine)
