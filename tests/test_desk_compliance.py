"""Compliance at the desk: holds, erasures by two persons, evidence, reports, who did what, people."""

import io
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment

from mailmart_privacy.desk.compliance_calls import ConfirmErasure
from mailmart_privacy.desk.keeper.batches.folder import list_folders
from mailmart_privacy.desk.messages import ClosedError, RefusedError

from .desk_browser import Browser, LocalDesk, make_desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> LocalDesk:
    """A desk with nothing on record but the published versions."""
    return make_desk(tmp_path_factory.mktemp("desk"))


def issue(desk: LocalDesk, customer: str) -> tuple[str, str]:
    """Issue a copy: the paths of its page and of the customer's."""
    browser = desk.sign_in("Ada", "sales")
    browser.open("/")
    browser.submit("/issue", customer=customer)
    copy = browser.path.partition("?")[0]
    (place,) = {each for each in browser.page.text.split('"') if each.startswith("/customers/")}
    return copy, place


def submit_last(browser: Browser, action: str, **fields: str) -> int:
    """Send a form of the page that is open."""
    return browser.post(action, browser.page.hidden(action) | fields).status


def test_erasing_takes_two_persons(desk: LocalDesk) -> None:
    """One person asks, another one types the name; neither can do both, whatever they send, and the log names both."""
    copy, customer = issue(desk, "Erased GmbH")
    cleo, carl = desk.sign_in("Cleo", "compliance"), desk.sign_in("Carl", "compliance")
    place = f"{customer}/erase"
    cleo.open(place)
    assert cleo.submit(place, reason=" ", do="ask").status == 422
    page = cleo.submit(place, reason="asked on 12 March", do="ask")
    assert "A second person with the compliance role has to confirm it" in page.words
    assert cleo.post(place, cleo.page.hidden(place) | {"do": "confirm", "name": "Erased GmbH"}).status == 403
    own = desk.add_person("Cleo", "compliance").actor
    with pytest.raises(RefusedError) as refused:  # not even past the pages
        desk.keeper.ask_now(ConfirmErasure(actor=own, customer=customer[11:], name="Erased GmbH"))
    assert refused.value.code == "needs-second"
    assert f'<a href="{place}">Show the request</a>' in carl.open(customer).text
    assert "Show the request" not in desk.sign_in("Sam", "sales").open(customer).words
    carl.open(place)
    assert "Cleo asked for this" in carl.page.words
    assert "asked on 12 March" in carl.page.words
    assert carl.submit(place, do="confirm", name="Erased AG").status == 422
    assert carl.open(copy).status == 200
    carl.open(place)
    page = carl.submit(place, do="confirm", name="erased gmbh")
    assert page.heading == "Erased GmbH is erased"
    assert carl.open(copy).status == 404
    assert "No customer on record matches" in carl.open("/customers?q=erased").words
    deeds = carl.open("/activity").words
    assert "Erased a customer Cleo, confirmed by Carl" in deeds
    assert "Erased GmbH" not in deeds


def make_rich() -> bytes:
    """A workbook that names a customer in one cell, in two colours."""
    book = openpyxl.Workbook()
    name = CellRichText(TextBlock(InlineFont(b=True), "Verg"), TextBlock(InlineFont(i=True), "essen & Co. KG"))
    book.active.append(("Company", "Contract"))
    book.active.append((name, "R-1"))
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def make_comment() -> bytes:
    """A workbook that names a customer in a comment, on a sheet that is not taken."""
    book = openpyxl.Workbook()
    book.active.append(("Company", "Contract"))
    book.active.append(("Other GmbH", "R-2"))
    book.create_sheet("Notes")["A1"].comment = Comment("ask VERGESSEN & Co. KG", "me")
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


NAMING = {
    "rich.xlsx": make_rich(),
    "comment.xlsx": make_comment(),
    "left-out.csv": b"Company,Contract\nOther GmbH,R-3\n,Vergessen & Co. KG\n",
    "windows.csv": 'Company;Note\nÄrmel GmbH;"formerly Vergessen & Co. KG"\n'.encode("cp1252"),
}
OTHERS = {"longer.csv": b"Company,Contract\nUnvergessen & Co. KG,R-4\n", "part.csv": b"Company\nVergessen AG\n"}


