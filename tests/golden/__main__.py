"""`python -m tests.golden`: make the golden copies again. Not after the first release: then they are what counts."""

import base64
import datetime
import gzip
import json
import tempfile
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from mailmart_privacy.copies.issuer import Issuer
from mailmart_privacy.copies.pades import LEVELS
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.key_files import FileKey
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.papers import PAPERS
from mailmart_privacy.trust.anchors import make_trust
from mailmart_privacy.trust.authorities import Authorities
from mailmart_privacy.verifying.renewing import renew_copy

from ..names import NAMES, typefaces
from ..pki import Authority, serve
from . import FOLDER, LIST

AT = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)
RENEWALS = 3
RECIPIENT = "Łódź & Söhne Ελλάς ООО"


def make_identity(name: str, key: Any) -> Identity:
    """Make a self-signed identity with a key."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Golden signer, {name}")])
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    ) | {"digital_signature": True, "content_commitment": True, "encipher_only": False, "decipher_only": False}
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(AT - datetime.timedelta(days=1))
        .not_valid_after(AT + datetime.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Identity(certificate=certificate, chain=(), key=FileKey(key))


def make_all(authority: Authority) -> None:
    """Make all golden copies, and their list."""
    for old in FOLDER.glob("*.gz"):
        old.unlink()
    identities = {
        "chain": authority.identity(),
        "p256": make_identity("P-256", ec.generate_private_key(ec.SECP256R1())),
        "p384": make_identity("P-384", ec.generate_private_key(ec.SECP384R1())),
        "rsa3072": make_identity("RSA-3072", rsa.generate_private_key(65537, 3072)),
    }
    policy = shipped().policy(shipped().versions[0].version)
    certificates = {name: identity.certificate for name, identity in identities.items() if name != "chain"}
    certificates |= {"root": authority.certificate("root"), "tsa-root": authority.certificate("tsa-root")}
    copies: list[dict[str, Any]] = []

    def keep(name: str, pdf: bytes, signer: str, **facts: str) -> None:
        form = shipped().record(policy.version, f"form-{facts['paper']}.pdf")
        (FOLDER / f"{name}.gz").write_bytes(gzip.compress(pdf[len(form) :], 9, mtime=0))
        roots = ["root" if signer == "chain" else signer, "tsa-root"]
        digest = sha256(pdf).hexdigest()
        copies.append({"name": name, "version": policy.version, **facts, "digest": digest, "roots": roots})

    for signer, identity in identities.items():
        trust = authority.trust + make_trust([identity.certificate])
        authorities = Authorities(timestamps=authority.client(), trust=trust)
        for level in LEVELS:
            issuer = Issuer(identity, level=level, authorities=authorities)
            for paper in PAPERS if signer == "p256" else PAPERS[:1]:
                copy = issuer.issue(policy, recipient=RECIPIENT, reference="G-1", issued_at=AT, paper=paper)
                facts = {"paper": paper, "level": level, "recipient": copy.recipient, "reference": copy.reference}
                keep(f"{signer}-{level.lower()}-{paper}", copy.pdf, signer, **facts)
        if signer == "chain":
            pdf = copy.pdf
            for _ in range(RENEWALS):
                pdf, _ = renew_copy(pdf, timestamps=authority.client(), trust=trust, at=AT, ledger=shipped())
            keep("chain-renewed-a4", pdf, signer, **facts)
    issuer = Issuer(identities["p256"], fonts=typefaces())
    for script, name in NAMES.items():
        copy = issuer.issue(policy, recipient=name, reference="G-2", issued_at=AT)
        facts = {"paper": "a4", "level": "B-B", "recipient": copy.recipient, "reference": copy.reference}
        keep(f"name-{script.lower()}", copy.pdf, "p256", **facts)
    document = {
        "at": AT.isoformat(),
        "certificates": {
            name: base64.b64encode(c.public_bytes(Encoding.DER)).decode() for name, c in certificates.items()
        },
        "copies": copies,
    }
    LIST.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, serve(folder, AT) as authority:
        make_all(authority)
