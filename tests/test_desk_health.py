"""What those who watch a desk are told, and what it logs."""

import json
import sys
import time
from pathlib import Path

import pytest

from mailmart_privacy.archive.layout import CHECKPOINT
from mailmart_privacy.desk.calls import AskHealth
from mailmart_privacy.errors import ArchiveError

from .desk_browser import Browser, LocalDesk, make_desk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the desk runs on Linux and macOS")


@pytest.fixture
def desk(tmp_path: Path) -> LocalDesk:
    """A desk with nothing on record but the published versions."""
    return make_desk(tmp_path)


def ask(desk: LocalDesk) -> tuple[int, dict[str, bool]]:
    page = Browser(desk).get("/healthz", host="127.0.0.1:9")  # programs there know no public address
    return page.status, json.loads(page.body)


def test_what_works_and_what_does_not(desk: LocalDesk, capfd: pytest.CaptureFixture[str]) -> None:
    """An archive that cannot be read, and a queue that shows nothing for two minutes: 503, and which of them."""
    assert ask(desk)[0] == 200
    queue = desk.keeper.desk.queue
    assert queue.age == 0
    queue._beat = time.monotonic() - 100
    assert ask(desk)[0] == 200
    queue._beat = time.monotonic() - 121
    assert ask(desk) == (503, {"ok": False, "keeper": True, "archive": True, "database": True, "jobs": False})
    Path(desk.keeper.desk.settings.archive, CHECKPOINT).unlink()
    assert ask(desk)[1]["archive"] is False
    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert (line["process"], line["words"]) == ("keeper", "the archive does not answer")
    assert set(line) == {"at", "process", "words", "error"}


def test_what_an_error_says_is_not_logged(
    desk: LocalDesk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It may name a customer; its class and its place are enough."""

    def fail() -> None:
        raise ArchiveError("Secret GmbH cannot be read")

    monkeypatch.setattr(desk.keeper.desk.directory, "refresh", fail)
    desk.keeper.ask_now(AskHealth())
    written = capfd.readouterr().err
    assert "ArchiveError" in written
    assert "Secret" not in written
