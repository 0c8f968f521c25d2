"""The desk has its record sealed by itself, once a day where something is new; what is sealed no insider can change."""

import datetime
import shutil
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mailmart_privacy._clock import now
from mailmart_privacy.archive.layout import CHECKPOINT
from mailmart_privacy.desk.answers import Actor
from mailmart_privacy.desk.calls import Issue, Status
from mailmart_privacy.desk.keeper.sealing import DailySeal
from mailmart_privacy.desk.messages import RefusedError

from .command_line import Run
from .desk_browser import LocalDesk, make_desk
from .pki import Authority

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the desk runs on Linux and macOS")
ADA = Actor(issuer="test", subject="Ada", name="Ada")
DAY = datetime.timedelta(days=1)


@pytest.fixture
def desk(tmp_path: Path, authority: Authority) -> LocalDesk:
    """A desk with a copy on record, and a timestamp authority."""
    root = tmp_path / "tsa-root.pem"
    root.write_bytes(authority.certificate("tsa-root").public_bytes(Encoding.PEM))
    desk = make_desk(tmp_path / "desk", authorities=(authority.tsa(),), trusted_timestamps=(str(root),))
    issue(desk, "Eins GmbH")
    return desk


def issue(desk: LocalDesk, customer: str) -> None:
    call = Issue(actor=ADA, recipient=customer, reference="", paper="a4", request=customer, again=True)
    desk.keeper.ask_now(call)


def test_the_record_is_sealed_once_a_day_where_something_is_new(desk: LocalDesk, authority: Authority) -> None:
    """At once after the start, then not before the next day, and not where nothing was added; it is on record who."""
    daily = DailySeal(desk.keeper.desk)
    with authority.at(None):
        assert daily.look(now())
        assert desk.keeper.ask_now(Status()).unsealed == 0
        assert not daily.look(now() + DAY)  # nothing is new
        issue(desk, "Zwei GmbH")
        assert not daily.look(now())
        assert desk.keeper.ask_now(Status()).unsealed == 1
        assert daily.look(now() + DAY)
        assert desk.keeper.ask_now(Status()).unsealed == 0
    words = desk.sign_in("Cleo", "compliance").open("/activity").words
    assert words.count("Had the record sealed The desk, by itself") == 2
    assert "desk, by itself" not in desk.sign_in("Anna", "administrator").open("/people").words


def test_an_authority_that_is_down_is_asked_again(desk: LocalDesk, authority: Authority) -> None:
    """Nothing is sealed, and the next look tries again."""
    daily = DailySeal(desk.keeper.desk)
    authority.broken.add("/test/tsa/tsa")
    try:
        with authority.at(None), pytest.raises(RefusedError) as refused:
            daily.look(now())
    finally:
        authority.broken.clear()
    assert refused.value.code == "no-authority"
    with authority.at(None):
        assert daily.look(now())


def test_an_insider_cannot_take_back_what_was_sealed(
    desk: LocalDesk, authority: Authority, cli: Run, tmp_path: Path
) -> None:
    """Somebody with the whole server puts back the record of yesterday, with its signed checkpoint: it is noticed."""
    folder = tmp_path / "desk" / "archive"
    shutil.copytree(folder, tmp_path / "yesterday")
    issue(desk, "Zwei GmbH")
    with authority.at(None):
        assert DailySeal(desk.keeper.desk).look(now())
    mailed = desk.keeper.ask_now(Status()).checkpoint
    (tmp_path / "mailed.txt").write_bytes(mailed)
    assert mailed == (folder / CHECKPOINT).read_bytes()
    options = ("--archive", str(folder), "--archive-key", "desk/archive.key", "--trust", "tsa-root.pem")
    assert cli("archive", "verify", *options, "--checkpoint", "mailed.txt").returncode == 0
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "yesterday", folder)
    (tmp_path / "desk" / "archive.seen").unlink(missing_ok=True)  # the insider has this, too
    result = cli("archive", "verify", *options, "--checkpoint", "mailed.txt")
    assert result.returncode == 4
    assert cli("archive", "verify", *options).returncode == 0  # alone, nobody notices: so it is mailed
