"""Validation data that nothing covers: each piece has to be signed by whom it says.

What a timestamp covers cannot be changed unseen. The data of a B-LT copy stand at its end, and are
covered by nothing but their own signatures.
"""

from typing import TYPE_CHECKING

from .errors import MissingExtraError
from .tokens import issued

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.x509 import ocsp
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .trust import ValidationData


def require_genuine(data: "ValidationData", others: "Iterable[x509.Certificate]") -> None:
    """Refuse validation data that are not signed by one of the certificates in them.

    Args:
        data: the data.
        others: certificates that belong to them, and stand elsewhere in the file.

    Raises:
        ValueError: a certificate, an OCSP response or a list is not signed by any.
    """
    certificates = [x509.load_der_x509_certificate(content) for content in data.certificates]
    pool = [*certificates, *others]
    for certificate in pool:
        if not any(issued(issuer, certificate) for issuer in pool):
            raise ValueError("a certificate among its validation data is not signed by any other")
    for content in data.crls:
        listed = x509.load_der_x509_crl(content)
        if not any(c.subject == listed.issuer and _signs(c, listed) for c in pool):
            raise ValueError("a revocation list among its validation data does not hold")
    for content in data.ocsps:
        _require_response(ocsp.load_der_ocsp_response(content), pool)


def _signs(certificate: x509.Certificate, listed: x509.CertificateRevocationList) -> bool:
    key = certificate.public_key()
    return isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) and listed.is_signature_valid(key)


def _require_response(response: ocsp.OCSPResponse, pool: list[x509.Certificate]) -> None:
    digest = response.signature_hash_algorithm
    for certificate in response.certificates:
        if certificate not in pool:
            raise ValueError("an OCSP response among its validation data has a certificate of its own")
    for certificate in pool:
        key = certificate.public_key()
        try:
            if isinstance(key, rsa.RSAPublicKey) and digest is not None:
                key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), digest)
            elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
                key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(digest))
            else:
                continue
        except InvalidSignature:
            continue
        return
    raise ValueError("an OCSP response among its validation data does not hold")
