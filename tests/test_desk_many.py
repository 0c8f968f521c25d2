"""Issue many: a messy workbook in four pages, its problems, and what comes of it; stopped, repeated, foreign."""

import contextlib
import datetime
import email
import email.policy
import io
import os
import re
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from mailmart_privacy.batch import runner
from mailmart_privacy.batch.manifest import read_lines
from mailmart_privacy.desk.keeper.batches import process, queue, steps
from mailmart_privacy.desk.keeper.batches.folder import find_folder, list_folders, remove_old
from mailmart_privacy.desk.keeper.batches.packing import pack_batch
from mailmart_privacy.desk.keeper.batches.reading import Reading
from mailmart_privacy.desk.keeper.batches.zipped import ZippedCopies
from mailmart_privacy.errors import TamperedError, UnfinishedError

from .conftest import PATIENCE
from .desk_browser import Browser, LocalChecker, LocalDesk, Page, make_desk

HEADINGS = ("No.", "Firma", "Vertrag", "Ansprechpartner", "E-Mail")


def make_workbook(rows: int) -> bytes:
    """A workbook as people keep them: notes first, a merged title, a filter, a formula, a missing name, a sum."""
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    book.active.append(("Kept by sales.",))
    page = book.create_sheet("Customers Q4")
    page.append(("Customers to inform, November",))
    page.merge_cells("A1:E1")
    page.append(("as of 28 November",))
    page.append(())
    page.append(HEADINGS)
    for number in range(1, rows + 1):
        name = f"Kunde {number:03} Ärmel GmbH" if number != 7 else None
        page.append((number, name, f"V-2026{number:03}", "Frau Ärmel", f"office@kunde{number}.example"))
    page.append(("Summe", f"=SUBTOTAL(103,B5:B{rows + 4})"))
    page["E9"] = "office(at)kunde5,example"
    page["B6"] = "=HYPERLINK(1)"
    page["B6"].data_type = "s"
    for number in (20, 23):
        page.row_dimensions[number].hidden = True
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> LocalDesk:
    """A desk whose queue does not run by itself."""
    return make_desk(tmp_path_factory.mktemp("desk"))


def run_batches(desk: LocalDesk, monkeypatch: pytest.MonkeyPatch, *, pack: bool = True) -> None:
    """Do what the process of a batch does, in this one."""
    settings = desk.keeper.desk.settings
    monkeypatch.setenv("MAILMART_PRIVACY_STATE_DIR", f"{settings.folder}/state")
    for folder in list_folders(desk.keeper.desk):
        batch = folder.read()
        if batch.state == "waiting":
            process.issue_batch(settings, folder, batch, follow=False)
            if pack:
                pack_batch(settings, folder, batch, LocalChecker())  # type: ignore[arg-type]
                folder.write(replace(batch, state="done"))


def upload(browser: Browser, content: bytes, name: str = "customers-november.xlsx") -> Page:
    browser.open("/many")
    return browser.upload("/many", name, content)


def selected(page: Page) -> dict[str, str]:
    """What the form would send: of each list what is chosen."""
    lists = re.findall(r'<select id="(\w+)".*?</select>', page.text, re.DOTALL)
    found = {}
    for name in lists:
        part = re.search(rf'<select id="{name}".*?</select>', page.text, re.DOTALL)
        assert part is not None
        chosen = re.search(r'value="([^"]*)" selected', part[0]) or re.search(r'value="([^"]*)"', part[0])
        found[name] = chosen[1] if chosen else ""
    return found


