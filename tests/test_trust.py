"""Trust for each purpose: paths, purposes, weak keys and revocation, with another library as an oracle."""

import asyncio
import datetime
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.validate import async_validate_path

from mailmart_privacy.keys.certificates import key_digest
from mailmart_privacy.trust.anchors import Trust, TrustAnchor, make_trust
from mailmart_privacy.trust.path_validator import PathValidator
from mailmart_privacy.trust.purposes import NotTrustedError
from mailmart_privacy.trust.revocation_data import normalize_list, normalize_response
from mailmart_privacy.trust.validation_data import ValidationData, require_genuine

from .chains import USAGES, distinguished

NOW = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
YEAR = 365 * DAY
KEY = ec.generate_private_key(ec.SECP256R1())
ROOT_KEY = ec.generate_private_key(ec.SECP256R1())
CA_KEY = ec.generate_private_key(ec.SECP256R1())
EKU = x509.oid.ExtendedKeyUsageOID
STAMPING = ([EKU.TIME_STAMPING], True)


def issue(
    name: str,
    key: Any,
    issuer: str,
    signer: Any,
    *,
    authority: bool = False,
    path_length: int | None = None,
    usage: tuple[str, ...] | None = None,
    eku: tuple[list[Any], bool] | None = None,
    start: datetime.datetime = NOW - YEAR,
    end: datetime.datetime = NOW + YEAR,
    more: tuple[tuple[Any, bool], ...] = (),
    digest: hashes.HashAlgorithm | None = None,
    serial: int | None = None,
) -> x509.Certificate:
    """Issue a certificate with exactly the extensions that are asked for."""
    usage = usage if usage is not None else (("key_cert_sign", "crl_sign") if authority else ("digital_signature",))
    builder = (
        x509.CertificateBuilder()
        .subject_name(distinguished(name))
        .issuer_name(distinguished(issuer))
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    if authority or path_length is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=path_length), critical=True)
    if usage:
        builder = builder.add_extension(x509.KeyUsage(**{each: each in usage for each in USAGES}), critical=True)
    if eku is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(eku[0]), critical=eku[1])
    for extension, critical in more:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, digest or hashes.SHA256())


ROOT = issue("Root", ROOT_KEY, "Root", ROOT_KEY, authority=True, end=NOW + 20 * YEAR)
# Answers of responders are dated by the real clock, so those who vouch for them are valid for long.
CA = issue("CA", CA_KEY, "Root", ROOT_KEY, authority=True, path_length=0, end=NOW + 20 * YEAR)


def leaf(**more: Any) -> x509.Certificate:
    return issue("Signer", **{"key": KEY, "issuer": "CA", "signer": CA_KEY, **more})


def judge(
    certificate: x509.Certificate,
    *,
    purpose: str = "sign",
    at: datetime.datetime = NOW,
    others: tuple[x509.Certificate, ...] = (CA,),
    data: ValidationData | None = None,
    proven: bool = False,
    trust: Trust | None = None,
    **more: Any,
) -> tuple[x509.Certificate, ...]:
    validated_at = more.pop("validated_at", None)
    trust = trust or make_trust([ROOT], [ROOT])
    validator = PathValidator(trust=trust, data=data or ValidationData(), validated_at=validated_at)
    return validator.find_path(certificate, others, at=at, purpose=purpose, proven=proven, **more)


def accepts(path: tuple[x509.Certificate, ...], at: datetime.datetime = NOW) -> bool:
    """Ask the oracle whether a path is valid: pyhanko-certvalidator, without revocation and purposes."""
    own, *between, root = (asn1_x509.Certificate.load(c.public_bytes(Encoding.DER)) for c in path)
    context = ValidationContext(trust_roots=[root], other_certs=between, moment=at, allow_fetching=False)
    try:
        asyncio.run(async_validate_path(context, ValidationPath(CertTrustAnchor(root), reversed(between), own)))
    except Exception:  # noqa: BLE001
        return False
    return True


