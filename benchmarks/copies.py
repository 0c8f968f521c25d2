"""Copies one after another, on one core: ours, the bare cost of a signature, and the others' way."""

import statistics
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from mailmart_privacy.copies.certifying import certify
from mailmart_privacy.copies.issuing import issue_copy
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.keyfiles import FileKey, _signing_usage, create_identity
from mailmart_privacy.ledger import shipped

from .measure import loop
from .others import NOW, render_and_sign

COUNT = 400
ROUNDS = 5


def measure(folder: Path) -> list[tuple[str, str, str, str]]:
    """Measure the rows on many copies."""
    rows = []
    theirs = render_and_sign(folder)
    theirs(0)
    slow = loop(theirs, 5)
    for name, identity in (("RSA-3072", _rsa_identity()), ("P-256", create_identity(created_at=NOW()))):
        ours, raw = _both(folder, identity)
        rows.append(
            (
                f"a copy in bulk, {name}, one core, in memory flat",
                "≤ 1.5 ms and ≤ 1.5 × raw",
                f"{ours:.2f} ms",
                f"raw signature + hash + write {raw:.2f} ms: {ours / raw:.2f} ×",
            )
        )
        rows.append(
            (
                f"the same against WeasyPrint + pyHanko per copy, {name}",
                "≥ 100 ×",
                f"{slow / ours:.0f} ×",
                f"{slow:.0f} ms each",
            )
        )
    return rows


def _both(folder: Path, identity: Identity) -> tuple[float, float]:
    now = NOW()
    form = certify(shipped().record("2026-02-24", "form-a4.pdf"), identity=identity, signing_time=now)

    def make(number: int) -> None:
        copy = issue_copy(
            form, recipient=f"Acme {number} GmbH", reference=f"C-{number}", issued_at=now, identity=identity
        )
        (folder / "ours.pdf").write_bytes(copy)

    size = len(issue_copy(form, recipient="Acme GmbH", reference="C-1", issued_at=now, identity=identity))
    content = bytes(size)

    def raw(number: int) -> None:
        identity.sign(sha256(content).digest())
        (folder / "raw.pdf").write_bytes(content)

    sides: dict[str, list[float]] = {"ours": [], "raw": []}
    for _ in range(ROUNDS):
        sides["ours"].append(loop(make, COUNT))
        sides["raw"].append(loop(raw, COUNT))
    return statistics.median(sides["ours"]), statistics.median(sides["raw"])


def _rsa_identity() -> Identity:
    import datetime

    key = rsa.generate_private_key(65537, 3072)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Benchmark")])
    now = NOW()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(_signing_usage(), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Identity(certificate=certificate, key=FileKey(key))
