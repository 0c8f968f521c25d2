"""Newer data: what a service with an older release accepts, and what it refuses."""

import datetime
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mailmart_privacy.errors import RecordError
from mailmart_privacy.keys.certificates import certificate_digest, to_der
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.key_files import create_identity, dump_identity
from mailmart_privacy.policy.entries import LEDGER
from mailmart_privacy.policy.ledger import Ledger
from mailmart_privacy.release.newer_data import HEAD, SIGNATURE, open_data, sign_data
from mailmart_privacy.release.records import write_ledger
from mailmart_privacy.release.trust import add_certificate, compromise, retire
from mailmart_privacy.trust.trust_list import TRUST_LIST, TrustList, write_trust_list
from mailmart_privacy.web import Service, create_service

from .conftest import NOW, Run, make_environment
from .versions import FIRST, SECOND, THIRD, one_version, three_versions
from .world import copy_package

DAY = datetime.timedelta(days=1)
SIGNER = create_identity(created_at=NOW - 30 * DAY, name="Data of MailMart")
STRANGER = create_identity(created_at=NOW - 30 * DAY, name="Somebody")
ENTRIES = add_certificate([], to_der(SIGNER.certificate), purpose="data", since=NOW - 20 * DAY)


def trusting(entries: list[dict[str, object]]) -> TrustList:
    content = write_trust_list(entries)
    return TrustList(lambda name: content)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def reader(folder: Path) -> Callable[[str], bytes]:
    return lambda name: (folder / name).read_bytes()


def sign(folder: Path, identity: Identity = SIGNER, at: datetime.datetime = NOW) -> None:
    write(folder, sign_data(reader(folder), identity, signed_at=at))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A signed folder with three versions; the records of the first one are left out."""
    made = {name: content for name, content in three_versions().items() if not name.startswith(FIRST)}
    write(tmp_path / "newer", made | {TRUST_LIST: write_trust_list(ENTRIES)})
    sign(tmp_path / "newer")
    return tmp_path / "newer"


def refused(folder: Path, trusted: list[dict[str, object]] = ENTRIES, ledger: Ledger | None = None) -> str:
    with pytest.raises(RecordError, match="cannot be used") as caught:
        open_data(folder, ledger=ledger or one_version(), trust_list=trusting(trusted))
    assert "reinstall" not in str(caught.value)
    return str(caught.value).partition("cannot be used: ")[2]


def test_a_signed_extension_is_accepted(folder: Path) -> None:
    """A service goes over to the new text at its moment, and shows the trust list that came with it."""
    newer = open_data(folder, ledger=one_version(), trust_list=trusting(ENTRIES))
    assert [version.version for version in newer.ledger.versions] == [FIRST, SECOND, THIRD]
    assert newer.ledger.record(FIRST, "policy.txt") == one_version().record(FIRST, "policy.txt")
    assert (newer.signer, newer.signed_at) == ("Data of MailMart", NOW.replace(microsecond=0))
    service = Service(newer.ledger, clock=lambda: NOW, trust_list=newer.trust_list)
    assert f'data-policy-version="{SECOND}"' in service.respond("GET", "/privacy", {}).body.decode()
    assert "Data of MailMart" in service.respond("GET", "/privacy/keys", {}).body.decode()
    same = open_data(folder, ledger=newer.ledger, trust_list=newer.trust_list)
    assert same.ledger.versions == newer.ledger.versions, "the same chain is an extension by nothing"


def test_a_key_for_copies_signs_no_data(folder: Path) -> None:
    """Only a certificate that this release records for data counts, whatever the folder's own list says."""
    copies = add_certificate([], to_der(SIGNER.certificate), purpose="copies", since=NOW - 20 * DAY)
    assert refused(folder, copies) == "its signer 'Data of MailMart' signs copies, not data"
    assert refused(folder, []) == "its signer 'Data of MailMart' is not on the trust list for data"
    with pytest.raises(RecordError, match="'Somebody' is not on the trust list for data"):
        sign(folder, STRANGER)


def test_a_key_that_others_may_have_signs_nothing(folder: Path) -> None:
    """A compromised key could sign any moment: this release may know of the compromise, or the folder itself."""
    digest = certificate_digest(SIGNER.certificate)
    worse = compromise(ENTRIES, digest, since=NOW + DAY)
    assert "others may have the key of 'Data of MailMart'" in refused(folder, worse)
    write(folder, {TRUST_LIST: write_trust_list(worse)})
    head = json.loads((folder / HEAD).read_bytes())
    assert refused(folder) == "trust.json is not the one whose head was signed"
    with pytest.raises(RecordError, match="others may have the key"):
        sign(folder)
    assert head["trust"] == json.loads(write_trust_list(ENTRIES))["head"]