BELOW = issue("Below", KEY, "CA", CA_KEY, authority=True)
NO_AUTHORITY = issue("CA", CA_KEY, "Root", ROOT_KEY)
CAS = {
    "plain": CA,
    "no authority": NO_AUTHORITY,
    "no basic constraints": issue("CA", CA_KEY, "Root", ROOT_KEY, usage=("key_cert_sign",)),
    "may not issue": issue("CA", CA_KEY, "Root", ROOT_KEY, authority=True, usage=("crl_sign",)),
    "expired": issue("CA", CA_KEY, "Root", ROOT_KEY, authority=True, end=NOW - DAY),
    "too early": issue("CA", CA_KEY, "Root", ROOT_KEY, authority=True, start=NOW + DAY),
    "stranger's": issue("CA", KEY, "Root", ROOT_KEY, authority=True),
    "signed by a stranger": issue("CA", CA_KEY, "Root", KEY, authority=True),
    "unknown critical": issue(
        "CA", CA_KEY, "Root", ROOT_KEY, authority=True,
        more=((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),),
    ),
    "unknown": issue(
        "CA", CA_KEY, "Root", ROOT_KEY, authority=True,
        more=((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), False),),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CAS)
def test_paths_are_judged_as_by_another_library(name: str) -> None:
    """A path over a sound or unsound authority is accepted or refused as pyhanko-certvalidator does."""
    own = leaf()
    try:
        path = judge(own, others=(CAS[name],))
    except NotTrustedError:
        assert not accepts((own, CAS[name], ROOT))
        assert name not in ("plain", "unknown")
    else:
        assert accepts(path)
        assert path == (own, CAS[name], ROOT)
        assert name in ("plain", "unknown")


def test_path_length() -> None:
    """An authority that may have no other authority below it does not vouch for one."""
    key = ec.generate_private_key(ec.SECP256R1())
    below = issue("Below", key, "CA", CA_KEY, authority=True)
    own = issue("Signer", KEY, "Below", key)
    with pytest.raises(NotTrustedError, match="path length"):
        judge(own, others=(below, CA))
    assert not accepts((own, below, CA, ROOT))


def test_a_trusted_signer_vouches_for_nobody() -> None:
    """A trusted certificate of a signer does not vouch for certificates that the signer's key signed."""
    signer = issue("Signer", KEY, "Signer", KEY)
    other = issue("Other", CA_KEY, "Signer", KEY)
    assert judge(signer, trust=make_trust([signer])) == (signer,)
    with pytest.raises(NotTrustedError, match="not an authority"):
        judge(other, trust=make_trust([signer]))


def test_a_root_is_trusted_beyond_its_end_and_a_signer_is_not() -> None:
    """A root above others is trusted for being given; a trusted signer's own certificate still expires."""
    root = issue("Root", ROOT_KEY, "Root", ROOT_KEY, authority=True, end=NOW - DAY)
    assert judge(leaf(), trust=make_trust([root]))
    signer = issue("Signer", KEY, "Signer", KEY, end=NOW - DAY)
    with pytest.raises(NotTrustedError, match="expired on 2026-11-22"):
        judge(signer, trust=make_trust([signer]))


