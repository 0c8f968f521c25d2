"""The trust list: records that chain, states that change one way, and what a verifier makes of them."""

import datetime
import json
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from mailmart_privacy.errors import RecordError, UsageError
from mailmart_privacy.keys.certificates import key_digest
from mailmart_privacy.keys.key_files import create_identity
from mailmart_privacy.release.trust import add_certificate, add_key, compromise, retire
from mailmart_privacy.release.trust_file import compare_trust_lists
from mailmart_privacy.trust.trust_list import TrustList, shipped_trust_list, write_trust_list

from .conftest import Run
from .test_trust import CA, CA_KEY, DAY, EKU, KEY, NOW, ROOT, issue, judge

SIGNER = issue("Signer", KEY, "Signer", KEY)
OTHER = issue("Other", ec.generate_private_key(ec.SECP256R1()), "CA", KEY)
DER = SIGNER.public_bytes(Encoding.DER)
DIGEST = __import__("hashlib").sha256(DER).hexdigest()


def load(entries: list[dict[str, Any]]) -> TrustList:
    content = write_trust_list(entries)
    return TrustList(lambda name: content)


def test_the_list_that_ships_is_empty() -> None:
    """MailMart's certificates are theirs to add: nobody is trusted by default."""
    assert shipped_trust_list().records == ()
    assert not shipped_trust_list().trust()


def test_states_of_a_certificate() -> None:
    """A certificate is in use, then retired, then found to be compromised; the last record counts."""
    entries = add_certificate([], DER, purpose="copies", since=NOW - 100 * DAY)
    trust = load(entries).trust()
    (anchor,) = trust.signers
    assert (anchor.source, anchor.since, anchor.until) == ("published", NOW - 100 * DAY, None)
    assert judge(SIGNER, trust=trust, at=NOW)
    entries = retire(entries, DIGEST[:12], until=NOW - 10 * DAY)
    trust = load(entries).trust()
    assert judge(SIGNER, trust=trust, at=NOW, claimed_at=NOW - 20 * DAY)
    entries = compromise(entries, DIGEST, since=NOW - 50 * DAY)
    trust = load(entries).trust()
    assert trust.compromised == ((key_digest(SIGNER), NOW - 50 * DAY),)
    assert [record.state for record in load(entries).records] == ["current", "retired", "compromised"]
    assert [record.state for record in load(entries).in_effect()] == ["compromised"]


def test_what_cannot_be_taken_back() -> None:
    """That a key was compromised stays, and the moment only moves back."""
    entries = compromise(add_certificate([], DER, purpose="copies", since=NOW - 9 * DAY), DIGEST, since=NOW)
    with pytest.raises(RecordError, match="cannot be taken back"):
        retire(entries, DIGEST, until=NOW)
    with pytest.raises(RecordError, match="no later moment"):
        compromise(entries, DIGEST, since=NOW + DAY)
    entries = compromise(entries, DIGEST, since=NOW - DAY)
    assert load(entries).trust().compromised == ((key_digest(SIGNER), NOW - DAY),)


def test_certificates_of_one_key_are_compromised_together() -> None:
    """A certificate that was renewed with the same key does not stay in use when the key is lost."""
    renewed = issue("Signer", KEY, "CA", CA_KEY, end=NOW + 50 * DAY).public_bytes(Encoding.DER)
    other = issue("Other", ec.generate_private_key(ec.SECP256R1()), "CA", CA_KEY).public_bytes(Encoding.DER)
    entries: list[dict[str, Any]] = []
    for certificate in (DER, renewed, other):
        entries = add_certificate(entries, certificate, purpose="copies", since=NOW - 100 * DAY)
    entries = compromise(entries, DIGEST, since=NOW - 10 * DAY)
    assert [record.state for record in load(entries).in_effect()] == ["compromised", "compromised", "current"]
    assert len(compromise(entries, DIGEST, since=NOW - 20 * DAY)) == len(entries) + 2, "an earlier moment, for both"
    again = issue("Signer", KEY, "CA", CA_KEY, end=NOW + 60 * DAY).public_bytes(Encoding.DER)
    with pytest.raises(RecordError, match="has a key that is recorded as compromised since"):
        add_certificate(entries, again, purpose="copies", since=NOW)


