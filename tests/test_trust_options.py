"""Whom the command line trusts: signers and timestamp authorities apart, the user's own identity, published
certificates."""

import datetime
import json
import pickle
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import mailmart_privacy as privacy
from mailmart_privacy.errors import LevelError, UntrustedError
from mailmart_privacy.release.trust import add_certificate
from mailmart_privacy.trust.anchors import Trust, as_trust, choose_trust, make_trust
from mailmart_privacy.trust.trust_list import TrustList, write_trust_list

from .chains import Authority, to_pem
from .conftest import NOW, Run
from .pki import Authority as Authority_

TSA_ROOT, ROOT = Authority("Timestamp root"), Authority("Signers' root")
START = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the certificates of both roots, and an identity below each of them."""
    for name, authority in (("root", ROOT), ("tsa-root", TSA_ROOT)):
        key = ec.generate_private_key(ec.SECP256R1())
        own = authority.issue("MailMart Legal", key.public_key(), start=START)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / f"below-{name}.pem").write_bytes(private + to_pem(own, authority.certificate))
        (tmp_path / f"{name}.pem").write_bytes(to_pem(authority.certificate))
    return tmp_path


def test_below_an_authority_nobody_signs(cli: Run, folder: Path) -> None:
    """A stranger's certificate below a timestamp authority's root signs no copy, whatever name it bears."""
    for name in ("root", "tsa-root"):
        made = cli("export", "--to", "Acme", "--identity", f"below-{name}.pem", "-o", f"{name}.pdf")
        assert made.returncode == 0
    trusted = ("--trust", "root.pem", "--trust-timestamps", "tsa-root.pem")
    assert cli("verify", *trusted, "root.pdf").returncode == 0
    stranger = cli("verify", *trusted, "tsa-root.pdf")
    assert stranger.returncode == 5
    assert b"leads to none of the certificates trusted here" in stranger.stderr
    assert cli("verify", "--trust-timestamps", "root.pem", "root.pdf").returncode == 5


def test_without_trust_only_ones_own_identity(cli: Run, folder: Path) -> None:
    """Nobody is published yet: without --trust only one's own copies are genuine, and the verdict says so."""
    cli("export", "--to", "Acme", "-o", "own.pdf")
    cli("export", "--to", "Acme", "--identity", "below-root.pem", "-o", "other.pdf")
    own = cli("verify", "own.pdf")
    assert own.returncode == 0
    assert b"your own identity and the only one trusted here" in own.stdout
    other = cli("verify", "other.pdf")
    assert other.returncode == 5
    assert b"only your own identity is trusted: no --trust was given" in other.stderr
    given = cli("verify", "--trust", "root.pem", "other.pdf")
    assert given.returncode == 0
    assert b"your own identity" not in given.stdout
    assert cli("verify", "--trust", "root.pem", "own.pdf").returncode == 5
    document = json.loads(cli("verify", "--json", "own.pdf").stdout)
    assert document["trusted_signers"] == ["own"]
    assert document["note"].startswith("only your own identity is trusted")
    document = json.loads(cli("verify", "--json", "--trust", "root.pem", "other.pdf").stdout)
    assert (document["trusted_signers"], document["note"]) == (["given"], None)


def test_certificates_alone_are_trusted_to_sign(authority: Authority_) -> None:
    """A plain list of certificates names signers: a timestamp authority has to be named as one."""
    names = [authority.certificate("root"), authority.certificate("tsa-root")]
    issued = {"recipient": "Acme", "issued_at": NOW, "identity": authority.identity(), "level": "B-T"}
    copy = privacy.issue(privacy.in_force(NOW), tsa=authority.client(), **issued)
    with pytest.raises(UntrustedError, match="timestamp authority") as caught:
        privacy.verify(copy, trust=names, at=NOW)
    assert caught.value.argument == "trust_timestamps"
    assert privacy.verify(copy, trust=make_trust(names[:1], names[1:]), at=NOW).level == "B-T"
    with pytest.raises(LevelError, match="leads to no certificate that is trusted here"):
        privacy.issue(privacy.in_force(NOW), tsa=authority.client(), trust=names, **issued | {"level": "B-LT"})


def test_a_batch_keeps_signers_and_authorities_apart(authority: Authority_) -> None:
    """What workers get says who is trusted for what, also in another process."""
    trust = authority.trust
    assert pickle.loads(pickle.dumps(trust)) == trust
    asked = {"identity": authority.identity(), "issued_at": NOW, "level": "B-LT", "tsa": authority.client()}
    rows = [privacy.Row(recipient="Acme", reference="C-1")]
    (row,) = privacy.issue_many(rows, trust=trust, **asked)
    assert privacy.verify(row.pdf, trust=trust, at=NOW).level == "B-LT"
    swapped = Trust(signers=trust.authorities, authorities=trust.signers)
    with pytest.raises(LevelError, match="leads to no certificate that is trusted here"):
        list(privacy.issue_many(rows, trust=swapped, **asked))


def test_settings(cli: Run, folder: Path) -> None:
    """Both are settings; files are looked up beside them."""
    cli("export", "--to", "Acme", "--identity", "below-root.pem", "-o", "x.pdf")
    (folder / "sub").mkdir()
    settings = '[verify]\ntrust = ["../root.pem"]\ntrust-timestamps = ["../tsa-root.pem"]\n'
    (folder / "sub" / "config.toml").write_text(settings)
    assert cli("--config", "sub/config.toml", "verify", "x.pdf").returncode == 0
    (folder / "sub" / "config.toml").write_text(settings.replace("../root", "../tsa-root"))
    assert cli("--config", "sub/config.toml", "verify", "x.pdf").returncode == 5


def test_what_replaces_what() -> None:
    """What is given replaces what is published, for each purpose; compromised keys count in any case."""
    a, b = ROOT.certificate, TSA_ROOT.certificate
    entries = add_certificate([], b.public_bytes(Encoding.DER), purpose="copies", since=START)
    published = TrustList(lambda _: write_trust_list(entries)).trust()
    published += make_trust(authorities=[b], source="published") + Trust(compromised=(("ab" * 32, START),))

    def choose(signers: list[object], authorities: list[object], own: list[object]) -> list[list[tuple[object, str]]]:
        trust = choose_trust(
            signers=signers,  # type: ignore[arg-type]
            authorities=authorities,  # type: ignore[arg-type]
            own=own,  # type: ignore[arg-type]
            published=published,
        )
        assert trust.compromised == published.compromised
        return [[(each.certificate, each.source) for each in some] for some in (trust.signers, trust.authorities)]

    assert choose([], [], [a]) == [[(b, "published"), (a, "own")], [(b, "published")]]
    assert choose([a], [], []) == [[(a, "given")], [(a, "given"), (b, "published")]]
    assert choose([a], [a], []) == [[(a, "given")], [(a, "given")]]
    assert choose([], [a], []) == [[(b, "published")], [(a, "given")]]
    assert as_trust(published) is published
    assert as_trust([a]) == make_trust([a])
