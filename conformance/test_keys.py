"""What others say of copies by each kind of key at each level, and of one that was renewed 25 times (5 if QUICK).

The keys: RSA-3072, P-256 and P-384 in files, one in a PKCS#11 token (SoftHSM2), one in AWS KMS (moto). Each certificate
is signed with its own key, which is what a copy can be checked by without anybody who vouches for its name.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation.status import SignatureCoverageLevel

import mailmart_privacy as privacy
from mailmart_privacy import _der as der
from mailmart_privacy import keys, timestamps
from mailmart_privacy.keys.key_files import FileKey
from mailmart_privacy.policy.model import Policy
from mailmart_privacy.verifying import Trust, make_trust
from tests.chains import Authority
from tests.oracle import ask_pyhanko
from tests.pki import serve
from tests.test_kms import configure, make, server
from tests.test_pkcs11 import PIN, Hsm, hsm

from . import dss, mutool, openssl_cms, poppler, qpdf, verapdf
from .conftest import NOW
from .levels import LEVELS as ALL_LEVELS
from .levels import LevelCopy
from .programs import QUICK
from .test_levels import EXPLAINED

__all__ = ["hsm", "server"]  # fixtures

KEYS = ("RSA-3072", "P-256", "P-384", "PKCS#11", "KMS")
LEVELS = ("B-B", "B-LTA") if QUICK else ALL_LEVELS
RENEWALS = 5 if QUICK else 25
NAMES = (*(f"{key}, {level}" for key in KEYS for level in LEVELS), f"renewed {RENEWALS} times")
_ENDS = tuple(name for name in NAMES if not name.endswith((", B-T", ", B-LT")))
_AT_ONCE = 7
_NAME, _ROOT = "Signs itself", "tsa-root.der"


@pytest.fixture(scope="module")
def identities(hsm: Hsm, server: str) -> Iterator[dict[str, keys.Identity]]:
    """An identity with each kind of key."""
    made = {
        "RSA-3072": _keep_in_file(rsa.generate_private_key(public_exponent=65537, key_size=3072)),
        "P-256": _keep_in_file(ec.generate_private_key(ec.SECP256R1())),
        "P-384": _keep_in_file(ec.generate_private_key(ec.SECP384R1())),
    }
    made["PKCS#11"] = _sign_itself(keys.open_pkcs11(hsm.uri("ec"), pin=PIN).key)
    with pytest.MonkeyPatch.context() as patch:
        import boto3

        configure(patch, server)
        client = boto3.Session().client("kms")
        arn, certificates = make(client, "ECC_NIST_P256")
        made["KMS"] = _sign_itself(keys.open_kms(f"awskms:{arn}", certificate=certificates).key)
        yield made
        client.close()


@pytest.fixture(scope="module")
def copies(
    identities: dict[str, keys.Identity], policy: Policy, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, LevelCopy]:
    """Copies by each key at each level."""
    folder, made = tmp_path_factory.mktemp("keys"), {}

    def keep(name: str, pdf: bytes, trust: Trust) -> None:
        path = folder / f"{len(made):02}.pdf"
        path.write_bytes(pdf)
        made[name] = LevelCopy(path=path, at=NOW, verdict=privacy.verify(pdf, trust=trust, at=NOW))

    with serve(str(folder / "authority"), NOW) as authority:
        for key, identity in identities.items():
            trust = make_trust([identity.certificate], [authority.certificate("tsa-root")])
            for level in LEVELS:
                pdf = privacy.issue(
                    policy,
                    recipient="Acme GmbH",
                    issued_at=NOW,
                    identity=identity,
                    level=level,
                    tsa=authority.client(),
                    trust=trust,
                )
                keep(f"{key}, {level}", pdf, trust)
        for _ in range(RENEWALS):
            pdf = timestamps.renew(pdf, tsa=authority.client(), trust=trust, at=NOW)
        keep(NAMES[-1], pdf, trust)
        (folder / _ROOT).write_bytes(authority.certificate("tsa-root").public_bytes(Encoding.DER))
    return made


@pytest.fixture(scope="module")
def reports(
    copies: dict[str, LevelCopy], identities: dict[str, keys.Identity]
) -> dict[Path, tuple[dss.Signature, ...]]:
    """EU DSS's verdicts on all of them, a few at a time: each has many certificates and timestamps."""
    trusted = [identity.certificate.public_bytes(Encoding.DER) for identity in identities.values()]
    jobs = [dss.Job(path=copy.path, at=copy.at) for copy in copies.values()]
    trusted.append(jobs[0].path.with_name(_ROOT).read_bytes())
    reports: dict[Path, tuple[dss.Signature, ...]] = {}
    for start in range(0, len(jobs), _AT_ONCE):
        reports |= dss.validate(jobs[start : start + _AT_ONCE], trusted)
    return reports


