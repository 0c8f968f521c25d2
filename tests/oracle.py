"""pyHanko as an oracle: its own signer with our keys, and its own judgement of our copies."""

import datetime
from io import BytesIO
from typing import Any

from asn1crypto import algos, x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from mailmart_privacy.keys.identity import Identity


class CmsSigner(Signer):
    """Hands pyHanko an identity's key."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        mechanism = "sha256_rsa" if isinstance(identity.key.public_key, rsa.RSAPublicKey) else "sha256_ecdsa"
        store = SimpleCertificateStore()
        store.register_multiple(x509.Certificate.load(c.public_bytes(Encoding.DER)) for c in identity.chain)
        super().__init__(
            embed_roots=False,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": mechanism}),
            signing_cert=x509.Certificate.load(identity.certificate.public_bytes(Encoding.DER)),
            cert_registry=store,
        )

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return bytes(512) if dry_run else self.identity.sign(data)


def ask_pyhanko(pdf: bytes, roots: "Any", at: datetime.datetime) -> list[PdfSignatureStatus]:
    """Let pyHanko judge the regular signatures of a file: integrity, coverage, what came after, trust."""
    anchors = [x509.Certificate.load(root.public_bytes(Encoding.DER)) for root in roots]
    reader = PdfFileReader(BytesIO(pdf), strict=True)
    return [
        validate_pdf_signature(s, ValidationContext(trust_roots=anchors, moment=at, allow_fetching=False))
        for s in reader.embedded_regular_signatures
    ]