def test_purposes() -> None:
    """Signers and authorities are kept apart; keys are for data and logs."""
    entries = add_certificate([], DER, purpose="copies", since=NOW)
    root = ROOT.public_bytes(Encoding.DER)
    entries = add_certificate(entries, root, purpose="timestamps", since=NOW)
    entries = add_key(entries, "log.example/1+abcdef01+AQID", purpose="archive-log", since=NOW, name="The archive")
    trust = load(entries).trust()
    assert [a.certificate for a in trust.signers] == [SIGNER]
    assert [a.certificate for a in trust.authorities] == [ROOT]
    assert [record.name for record in load(entries).in_effect("archive-log")] == ["The archive"]
    with pytest.raises(RecordError, match="recorded for copies already"):
        add_certificate(entries, DER, purpose="copies", since=NOW)
    with pytest.raises(UsageError, match="not a purpose of certificates"):
        add_certificate(entries, DER, purpose="archive-log", since=NOW)
    assert [r.name for r in load(add_certificate(entries, DER, purpose="data", since=NOW)).in_effect("data")] == [
        "Signer"
    ]
    with pytest.raises(RecordError, match="cannot be recorded for data"):
        add_certificate(entries, root, purpose="data", since=NOW)
    with pytest.raises(UsageError, match="not a purpose of keys"):
        add_key(entries, "key", purpose="copies", since=NOW, name="A key")
    with pytest.raises(RecordError, match="cannot be recorded for timestamps"):
        add_certificate([], DER, purpose="timestamps", since=NOW)
    tls = issue("TLS", KEY, "TLS", KEY, eku=([EKU.SERVER_AUTH], False)).public_bytes(Encoding.DER)
    with pytest.raises(RecordError, match="cannot be recorded for copies"):
        add_certificate([], tls, purpose="copies", since=NOW)


def test_an_identity_made_on_first_use_is_not_published() -> None:
    """Its copies say so on their first page, which never changes."""
    local = create_identity(created_at=NOW).certificate.public_bytes(Encoding.DER)
    named = create_identity(created_at=NOW, name="Legal").certificate.public_bytes(Encoding.DER)
    with pytest.raises(RecordError, match="made on first use"):
        add_certificate([], local, purpose="copies", since=NOW)
    assert add_certificate([], named, purpose="copies", since=NOW)


@pytest.mark.parametrize("digest", ["", "0" * 64, "abc", DIGEST[:7]], ids=["empty", "unknown", "short", "seven"])
def test_a_certificate_that_is_not_recorded(digest: str) -> None:
    """A certificate that is not recorded cannot be retired, and a few digits do not name one."""
    entries = add_certificate([], DER, purpose="copies", since=NOW)
    with pytest.raises(RecordError, match="recorded"):
        retire(entries, digest, until=NOW + DAY)


def make_entries() -> list[dict[str, Any]]:
    entries = add_certificate([], DER, purpose="copies", since=NOW)
    entries = add_certificate(entries, CA.public_bytes(Encoding.DER), purpose="copies", since=NOW)
    return compromise(entries, DIGEST, since=NOW)


@pytest.mark.parametrize(
    ("place", "name", "value", "fault"),
    [
        (0, "from", "2020-01-01T00:00:00Z", "record 2 does not chain"),
        (0, "name", "Somebody else", "record 2 does not chain"),
        (2, "state", "current", "its last record has changed"),
        (2, "compromised_since", "2030-01-01T00:00:00Z", "its last record has changed"),
        (1, "certificate", "AAAA", "record 3 does not chain"),
        (1, "previous", None, "record 2 does not chain"),
    ],
)
def test_a_changed_record_is_noticed(place: int, name: str, value: object, fault: str) -> None:
    """A record that was changed, or one that was removed, breaks the chain."""
    document = json.loads(write_trust_list(make_entries()))
    document["records"][place][name] = value
    with pytest.raises(RecordError, match=fault):
        TrustList(lambda _: json.dumps(document).encode())