@pytest.fixture(scope="module")
def pdfa(copies: dict[str, LevelCopy]) -> dict[tuple[Path, str], verapdf.Verdict]:
    """veraPDF's verdicts on the lowest and the highest level of each key, made in one go."""
    return verapdf.validate_by_profile([copies[name].path for name in _ENDS])


@pytest.mark.parametrize("name", NAMES)
def test_eu_dss_passes(name: str, copies: dict[str, LevelCopy], reports: dict[Path, tuple[dss.Signature, ...]]) -> None:
    """TOTAL_PASSED at the level that we claim, with no warning that is not explained."""
    copy = copies[name]
    publisher, delivery = reports[copy.path]
    for theirs, ours in ((publisher, copy.verdict.publisher), (delivery, copy.verdict.delivery)):
        assert (theirs.indication, theirs.reason, theirs.errors, theirs.breaks) == ("TOTAL_PASSED", "", (), ())
        assert theirs.level == f"PAdES-BASELINE-{ours.level.removeprefix('B-')}"
        assert set(theirs.warnings) <= EXPLAINED


@pytest.mark.parametrize("name", NAMES)
def test_pdfsig_mupdf_and_openssl_agree(
    name: str, copies: dict[str, LevelCopy], identities: dict[str, keys.Identity]
) -> None:
    """Each finds both signatures valid; pdfsig sees each archive timestamp."""
    copy = copies[name]
    publisher, delivery, *stamps = poppler.read_signatures(copy.path)
    assert {signature.verdict for signature in (publisher, delivery)} == {"Signature is Valid."}
    assert len(stamps) == len(copy.verdict.timestamps)
    said = [lines[-1] for lines in mutool.verify_signatures(copy.path)][:2]
    last = "The document is unchanged since signing."
    edited = "The signature is valid but there have been edits since signing."
    assert said == [edited, last if copy.verdict.level in ("B-B", "B-T") else edited]
    identity = identities.get(name.split(", ")[0], identities["KMS"])
    pem = identity.certificate.public_bytes(Encoding.PEM)
    for signed in openssl_cms.read_ranges(copy.path.read_bytes())[:2]:
        assert openssl_cms.verify(signed, pem, at=int(NOW.timestamp())) == ()


@pytest.mark.parametrize("name", NAMES)
def test_qpdf_and_verapdf_find_no_fault(
    name: str, copies: dict[str, LevelCopy], pdfa: dict[tuple[Path, str], verapdf.Verdict]
) -> None:
    """The syntax is sound, and no rule of any profile fails; test_levels.py judges the levels in between."""
    path = copies[name].path
    assert qpdf.find_faults(path) == ()
    for profile in verapdf.PROFILES if name in _ENDS else ():
        verdict = pdfa[path, profile.flavour]
        assert verdict.failed_rules == (), verapdf.describe(verdict)


@pytest.mark.parametrize("name", NAMES)
def test_pyhanko_agrees(name: str, copies: dict[str, LevelCopy], identities: dict[str, keys.Identity]) -> None:
    """pyHanko, which reads such files in its own way, says the same of signatures, coverage and filling in."""
    copy = copies[name]
    identity = identities.get(name.split(", ")[0], identities["KMS"])
    publisher, delivery = ask_pyhanko(copy.path.read_bytes(), [identity.certificate], NOW)
    for status in (publisher, delivery):
        assert (status.intact, status.valid, status.trusted) == (True, True, True)
    assert publisher.coverage == SignatureCoverageLevel.ENTIRE_REVISION
    assert publisher.modification_level == ModificationLevel.FORM_FILLING
    whole = copy.verdict.level in ("B-B", "B-T")
    assert delivery.coverage == (
        SignatureCoverageLevel.ENTIRE_FILE if whole else SignatureCoverageLevel.ENTIRE_REVISION
    )
    assert delivery.modification_level <= ModificationLevel.LTA_UPDATES
    assert delivery.docmdp_ok


def _keep_in_file(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> keys.Identity:
    certificate = Authority(_NAME).issue(_NAME, key.public_key(), signer=key)
    return keys.Identity(certificate=certificate, key=FileKey(key))


def _sign_itself(key: keys.SigningKey) -> keys.Identity:
    """Make a self-signed certificate for a key that cannot be exported (RFC 5280, 4.1)."""
    unsigned = Authority(_NAME).issue(_NAME, key.public_key)
    outer = der.read_only(unsigned.public_bytes(Encoding.DER))
    content, algorithm = outer.take(), outer.take()
    signature = der.encode(der.BIT_STRING, b"\0", key.sign(content))
    return keys.Identity(
        certificate=x509.load_der_x509_certificate(der.encode(der.SEQUENCE, content, algorithm, signature)), key=key
    )