def test_an_erasure_takes_everything_with_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spreadsheets that nobody looked at further, rows that were left out, notes; what only looks similar is kept."""
    desk = make_desk(tmp_path / "desk")
    _, customer = issue(desk, "Vergessen & Co. KG")
    sam = desk.sign_in("Sam", "sales")
    for name, content in (NAMING | OTHERS).items():
        sam.open("/many")
        assert sam.upload("/many", name, content).status == 200, name
    folders = {folder.read().name: folder for folder in list_folders(desk.keeper.desk)}
    assert set(folders) == set(NAMING | OTHERS)
    folder = folders["left-out.csv"]
    cleo, carl = desk.sign_in("Cleo", "compliance"), desk.sign_in("Carl", "compliance")
    cleo.open(f"{customer}/erase")
    cleo.submit(f"{customer}/erase", reason="asked", do="ask")
    carl.open(f"{customer}/erase")
    running = folder.read()
    folder.write(replace(running, state="running"))
    page = carl.submit(f"{customer}/erase", do="confirm", name="Vergessen & Co. KG")
    assert page.status == 409
    assert "are being issued right now, so nothing was erased" in page.words
    assert len(list_folders(desk.keeper.desk)) == len(folders)
    folder.write(running)
    carl.open(f"{customer}/erase")
    with monkeypatch.context() as patch:
        patch.setattr(desk.keeper.desk.checker, "ask", fail_to_answer)
        assert carl.submit(f"{customer}/erase", do="confirm", name="Vergessen & Co. KG").status == 500
    assert len(list_folders(desk.keeper.desk)) == len(folders)
    carl.open(f"{customer}/erase")
    page = carl.submit(f"{customer}/erase", do="confirm", name="Vergessen & Co. KG")
    assert page.heading == "Vergessen & Co. KG is erased"
    assert {folder.read().name for folder in list_folders(desk.keeper.desk)} == set(OTHERS)
    for path in (tmp_path / "desk").rglob("*"):
        if path.is_file() and b" Vergessen & Co" in path.read_bytes().replace(b'"', b" "):
            raise AssertionError(path)


def fail_to_answer(call: object) -> NoReturn:
    raise ClosedError("the checker has gone")


def test_a_member_of_staff_who_is_erased_is_named_no_more(desk: LocalDesk) -> None:
    """The desk that runs forgets the name, too; what they did stays on record."""
    browser = desk.sign_in("Gone Soon", "sales")
    browser.open("/")
    browser.submit("/issue", customer="Staff Ltd")
    copy, cleo = browser.path.partition("?")[0], desk.sign_in("Cleo", "compliance")
    assert "Gone Soon" in cleo.open(copy).words
    desk.keeper.desk.service(desk.add_person("Cleo", "compliance").actor).erase_person("Gone Soon")
    assert "Gone Soon" not in cleo.open(copy).words
    deeds = cleo.open("/activity").words
    assert "Erased a member of staff Cleo" in deeds
    assert "Issued a copy: Staff Ltd Nobody is named" in deeds


def test_an_erasure_can_be_refused(desk: LocalDesk) -> None:
    """Then it has to be asked for again."""
    _, customer = issue(desk, "Kept GmbH")
    cleo, carl = desk.sign_in("Cleo", "compliance"), desk.sign_in("Carl", "compliance")
    place = f"{customer}/erase"
    cleo.open(place)
    cleo.submit(place, reason="a mistake", do="ask")
    assert "An erasure waits for a second person" in cleo.open("/due").words
    way = 'To do</strong> <a href="/activity">Who did what</a>'
    assert [way in desk.sign_in(*each).open("/due").text for each in (("Cleo", "compliance"), ("Sam", "sales"))] == [
        True,
        False,
    ]
    carl.open(place)
    assert submit_last(carl, place, do="refuse") == 303
    assert "Ask a second person" in carl.open(place).words
    assert submit_last(carl, place, do="confirm", name="Kept GmbH") == 409
    assert "An erasure waits" not in cleo.open("/due").words


def test_a_hold_binds(desk: LocalDesk) -> None:
    """While a hold is in place, nobody can ask for an erasure or confirm one; its words must not name the customer."""
    _, customer = issue(desk, "Held GmbH")
    cleo, carl = desk.sign_in("Cleo", "compliance"), desk.sign_in("Carl", "compliance")
    cleo.open(f"{customer}/erase")
    cleo.submit(f"{customer}/erase", reason="on request", do="ask")
    carl.open(f"{customer}/hold")
    page = carl.submit(f"{customer}/hold", matter="26-114", reason="the case of Held GmbH", do="place")
    assert page.status == 422
    page = carl.submit(f"{customer}/hold", matter="26-114", reason="a lawsuit", do="place")
    assert "26-114 a lawsuit" in page.words
    assert "A hold is in place on this customer" in carl.open(customer).words
    assert "It cannot be erased 1 hold is in place, matter 26-114." in cleo.open(f"{customer}/erase").words
    token = {"token": carl.open("/check").hidden("/sign-out")["token"]}
    confirm = carl.post(f"{customer}/erase", token | {"do": "confirm", "name": "Held GmbH"})
    assert (confirm.status, "26-114" in confirm.words) == (409, True)
    carl.open(f"{customer}/hold")
    carl.submit(f"{customer}/hold", reason="it was settled", do="lift")
    assert "A hold is in place" not in carl.open(customer).words


def test_an_evidence_pack_is_checked_without_us(desk: LocalDesk, tmp_path: Path) -> None:
    """The program in it accepts it, with nothing but Python; that it was made is on record, with the matter."""
    copy, _ = issue(desk, "Evidence GmbH")
    browser = desk.sign_in("Cleo", "compliance")
    browser.open(f"{copy}/evidence")
    assert browser.submit(f"{copy}/evidence").status == 422
    browser.open(f"{copy}/evidence")
    page = browser.submit(f"{copy}/evidence", matter="26-200")
    assert page.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(page.body)) as packed:
        packed.extractall(tmp_path)
    (bag,) = tmp_path.iterdir()
    (program,) = bag.rglob("verify*.py")
    key = desk.keeper.desk.archive.metadata.key
    command = [sys.executable, "-I", program.name, ".", "--key", str(key)]
    result = subprocess.run(command, cwd=program.parent, capture_output=True, check=False)
    assert result.returncode in (0, 5), result.stderr.decode()  # 5: nobody independent has sealed it
    assert "Made an evidence pack: Evidence GmbH 26-200" in browser.open("/activity").words


def test_the_report_is_shown_and_given_as_a_workbook(desk: LocalDesk) -> None:
    """The tables of `archive report`; the last quarter is proposed."""
    issue(desk, "=Reported()")
    browser = desk.sign_in("Cleo", "compliance")
    assert browser.open("/report").status == 200
    page = browser.open("/report?from=2026-01-01&to=2099-12-31")
    assert "Ada" in page.words
    assert browser.open("/report?from=2026-12-01&to=2026-01-01").status == 422
    book = openpyxl.load_workbook(io.BytesIO(browser.get("/report?from=2026-01-01&to=2099-12-31&as=xlsx").body))
    assert "issued" in book.sheetnames


def test_who_did_what_is_found_and_given_as_a_workbook(desk: LocalDesk) -> None:
    """By person, customer and day; a name that begins like a formula stays a text."""
    issue(desk, "=SUM(A1)")
    browser = desk.sign_in("Cleo", "compliance")
    assert "Issued a copy: =SUM(A1)" in browser.open("/activity?q=%3Dsum").words
    assert "Nothing on record matches." in browser.open("/activity?day=2020-01-01").words
    assert browser.open("/activity?day=2026-02-31").status == 422
    page = openpyxl.load_workbook(io.BytesIO(browser.get("/activity?as=xlsx").body)).active
    assert [cell.value for row in page.iter_rows() for cell in row if cell.data_type == "f"] == []
    assert "=SUM(A1)" in [cell.value for row in page.iter_rows() for cell in row]


def test_the_administrator_adds_people_and_gives_roles(desk: LocalDesk) -> None:
    """With an address that signs in once; roles take effect at once; it goes on record; nobody locks themselves out."""
    anna = desk.sign_in("Anna", "administrator")
    anna.open("/people")
    page = anna.submit("/people", name="Zoe New", **{"role-sales": "yes"}, do="add")
    assert "Zoe New" in page.words
    (zoe,) = [each for each in desk.people.list_all() if each.actor.name == "Zoe New"]
    token = anna.page.hidden("/people")["token"]
    page = anna.post("/people", {"token": token, "person": str(zoe.id), "do": "link"})
    address = page.text.partition("<code>")[2].partition("</code>")[0]
    browser = Browser(desk)
    assert browser.get(address.removeprefix("http://127.0.0.1:8640")).status == 303
    assert browser.open("/activity").status == 403
    anna.post("/people", {"token": token, "person": str(zoe.id), "role-compliance": "yes", "do": "change"})
    assert browser.open("/activity").status == 200
    assert browser.open("/issue").status == 403
    assert "Zoe New: compliance" in browser.open("/activity").words
    (own,) = [each for each in desk.people.list_all() if each.actor.name == "Anna"]
    page = anna.post("/people", {"token": token, "person": str(own.id), "role-sales": "yes", "do": "change"})
    assert page.status == 422
    assert anna.page.text.index("You cannot remove your own") < anna.page.text.index("Zoe New")  # beside Anna


def test_what_is_wrong_with_a_person_is_said_in_its_place(desk: LocalDesk) -> None:
    """What was typed stays; who was saved is told, and buttons say whose they are."""
    olga = desk.sign_in("Olga", "administrator")
    page = olga.open("/people")
    token = page.hidden("/people")["token"]
    for fields, place in (
        ({"role-sales": "yes"}, "Name As it should appear on record. Type a name."),
        ({"name": "Xaver"}, "Roles Choose at least one role. Sales"),
        ({"name": "Olga X", "role-sales": "yes", "person": "0", "do": "change"}, "role. There is no such person. "),
    ):
        page = olga.post("/people", {"token": token, "do": "add", **fields})
        assert (page.status, place in page.words) == (422, True), page.words
        if name := fields.get("name"):
            assert f'name="name" value="{name}"' in page.text
    page = olga.submit("/people", name="xaver", **{"role-sales": "yes"}, do="add")
    assert "xaver is saved: sales." in page.words
    assert 'aria-label="Save the roles of xaver"' in page.text
    assert olga.post("/people", {"token": token, "do": "add", "name": "xaver", "role-sales": "yes"}).status == 422


def test_sealing_needs_an_authority(desk: LocalDesk) -> None:
    """Without one the page says so, and nothing happens."""
    browser = desk.sign_in("Cleo", "compliance")
    browser.open("/due")
    token = browser.page.hidden("/sign-out")["token"]
    assert browser.post("/due/seal", {"token": token}).status == 409


def test_a_person_alone_is_told_how_to_erase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk with one person says that erasing needs a second one, and how to add them."""
    monkeypatch.setenv("MAILMART_PRIVACY_STATE_DIR", str(tmp_path / "state"))
    desk = LocalDesk(tmp_path / "desk")
    browser = desk.sign_in("Solo")
    browser.open("/")
    browser.submit("/issue", customer="Alone GmbH")
    (place,) = {each for each in browser.page.text.split('"') if each.startswith("/customers/")}
    browser.open(f"{place}/erase")
    page = browser.submit(f"{place}/erase", reason="on request", do="ask")
    assert "No second person at this desk has the compliance role yet." in page.words
    assert "/people" in page.text


def test_the_report_is_printed(desk: LocalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a PDF that says that it is accessible (PDF/UA-2); where that cannot be made, the page says what to do."""
    browser = desk.sign_in("Cleo", "compliance")
    page = browser.get("/report?as=pdf&from=2026-01-01&to=2099-12-31")
    assert (page.headers["content-type"], page.body[:5]) == ("application/pdf", b"%PDF-")
    assert b"pdfuaid" in page.body
    monkeypatch.setattr(sys, "executable", "/bin/false")
    page = browser.get("/report?as=pdf&from=2026-01-01&to=2099-12-31")
    assert page.status == 503
    assert "Print the page, or take the Excel file" in page.words
