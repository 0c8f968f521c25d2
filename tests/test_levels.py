"""Levels: what each one needs, what it proves and for how long, and the message if it cannot be reached."""

import asyncio
import datetime
import json
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import jsonschema
import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

import mailmart_privacy as privacy
from mailmart_privacy import timestamps
from mailmart_privacy.copies.certified import CertifiedForm, certified_level
from mailmart_privacy.errors import (
    AlteredError,
    LevelError,
    TimestampError,
    UnsignedError,
    UntrustedError,
    UsageError,
)
from mailmart_privacy.keys.certificates import certificate_digest
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.key_files import dump_identity
from mailmart_privacy.trust.anchors import make_trust
from mailmart_privacy.trust.timestamp_client import TimestampClient
from mailmart_privacy.trust.timestamp_token import Token, read_token
from mailmart_privacy.trust.validation_data import ValidationData
from mailmart_privacy.verifying import proofs

from .attacks.dss import extend_store, read_store
from .conftest import NOW, Run
from .issuing import certify, issue_copy
from .issuing import issue_copy as issue_at_level
from .pki import Authority

pytestmark = pytest.mark.slow

LEVELS = ("B-T", "B-LT", "B-LTA")
Issue = Callable[..., bytes]


def year(number: int) -> datetime.datetime:
    return NOW.replace(year=number)


@pytest.fixture(scope="module")
def signer(authority: Authority) -> Identity:
    return authority.identity()


@pytest.fixture(scope="module")
def issue(form: bytes, authority: Authority) -> Issue:
    """Issue a copy at a level, with a form that is certified once for each."""
    kept: dict[tuple[str, str], CertifiedForm] = {}

    def issue(level: str, identity: Identity, client: TimestampClient | None = None, **changes: object) -> bytes:
        good: dict[str, object] = {"timestamps": authority.client(), "trust": authority.trust}
        key = (identity.digest, certified_level(level))
        if key not in kept:
            kept[key] = certify(form, identity=identity, signing_time=NOW, level=key[1], **good)  # type: ignore[arg-type]
        good |= {"timestamps": client or authority.client()} | changes
        return issue_at_level(
            kept[key],
            level=level,
            recipient="Acme",
            reference="C-1",
            issued_at=NOW,
            identity=identity,
            **good,  # type: ignore[arg-type]
        )

    return issue


@pytest.fixture(scope="module")
def copies(issue: Issue, signer: Identity) -> dict[str, bytes]:
    """A copy of each level, signed by a leaf below an intermediate."""
    return {level: issue(level, signer) for level in ("B-B", *LEVELS)}


@pytest.mark.parametrize("level", ["B-B", *LEVELS])
def test_each_level_is_reached_and_named(copies: dict[str, bytes], authority: Authority, level: str) -> None:
    """A copy verifies at the level that it was issued at, without asking anybody, and its verdict fits the schema."""
    asked = len(authority.requests)
    verdict = privacy.verify(copies[level], trust=authority.trust, at=NOW)
    assert verdict.level == verdict.delivery.level == level
    assert verdict.publisher.level == level
    assert verdict.delivery.time_source == (None if level == "B-B" else "Test tsa")
    assert verdict.delivery.proven_at == (None if level == "B-B" else NOW)
    assert level in verdict.describe()
    assert len(verdict.timestamps) == (level == "B-LTA")
    assert len(authority.requests) == asked
    schema = json.loads(Path(privacy.__path__[0], "data/schemas/verification.schema.json").read_text())
    document = {
        "$schema": schema["$id"],
        "trusted_signers": ["given"],
        "note": None,
        "files": [{"file": "a", "exit_code": 0, "error": None}],
    }
    document["files"][0]["verification"] = verdict.to_json()
    jsonschema.validate(document, schema)


