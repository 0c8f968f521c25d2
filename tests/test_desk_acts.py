"""What the record says beside copies: downloads, reports, starts and settings; and how many files were checked."""

import datetime
import io
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from mailmart_privacy.desk.answers import Actor
from mailmart_privacy.desk.calls import FetchCopy, Issue
from mailmart_privacy.desk.keeper import opening
from mailmart_privacy.desk.settings import OidcSettings
from mailmart_privacy.desk.web.checks import KEPT
from mailmart_privacy.desk.web.people import make_digest

from .desk_browser import Browser, LocalDesk, make_desk

SERVICE = Actor(issuer="desk-token", subject="1", name="Shop")


@pytest.fixture
def desk(tmp_path: Path) -> LocalDesk:
    """A desk with nothing on record but the published versions."""
    return make_desk(tmp_path / "desk")


def list_acts(desk: LocalDesk) -> list[str]:
    """The acts in the log, the oldest first."""
    desk.keeper.desk.directory.refresh()
    return [each.entry.act or "" for each in desk.keeper.desk.directory.acts]


def issue(desk: LocalDesk, customer: str) -> str:
    """Issue a copy; the path of its page."""
    browser = desk.sign_in("Ada", "sales")
    browser.open("/")
    browser.submit("/issue", customer=customer)
    return browser.path.partition("?")[0]


def test_downloads_are_on_record(desk: LocalDesk) -> None:
    """Of the file and of a draft that has it, each time, with the person; the report counts them."""
    place = issue(desk, "Given GmbH")
    assert list_acts(desk) == []
    bob, cleo = desk.sign_in("Bob", "sales"), desk.sign_in("Cleo", "compliance")
    assert bob.get(f"{place}/file").status == 200
    assert bob.get(f"{place}/draft").status == 200
    assert list_acts(desk) == ["download", "download"]
    assert cleo.get(f"/copies/{'0' * 64}/file").status == 404
    assert cleo.open("/activity").words.count("Downloaded a copy: Given GmbH Bob") == 2
    book = openpyxl.load_workbook(
        io.BytesIO(cleo.get("/report?from=2026-01-01&to=2099-12-31&as=xlsx").body), read_only=True
    )
    counted = [row[1:] for row in book["issued"].iter_rows(values_only=True)]
    assert counted[1:] == [("Ada", "issued", "1"), ("Bob", "downloaded", "2")]
    assert "download" not in str([*book["acts"].iter_rows(values_only=True)])


def test_a_copy_that_is_issued_now_is_no_download(desk: LocalDesk) -> None:
    """A service that gets the file with the answer leaves one entry; asked again with the same key, another one."""
    call = Issue(actor=SERVICE, recipient="Served SE", reference="", paper="a4", request="k", again=True)
    made = desk.keeper.ask_now(call).copy
    fetched = FetchCopy(actor=SERVICE, fingerprint=made.fingerprint, logged=False)
    desk.keeper.ask_now(fetched)
    assert list_acts(desk) == []
    desk.keeper.ask_now(replace(fetched, logged=True))
    assert list_acts(desk) == ["download"]


def test_asking_for_a_head_takes_nothing(desk: LocalDesk) -> None:
    """HEAD tells what there would be: nothing is downloaded or reported, and a link still signs in."""
    place = issue(desk, "Head GmbH")
    browser = desk.sign_in("Ada")
    assert list_acts(desk) == []
    for path in (f"{place}/file", f"{place}/draft", "/report", "/report?as=xlsx"):
        assert browser.send("HEAD", path).status == 200
    assert list_acts(desk) == []
    desk.people.add_link(make_digest("a-link"), desk.add_person("Hal"), seconds=60)
    other = Browser(desk)
    other.send("HEAD", "/?token=a-link")
    assert other.get("/?token=a-link").status == 303


def test_reports_are_on_record(desk: LocalDesk) -> None:
    """They name customers: who got which one, and in which form."""
    cleo = desk.sign_in("Cleo", "compliance")
    for form in ("", "&as=xlsx"):
        assert cleo.get(f"/report?from=2026-07-01&to=2026-09-30{form}").status == 200
    assert cleo.get("/report?from=2026-07-01&to=nonsense").status == 422
    assert list_acts(desk) == ["report", "report"]
    deeds = cleo.open("/activity").words
    assert "Made a report 2026-07-01 to 2026-09-30, Excel file Cleo" in deeds
    assert "Made a report 2026-07-01 to 2026-09-30, shown Cleo" in deeds


def test_a_start_is_on_record_and_settings_where_they_changed(
    desk: LocalDesk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Who started it, on which computer; settings and the key that signs only where they are not those of before."""
    keeper = desk.keeper.desk
    keeper.settings = replace(keeper.settings, operator="Olga", operator_subject="501")
    opening.log_start(keeper)
    assert list_acts(desk) == ["desk-opened", "settings", "key"]
    opening.log_start(keeper)
    assert list_acts(desk)[3:] == ["desk-opened"]
    oidc = OidcSettings(
        issuer="https://login.example", client_id="desk", client_secret="", audience="", roles_claim="groups"
    )
    keeper.settings = replace(keeper.settings, oidc=oidc, origin="https://desk.example")
    opening.log_start(keeper)
    assert list_acts(desk)[4:] == ["desk-opened", "settings"]
    deeds = desk.sign_in("Anna", "administrator").open("/activity").words
    assert "Started the desk on " in deeds
    assert "Set up the desk copies carry no confirmed time; for this computer alone Olga" in deeds
    assert "for a team, at https://desk.example; people sign in at https://login.example; which gives roles" in deeds
    assert f"fingerprint {keeper.signing.identity.digest}" in deeds

    def fail(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(keeper.archive, "writing", fail)
    opening.log_start(keeper)
    assert "the start of the desk could not be logged" in capfd.readouterr().err


def test_checks_are_counted_by_day_and_kept_for_90_days(desk: LocalDesk) -> None:
    """Not in the log: nothing was done to it. Compliance sees the counts; the Excel file has the details, too."""
    place = issue(desk, "Checked GmbH")
    ada, cleo = desk.sign_in("Ada", "sales"), desk.sign_in("Cleo", "compliance")
    pdf = ada.get(f"{place}/file").body
    before = list_acts(desk)
    for content in (pdf, pdf, pdf + b"x"):
        ada.open("/check")
        ada.upload("/check", "file.pdf", content)
    assert list_acts(desk) == before
    day = datetime.datetime.fromtimestamp(desk.time.now, datetime.UTC).date()
    assert [(each.day, each.outcome, each.files) for each in desk.services.checks.list_days()] == [
        (day, "changed after it was issued", 1),
        (day, "ours", 2),
    ]
    assert "Ours 2" in cleo.open(f"/activity?day={day}").words
    assert "Files checked" not in cleo.open("/activity?day=2020-01-01").words
    book = openpyxl.load_workbook(io.BytesIO(cleo.get("/activity?as=xlsx").body))
    rows = list(book["files checked, 90 days"].iter_rows(values_only=True))
    assert [row[1:3] for row in rows[1:]] == [("Ada", "changed after it was issued"), ("Ada", "ours"), ("Ada", "ours")]
    assert rows[2][3] == place.rpartition("/")[2]
    desk.time.now += KEPT.total_seconds() + 1
    assert desk.services.checks.list_details() == []
    desk.services.checks.note(SERVICE, b"other", "not a copy")
    ((kept,),) = desk.tables.query("SELECT count(*) FROM checks")
    assert kept == 1
    assert sum(each.files for each in desk.services.checks.list_days()) == 4