def test_when_a_key_was_in_use(folder: Path) -> None:
    """What a retired key signed during its use stays valid; before and after that its signatures do not count."""
    retired = retire(ENTRIES, certificate_digest(SIGNER.certificate), until=NOW)
    write(folder, {TRUST_LIST: write_trust_list(retired)})
    sign(folder)
    open_data(folder, ledger=one_version(), trust_list=trusting(retired))
    for moment in (NOW + DAY, NOW - 25 * DAY, NOW - 40 * DAY):
        with pytest.raises(RecordError, match="was not in use"):
            sign(folder, at=moment)
    earlier = retire(ENTRIES, certificate_digest(SIGNER.certificate), until=NOW - DAY)
    assert "was not in use" in refused(folder, earlier)


def test_a_shorter_or_forked_chain_is_refused(folder: Path, tmp_path: Path) -> None:
    """A folder that is older than the release, or says something else about a version that ships."""
    full = open_data(folder, ledger=one_version(), trust_list=trusting(ENTRIES)).ledger
    old = write(tmp_path / "old", {LEDGER: write_ledger(full.entries[:2]), TRUST_LIST: write_trust_list(ENTRIES)})
    sign(old)
    assert "ledger.json is older than the one of this release" in refused(old, ledger=full)
    fork = json.loads(json.dumps(full.entries))
    fork[0]["released_at"] = "2026-02-23T00:00:00Z"
    entries = [fork[0]]
    write(tmp_path / "fork", {LEDGER: write_ledger(entries), TRUST_LIST: write_trust_list(ENTRIES)})
    sign(tmp_path / "fork")
    assert "ledger.json contradicts the one" in refused(tmp_path / "fork")
    write(folder, {TRUST_LIST: write_trust_list(add_certificate(ENTRIES, to_der(STRANGER.certificate), purpose="data",
                                                                since=NOW - 20 * DAY))})  # fmt: skip
    sign(folder, STRANGER)
    assert "'Somebody' is not on the trust list" in refused(folder), "nobody adds themselves"


def test_what_was_changed_after_it_was_signed(folder: Path, tmp_path: Path) -> None:
    """Each file of a folder: changed by a byte, cut off, or missing."""
    names = [HEAD, SIGNATURE, LEDGER, TRUST_LIST, *(f"{SECOND}/{name}" for name, _ in _second(folder))]
    for name in names:
        content = (folder / name).read_bytes()
        middle = len(content) // 2
        flipped = content[:middle] + bytes((content[middle] ^ 1,)) + content[middle + 1 :]
        for changed in (content[:-3], flipped, b""):
            (folder / name).write_bytes(changed)
            assert refused(folder), name
        (folder / name).unlink()
        assert Path(name).name in refused(folder)
        (folder / name).write_bytes(content)
    assert "head.json cannot be read" in refused(tmp_path / "nothing")
    content = (folder / SIGNATURE).read_bytes()
    (folder / SIGNATURE).write_bytes(content + b"\0")
    assert refused(folder) == "head.p7s is not in its canonical form"
    (folder / SIGNATURE).write_bytes(content)
    open_data(folder, ledger=one_version(), trust_list=trusting(ENTRIES))


def _second(folder: Path) -> tuple[tuple[str, str], ...]:
    ledger = Ledger(reader(folder))
    return ledger.version(SECOND).records


def test_openssl_verifies_the_head(folder: Path, tmp_path: Path) -> None:
    """The signature is CMS as others read it (RFC 5652)."""
    from cryptography.hazmat.primitives.serialization import Encoding

    (tmp_path / "signer.pem").write_bytes(SIGNER.certificate.public_bytes(Encoding.PEM))
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", SIGNATURE, "-content", HEAD]
    command += ["-certfile", str(tmp_path / "signer.pem"), "-noverify", "-out", os.devnull]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


_ASK = """
import datetime, sys
import mailmart_privacy as privacy
from mailmart_privacy.web import create_service
now = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)
print(privacy.in_force(now).version, [version.version for version in privacy.versions()])
print(dict(create_service(clock=lambda: now).respond("GET", "/privacy.txt", {}).headers)["Content-Location"])
copy = privacy.issue(privacy.in_force(now), recipient="Acme GmbH", issued_at=now,
                     identity=privacy.load_identity(sys.argv[1]))
identity = privacy.load_identity(sys.argv[1])
print(privacy.verify(copy, trust=[identity.certificate], at=now).version)
"""