def test_what_came_after_each_signature_is_said(copies: dict[str, bytes], authority: Authority) -> None:
    """The verdict says what each signature covers, and all that was added later."""
    verdict = privacy.verify(copies["B-LTA"], trust=authority.trust, at=NOW)
    later = ("validation data", "timestamp ArchiveTimestamp1")
    assert verdict.delivery.changes_after == later
    assert verdict.publisher.changes_after == ("fields filled in", "signature Delivery", *later)
    assert verdict.publisher.covered_bytes < verdict.delivery.covered_bytes < len(copies["B-LTA"])
    assert verdict.timestamps[0].covered_bytes == len(copies["B-LTA"])


@pytest.mark.parametrize(
    ("level", "until", "refused"),
    [("B-B", 2028, "signer"), ("B-T", 2028, "signer"), ("B-LT", 2032, "tsa"), ("B-LTA", 2032, "tsa")],
)
def test_how_long_each_level_holds(
    copies: dict[str, bytes], authority: Authority, level: str, until: int, refused: str
) -> None:
    """Without validation data a copy ends with its signer's certificate, with them with its timestamp's."""
    end = datetime.datetime(until, 1, 1, tzinfo=datetime.UTC)
    day = datetime.timedelta(days=1)
    assert privacy.verify(copies[level], trust=authority.trust, at=end - day).valid_until == end
    with pytest.raises(UntrustedError, match=f"Test {refused}.*expired on"):
        privacy.verify(copies[level], trust=authority.trust, at=end + day)


def test_ones_own_certificate_may_be_the_one_that_is_trusted(
    issue: Issue, signer: Identity, authority: Authority
) -> None:
    """Issued with no more trust than in the signer's own certificate, a copy still serves those who trust its root."""
    tsa_root = authority.certificate("tsa-root")
    copy = issue("B-LT", signer, trust=make_trust([signer.certificate], [tsa_root]))
    for root in (signer.certificate, authority.certificate("root")):
        assert privacy.verify(copy, trust=make_trust([root], [tsa_root]), at=NOW).level == "B-LT"


def test_a_copy_is_not_issued_after_its_timestamp(certified: CertifiedForm, identity: Identity) -> None:
    """A copy that is dated into the future, past its timestamp or past the day of its verification, is refused."""
    later = NOW + datetime.timedelta(days=180)
    copy = issue_copy(certified, recipient="Acme", reference="C-1", issued_at=later, identity=identity)
    with pytest.raises(UntrustedError, match="issued on 2027-05-22 12:30 UTC, after the moment of validation"):
        privacy.verify(copy, trust=[identity.certificate], at=NOW)
    assert privacy.verify(copy, trust=[identity.certificate], at=later).issued_at == later


def test_fifteen_years_with_renewals(copies: dict[str, bytes], authority: Authority) -> None:
    """A copy that was renewed in 2031 is valid in 2041, long after the signer and the first authority have expired."""
    copy = copies["B-LTA"]
    with authority.at(year(2031)):
        renewed = timestamps.renew(copy, tsa=authority.client("tsa-2040"), trust=authority.trust, at=year(2031))
    assert renewed.startswith(copy)
    verdict = privacy.verify(renewed, trust=authority.trust, at=year(2041))
    assert (verdict.level, verdict.delivery.proven_at) == ("B-LTA", NOW)
    assert [stamp.field for stamp in verdict.timestamps] == ["ArchiveTimestamp1", "ArchiveTimestamp2"]
    assert verdict.valid_until.year == 2045
    with pytest.raises(UntrustedError, match="expired on"):
        privacy.verify(renewed, trust=authority.trust, at=year(2046))
    with pytest.raises(UntrustedError, match="after the moment of validation"):
        privacy.verify(renewed, trust=authority.trust, at=year(2030))
    with authority.at(year(2033)), pytest.raises(UntrustedError, match="expired on"):
        timestamps.renew(copy, tsa=authority.client("tsa-2040"), trust=authority.trust, at=year(2033))


