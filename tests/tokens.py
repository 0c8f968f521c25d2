"""Timestamp tokens made by hand, with asn1crypto: any certificates, attributes and spellings."""

import datetime
import hashlib
from dataclasses import dataclass
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from .chains import NOW


@dataclass(kw_only=True)
class TokenMaker:
    """Makes tokens for one key.

    Attributes:
        key: the authority's key.
        certificates: its certificate, then any others that the token carries.
        digest: the digest algorithm.
        scheme: "pkcs1", "pss" or "ecdsa"; chosen by the key where it is empty.
        ess: "v1", "v2", "" for none, or "wrong".
        protection: whether the algorithms are repeated as a signed attribute (RFC 6211).
        nulls: whether digest algorithms are spelt with NULL.
        more: further fields of the TSTInfo.
    """

    key: Any
    certificates: tuple[x509.Certificate, ...]
    digest: str = "sha256"
    scheme: str = ""
    ess: str = "v2"
    protection: bool = False
    nulls: bool = True
    plain_rsa: bool = False
    moment: datetime.datetime = NOW
    more: dict[str, Any] | None = None
    left_out: str = ""

    def make(self, message: bytes = b"message") -> bytes:
        own = self.certificates[0].public_bytes(Encoding.DER)
        algorithm = {"algorithm": self.digest, "parameters": core.Null() if self.nulls else None}
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.2.3.4",
                "message_imprint": {
                    "hash_algorithm": algorithm,
                    "hashed_message": hashlib.new(self.digest, message).digest(),
                },
                "serial_number": 7,
                "gen_time": self.moment,
                "nonce": 2**62 + 1,
                **(self.more or {}),
            }
        ).dump()
        parsed = asn1_x509.Certificate.load(own)
        signature_algorithm = self._algorithm()
        attributes = [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.new(self.digest, info).digest()]}),
            *self._ess(own),
        ]
        if self.protection:
            attributes.append(
                cms.CMSAttribute(
                    {
                        "type": "cms_algorithm_protection",
                        "values": [{"digest_algorithm": algorithm, "signature_algorithm": signature_algorithm}],
                    }
                )
            )
        attributes = [each for each in attributes if each["type"].native != self.left_out]
        signed = cms.CMSAttributes(attributes)
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    {
                        "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                            {"issuer": parsed.issuer, "serial_number": parsed.serial_number}
                        )
                    }
                ),
                "digest_algorithm": algorithm,
                "signature_algorithm": signature_algorithm,
                "signed_attrs": signed,
                "signature": self._sign(signed.dump()),
            }
        )
        data = {
            "version": "v3",
            "digest_algorithms": [algorithm],
            "encap_content_info": {"content_type": "tst_info", "content": cms.ParsableOctetString(info)},
            "certificates": [asn1_x509.Certificate.load(c.public_bytes(Encoding.DER)) for c in self.certificates],
            "signer_infos": [signer],
        }
        content: bytes = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)}).dump()
        return content

    def _ess(self, own: bytes) -> list[cms.CMSAttribute]:
        if self.ess == "v1":
            value: Any = tsp.SigningCertificate({"certs": [{"cert_hash": hashlib.sha1(own).digest()}]})
            return [cms.CMSAttribute({"type": "signing_certificate", "values": [value]})]
        if not self.ess:
            return []
        digest = hashlib.sha256(own + (b"!" if self.ess == "wrong" else b"")).digest()
        value = tsp.SigningCertificateV2({"certs": [{"cert_hash": digest}]})
        return [cms.CMSAttribute({"type": "signing_certificate_v2", "values": [value]})]

    def _algorithm(self) -> algos.SignedDigestAlgorithm:
        if self.scheme == "pss":
            return algos.SignedDigestAlgorithm(
                {
                    "algorithm": "rsassa_pss",
                    "parameters": {
                        "hash_algorithm": {"algorithm": self.digest},
                        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": self.digest}},
                        "salt_length": 32,
                    },
                }
            )
        if isinstance(self.key, rsa.RSAPrivateKey):
            name = "rsassa_pkcs1v15" if self.plain_rsa else f"{self.digest}_rsa"
            return algos.SignedDigestAlgorithm({"algorithm": name})
        return algos.SignedDigestAlgorithm({"algorithm": f"{self.digest}_ecdsa"})

    def _sign(self, message: bytes) -> bytes:
        algorithm = getattr(hashes, self.digest.upper())()
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(message, ec.ECDSA(algorithm))
        if self.scheme == "pss":
            return self.key.sign(message, padding.PSS(padding.MGF1(algorithm), 32), algorithm)
        signature: bytes = self.key.sign(message, padding.PKCS1v15(), algorithm)
        return signature