def test_a_removed_record_is_noticed() -> None:
    """Neither the last record nor any other can be removed unnoticed."""
    faults = ("record 1 does not chain", "record 2 does not chain", "its last record has changed")
    for place, fault in enumerate(faults):
        document = json.loads(write_trust_list(make_entries()))
        del document["records"][place]
        with pytest.raises(RecordError, match=fault):
            TrustList(lambda _, document=document: json.dumps(document).encode())  # type: ignore[misc]


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "everything"},
        {"state": "retired"},
        {"state": "compromised"},
        {"sha256": "0" * 64},
        {"certificate": None, "key": "key"},
        {"from": "2026-01-01T00:00:00"},
        {"from": "yesterday"},
    ],
    ids=str,
)
def test_an_unsound_record_is_refused(change: dict[str, Any]) -> None:
    """A record that says nothing sensible is refused, although it chains."""
    (entry,) = add_certificate([], DER, purpose="copies", since=NOW)
    with pytest.raises(RecordError, match="cannot be read"):
        load([entry | change])


def test_a_release_holds_the_next_list_to_its_records(cli: Run, tmp_path: Path) -> None:
    """`records check --against` finds a record that a rewritten list changes or leaves out; more may follow."""
    released = make_entries()
    assert compare_trust_lists([*released, *released[:1]], released) == []
    (fault,) = compare_trust_lists(released[:2], released)
    assert fault.startswith("trust.json: record 3 (")
    assert fault.endswith("was released and is gone; bring it back")
    rewritten = add_certificate([], DER, purpose="copies", since=NOW - 999 * DAY)
    (fault,) = compare_trust_lists([*rewritten, *released[1:]], released)
    assert "record 1 ('Signer', for copies) is not as it was released" in fault
    data = Path(__file__).parent.parent / "src/mailmart_privacy/data"
    (tmp_path / "ledger.json").write_bytes((data / "ledger.json").read_bytes())
    (tmp_path / "trust.json").write_bytes(write_trust_list(released))
    with mock.patch(
        "mailmart_privacy.release.folder.DataFolder.find_faults", return_value=[]
    ):  # forms are not rendered
        result = cli("records", "check", "--data", str(data), "--against", str(tmp_path))
    assert result.returncode == 1
    assert b"trust.json: record 1 ('Signer', for copies) was released and is gone" in result.stderr


def test_the_command_line(cli: Run, tmp_path: Path) -> None:
    """A certificate is added, retired and found to be compromised; the list chains after each step."""
    folder = tmp_path / "data"
    folder.mkdir()
    pem = tmp_path / "signer.pem"
    pem.write_bytes(SIGNER.public_bytes(Encoding.PEM))
    key = tmp_path / "log.key"
    key.write_text("log.example/1+abcdef01+AQID\n")
    data = ("--data", str(folder))
    added = cli(
        "records", "trust", "add", str(pem), "--purpose", "copies", "--from", "2026-01-01T00:00:00Z",
        "--name", "MailMart Legal", *data,
    )  # fmt: skip
    assert added.returncode == 0
    assert added.stdout.splitlines()[0] == b"MailMart Legal  copies: in use from 2026-01-01T00:00:00Z"
    refused = cli(
        "records", "trust", "add", str(key), "--purpose", "archive-log", "--from", "2026-01-01T00:00:00Z", *data
    )
    assert refused.returncode == 2
    assert b"--name" in refused.stderr
    named = ("--name", "The archive")
    cli(
        "records", "trust", "add", str(key), "--purpose", "archive-log", "--from", "2026-01-01T00:00:00Z", *named, *data
    )
    cli("records", "trust", "retire", str(pem), "--until", "2026-06-01T00:00:00Z", *data)
    last = cli("records", "trust", "compromise", DIGEST, "--since", "2026-05-01T00:00:00Z", *data)
    assert b"compromised since 2026-05-01T00:00:00Z" in last.stdout
    cli("records", "trust", "retire", str(key), "--until", "2026-06-01T00:00:00Z", *data)
    listed = TrustList(lambda name: (folder / name).read_bytes())
    assert [(each.purpose, each.state) for each in listed.in_effect()] == [
        ("copies", "compromised"),
        ("archive-log", "retired"),
    ]
    assert listed.records[0].since == datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
