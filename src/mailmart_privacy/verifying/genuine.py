"""Validation data: each piece has to be signed by whom it says, and to belong to a signer of the file.

Whoever may add data to a file may add anything: the data of a B-LT copy are covered by nothing but
their own signatures, and a timestamp over an archive is to be had by anybody.
"""

from typing import TYPE_CHECKING

from ..errors import MissingExtraError
from ..keys.certificates import has_issued as issued

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.x509 import ocsp
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..trust.path_validator import ValidationData


def require_genuine(data: "ValidationData", others: "Iterable[x509.Certificate]") -> None:
    """Refuse validation data that are not signed by one of the certificates in them, or belong to nobody in the file.

    Args:
        data: the data.
        others: the certificates of the signers and of the authorities, as they stand elsewhere in the file.

    Raises:
        ValueError: a certificate, an OCSP response or a list is not signed by any, or belongs to none of them.
    """
    try:
        certificates = [x509.load_der_x509_certificate(content) for content in data.certificates]
        lists = [x509.load_der_x509_crl(content) for content in data.crls]
        responses = [ocsp.load_der_ocsp_response(content) for content in data.ocsps]
    except ValueError:
        raise ValueError("its validation data cannot be read") from None
    pool = _find_related(certificates, list(dict.fromkeys(others)))
    for certificate in pool:
        if not any(issued(issuer, certificate) for issuer in pool):
            raise ValueError("a certificate among its validation data is not signed by any other")
    for listed in lists:
        if not any(c.subject == listed.issuer and _signs(c, listed) for c in pool):
            raise ValueError("a revocation list among its validation data does not hold")
    for response in responses:
        _require_response(response, pool)


def _find_related(certificates: list[x509.Certificate], related: list[x509.Certificate]) -> list[x509.Certificate]:
    """Go from the certificates in the file's signatures to their issuers, and to who answers for these (OCSP)."""
    waiting = [certificate for certificate in certificates if certificate not in related]
    while waiting:
        found = [
            c
            for c in waiting
            if any(issued(c, other) for other in related) or (_answers(c) and any(issued(o, c) for o in related))
        ]
        if not found:
            raise ValueError("a certificate among its validation data has nothing to do with its signers")
        related += found
        waiting = [certificate for certificate in waiting if certificate not in found]
    return related


def _answers(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING in usage


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