def test_a_renewal_without_proof_for_the_last_authority_is_refused(
    issue: Issue, signer: Identity, authority: Authority
) -> None:
    """If an authority's certificate does not say where to ask, the copy cannot be renewed, and the message names it."""
    with pytest.raises(LevelError, match=r"B-LT cannot be reached: there is no .* for .*'Test bare-tsa'"):
        issue("B-LT", signer, authority.client("bare-tsa"))


@pytest.mark.parametrize("level", LEVELS)
def test_others_accept_each_level(copies: dict[str, bytes], authority: Authority, tmp_path: Path, level: str) -> None:
    """pdfsig finds all signatures valid, and says correctly whether the last one covers the file."""
    path = tmp_path / "copy.pdf"
    path.write_bytes(copies[level])
    result = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, check=False)
    said = result.stdout.decode()
    assert said.count("Signature is Valid") == 2
    assert said.count("\nSignature #") == (3 if level == "B-LTA" else 2)
    assert ("Total document signed" in said) == (level != "B-LT")


def test_pyhanko_accepts_the_archived_copy(copies: dict[str, bytes], authority: Authority) -> None:
    """pyHanko's own validation of archived signatures (ETSI EN 319 102-1, 5.6) passes both, offline."""
    roots = [cms.Certificate.load(root.public_bytes(Encoding.DER)) for root in authority.roots]
    policy = CertValidationPolicySpec(
        SimpleTrustManager.build(roots), CertRevTrustPolicy(REQUIRE_REVINFO, retroactive_revinfo=True)
    )
    offline = RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY)
    spec = PdfSignatureValidationSpec(SignatureValidationSpec(policy, revinfo_gathering_policy=offline))
    moment = ValidationTimingInfo(validation_time=NOW, best_signature_time=NOW, point_in_time_validation=True)
    reader = PdfFileReader(BytesIO(copies["B-LTA"]), strict=True)
    for signature in reader.embedded_regular_signatures:
        result = asyncio.run(ades_lta_validation(signature, spec, timing_info=moment))
        assert result.ades_subindic is AdESPassed.OK, result.failure_msg
        assert result.best_signature_time == NOW


def test_a_self_signed_identity_reaches_every_level(issue: Issue, identity: Identity, authority: Authority) -> None:
    """A self-signed certificate is its own root, and nobody keeps a list about it: the authority's data suffice."""
    trust = authority.trust + make_trust([identity.certificate])
    for level in LEVELS:
        copy = issue(level, identity)
        assert privacy.verify(copy, trust=trust, at=NOW).level == level
    with pytest.raises(UntrustedError, match=r"timestamp authority 'Test tsa' .* no certificate to trust was given"):
        privacy.verify(copy, trust=[identity.certificate], at=NOW)
    with pytest.raises(UntrustedError, match="Local identity"):
        privacy.verify(copy, trust=authority.trust, at=NOW)


def test_the_api_issues_levels(identity: Identity, authority: Authority) -> None:
    """`issue` takes a level, addresses and roots; a level that does not exist is named."""
    arguments = {"recipient": "Acme", "issued_at": NOW, "identity": identity, "trust": authority.trust}
    copy = privacy.issue(privacy.current(), level="B-LT", tsa=authority.tsa(), **arguments)  # type: ignore[arg-type]
    trust = authority.trust + make_trust([identity.certificate])
    assert privacy.verify(copy, trust=trust, at=NOW).level == "B-LT"
    with authority.at(year(2027)):
        archived = timestamps.renew(copy, tsa=[authority.tsa()], trust=trust, at=year(2027))
    assert privacy.verify(archived, trust=trust, at=year(2028)).level == "B-LTA"
    with pytest.raises(UsageError, match="B-X"):
        privacy.issue(privacy.current(), level="B-X", **arguments)  # type: ignore[arg-type]
    with pytest.raises(TimestampError, match="authority was named"):
        privacy.issue(privacy.current(), level="B-T", **arguments)  # type: ignore[arg-type]


# --- what cannot be reached -------------------------------------------------------------------


