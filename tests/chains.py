"""Certification authorities for the tests: keys, certificates and chains, sound or spoiled on purpose."""

import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NOW = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


class Authority:
    """A certification authority, a root unless another issues it."""

    def __init__(self, name: str, issuer: "Authority | None" = None, **changes: Any) -> None:
        self.name, self.key = name, ec.generate_private_key(ec.SECP256R1())
        settings: dict[str, Any] = {"authority": True, "usage": ("key_cert_sign", "crl_sign"), **changes}
        self.certificate = (issuer or self).issue(name, self.key.public_key(), **settings)

    def issue(
        self,
        name: str,
        public: Any,
        *,
        usage: tuple[str, ...] | None = ("content_commitment",),
        authority: bool = False,
        path_length: int | None = None,
        start: datetime.datetime = NOW - DAY,
        end: datetime.datetime = NOW + 3650 * DAY,
        signer: Any = None,
    ) -> x509.Certificate:
        """Issue a certificate; `signer` is the key that signs it, if not the authority's."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(distinguished(name))
            .issuer_name(distinguished(self.name))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=path_length), critical=True)
        )
        if usage is not None:
            allowed = x509.KeyUsage(**{name: name in usage for name in USAGES})
            builder = builder.add_extension(allowed, critical=True)
        return builder.sign(signer or self.key, hashes.SHA256())


def distinguished(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def to_pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)