def test_a_messy_workbook_takes_four_pages_and_few_decisions(desk: LocalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sheet, row and columns are found; the person decides about hidden rows, and to go on without others."""
    browser = desk.sign_in("Ada")
    browser.open("/")
    browser.submit("/issue", customer="Kunde 003 Ärmel GmbH")
    before = desk.keeper.desk.directory.copies
    page = upload(browser, make_workbook(30))  # page 1 and 2
    assert page.heading == "Which rows, which columns?"
    choice = selected(page)
    assert choice == {"sheet": "Customers Q4", "header_row": "4", "customer": "B", "reference": "C", "email": "E"}
    assert "2 rows are hidden" in page.words
    assert '<td colspan="5">Customers to inform, November</td>' in page.text
    place = browser.path.removesuffix("/sheet")
    page = browser.submit(f"{place}/sheet", **choice, then="plan")
    assert (page.status, "rows are hidden" in page.words) == (422, True)  # nobody decides that but the person
    page = browser.submit(f"{place}/sheet", **choice, hidden="skip", paper="letter", then="show")
    assert 'value="letter" checked' in page.text
    page = browser.submit(f"{place}/sheet", **choice, hidden="skip", paper="letter", then="plan")  # page 3
    assert page.heading == "2 rows have a problem"
    assert "B35 “Summe” looks like a sum at the end of the list, not like a customer; if it is one," in page.words
    assert "1 e-mail address cannot be used, so its draft will have none: E9: office(at)kunde5,example." in page.words
    assert "B11" in page.words
    assert "1 customer already has a copy of this version Kunde 003 Ärmel GmbH" in page.words
    assert "Go on without these 2 rows" in page.words
    marked = openpyxl.load_workbook(io.BytesIO(browser.get(f"{place}/files/marked.xlsx").body))["Customers Q4"]
    assert marked["B11"].comment.text.strip() == "The customer’s name is missing."
    page = browser.open(f"{place}/sheet")  # back, to what was chosen
    assert ('value="skip" required checked' in page.text, 'value="letter" checked' in page.text) == (True, True)
    browser.open(f"{place}/problems")
    assert browser.submit(f"{place}/problems").status == 422  # with them or without: that is asked, too
    page = browser.submit(f"{place}/problems", existing="skip")  # page 4
    assert page.heading == "Issuing"
    assert "0 of 26 copies" in page.words
    assert desk.keeper.desk.directory.copies == before
    run_batches(desk, monkeypatch)
    page = browser.open(place)
    assert page.heading == "26 copies are ready"
    check_files(browser, place)
    deeds = browser.open("/activity").words
    for name in ("copies.zip", "issued.xlsx", "drafts.zip"):
        assert deeds.count(f"Downloaded the copies of a list {name}, 26 copies Ada") == 1
    assert "Kunde 030 Ärmel GmbH" in browser.open("/customers?q=V-2026030").words
    assert desk.keeper.desk.directory.copies == before + 26


def check_files(browser: Browser, place: str) -> None:
    """The ZIP has the copies; the list has the workbook's columns and those of the copies; drafts are addressed."""
    copies = zipfile.ZipFile(io.BytesIO(browser.get(f"{place}/files/copies.zip").body))
    assert len(copies.namelist()) == 26
    page = openpyxl.load_workbook(io.BytesIO(browser.get(f"{place}/files/issued.xlsx").body)).active
    rows: list[tuple[Any, ...]] = list(page.iter_rows(values_only=True))
    assert rows[0][:5] == HEADINGS
    issued = [row for row in rows[1:] if row[-1] == "issued"]
    assert len(issued) == 26
    file, path, reference = issued[0][5:8]
    assert (file in copies.namelist(), reference) == (True, "V-2026001")
    assert browser.open(path.removeprefix("http://127.0.0.1:8640")).heading == "Copy for Kunde 001 Ärmel GmbH"
    formulas = [cell for row in page.iter_rows() for cell in row if cell.data_type == "f"]
    assert formulas == []  # "=HYPERLINK(1)" is a customer's name here
    drafts = zipfile.ZipFile(io.BytesIO(browser.get(f"{place}/files/drafts.zip").body))
    message = email.message_from_bytes(drafts.read(drafts.namelist()[0]), policy=email.policy.default)
    assert message["To"] == "office@kunde1.example"


def test_a_batch_that_was_interrupted_goes_on_without_doubles(desk: LocalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between issuing and packing, or started twice: each row has one copy."""
    browser = desk.sign_in("Ada")
    content = "Company,Contract\n" + "".join(f"Again {n} Ltd,A-{n}\n" for n in range(5))
    page = upload(browser, content.encode(), "again.csv")
    place = browser.path.removesuffix("/sheet")
    page = browser.submit(f"{place}/sheet", **selected(page), then="plan")
    assert page.heading == "Everything is ready"
    assert browser.submit(f"{place}/problems").heading == "Issuing"
    before = desk.keeper.desk.directory.copies
    run_batches(desk, monkeypatch, pack=False)
    run_batches(desk, monkeypatch)
    assert browser.open(place).heading == "5 copies are ready"
    desk.keeper.desk.directory.refresh()
    assert desk.keeper.desk.directory.copies == before + 5
    assert browser.open(f"{place}/problems").status == 409


def begin_batch(browser: Browser, name: str, rows: int) -> None:
    """Send a list of new customers, and have their copies issued; the queue of this desk does not run by itself."""
    content = "".join(f"{name} {number} GmbH,{name}-{number}\n" for number in range(rows))
    browser.open("/many")
    browser.upload("/many", "list.csv", f"Company,Contract\n{content}".encode())
    place = browser.path.removesuffix("/sheet")
    choice = {"sheet": "", "header_row": "1", "customer": "A", "reference": "B", "email": "", "then": "plan"}
    browser.submit(f"{place}/sheet", **choice)
    browser.submit(f"{place}/problems")


def send_list(browser: Browser, names: list[str]) -> str:
    """Send a list of customers, up to its problems; the address of the batch."""
    browser.open("/many")
    browser.upload("/many", "list.csv", ("Company\n" + "\n".join(names)).encode())
    place = browser.path.removesuffix("/sheet")
    choice = {"sheet": "", "header_row": "1", "customer": "A", "reference": "", "email": "", "then": "plan"}
    browser.submit(f"{place}/sheet", **choice)
    return place


def test_a_list_that_is_sent_again_while_it_waits_makes_no_second_copies(
    desk: LocalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person is asked about customers who get a copy of another list, as about those who have one."""
    ada, bob = desk.sign_in("Ada"), desk.sign_in("Bob")
    names = ["Wait 1 Ltd", "Wait 2 Ltd"]
    first, second, third = send_list(ada, names), send_list(ada, [*names, "Wait 3 Ltd"]), send_list(bob, names)
    assert ada.open(f"{second}/problems").heading == "Everything is ready"
    ada.open(f"{first}/problems")
    assert ada.submit(f"{first}/problems").heading == "Issuing"
    ada.open(f"{second}/problems")
    page = ada.submit(f"{second}/problems")
    assert (page.status, page.heading) == (422, "Everything is ready")
    assert "2 customers already have a copy of this version" in page.words
    assert "Wait 1 Ltd (being issued), Wait 2 Ltd (being issued)" in page.words
    assert ada.submit(f"{second}/problems", existing="skip").heading == "Issuing"
    run_batches(desk, monkeypatch)
    assert (ada.open(first).heading, ada.open(second).heading) == ("2 copies are ready", "1 copy is ready")
    bob.open(f"{third}/problems")
    page = bob.submit(f"{third}/problems")
    assert (page.status, "being issued" in page.words) == (422, False)  # they have theirs by now


def test_two_lists_that_start_at_once_know_of_each_other(desk: LocalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were both looked through before one of them is noted, each customer would get two copies."""
    browsers = [desk.sign_in(name) for name in ("Ada", "Bob")]
    places = [send_list(browser, ["Race 1 Ltd"]) for browser in browsers]
    both, plain = threading.Barrier(2), steps.find_existing

    def meet(*arguments: Any) -> dict[int, str]:
        found = plain(*arguments)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.3)
        return found

    monkeypatch.setattr(steps, "find_existing", meet)
    found: list[int] = []

    def begin(browser: Browser, place: str) -> None:
        browser.open(f"{place}/problems")
        found.append(browser.submit(f"{place}/problems").status)

    threads = [threading.Thread(target=begin, args=each) for each in zip(browsers, places, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [200, 422]
    before = desk.keeper.desk.directory.copies
    run_batches(desk, monkeypatch)
    desk.keeper.desk.directory.refresh()
    assert desk.keeper.desk.directory.copies == before + 1


def test_a_batch_is_followed_without_listing_all_records(desk: LocalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its customers are known by their names, and all of them when it ends."""
    browser = desk.sign_in("Ada")
    begin_batch(browser, "Folge", 40)
    directory, listed = desk.keeper.desk.directory, list[bool]()
    directory.refresh()
    monkeypatch.setattr(directory.names, "learn_all", lambda: listed.append(True))
    with directory.following(f"Folge {number} GmbH" for number in range(40)):
        run_batches(desk, monkeypatch)
    assert {f"Folge {number} GmbH" for number in range(40)} <= {each.record.name for each in directory.snapshot()}
    assert not listed


def test_a_search_does_not_wait_for_a_batch(desk: LocalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the names of new copies are read, which takes long, searches are answered with what is known."""
    browser = desk.sign_in("Ada")
    browser.open("/")
    browser.submit("/issue", customer="Early GmbH")
    begin_batch(browser, "Late", 3)
    directory, begun, may_go_on = desk.keeper.desk.directory, threading.Event(), threading.Event()
    find_recipient = directory._archive.find_recipient

    def wait(names_key: bytes, name: str) -> object:
        begun.set()
        assert may_go_on.wait(PATIENCE)
        return find_recipient(names_key, name)

    with directory.following(f"Late {number} GmbH" for number in range(3)):
        monkeypatch.setattr(directory._archive, "find_recipient", wait)
        run_batches(desk, monkeypatch)
        assert begun.wait(PATIENCE)
        try:
            assert "Early GmbH" in browser.open("/customers?q=early").words
            assert "No customer on record matches" in browser.open("/customers?q=late+2").words
        finally:
            may_go_on.set()
    assert "Late 2 GmbH" in browser.open("/customers?q=late+2").words


def test_a_batch_that_cannot_be_followed_is_told_to_who_asks(
    desk: LocalDesk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The next search reads the log again, and says that something is wrong with it."""
    directory = desk.keeper.desk.directory

    def fail() -> None:
        raise TamperedError("the log of Secret GmbH was changed")

    monkeypatch.setattr(directory, "refresh", fail)
    with directory.following(()):
        pass
    written = capfd.readouterr().err
    assert "TamperedError" in written
    assert "Secret" not in written
    page = desk.sign_in("Ada").open("/customers?q=early")
    assert (page.status, "The record was changed from outside this desk" in page.words) == (503, True)


def test_the_process_of_a_batch_lets_others_run_first() -> None:
    """By its niceness, and on Linux by its policy, which holds among all sessions."""
    words = f"import os\nfrom {process.__name__} import _let_others_pass\nbefore = os.nice(0)\n_let_others_pass()\n"
    words += "print(os.nice(0) == min(before + 10, 19), getattr(os, 'sched_getscheduler', lambda _: 3)(0))"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "3"]  # SCHED_BATCH


def test_a_batch_that_failed_goes_on_with_what_the_archive_has(
    desk: LocalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its ZIP file is built again, with all that was issued: what was listed, and what was archived but not listed."""
    browser = desk.sign_in("Ada")
    begin_batch(browser, "Halt", 10)
    (folder,) = [each for each in list_folders(desk.keeper.desk) if each.read().state == "waiting"]
    (folder.path / "copies.zip.part").write_bytes(b"what a process that was killed has left")
    portions, put = list[int](), ZippedCopies.put

    def put_until_full(self: ZippedCopies, files: list[tuple[str, bytes]], **more: Any) -> list[bool]:
        portions.append(len(files))
        if len(portions) == 2:
            more["ready"]()
            raise OSError(28, "No space left on device")
        return put(self, files, **more)

    with monkeypatch.context() as failing:
        failing.setattr(runner, "_TOGETHER", 4)
        failing.setattr(ZippedCopies, "put", put_until_full)
        with pytest.raises(UnfinishedError, match=r"No space left.*; 4 of 10 copies are issued"):
            run_batches(desk, failing)
    assert not list(folder.path.glob("copies.zip*"))
    run_batches(desk, monkeypatch)
    packed = zipfile.ZipFile(io.BytesIO(browser.get(f"/many/{folder.id}/files/copies.zip").body))
    listed = {line["file"]: line["digest"] for line in read_lines(folder.path / "manifest.jsonl")}
    assert {name: sha256(packed.read(name)).hexdigest() for name in packed.namelist()} == listed
    assert (portions, len(listed)) == ([4, 4], 10)
    desk.keeper.desk.directory.refresh()
    found = [
        copy.logged.entry.files[0].digest for _, copies in desk.keeper.desk.directory.search("halt") for copy in copies
    ]
    assert sorted(found) == sorted(listed.values())


def test_the_process_of_a_batch_has_a_session_of_its_own() -> None:
    """So it does not use up the keeper's share of the processors; it ends with the keeper all the same."""
    child = queue._start()
    assert child.stdin is not None
    assert child.stdout is not None
    assert os.getsid(child.pid) == child.pid != os.getsid(0)
    child.stdin.close()
    assert (child.stdout.read(), child.wait(PATIENCE)) == (b"", 3)
    child.stdout.close()


def test_a_reference_of_another_customer_is_a_problem(desk: LocalDesk) -> None:
    """It is told before anything is issued, beside its cell."""
    browser = desk.sign_in("Ada")
    browser.open("/")
    browser.submit("/issue", customer="First Owner Ltd", reference="OWN-1")
    page = upload(browser, b"Company,Contract\nSecond Ltd,OWN-1\nThird Ltd,OWN-2\n", "owners.csv")
    place = browser.path.removesuffix("/sheet")
    page = browser.submit(f"{place}/sheet", **selected(page), then="plan")
    assert "B2 First Owner Ltd already has a copy with the reference “OWN-1”" in page.words


def test_stop_and_go_on(desk: LocalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that waits can be stopped, and continued later."""
    browser = desk.sign_in("Ada")
    page = upload(browser, b"Company\nStopped Ltd\n", "stop.csv")
    place = browser.path.removesuffix("/sheet")
    browser.submit(f"{place}/sheet", **selected(page), then="plan")
    browser.submit(f"{place}/problems")
    page = browser.submit(f"{place}/stop")
    assert (page.heading, "No copy was issued yet." in page.words) == ("Stopped", True)
    run_batches(desk, monkeypatch)
    assert browser.open(place).heading == "Stopped"
    browser.submit(f"{place}/go-on")
    run_batches(desk, monkeypatch)
    assert browser.open(place).heading == "1 copy is ready"


def wait_for(desk: LocalDesk, batch: str) -> str:
    """Wait for the job of a batch, and tell the state that it leaves."""
    folder = find_folder(desk.keeper.desk, batch)
    assert desk.keeper.desk.reading.start(folder).wait(PATIENCE)
    return folder.read().state


def test_a_large_spreadsheet_is_read_in_a_job(desk: LocalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says so at once, and may be closed; it leads on when the job has ended."""
    browser = desk.sign_in("Ada")
    monkeypatch.setattr(desk.keeper.desk.reading, "patience", 0)
    held = threading.Lock()
    plain = LocalChecker.ask

    def wait(self: LocalChecker, call: Any) -> Any:
        with held:
            return plain(self, call)

    monkeypatch.setattr(LocalChecker, "ask", wait)
    with held:
        page = upload(browser, make_workbook(10), "large.xlsx")
        place = browser.path
        assert (page.heading, "You may close this page" in page.words) == ("Reading the spreadsheet", True)
        assert browser.open(f"{place}/sheet").heading == "Reading the spreadsheet"
        assert browser.open(f"{place}/problems").status == 409
    assert wait_for(desk, place.rpartition("/")[2]) == "sheet"
    page = browser.open(place)
    assert page.heading == "Which rows, which columns?"
    with held:
        page = browser.submit(f"{place}/sheet", **selected(page), hidden="skip", then="plan")
        assert page.heading == "Checking the rows"
    assert wait_for(desk, place.rpartition("/")[2]) == "planned"
    assert browser.open(place).heading == "2 rows have a problem"


def test_reading_begins_again_where_the_keeper_was_killed(desk: LocalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left unread is read when the next keeper starts; what cannot be read is told on its page."""
    browser = desk.sign_in("Ada")
    with monkeypatch.context() as patch:
        patch.setattr(Reading, "start", lambda self, folder: threading.Event())
        patch.setattr(desk.keeper.desk.reading, "patience", 0)
        upload(browser, b"Company\nLeft Ltd\n", "left.csv")
        good = browser.path
        upload(browser, b"PK not a workbook", "bad.xlsx")
        bad = browser.path
    assert browser.open(good).heading == "Reading the spreadsheet"
    desk.keeper.desk.reading.begin()
    assert wait_for(desk, good.rpartition("/")[2]) == "sheet"
    assert wait_for(desk, bad.rpartition("/")[2]) == "unreadable"
    assert browser.open(good).heading == "Which rows, which columns?"
    page = browser.open(bad)
    assert page.heading == "This spreadsheet cannot be read"
    assert "save it as XLSX again" in page.words


def test_a_workbook_is_read_once(desk: LocalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """All steps work with what was read first; the file itself is opened again only to be marked."""
    asked: list[str] = []
    plain = LocalChecker.ask

    def count(self: LocalChecker, call: Any) -> Any:
        asked.extend([type(call).__name__] if hasattr(call, "content") else [])
        return plain(self, call)

    monkeypatch.setattr(LocalChecker, "ask", count)
    browser = desk.sign_in("Ada")
    page = upload(browser, make_workbook(8), "once.xlsx")
    place = browser.path.removesuffix("/sheet")
    browser.open(f"{place}/sheet?header_row=5")
    page = browser.open(f"{place}/sheet")
    page = browser.submit(f"{place}/sheet", **selected(page) | {"reference": ""}, hidden="skip", then="plan")
    browser.submit(f"{place}/problems", existing="again")
    run_batches(desk, monkeypatch)
    assert browser.open(place).heading == "7 copies are ready"
    assert asked == ["ReadSheets"]


def test_batches_belong_to_one_person(desk: LocalDesk) -> None:
    """Others cannot see, start or download them."""
    ada, eve = desk.sign_in("Ada"), desk.sign_in("Eve")
    upload(ada, b"Company\nPrivate Ltd\n", "private.csv")
    place = ada.path.removesuffix("/sheet")
    for path in (place, f"{place}/sheet", f"{place}/problems", f"{place}/files/marked.xlsx"):
        assert eve.open(path).status == 404, path
    assert "private.csv" not in eve.open("/many").words
    for name in ("../web.sqlite", "..%2Fweb.sqlite", "batch.json", "sheet"):
        assert ada.open(f"{place}/files/{name}").status == 404


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("book.xls", b"\xd0\xcf\x11\xe0 old", "save it as XLSX"),
        ("copy.pdf", b"%PDF-1.7", "cannot be used as it is. It is a PDF; give the sheet itself, as CSV or XLSX."),
        ("photo.png", b"\x89PNG\r\n\x1a\n", "cannot be used as it is. It is a picture; give the sheet itself"),
        ("bomb.xlsx", b"PK\x03\x04 not a zip", ""),
        ("empty.csv", b"", "Choose a spreadsheet first."),
    ],
)
def test_what_is_not_a_spreadsheet_is_told(desk: LocalDesk, name: str, content: bytes, words: str) -> None:
    """With what to do instead."""
    page = upload(desk.sign_in("Ada"), content, name)
    assert page.status == 422
    assert words in page.words


def test_a_workbook_that_unpacks_to_too_much_is_refused(desk: LocalDesk) -> None:
    """A zip bomb costs nothing."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("[Content_Types].xml", "<Types/>")
        bomb.writestr("xl/worksheets/sheet1.xml", b"\0" * (200 * 2**20))
    assert upload(desk.sign_in("Ada"), packed.getvalue()).status == 422


def test_the_script_for_chromium_presses_what_pages_have() -> None:
    """conformance/web/desk.mjs runs in another job, and late: a word that was changed in pages is missed here first."""
    root = Path(__file__).parent.parent
    pages = "".join(page.read_text() for page in root.glob("templates/desk/*.html"))
    script = (root / "conformance" / "web" / "desk.mjs").read_text()
    pressed = set(re.findall(r'(?:press|decide|download|click|check)\("text=(.*?)"\)', script))
    assert len(pressed) > 4
    assert {words for words in pressed if words not in pages} == set()


def test_old_batches_are_removed(desk: LocalDesk) -> None:
    """Spreadsheets and addresses are kept for 30 days."""

    upload(desk.sign_in("Ada"), b"Company\nOld Ltd\n", "old.csv")
    folder = next(each for each in list_folders(desk.keeper.desk) if each.read().name == "old.csv")
    folder.write(replace(folder.read(), begun_at=folder.read().begun_at - datetime.timedelta(days=31)))
    remove_old(desk.keeper.desk)
    assert not folder.path.exists()
