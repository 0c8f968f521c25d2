"""Evidence from an archive, as its receivers check it: OpenSSL on the timestamp, the reference tool on the bag."""

import datetime
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailmart_privacy.archive.admission import admit
from mailmart_privacy.archive.anchors import anchor, verify_anchors
from mailmart_privacy.archive.audit import audit
from mailmart_privacy.archive.creation import create_archive
from mailmart_privacy.archive.evidence import gather_evidence
from mailmart_privacy.archive.keyring import load_keyring
from mailmart_privacy.archive.location import ArchiveLocation
from mailmart_privacy.archive.recipients import Details, Person
from mailmart_privacy.archive.report import make_report
from mailmart_privacy.archive.service import ArchiveService
from mailmart_privacy.archive.storage.folder import Folder
from mailmart_privacy.form.page import print_page
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.policy.ledger import shipped
from tests.pki import Authority, serve

from . import verapdf, vnu
from .conftest import NOW, Artefact
from .programs import run

DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority that stamps, at the time of the copies."""
    with serve(str(tmp_path_factory.mktemp("authority")), NOW) as authority:
        yield authority


@pytest.fixture(scope="module")
def bag(
    tmp_path_factory: pytest.TempPathFactory,
    authority: Authority,
    artefacts: dict[str, Artefact],
    identities: dict[str, Identity],
) -> Path:
    """The evidence for a copy, from an archive with two, anchored."""
    folder = tmp_path_factory.mktemp("evidence")
    (folder / "archive").mkdir()
    archive = create_archive(
        Folder(folder / "archive"), key=lambda origin: folder / "key", ledger=shipped(), clock=lambda: NOW
    )
    roots = [identity.certificate for identity in identities.values()]
    with archive.writing(load_keyring(folder / "key", archive.metadata.key), lambda: NOW) as session:
        for name in ("copy-a4", "copy-letter"):
            copy = admit(artefacts[name].content, trust=roots, at=NOW, ledger=shipped())
            session.add_copies([copy], shipped())
        anchor(session, timestamps=authority.client(), trust=authority.trust, at=NOW)
    report = audit(archive)
    report.require_sound()
    anchors = verify_anchors(archive, report.anchors, trust=authority.trust, at=NOW)
    found = archive.read_entry(2)
    policy = archive.read_entry(1).entry.files
    contents = gather_evidence(archive, found, found.entry.files[0], policy=policy, anchors=anchors, at=NOW)
    for name, content in contents.items():
        path = folder / "bag" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / "bag"


@pytest.fixture
def changed(bag: Path, tmp_path: Path) -> Path:
    """A bag of one's own, to be spoilt."""
    return Path(shutil.copytree(bag, tmp_path / "bag"))


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def validate(bag: Path) -> subprocess.CompletedProcess[bytes]:
    """Have the reference tool validate a bag."""
    command = [sys.executable, "-m", "bagit", "--validate", str(bag)]
    return subprocess.run(command, capture_output=True, check=False)


def test_the_bag_is_valid(bag: Path) -> None:
    """bagit.py, of the Library of Congress, accepts the bag."""
    result = validate(bag)
    assert result.returncode == 0, result.stderr.decode()


@pytest.mark.parametrize("name", ["data/*.pdf", "data/READ-ME-FIRST.html", "data/policy/policy.txt", "bag-info.txt"])
def test_a_changed_bag_is_not(changed: Path, name: str) -> None:
    """It refuses one in which a byte was changed, or from which a file was taken."""
    (path,) = changed.glob(name)
    flip(path)
    assert validate(changed).returncode != 0
    path.unlink()
    assert validate(changed).returncode != 0


def stamp_holds(data: Path) -> bool:
    """Run the command that the page in the bag names."""
    output = run(
        *("openssl", "ts", "-verify", "-data", data / "anchor.checkpoint", "-in", data / "anchor.tsr"),
        *("-CAfile", data / "anchor-roots.pem", "-untrusted", data / "anchor-certificates.pem"),
        *("-attime", str(int(NOW.timestamp()))),
    )
    return output.status == 0 and "Verification: OK" in output.stdout + output.stderr


def test_openssl_accepts_the_anchor(bag: Path) -> None:
    """OpenSSL finds the timestamp to hold over the checkpoint."""
    assert stamp_holds(bag / "data")


@pytest.mark.parametrize("name", ["anchor.checkpoint", "anchor.tsr"])
def test_openssl_refuses_a_changed_one(changed: Path, name: str) -> None:
    """OpenSSL refuses another checkpoint, and another timestamp."""
    flip(changed / "data" / name)
    assert not stamp_holds(changed / "data")


def test_the_page_is_sound(bag: Path) -> None:
    """The Nu Html Checker has nothing to say about the page in the bag."""
    assert vnu.validate([bag / "data" / "READ-ME-FIRST.html"]) == ()


def test_the_report_is_accessible(bag: Path, authority: Authority, tmp_path: Path) -> None:
    """The report of the archive, as a PDF, is PDF/UA-2 and PDF/A-4 with every table filled; its page is sound HTML."""
    moments = {"since": NOW - DAY, "until": NOW + DAY}
    location = ArchiveLocation(str(bag.parent / "archive"), str(bag.parent / "key"), str(tmp_path / "index.sqlite"))
    person = Person(issuer="os", subject="anna@desk", name="anna")
    service = ArchiveService(location, clock=lambda: NOW, actor=person)
    name = service.find("a").customers[0].name
    service.hold(name=name, details=Details(matter="26-114", reason="a pending claim"))
    report = make_report(service, **moments, ledger=shipped())
    assert {table.key for table in report.tables if table.rows} >= {"issued", "acts", "holds", "anchors"}
    page = tmp_path / "report.html"
    page.write_text(report.to_html())
    assert vnu.validate([page]) == ()
    printed = tmp_path / "report.pdf"
    printed.write_bytes(print_page(report.to_html()))
    for verdict in verapdf.validate([printed], (verapdf.PDF_UA_2, verapdf.PDF_A_4)):
        assert verdict.compliant, verapdf.describe(verdict)
