"""What is judged: every kind of file that people receive, made by the package's own functions."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from mailmart_privacy._time import format_second
from mailmart_privacy.copies.issuer import Issuer
from mailmart_privacy.keys.identity import Identity, dump_certificate
from mailmart_privacy.keys.key_files import FileKey, create_identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.model import Policy
from mailmart_privacy.policy.render import read_style, render_html

from .fetch import fetch
from .levels import Levels
from .levels import make as make_levels
from .programs import MissingValidatorError

NOW = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)
_START = NOW - datetime.timedelta(days=1)

# Every script that the fields admit, and the letters that fonts like to draw as one glyph.
_WIDE = "Office Łódź Ελλάς Київ Việt Nam"
_RECIPIENTS = {"a4": ("Acme GmbH", "C-1"), "letter": (_WIDE, "Offer № 2/Ω")}

_SERVICE_PAGE = b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>A service</title>
</head>
<body>
<main>
%s</main>
</body>
</html>
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Artefact:
    """One PDF that is judged.

    Attributes:
        path: where it is.
        signatures: the fields that are signed in it, in their order.
        certificate: the signer's certificate in PEM; empty where nothing is signed.
        shown: what must be readable on its first page.
    """

    path: Path
    signatures: tuple[str, ...] = ()
    certificate: bytes = b""
    shown: tuple[str, ...] = ()

    @property
    def content(self) -> bytes:
        """Its bytes."""
        return self.path.read_bytes()


NAMES = tuple(f"{kind}-{paper}" for paper in _RECIPIENTS for kind in ("form", "certified", "copy"))


def pytest_sessionstart() -> None:
    """Fail at once, in one line, if a validator is missing; none is ever skipped."""
    try:
        fetch()
    except MissingValidatorError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The newest recorded version."""
    return shipped().policy(shipped().versions[-1].version)


@pytest.fixture(scope="session")
def identities() -> dict[str, Identity]:
    """Who signs, by paper: one with each kind of key."""
    return {"a4": create_identity(created_at=_START), "letter": _create_rsa_identity()}


@pytest.fixture(scope="session")
def artefacts(
    policy: Policy, identities: dict[str, Identity], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Artefact]:
    """The form, the certified form and a copy, for each paper, by the names in `NAMES`."""
    folder = tmp_path_factory.mktemp("artefacts")
    made = {}
    for paper, (recipient, reference) in _RECIPIENTS.items():
        identity = identities[paper]
        certificate = dump_certificate(identity)
        form = shipped().record(policy.version, f"form-{paper}.pdf")
        issuer = Issuer(identity)
        certified = issuer.prepare(policy, at=NOW, paper=paper)
        copy = issuer.issue(policy, recipient=recipient, reference=reference, issued_at=NOW, paper=paper).pdf
        made[f"form-{paper}"] = Artefact(path=_write(folder / f"form-{paper}.pdf", form))
        made[f"certified-{paper}"] = Artefact(
            path=_write(folder / f"certified-{paper}.pdf", certified.pdf),
            signatures=("Publisher",),
            certificate=certificate,
            shown=(identity.name,),
        )
        made[f"copy-{paper}"] = Artefact(
            path=_write(folder / f"copy-{paper}.pdf", copy),
            signatures=("Publisher", "Delivery"),
            certificate=certificate,
            shown=(recipient, reference, format_second(NOW), identity.name),
        )
    return made


@pytest.fixture(scope="session")
def levels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Levels]:
    """A copy of each level, and a renewed one."""
    with make_levels(tmp_path_factory.mktemp("levels")) as levels:
        yield levels


@pytest.fixture(scope="session")
def site(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page, its style sheet, and the body fragment in a page of a service's own."""
    folder = tmp_path_factory.mktemp("site")
    _write(folder / "page.html", render_html(policy).encode())
    _write(folder / "page.css", read_style("page"))
    _write(folder / "service.html", _SERVICE_PAGE % policy.html.encode())
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Write a sample into a folder of the test's own."""
    return lambda name, content: _write(tmp_path / name, content)


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _create_rsa_identity() -> Identity:
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "MailMart Conformance")])
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    ) | {"digital_signature": True, "content_commitment": True, "encipher_only": False, "decipher_only": False}
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_START)
        .not_valid_after(_START + datetime.timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Identity(certificate=certificate, key=FileKey(key))
