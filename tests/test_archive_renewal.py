"""An archive over twenty years: what is due when, what was renewed in time, and what was not."""

import contextlib
import datetime
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import mailmart_privacy as privacy
from faults.places import FIRST_COPY
from mailmart_privacy.cli.app import run

from .conftest import NOW
from .pki import Authority

pytestmark = pytest.mark.slow

_MODULES = ("archive.options", "archive.add", "archive.prove", "times")


def year(number: int) -> datetime.datetime:
    return datetime.datetime(number, 6, 1, tzinfo=datetime.UTC)


class Office:
    """The office that keeps the archive, over the years."""

    def __init__(
        self, authority: Authority, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._authority, self._monkeypatch, self._capsys = authority, monkeypatch, capsys
        Path("roots.pem").write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in authority.roots))

    @contextlib.contextmanager
    def at(self, moment: datetime.datetime) -> Iterator[None]:
        """Let everybody live at a moment."""
        with self._authority.at(moment), self._monkeypatch.context() as patched:
            for name in _MODULES:
                patched.setattr(f"mailmart_privacy.cli.{name}.now", lambda: moment)
            yield

    def say(self, *arguments: str, tsa: str = "", code: int = 0) -> str:
        """Run a command on the archive, and return its output."""
        return "".join(self._run(arguments, tsa, code))

    def ask(self, *arguments: str, tsa: str = "", code: int = 0) -> Any:
        """Run a command, and read the JSON that it prints."""
        return json.loads(self._run((*arguments, "--json"), tsa, code)[0])

    def _run(self, arguments: tuple[str, ...], tsa: str, code: int) -> tuple[str, str]:
        command = ["archive", *arguments]
        if arguments[0] != "init":
            command += ["-a", "archive"]
        if arguments[0] not in ("init", "list"):
            command += ["--trust", "roots.pem"]
        if tsa:
            command += ["--tsa", self._authority.tsa(tsa)]
        done = run(command, program="mailmart-privacy")
        out, err = self._capsys.readouterr()
        assert done == code, (out, err)
        return out, err


@pytest.fixture
def office(
    tmp_path: Path,
    environment: dict[str, str],
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Office:
    """An archive of 2026: copies whose timestamps are valid until 2032 and 2045, and an anchor that is valid until
    2032."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", environment["HOME"])
    office = Office(authority, monkeypatch, capsys)
    for name, tsa in (("short", "tsa"), ("long", "other-tsa")):
        copy = privacy.issue(
            privacy.current(),
            recipient=f"{name} GmbH",
            reference=name,
            issued_at=NOW,
            identity=authority.identity(),
            level="B-LTA",
            tsa=authority.client(tsa),
            trust=authority.trust,
        )
        Path(f"{name}.pdf").write_bytes(copy)
    with office.at(NOW + datetime.timedelta(seconds=2)):
        office.say("init", "archive")
        office.say("add", "short.pdf", "long.pdf", tsa="tsa")
    return office


def test_fifteen_years(office: Office) -> None:
    """The report shows what is due and when, and what comes next; after timely renewal everything is valid evidence."""
    with office.at(year(2031)):
        report = office.ask("renew", "--dry-run")
        assert (report["due"], report["next"]) == ([], "2032-01-01T00:00:00Z")
        due = office.ask("renew", "--dry-run", "--before", "2033-01-01")
        assert [each["until"] for each in due["due"]] == ["2032-01-01T00:00:00Z"] * 2
        assert due["next"] == "2045-01-01T00:00:00Z"
        done = office.ask("renew", "--before", "2033-01-01", tsa="tsa-2040")
        assert [each["renewed"] for each in done["due"]] == [True, True]
    with office.at(year(2041)):
        verdict = office.ask("verify")
        assert (verdict["anchors"], verdict["anchors_hold_until"]) == (3, "2045-01-01T00:00:00Z")
        shown = office.ask("in-force", "2026-12-01T00:00:00Z")
        assert shown["proven_archived_before"].startswith("2026-11-23")
        (first, *_) = office.ask("list", "--kind", "customer-copy")["entries"]
        assert office.say("evidence", first["digest"], "-d", "bag") == "bag\n"


def test_evidence_after_a_renewal(office: Office) -> None:
    """Evidence has the anchor of that time and those that extended it; its program requires all of them, linked."""
    with office.at(year(2031)):
        office.say("renew", "--before", "2033-01-01", tsa="other-tsa")
    with office.at(year(2041)):
        office.say("evidence", office.ask("list", "--kind", "customer-copy")["entries"][0]["digest"], "-d", "bag")
    data = Path("bag/data")
    page = (data / "READ-ME-FIRST.html").read_text()
    assert "before 2026-11-23" in page
    assert "anchor-2.checkpoint -in anchor-2.tsr" in page
    result = check(data)
    assert (result.returncode, result.stdout.count(".tsr: made ")) == (5, 2), result.stdout
    assert "the timestamps hold: all this was logged before " in result.stdout
    # The first one expired in 2032, and is judged for the time of the second one.
    assert "BUT: the log's key came from this folder" in result.stdout.splitlines()[-1]
    for name in ("anchor.tsr", "anchor-2.tsr", "anchor-2.checkpoint", "anchor-2.tlog-proof"):
        content = (data / name).read_bytes()
        at = len(content) // 2
        (data / name).write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        result = check(data)
        assert (result.returncode, "Traceback" in result.stdout) == (4, False), (name, result.stdout)
        (data / name).write_bytes(content)
    (data / "anchor-2.tlog-proof").write_bytes((data / "copy.tlog-proof").read_bytes())
    assert check(data).returncode == 4


def check(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the bag's own program, as an auditor of 2041 does."""
    command = [sys.executable, "-I", str(folder / "verify_archive.py"), str(folder)]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def test_a_copy_whose_renewal_was_missed(office: Office) -> None:
    """A copy that can no longer be renewed is named, and does not stop the renewal of others."""
    with office.at(NOW + datetime.timedelta(days=1)):
        office.say("anchor", tsa="other-tsa")
    with office.at(year(2044)):
        report = office.ask("renew", "--dry-run", "--before", "2046-01-01", code=5)
        assert [each["until"] for each in report["due"]] == ["2045-01-01T00:00:00Z"] * 2
        (missed,) = report["missed"]
        assert "expired on 2032-01-01" in missed["error"]
        done = office.ask("renew", "--before", "2044-12-31", tsa="tsa-2040", code=5)
        assert (done["due"], done["next"]) == ([], "2045-01-01T00:00:00Z")


def test_an_anchor_that_lapsed(office: Office) -> None:
    """An anchor that lapsed no longer proves anything, and this is reported; a new one proves from its own time on."""
    with office.at(year(2033)):
        assert "expired on 2032-01-01" in office.say("verify", code=5)
        assert "expired on 2032-01-01" in office.say("in-force", "2026-12-01T00:00:00Z", code=5)
        report = office.ask("renew", "--dry-run", code=5)
        assert f"anchor over {FIRST_COPY + 2} entries" in [each["what"] for each in report["missed"]]
        office.say("renew", tsa="tsa-2040", code=5)
        verdict = office.ask("verify")
        assert (verdict["anchors"], verdict["lapsed_anchors"]) == (1, 1)
        shown = office.ask("in-force", "2026-12-01T00:00:00Z")
        assert shown["proven_archived_before"].startswith("2033-06-01")
        assert "1 lapsed before" in office.say("verify")