_ISSUE = """
import datetime, sys
import mailmart_privacy as privacy
now = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)
open(sys.argv[2], "wb").write(privacy.issue(privacy.in_force(now), recipient="Acme GmbH", issued_at=now,
                                            identity=privacy.load_identity(sys.argv[1])))
"""
_ASK_CHECKER = """
import sys
from pathlib import Path
from mailmart_privacy.desk.launcher import _choose_environment
from tests.test_desk_checker import Checker
checker = Checker(Path(sys.argv[2]), _choose_environment("checker"))
print(checker.judge(Path(sys.argv[1]).read_bytes()))
checker.close()
"""


@pytest.fixture
def older(folder: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """What runs Python with an older release, whose environment names the folder."""
    package = tmp_path / "older"
    shutil.copytree(copy_package("one") / "mailmart_privacy", package / "mailmart_privacy")
    templates = copy_package("one").parent / "templates"
    if templates.exists():  # a wheel has them in the package
        shutil.copytree(templates, tmp_path / "templates")
    write(package / "mailmart_privacy" / "data", {TRUST_LIST: write_trust_list(ENTRIES)})
    (tmp_path / "key.pem").write_bytes(dump_identity(SIGNER))
    variables = make_environment(tmp_path / "home")
    paths = os.pathsep.join((str(package), str(Path(__file__).parents[1])))
    variables |= {"PYTHONPATH": paths, "MAILMART_PRIVACY_DATA": str(folder.relative_to(tmp_path))}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        return subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def test_the_environment_names_a_folder(
    folder: Path, older: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """The text, pages, copies and commands of a whole process follow it; a folder that is refused stops them."""
    run = older
    result = run("-c", _ASK, str(tmp_path / "key.pem"))
    assert result.stdout.splitlines() == [
        f"{SECOND} {[FIRST, SECOND, THIRD]}",
        f"/privacy/{SECOND}.txt",
        SECOND,
    ], result.stderr
    assert THIRD in run("-m", "mailmart_privacy", "versions").stdout
    (folder / SIGNATURE).unlink()
    result = run("-m", "mailmart_privacy", "versions")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"mailmart-privacy: the data in {folder.name} cannot be used: {SIGNATURE} cannot be read\n"


def test_processes_that_check_use_the_folder(
    older: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """Workers of `verify` and the checker of a desk know the versions that the process which started them knows."""
    copies = [tmp_path / f"{number}.pdf" for number in range(2)]
    made = older("-c", _ISSUE, str(tmp_path / "key.pem"), str(copies[0]))
    assert made.returncode == 0, made.stderr
    shutil.copy(*copies)
    (tmp_path / "signer.der").write_bytes(to_der(SIGNER.certificate))
    options = ("--trust", "signer.der", "--jobs", "2", "--at", "2026-11-23T12:30:00Z", "--json")
    verified = older("-m", "mailmart_privacy", "verify", *options, *map(str, copies))
    assert [each["verification"]["version"] for each in json.loads(verified.stdout)["files"]] == [SECOND, SECOND]
    (tmp_path / "desk").mkdir()
    asked = older("-c", _ASK_CHECKER, str(copies[0]), str(tmp_path / "desk"))
    assert asked.stdout == "untrusted\n", asked.stderr


def test_a_service_takes_a_folder(folder: Path) -> None:
    """`create_service(data=…)` refuses what the trust list that ships does not allow: it is empty."""
    with pytest.raises(RecordError, match="is not on the trust list for data"):
        create_service(data=folder)


def test_the_command_signs(tmp_path: Path, cli: Run) -> None:
    """`records sign` writes both files; the key has to be named, and be one that services accept."""
    write(tmp_path / "data", three_versions() | {TRUST_LIST: write_trust_list(ENTRIES)})
    for name, identity in (("key.pem", SIGNER), ("other.pem", STRANGER)):
        (tmp_path / name).write_bytes(dump_identity(identity))
    made = cli("records", "sign", "--data", "data", "--identity", "key.pem", "--signed-at", "2026-11-23T12:30:00Z")
    assert made.stdout.decode().splitlines() == [f"data/{HEAD}", f"data/{SIGNATURE}"], made.stderr
    open_data(tmp_path / "data", ledger=one_version(), trust_list=trusting(ENTRIES))
    assert b"--identity FILE" in cli("records", "sign", "--data", "data").stderr
    assert b"not on the trust list" in cli("records", "sign", "--data", "data", "--identity", "other.pem").stderr