def test_no_key_is_used_for_a_level_that_cannot_be_reached(issue: Issue, identity: Identity) -> None:
    """Without an authority a copy is refused before it is signed: a key may be a token that somebody has to touch."""
    issue("B-T", identity)  # the form is certified
    used = mock.Mock(side_effect=AssertionError("the key was used"))
    with mock.patch.object(Identity, "sign", used), pytest.raises(TimestampError, match="authority was named"):
        issue("B-T", identity, TimestampClient(urls=()))


def test_another_authority_is_asked_where_one_fails(authority: Authority) -> None:
    """The authorities are asked in order, each as often as it may be; the token is of the first that answers."""
    waited: list[float] = []
    dead = "http://127.0.0.1:9/tsa"
    client = TimestampClient(urls=(dead, authority.tsa()), sleep=waited.append, timeout=2, pause=0.5)
    assert client.stamp(bytes(32)).moment == NOW
    assert waited == [0.5, 1.0]
    authority.broken.add("/test/tsa/tsa")
    try:
        with pytest.raises(TimestampError) as caught:
            client.stamp(bytes(32))
    finally:
        authority.broken.clear()
    assert [url for url, _ in caught.value.answers] == [dead, authority.tsa()]
    assert "HTTP 503" in str(caught.value)
    assert "3 attempts" in str(caught.value)


def test_an_answer_to_something_else_is_refused(authority: Authority) -> None:
    """A replayed answer, an invalid one, and one of another certificate than the pinned one are named."""
    client = authority.client(attempts=1)
    path = "/test/tsa/tsa"
    replies: list[bytes] = []
    real = authority.animator.serve_timestamp_response

    def record(request, **arguments):  # type: ignore[no-untyped-def]
        response = real(request, **arguments)
        replies.append(response.get_data())
        return response

    authority.animator._handlers["tsa"] = record
    token = client.stamp(bytes(32))
    authority.animator._handlers["tsa"] = real
    try:
        for reply, words in ((replies[0], "nonce differs"), (b"hello", "not one of RFC 3161"), (b"", "not one of")):
            authority.replaced[path] = reply
            with pytest.raises(TimestampError, match=words):
                client.stamp(bytes(32))
    finally:
        authority.replaced.clear()
    right, wrong = (certificate_digest(authority.certificate(name)) for name in ("tsa", "bare-tsa"))
    assert certificate_digest(token.certificates[0]) == right
    assert authority.client(pins=frozenset({right})).stamp(bytes(32)).moment == NOW
    with pytest.raises(TimestampError, match=f"not the pinned one .SHA-256 {right}"):
        authority.client(pins=frozenset({wrong})).stamp(bytes(32))
    with pytest.raises(UsageError, match="file:"):
        TimestampClient(urls=("file:///etc/passwd",))


def test_an_address_that_is_not_there_is_not_asked_twice(authority: Authority) -> None:
    """HTTP 404 is final: the request is not repeated."""
    before = len(authority.requests)
    with pytest.raises(TimestampError, match="HTTP 404"):
        TimestampClient(urls=(authority.url + "/nowhere",), sleep=lambda _: None).stamp(bytes(32))
    assert len(authority.requests) == before + 1


@pytest.mark.parametrize(
    ("broken", "level", "words"),
    [
        ({"/test/tsa"}, "B-T", "no timestamp: .*503"),
        ({"/test/crls/tsa-root"}, "B-LT", "no OCSP answer and no CRL for the certificate of 'Test tsa' .*503"),
        ({"/test/crls/root"}, "B-LT", "no OCSP answer and no CRL for the certificate of 'Test intermediate'"),
        (
            {"/test/ocsp", "/test/crls/intermediate"},
            "B-LTA",
            "no CRL for the certificate of 'Test signer' .OCSP at .*CRL",
        ),
    ],
)
def test_what_is_missing_is_named(
    issue: Issue,
    signer: Identity,
    authority: Authority,
    copies: dict[str, bytes],
    broken: set[str],
    level: str,
    words: str,
) -> None:
    """If an answer is missing, the level fails and says which."""
    assert copies
    authority.broken |= broken
    try:
        with pytest.raises(LevelError, match=words):
            issue(level, signer)
    finally:
        authority.broken.clear()