EXTENDED = {
    "none": (None, True, False),
    "any": (([EKU.ANY_EXTENDED_KEY_USAGE], False), True, False),
    "document signing": (([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")], False), True, False),
    "Microsoft's": (([x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.12")], False), True, False),
    "Adobe's": (([x509.ObjectIdentifier("1.2.840.113583.1.1.5")], False), True, False),
    "mail": (([EKU.EMAIL_PROTECTION, EKU.CLIENT_AUTH], False), True, False),
    "TLS server": (([EKU.SERVER_AUTH], False), False, False),
    "TLS client": (([EKU.CLIENT_AUTH], False), False, False),
    "code": (([EKU.CODE_SIGNING], True), False, False),
    "OCSP": (([EKU.OCSP_SIGNING], True), False, False),
    "timestamps": (STAMPING, False, True),
    "timestamps, not critical": (([EKU.TIME_STAMPING], False), False, False),
    "timestamps and more": (([EKU.TIME_STAMPING, EKU.CODE_SIGNING], True), False, False),
    "timestamps and any": (([EKU.TIME_STAMPING, EKU.ANY_EXTENDED_KEY_USAGE], True), True, False),
}


@pytest.mark.parametrize("name", EXTENDED)
def test_extended_key_usage(name: str) -> None:
    """A signer may be for signing documents; an authority is for timestamps alone, critically."""
    eku, signs, stamps = EXTENDED[name]
    own = leaf(eku=eku)
    for purpose, allowed in (("sign", signs), ("stamp", stamps)):
        if allowed:
            assert judge(own, purpose=purpose)[0] == own
        else:
            with pytest.raises(NotTrustedError):
                judge(own, purpose=purpose)


@pytest.mark.parametrize("purpose", ["sign", "stamp"])
@pytest.mark.parametrize(
    ("usage", "allowed"),
    [
        ((), True),
        (("digital_signature",), True),
        (("content_commitment",), True),
        (("key_encipherment",), False),
        (("key_agreement",), False),
    ],
)
def test_key_usage(usage: tuple[str, ...], allowed: bool, purpose: str) -> None:
    """If a certificate names key usages, one of them is a signature."""
    own = leaf(usage=usage, eku=STAMPING if purpose == "stamp" else None)
    if allowed:
        assert judge(own, purpose=purpose)
    else:
        with pytest.raises(NotTrustedError, match="key usage"):
            judge(own, purpose=purpose)


def test_purposes_are_apart() -> None:
    """Below a timestamp authority's root nobody signs copies, and below a signer's nobody makes timestamps."""
    signer, stamper = leaf(), leaf(eku=STAMPING)
    assert judge(stamper, purpose="stamp", trust=make_trust(authorities=[ROOT]))
    assert judge(signer, trust=make_trust(signers=[ROOT]))
    with pytest.raises(NotTrustedError, match="no certificate to trust"):
        judge(signer, trust=make_trust(authorities=[ROOT]))
    with pytest.raises(NotTrustedError, match="no certificate to trust"):
        judge(stamper, purpose="stamp", trust=make_trust(signers=[ROOT]))


@pytest.mark.parametrize("eku", [[EKU.SERVER_AUTH], [EKU.TIME_STAMPING]])
def test_an_authority_for_other_purposes(eku: list[Any]) -> None:
    """An authority that is limited to TLS or timestamps vouches for no signer."""
    limited = issue("CA", CA_KEY, "Root", ROOT_KEY, authority=True, eku=(eku, False))
    with pytest.raises(NotTrustedError, match="other purposes"):
        judge(leaf(), others=(limited,))


WEAK = {
    "RSA-1024": rsa.generate_private_key(65537, 1024),
    "RSA-2048": rsa.generate_private_key(65537, 2048),
    "P-192": ec.generate_private_key(ec.SECP192R1()),
    "P-224": ec.generate_private_key(ec.SECP224R1()),
}


@pytest.mark.parametrize("name", WEAK)
def test_weak_keys(name: str) -> None:
    """Keys that issuing refuses are refused; of an authority, RSA-2048 is accepted."""
    with pytest.raises(NotTrustedError, match="weak key"):
        judge(leaf(key=WEAK[name]))
    stamper = leaf(key=WEAK[name], eku=STAMPING)
    if name == "RSA-2048":
        assert judge(stamper, purpose="stamp")
    else:
        with pytest.raises(NotTrustedError, match="weak key"):
            judge(stamper, purpose="stamp")
        weak = issue("CA", WEAK[name], "Root", ROOT_KEY, authority=True)
        own = issue("Signer", KEY, "CA", WEAK[name])
        with pytest.raises(NotTrustedError, match="weak key"):
            judge(own, others=(weak,))


# Revocation


def revocations(
    *revoked: tuple[x509.Certificate, datetime.datetime],
    this: datetime.datetime = NOW - DAY,
    until: datetime.datetime = NOW + DAY,
    key: Any = CA_KEY,
    issuer: str = "CA",
    more: tuple[tuple[Any, bool], ...] = (),
) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(distinguished(issuer))
    builder = builder.last_update(this).next_update(until)
    for certificate, moment in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(moment)
        builder = builder.add_revoked_certificate(entry.build())
    for extension, critical in more:
        builder = builder.add_extension(extension, critical=critical)
    return normalize_list(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER), key.public_key())


def answer(
    certificate: x509.Certificate,
    *,
    issuer: x509.Certificate = CA,
    revoked: datetime.datetime | None = None,
    this: datetime.datetime = NOW - DAY,
    until: datetime.datetime | None = NOW + DAY,
    key: Any = CA_KEY,
    responder: x509.Certificate | None = None,
) -> bytes:
    status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
    builder = ocsp.OCSPResponseBuilder().add_response(
        certificate, issuer, hashes.SHA256(), status, this, until, revoked, None
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder or issuer)
    if responder is not None:
        builder = builder.certificates([responder])
    content = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    return normalize_response(content, key.public_key())


ROOT_LIST = revocations(key=ROOT_KEY, issuer="Root", this=NOW - DAY, until=NOW + 9000 * DAY)


def data(*, crls: tuple[bytes, ...] = (), ocsps: tuple[bytes, ...] = ()) -> ValidationData:
    return ValidationData(crls=(ROOT_LIST, *crls), ocsps=ocsps)


def test_proof_is_asked_for() -> None:
    """Without a list or an answer a certificate is not shown to be good; with either it is."""
    own = leaf()
    with pytest.raises(NotTrustedError, match="nothing shows"):
        judge(own, proven=True)
    with pytest.raises(NotTrustedError, match="certificate of 'Signer' was not"):
        judge(own, proven=True, data=data())
    assert judge(own, proven=True, data=data(crls=(revocations(),)))
    assert judge(own, proven=True, data=data(ocsps=(answer(own),)))


@pytest.mark.parametrize("proven", [True, False])
def test_revoked(proven: bool) -> None:
    """A certificate that was revoked before is refused, however old what says so is; one revoked later is not."""
    own = leaf()
    before, after = NOW - 2 * DAY, NOW + DAY / 2
    for found in (
        data(crls=(revocations((own, before)),)),
        data(ocsps=(answer(own, revoked=before),)),
        data(crls=(revocations((own, before), this=NOW - 90 * DAY, until=NOW - 80 * DAY), revocations())),
    ):
        with pytest.raises(NotTrustedError, match="revoked on 2026-11-21"):
            judge(own, proven=proven, data=found)
    assert judge(own, proven=proven, data=data(crls=(revocations((own, after), this=NOW + DAY),)))


@pytest.mark.parametrize(
    ("this", "until", "fresh"),
    [
        (NOW - DAY, NOW + DAY, True),
        (NOW, NOW + DAY, True),
        (NOW + 30 * DAY, NOW + 31 * DAY, True),
        (NOW - 2 * DAY, NOW - DAY, False),
    ],
)
def test_freshness(this: datetime.datetime, until: datetime.datetime, fresh: bool) -> None:
    """What was made at the time or later is fresh, and what was made before and is good until then."""
    own = leaf()
    for found in (
        data(crls=(revocations(this=this, until=until),)),
        data(ocsps=(answer(own, this=this, until=until),)),
    ):
        if fresh:
            assert judge(own, proven=True, data=found)
        else:
            with pytest.raises(NotTrustedError, match="nothing shows"):
                judge(own, proven=True, data=found)


def test_nothing_counts_from_after_validation() -> None:
    """A list from later than the moment of validation proves nothing."""
    own, found = leaf(), data(crls=(revocations(this=NOW + 10 * DAY, until=NOW + 11 * DAY),))
    assert judge(own, proven=True, data=found, validated_at=NOW + 10 * DAY)
    with pytest.raises(NotTrustedError, match="nothing shows"):
        judge(own, proven=True, data=found, validated_at=NOW + 9 * DAY)


def test_a_list_from_after_expiry_forgets() -> None:
    """A list from after a certificate's expiry no longer names a stolen key, unless it says that it keeps such ones."""
    own = leaf(end=NOW + 10 * DAY)
    later = NOW + 20 * DAY
    with pytest.raises(NotTrustedError, match="nothing shows"):
        judge(own, proven=True, data=data(crls=(revocations(this=later, until=later + DAY),)))
    with pytest.raises(NotTrustedError, match="nothing shows"):
        judge(own, proven=True, data=data(ocsps=(answer(own, this=later, until=later + DAY),)))

    def keeps(moment: str) -> tuple[tuple[Any, bool], ...]:
        value = b"\x18\x0f" + moment.encode()
        return ((x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.60"), value), False),)

    kept = revocations(this=later, until=later + DAY, more=keeps("20200101000000Z"))
    assert judge(own, proven=True, data=data(crls=(kept,)))
    kept_too_few = revocations(this=later, until=later + DAY, more=keeps("20261210000000Z"))
    with pytest.raises(NotTrustedError, match="nothing shows"):
        judge(own, proven=True, data=data(crls=(kept_too_few,)))


def point(**more: Any) -> tuple[tuple[Any, bool], ...]:
    settings = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
        **more,
    }
    return ((x509.IssuingDistributionPoint(**settings), True),)


NAME = x509.UniformResourceIdentifier("http://crl.example/1")
OTHER_NAME = x509.UniformResourceIdentifier("http://crl.example/2")


@pytest.mark.parametrize(
    ("extensions", "counts"),
    [
        (point(only_contains_user_certs=True), True),
        (point(only_contains_ca_certs=True), False),
        (point(full_name=[NAME]), True),
        (point(full_name=[OTHER_NAME]), False),
        (point(indirect_crl=True), False),
        (point(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})), False),
        (((x509.DeltaCRLIndicator(1), True),), False),
        (((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), True),), False),
        (((x509.CRLNumber(7), False),), True),
    ],
)
def test_what_a_list_covers(extensions: tuple[tuple[Any, bool], ...], counts: bool) -> None:
    """A list that is only a part, lists changes, or has an unknown critical extension proves nothing."""
    points = [x509.DistributionPoint(full_name=[NAME], relative_name=None, reasons=None, crl_issuer=None)]
    own = leaf(more=((x509.CRLDistributionPoints(points), False),))
    found = data(crls=(revocations(more=extensions),))
    if counts:
        assert judge(own, proven=True, data=found)
    else:
        with pytest.raises(NotTrustedError, match="nothing shows"):
            judge(own, proven=True, data=found)


def test_strangers_prove_nothing() -> None:
    """A list or an answer that somebody else signed, or for another certificate, proves nothing and revokes nobody."""
    own, stranger = leaf(), ec.generate_private_key(ec.SECP256R1())
    namesake = issue("CA", stranger, "Root", ROOT_KEY, authority=True)
    for found in (
        data(crls=(revocations(key=stranger),)),
        data(crls=(revocations((own, NOW - DAY), key=stranger),)),
        data(ocsps=(answer(own, key=stranger, responder=namesake),)),
        data(ocsps=(answer(leaf()),)),
        data(ocsps=(answer(own, issuer=namesake, key=stranger),)),
    ):
        assert judge(own, data=found)
        with pytest.raises(NotTrustedError, match="nothing shows"):
            judge(own, proven=True, data=found)


def test_responders() -> None:
    """A responder's answer counts if the issuer appointed it, and it needs no proof of its own status, or has one."""
    own, key = leaf(), ec.generate_private_key(ec.SECP256R1())
    answering = ([EKU.OCSP_SIGNING], False)
    no_check = ((x509.OCSPNoCheck(), False),)
    free = issue("Responder", key, "CA", CA_KEY, eku=answering, more=no_check, end=NOW + 20 * YEAR)
    bound = issue("Responder", key, "CA", CA_KEY, eku=answering, end=NOW + 20 * YEAR)
    plain = issue("Responder", key, "CA", CA_KEY)
    foreign = issue("Responder", key, "Root", ROOT_KEY, eku=answering, more=((x509.OCSPNoCheck(), False),))
    assert judge(own, proven=True, data=data(ocsps=(answer(own, key=key, responder=free),)))
    for responder in (bound, plain, foreign):
        with pytest.raises(NotTrustedError, match="nothing shows"):
            judge(own, proven=True, data=data(ocsps=(answer(own, key=key, responder=responder),)))
    proof = revocations(this=NOW - 2 * DAY, until=NOW + DAY)
    found = data(ocsps=(answer(own, key=key, responder=bound),), crls=(proof,))
    assert judge(own, proven=True, data=found)


def test_data_have_one_spelling() -> None:
    """No single flipped bit in an answer or a list is accepted among validation data."""
    own, key = leaf(), ec.generate_private_key(ec.SECP256R1())
    free = issue("Responder", key, "CA", CA_KEY, eku=([EKU.OCSP_SIGNING], False), more=((x509.OCSPNoCheck(), False),))
    response = answer(own, key=key, responder=free)
    certificates = tuple(c.public_bytes(Encoding.DER) for c in (ROOT, CA, free))
    for kind, content in (("ocsps", response), ("crls", revocations((own, NOW)))):
        require_genuine(ValidationData(certificates=certificates, **{kind: (content,)}), [own])
        for place in range(len(content)):
            for bit in range(8):
                flipped = bytearray(content)
                flipped[place] ^= 1 << bit
                changed = ValidationData(certificates=certificates, **{kind: (bytes(flipped),)})
                with pytest.raises(ValueError, match="validation data"):
                    require_genuine(changed, [own])


# Retired and compromised


def test_a_retired_key() -> None:
    """What was signed while a key was in use stays good, also when its certificate has expired; later nothing is."""
    signer = issue("Signer", KEY, "Signer", KEY, end=NOW + 10 * DAY)
    retired = NOW - 10 * DAY
    trust = Trust(signers=(TrustAnchor(certificate=signer, since=NOW - 100 * DAY, until=retired),))
    assert judge(signer, trust=trust, at=NOW - 20 * DAY)
    assert judge(signer, trust=trust, at=NOW + 1000 * DAY, claimed_at=NOW - 20 * DAY)
    assert judge(signer, trust=trust, at=NOW + 1000 * DAY, used_at=NOW - 20 * DAY)
    for at, claimed in ((NOW, None), (NOW, NOW), (NOW, NOW - 9 * DAY)):
        with pytest.raises(NotTrustedError, match="retired on 2026-11-13"):
            judge(signer, trust=trust, at=at, claimed_at=claimed)
    with pytest.raises(NotTrustedError, match="not in use before"):
        judge(signer, trust=trust, at=NOW - 200 * DAY)


def test_a_compromised_key() -> None:
    """What a compromised key signed is refused, even if it claims to be older, no matter who trusts it."""
    own = leaf()
    since = NOW - 10 * DAY
    for certificate in (own, CA, ROOT):
        trust = make_trust([ROOT]) + Trust(compromised=((key_digest(certificate), since),))
        assert judge(own, trust=trust, at=since - DAY)
        assert judge(own, trust=trust, at=NOW, used_at=since - DAY)
        for at, claimed in ((since, None), (NOW, None), (NOW, since - DAY)):
            with pytest.raises(NotTrustedError, match="others may have had the key"):
                judge(own, trust=trust, at=at, claimed_at=claimed)


def test_a_compromised_key_in_another_certificate() -> None:
    """It is the key that others have: a certificate that was renewed with it, or issued again, is refused, too."""
    since = NOW - 10 * DAY
    again, upper = leaf(end=NOW + 30 * DAY), issue("CA", CA_KEY, "Root", ROOT_KEY, authority=True, end=NOW + 40 * DAY)
    for known, others in ((leaf(), (CA,)), (CA, (upper,))):
        trust = make_trust([ROOT]) + Trust(compromised=((key_digest(known), since),))
        with pytest.raises(NotTrustedError, match="others may have had the key"):
            judge(again, trust=trust, others=others)
