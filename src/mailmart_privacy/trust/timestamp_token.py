"""A timestamp token (RFC 3161, 2.4.2), in the one spelling that copies carry.

Most of a token is signed; its outer parts are not, and nothing covers the last token of a file. So
it is put together anew from what is signed and from the certificates that lead to its signer's
root: any other spelling is told from this one by comparing bytes.
"""

import datetime
import hashlib
from dataclasses import dataclass
from typing import Any

from ..errors import MissingExtraError
from ..keys.ecdsa import normalize_low_s
from ..pdf.cms import encode_der as _tlv

try:
    from asn1crypto import algos, cms, core, tsp
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.serialization import Encoding
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "asn1crypto") from None

_DIGESTS = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
_TST_INFO = "1.2.840.113549.1.9.16.1.4"


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """What a token says.

    Attributes:
        content: the token in DER, as copies carry it.
        moment: when it was made (aware, UTC).
        certificates: the authority's certificate, then those that it leads to, as far as they are in it.
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
    """Read a token and put it into its one spelling.

    Args:
        content: a ContentInfo (RFC 5652) in DER.

    Returns:
        The token; its signature holds. Nothing is said about who may be trusted.

    Raises:
        ValueError: it is not a token, or its signature does not hold.
    """
    info = cms.ContentInfo.load(content, strict=True)
    if info["content_type"].native != "signed_data":
        raise ValueError("the timestamp is not signed data")
    data = info["content"]
    (signer,) = data["signer_infos"]
    certificates = _order(signer["sid"].chosen, [c.chosen for c in data["certificates"]])
    name = signer["digest_algorithm"]["algorithm"].native
    if name not in _DIGESTS:
        raise ValueError(f"the timestamp is made with {name}, not with SHA-256 or better")
    stamped = bytes(data["encap_content_info"]["content"])
    attributes = signer["signed_attrs"].untag().contents
    _require_attributes(cms.CMSAttributes.load(_tlv(0x31, attributes)), certificates[0], name, stamped)
    signature = normalize_low_s(signer["signature"].native, certificates[0].public_key())
    _require_signature(certificates[0], signer["signature_algorithm"], name, signature, _tlv(0x31, attributes))
    said: Any = tsp.TSTInfo.load(stamped, strict=True)
    imprint = said["message_imprint"]
    return Token(
        content=_spell(signer, certificates, stamped, attributes, signature),
        moment=said["gen_time"].native.astimezone(datetime.UTC),
        certificates=certificates,
        algorithm=imprint["hash_algorithm"]["algorithm"].native,
        imprint=imprint["hashed_message"].native,
        nonce=said["nonce"].native,
    )


def require_stamped(token: Token, message: bytes) -> None:
    """Refuse a token that was made for something else.

    Raises:
        ValueError: its imprint is not the digest of the message.
    """
    if token.algorithm not in _DIGESTS or token.imprint != hashlib.new(token.algorithm, message).digest():
        raise ValueError("the timestamp was made for something else")


def _order(identifier: Any, found: list[Any]) -> tuple[x509.Certificate, ...]:
    """Begin with the signer's certificate, and go on with each one's issuer; leave out all others."""
    pool = [x509.load_der_x509_certificate(c.dump()) for c in found]
    if isinstance(identifier, cms.IssuerAndSerialNumber):
        wanted = (identifier["issuer"].dump(), identifier["serial_number"].native)
        own = [c for c in pool if (c.issuer.public_bytes(), c.serial_number) == wanted]
    else:
        own = [c for c in pool if _key_identifier(c) == identifier.native]
    if not own:
        raise ValueError("the timestamp lacks its signer's certificate")
    path = own[:1]
    while len(path) < 10:
        following = next((c for c in pool if c not in path and issued(c, path[-1])), None)
        if following is None:
            break
        path.append(following)
    return tuple(path)


def issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Tell whether one certificate was signed with the key of another, and names it."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # noqa: BLE001 - whatever the reason, it was not
        return False
    return True


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return None


def _require_attributes(attributes: Any, certificate: x509.Certificate, name: str, stamped: bytes) -> None:
    """Hold the signed attributes to RFC 5652, 11, and RFC 5816: what was stamped, and by which certificate."""
    values: dict[str, Any] = {}
    for attribute in attributes:
        (values[attribute["type"].native],) = attribute["values"]
    if values["content_type"].native != "tst_info":
        raise ValueError("the timestamp is over something else than a time")
    if values["message_digest"].native != hashlib.new(name, stamped).digest():
        raise ValueError("the timestamp was changed: its digest is another")
    der = certificate.public_bytes(Encoding.DER)
    if "signing_certificate_v2" in values:
        first = values["signing_certificate_v2"]["certs"][0]
        named = hashlib.new(first["hash_algorithm"]["algorithm"].native, der).digest()
    else:
        first = values["signing_certificate"]["certs"][0]
        named = hashlib.sha1(der, usedforsecurity=False).digest()  # RFC 3161 names the certificate by SHA-1
    if first["cert_hash"].native != named:
        raise ValueError("the timestamp names another certificate than its signer's")


def _require_signature(certificate: x509.Certificate, algorithm: Any, name: str, signature: bytes, der: bytes) -> None:
    key, digest, kind = certificate.public_key(), _DIGESTS[name], algorithm["algorithm"].native
    if kind not in ("rsassa_pkcs1v15", "rsassa_pss") and not kind.startswith(f"{name}_"):
        raise ValueError("the timestamp names a signature algorithm that does not fit its digest")
    if algorithm.dump() != type(algorithm).load(algorithm.dump()).dump(force=True):
        raise ValueError("the timestamp's signature algorithm is not in DER")
    try:
        if isinstance(key, rsa.RSAPublicKey) and kind == "rsassa_pss":
            salt = algorithm["parameters"]["salt_length"].native
            key.verify(signature, der, padding.PSS(mgf=padding.MGF1(digest), salt_length=salt), digest)
        elif isinstance(key, rsa.RSAPublicKey) and kind in ("rsassa_pkcs1v15", f"{name}_rsa"):
            if not isinstance(algorithm["parameters"], core.Null):
                raise ValueError("the timestamp's signature algorithm has parameters")
            key.verify(signature, der, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and kind == f"{name}_ecdsa":
            if algorithm["parameters"].dump():
                raise ValueError("the timestamp's signature algorithm has parameters")
            key.verify(signature, der, ec.ECDSA(digest))
        else:
            raise ValueError("the timestamp is signed with an algorithm that is not known here")
    except InvalidSignature:
        raise ValueError("the timestamp's signature does not hold") from None


def _spell(
    signer: Any, certificates: tuple[x509.Certificate, ...], stamped: bytes, attributes: bytes, signature: bytes
) -> bytes:
    """Write the token (RFC 5652, 5.1): version 3, for its content is no plain data; its signer by issuer and number."""
    own = certificates[0]
    number = core.Integer(own.serial_number).dump()
    name = signer["digest_algorithm"]["algorithm"].native
    oid = algos.DigestAlgorithmId(name).dump()
    plain, digest = _tlv(0x30, oid), _tlv(0x30, oid + core.Null().dump())  # RFC 5754: with NULL or without
    if signer["digest_algorithm"].dump() == plain:
        digest = plain
    information = _tlv(
        0x30,
        core.Integer(1).dump()
        + _tlv(0x30, own.issuer.public_bytes() + number)
        + digest
        + _tlv(0xA0, attributes)
        + signer["signature_algorithm"].dump()
        + _tlv(0x04, signature),
    )
    content = _tlv(0x30, core.ObjectIdentifier(_TST_INFO).dump() + _tlv(0xA0, _tlv(0x04, stamped)))
    ordered = b"".join(sorted(c.public_bytes(Encoding.DER) for c in certificates))
    data = core.Integer(3).dump() + _tlv(0x31, digest) + content + _tlv(0xA0, ordered) + _tlv(0x31, information)
    return _tlv(0x30, core.ObjectIdentifier("1.2.840.113549.1.7.2").dump() + _tlv(0xA0, _tlv(0x30, data)))