def test_a_list_stands_in_for_ocsp(
    issue: Issue, signer: Identity, authority: Authority, copies: dict[str, bytes]
) -> None:
    """If OCSP is down, the revocation list is embedded instead."""
    assert copies
    authority.broken.add("/test/ocsp")
    try:
        copy = issue("B-LT", signer)
    finally:
        authority.broken.clear()
    assert privacy.verify(copy, trust=authority.trust, at=year(2029)).level == "B-LT"


def test_an_unknown_root_is_named(issue: Issue, signer: Identity, authority: Authority) -> None:
    """Without the root of the authority, B-LT says which one is missing."""
    with pytest.raises(LevelError, match=r"'Test tsa' leads to no certificate .*CN=Test tsa-root"):
        issue("B-LT", signer, trust=authority.roots)


def test_a_form_of_a_lower_level_is_refused(certified: CertifiedForm, identity: Identity, authority: Authority) -> None:
    """A level is never lowered: a form without a timestamp gives no copy with one."""
    with pytest.raises(LevelError, match="certified at level B-B"):
        issue_at_level(
            certified,
            level="B-T",
            recipient="A",
            reference="B",
            issued_at=NOW,
            identity=identity,
            timestamps=authority.client(),
            trust=(),
        )


# --- what is altered --------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_any_bit_counts(copies: dict[str, bytes], authority: Authority, level: str) -> None:
    """A changed bit anywhere after the form is found: in a token, in validation data or between them."""
    copy = copies[level]
    start = privacy.verify(copies["B-B"], trust=authority.trust, at=NOW).publisher.covered_bytes
    step = (len(copy) - start) // 7
    for place in range(start, len(copy), step):
        changed = bytearray(copy)
        changed[place] ^= 1 << (place % 8)
        with pytest.raises(AlteredError):
            privacy.verify(bytes(changed), trust=authority.trust, at=NOW)


def test_nothing_but_validation_data_may_follow(copies: dict[str, bytes], authority: Authority) -> None:
    """Poisoned or useless validation data, and updates of any other kind, are found."""
    store = read_store(copies["B-LT"])
    assert store is not None
    root = authority.certificate("bare-tsa").public_bytes(Encoding.DER)
    poisoned = [
        copies["B-LT"] + b"\n",
        extend_store(copies["B-LT"], ValidationData(certificates=(b"poison",))),
        extend_store(copies["B-LT"], ValidationData(crls=(store.crls[0][:-1] + b"\0",))),
        extend_store(copies["B-LTA"], ValidationData(certificates=(root,))),
    ]
    for content in poisoned:
        with pytest.raises(AlteredError):
            privacy.verify(content, trust=authority.trust, at=NOW)


def test_a_timestamp_of_another_copy_is_found(
    copies: dict[str, bytes], issue: Issue, signer: Identity, authority: Authority
) -> None:
    """A token cannot be moved from one copy to another."""

    class Other(TimestampClient):
        def stamp(self, digest: bytes) -> Token:
            return TimestampClient.stamp(self, bytes(32))

    copy = issue("B-T", signer, Other(urls=(authority.tsa(),)))
    with pytest.raises(AlteredError, match="made for something else"):
        privacy.verify(copy, trust=authority.trust, at=NOW)


def test_a_token_has_one_spelling(authority: Authority) -> None:
    """The unsigned parts of a token are brought into canonical form; stray certificates are left out."""
    token = authority.client().stamp(bytes(32))
    assert read_token(token.content).content == token.content
    info = cms.ContentInfo.load(token.content)
    data = info["content"]
    data["certificates"].append(cms.Certificate.load(authority.certificate("root").public_bytes(Encoding.DER)))
    assert info.dump(force=True) != token.content
    assert read_token(info.dump(force=True)).content == token.content
    for place in range(0, len(token.content), 23):
        changed = bytearray(token.content)
        changed[place] ^= 1
        try:
            again = read_token(bytes(changed)).content
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
        assert again != bytes(changed), place


def test_a_certified_form_of_a_level_is_unsigned(form: bytes, signer: Identity, authority: Authority) -> None:
    """A form with timestamp and validation data of its own was delivered to no one; kept, it is the same."""
    made = certify(
        form,
        identity=signer,
        signing_time=NOW,
        level="B-LT",
        timestamps=authority.client(),
        trust=authority.trust,
    )
    assert CertifiedForm.from_bytes(made.pdf, made.form) == made
    assert made.level == "B-LT"
    with pytest.raises(UnsignedError, match="certified form"):
        privacy.verify(made.pdf, trust=authority.trust, at=NOW)
    with pytest.raises(UsageError, match="B-LTA"):
        certify(form, identity=signer, signing_time=NOW, level="B-LTA", timestamps=authority.client())


# --- the command line -------------------------------------------------------------------------


def test_the_command_line_issues_and_renews(cli: Run, tmp_path: Path, signer: Identity, authority: Authority) -> None:
    """`export --level` and `renew`, over real HTTP; what is not due stays as it is, byte for byte."""
    now = datetime.datetime.now(datetime.UTC)
    (tmp_path / "key.pem").write_bytes(dump_identity(signer))
    (tmp_path / "roots.pem").write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in authority.roots))
    with authority.at(now):
        pin = certificate_digest(authority.certificate("tsa"))
        settings = {"identity": "key.pem", "tsa": [authority.tsa()], "trust": ["roots.pem"], "tsa-certificate": [pin]}
        (tmp_path / "c.toml").write_text(
            "[export]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in settings.items())
        )
        arguments = ("--config", "c.toml", "export", "--to", "Acme", "-o", "copies/a.pdf")
        (tmp_path / "copies").mkdir()
        result = cli(*arguments, "--level", "B-LTA")
        assert result.returncode == 0, result.stderr.decode()
        path = tmp_path / "copies" / "a.pdf"
        before = path.read_bytes()
        common = ("copies", "--trust", "roots.pem")
        result = cli("renew", *common, "--dry-run")
        assert (result.returncode, b"not due; valid until 2032-01-01" in result.stdout) == (0, True)
        result = cli("renew", *common, "--dry-run", "--before", "2033-01-01")
        assert b"a.pdf: due" in result.stdout
        assert cli("renew", *common, "--tsa", authority.tsa()).returncode == 0
        assert path.read_bytes() == before
        result = cli("renew", *common, "--tsa", "http://127.0.0.1:9/", "--before", "2033-01-01")
        assert (result.returncode, path.read_bytes()) == (1, before)
        result = cli("renew", *common, "--tsa", authority.tsa(), "--before", "2033-01-01", "--json")
        assert json.loads(result.stdout)["files"][0]["renewed"] is True, result.stdout
        assert path.read_bytes().startswith(before)
        assert list(path.parent.iterdir()) == [path]
        path.write_bytes(before[:-9] + b"\n" + before[-9:])
        result = cli("renew", *common, "--tsa", authority.tsa(), "--before", "2033-01-01")
        assert (result.returncode, b"left unchanged" in result.stderr) == (4, True)


def test_a_timestamp_after_the_one_that_covers_it() -> None:
    """It is said which moment a timestamp is later than: that of the archive timestamp, not that of the validation."""
    token = SimpleNamespace(moment=NOW, certificates=(None,))
    judge = SimpleNamespace(find_path=lambda *_, **__: (None,))
    early = NOW - datetime.timedelta(hours=1)
    with pytest.raises(UntrustedError, match="after the timestamp that covers it"):
        proofs._judge_token(judge, token, early, NOW, archived=True)  # type: ignore[arg-type]
    with pytest.raises(UntrustedError, match="after the moment of validation"):
        proofs._judge_token(judge, token, early, early, archived=False)  # type: ignore[arg-type]
