"""The desk: what people do with its pages, without script. The keeper and the checker answer in this process."""

import datetime
import email
import email.policy
import re
import threading
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509

from mailmart_privacy import archive
from mailmart_privacy._clock import now
from mailmart_privacy.archive.recipients import Person
from mailmart_privacy.cli.desk.group import desk as desk_command
from mailmart_privacy.desk.answers import Actor, IssueOutcome
from mailmart_privacy.desk.calls import Issue, Status
from mailmart_privacy.desk.keeper.directory import Directory
from mailmart_privacy.desk.keeper.text_index import TextIndex
from mailmart_privacy.desk.messages import RefusedError
from mailmart_privacy.desk.web.application import PAGES
from mailmart_privacy.desk.web.due import Known, list_due
from mailmart_privacy.desk.web.navigation import _GROUPS
from mailmart_privacy.desk.web.permissions import ROLES, Permission, allows
from mailmart_privacy.policy.ledger import shipped

from .conftest import VERSION
from .desk_browser import Browser, LocalDesk, fill_in, make_desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> LocalDesk:
    """A desk with nothing on record but the published versions."""
    return make_desk(tmp_path_factory.mktemp("desk"))


def issue(browser: Browser, customer: str, **fields: str) -> str:
    """Issue a copy by the form; the path of its page."""
    browser.open("/")
    page = browser.submit("/issue", customer=customer, **fields)
    assert (page.status, page.heading) == (200, "The copy is ready"), page.words
    return browser.path.partition("?")[0]


def test_one_field_and_one_click_issue_a_copy(desk: LocalDesk) -> None:
    """A person types a name, presses the button, and downloads a copy that is on record with their name."""
    browser = desk.sign_in("Ada")
    place = issue(browser, "Nordwind Hafen GmbH", reference="C-2026-9001")
    assert "made out to Nordwind Hafen GmbH" in browser.page.words
    file = browser.get(f"{place}/file")
    assert file.body.startswith(b"%PDF-")
    assert file.headers["content-disposition"].endswith('-Nordwind-Hafen-GmbH-C-2026-9001.pdf"')
    assert sha256(file.body).hexdigest() in place
    service = archive.open(
        desk.keeper.desk.settings.archive,
        clock=now,
        key=desk.keeper.desk.settings.archive_key,
        index=desk.keeper.desk.settings.archive_index,
    )
    (customer,) = service.find("nordwind").customers
    (copy,) = customer.copies
    assert (copy.reference, copy.actor) == ("C-2026-9001", Person(issuer="test", subject="Ada", name="Ada"))
    assert "Nordwind Hafen GmbH" in browser.open("/").words.partition("Recently issued by you")[2]
    assert "Recently issued by you" not in desk.sign_in("Bob").open("/").words


def test_an_email_draft_has_the_copy(desk: LocalDesk) -> None:
    """The draft opens unsent, has the file, and its lines end as servers ask for."""
    browser = desk.sign_in("Ada")
    place = issue(browser, "Draft AG")
    draft = browser.get(f"{place}/draft").body
    assert b"\n" not in draft.replace(b"\r\n", b"")
    message = email.message_from_bytes(draft, policy=email.policy.default)
    (attachment,) = message.iter_attachments()  # type: ignore[attr-defined]
    text = message.get_body().get_content()  # type: ignore[attr-defined]
    assert "\nMade out to: Draft AG\nReference: " in text.replace("\r\n", "\n")
    assert message["X-Unsent"] == "1"
    assert attachment.get_content() == browser.get(f"{place}/file").body


def test_a_customer_who_has_a_copy_is_asked_about(desk: LocalDesk) -> None:
    """A second copy of the same version is issued only if the person says so; else the first one is sent again."""
    browser = desk.sign_in("Ada")
    first = issue(browser, "Twice GmbH")
    browser.open("/")
    page = browser.submit("/issue", customer="TWICE  gmbh")
    assert page.heading == "Twice GmbH already has a copy of this version"
    assert first in page.text
    page = browser.submit("/issue")
    assert (page.heading, browser.path.startswith(first)) == ("The copy is ready", False)


def test_a_form_that_is_sent_twice_makes_one_copy(desk: LocalDesk) -> None:
    """The key in the form is claimed: a double click gives the same copy, and other words with it are refused."""
    browser = desk.sign_in("Ada")
    browser.open("/")
    fields = browser.page.hidden("/issue") | {"customer": "Double Click SE"}
    places = {browser.post("/issue", fields).headers["location"] for _ in range(2)}
    assert len(places) == 1
    assert browser.post("/issue", fields | {"customer": "Another SE"}).status == 409


def test_eight_requests_of_one_key_give_one_copy(desk: LocalDesk) -> None:
    """Sent at once, they wait for the first one; a new keeper finds the key in the log."""
    call = Issue(
        actor=Actor(issuer="test", subject="Eve", name="Eve"),
        recipient="At Once Ltd",
        reference="",
        paper="a4",
        request="one-key",
        again=False,
    )
    outcomes: list[IssueOutcome] = []
    threads = [threading.Thread(target=lambda: outcomes.append(desk.keeper.ask_now(call))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 8
    assert len({each.copy.fingerprint for each in outcomes if each.copy}) == 1
    assert sorted(each.repeated for each in outcomes) == [False, *[True] * 7]
    desk.keeper.desk.directory.__init__(desk.keeper.desk.archive, desk.keeper.desk.keyring.names_key)  # type: ignore[misc]
    assert desk.keeper.ask_now(call).repeated
    other = Issue(**{name: getattr(call, name) for name in call.__slots__} | {"recipient": "Other Ltd"})
    with pytest.raises(RefusedError) as refused:
        desk.keeper.ask_now(other)
    assert refused.value.code == "request-reused"


def test_what_cannot_stand_on_a_copy_is_said_beside_its_field(desk: LocalDesk) -> None:
    """A name in an unknown script, a missing name, and a reference that another customer has: nothing is issued."""
    browser = desk.sign_in("Ada")
    issue(browser, "Owner GmbH", reference="R-77")
    before = desk.keeper.desk.directory.size
    browser.open("/")
    page = browser.submit("/issue", customer="株式会社")
    assert page.status == 422
    assert "This name cannot be put on a copy." in page.words
    assert 'value="株式会社"' in page.text
    assert browser.submit("/issue", customer=" ").status == 422
    page = browser.submit("/issue", customer="Rival GmbH", reference="R-77")
    assert "Owner GmbH already has a copy with this reference." in page.words
    focused = [line for line in page.text.splitlines() if " autofocus" in line]
    assert [line[:21] for line in focused] == ['<input id="reference"']
    page = browser.submit("/issue", customer="Long GmbH", reference="R" * 401)
    assert "a reference of its own. This is too long for a copy." in page.words
    assert desk.keeper.desk.directory.size == before


def test_find_says_what_it_knows_and_what_it_does_not(desk: LocalDesk) -> None:
    """A part of the name or of the reference is enough, and no match is not proof."""
    browser = desk.sign_in("Ada")
    place = issue(browser, "Bücher & Söhne KG", reference="V-4711")
    for text in ("bucher", "SOHNE", "4711", place.rpartition("/")[2][:12]):
        assert "Bücher & Söhne KG" in browser.open(f"/customers?q={text}").words, text
    page = browser.open("/customers?q=Buecher+Laden")
    assert "No customer on record matches “Buecher Laden”" in page.words
    assert "That is not proof that they got none." in page.words
    assert "Did you mean Bücher & Söhne KG" in browser.open("/customers?q=Buecher+Sohne").words
    browser.open("/customers?q=V-4711")
    (link,) = [each for each in browser.page.text.split('"') if each.startswith("/customers/")]
    assert browser.open(link).heading == "Bücher & Söhne KG"


def test_check_tells_whether_a_file_is_ours(desk: LocalDesk, copy: bytes, form: bytes) -> None:
    """Ours, changed, somebody else's, unsigned, unreadable: each in plain words, and nothing is kept."""
    browser = desk.sign_in("Ada")
    place = issue(browser, "Checked GmbH")
    own = browser.get(f"{place}/file").body
    files = {
        "Yes. It is ours, and unchanged": own,
        "No. It was changed after we issued it": own[:-40] + b"x" + own[-39:],
        "No. Somebody else signed it": copy,
        "Not a copy made out to anybody": form,
        "We cannot tell": b"%PDF-1.7 nothing",
    }
    for heading, content in files.items():
        browser.open("/check")
        page = browser.upload("/check", "copy.pdf", content)
        assert heading in page.words, (heading, page.words)
    browser.open("/check")
    assert browser.upload("/check", "empty.pdf", b"").status == 422


def test_a_withdrawn_copy_is_told_by_check(desk: LocalDesk) -> None:
    """With a reason, on record; the corrected copy comes next, without a question about the withdrawn one."""
    browser = desk.sign_in("Ada")
    place = issue(browser, "Mispelled GmbH", reference="M-1")
    assert browser.open(f"/issue?corrects={place.rpartition('/')[2]}").heading == "Copy for Mispelled GmbH"
    file = browser.get(f"{place}/file").body
    browser.open(f"{place}/withdraw")
    assert browser.submit(f"{place}/withdraw", reason=" ", then="stop").status == 422
    browser.open(f"{place}/withdraw")
    page = browser.submit(f"{place}/withdraw", reason="the name was misspelled", then="correct")
    assert (page.heading, browser.path.partition("=")[0]) == ("Issue a corrected copy", "/issue?corrects")
    assert 'value="M-1"' in page.text
    assert browser.submit("/issue", customer="Misspelled GmbH", reference="M-1").heading == "The copy is ready"
    assert browser.open(f"{place}/withdraw").heading == "Copy for Mispelled GmbH"
    browser.open("/")
    page = browser.submit("/issue", customer="Mispelled GmbH", reference="M-1")
    assert "Misspelled GmbH already has a copy with this reference." in page.words
    browser.open("/check")
    page = browser.upload("/check", "old.pdf", file)
    assert "Ours, but withdrawn" in page.words
    assert "the name was misspelled" in page.words


def test_a_reason_and_a_name_that_end_in_a_full_stop(desk: LocalDesk) -> None:
    """Neither page writes a second one."""
    browser = desk.sign_in("Ada")
    place = issue(browser, "Muster e. V.")
    assert "made out to Muster e. V. " in browser.page.words
    browser.open(f"{place}/withdraw")
    page = browser.submit(f"{place}/withdraw", reason="It was misspelled.", then="stop")
    assert "It was misspelled. Do not send it to anybody." in page.words
    assert ".." not in page.words


def test_only_compliance_withdraws_what_others_issued(desk: LocalDesk) -> None:
    """Sales withdraws its own copies, compliance any."""
    place = issue(desk.sign_in("Ada"), "Others GmbH")
    for name, role, status in (("Sam", "sales", 403), ("Cleo", "compliance", 303)):
        browser = desk.sign_in(name, role)
        browser.get(f"{place}/withdraw")
        fields = browser.page.hidden(f"{place}/withdraw") | {"reason": "sent in error"}
        assert browser.post(f"{place}/withdraw", fields).status == status


def test_the_version_in_force_is_told_with_what_proves_it(desk: LocalDesk) -> None:
    """As its publisher says, and whether an authority had confirmed it; a day that does not exist is refused."""
    browser = desk.sign_in("Cleo", "compliance")
    page = browser.open("/in-force?day=2026-03-31&time=09:00&zone=Europe/Berlin")
    assert "The version of 24 February 2026, says its publisher" in page.words
    assert "Nobody independent had confirmed it by then, and nobody has since." in page.words
    assert "31 March 2026, 07:00 UTC" in page.words
    assert "No version was in force" in browser.open("/in-force?day=2020-01-01").words
    assert browser.open("/in-force?day=2026-02-30").status == 422
    page = browser.open("/in-force?day=2999-01-01")
    assert "That day has not come yet It will be the version of 24 February 2026, unless another one" in page.words
    assert "Nobody independent" not in page.words


def test_what_is_due_is_said(desk: LocalDesk) -> None:
    """A self-signed identity, a record without a seal, a certificate that expires."""
    browser = desk.sign_in("Max", "maintainer")
    page = browser.open("/due")
    assert "No authority confirms our signature yet" in page.words
    assert "No independent authority is set up" in page.words
    assert "Strangers’ files are read By the user who has the keys, without a network" in page.words
    status = desk.keeper.ask_now(Status())
    soon = status.certificate_until - datetime.timedelta(days=41, hours=1)
    known = Known(status=status, versions=(), backup=None, for_team=False)
    assert "41 days left" in [each.state for each in list_due(known, soon) if each.urgent]
    assert "The last backup, and the last full check of the record None was made yet." in page.words
    assert "How we sign" not in page.words
    assert '<a href="/keys">How we sign</a></p>' in desk.sign_in("Anna", "administrator").open("/due").text


def test_one_copy_is_not_called_copies(tmp_path: Path) -> None:
    """The figures of a record agree with their words."""
    browser = make_desk(tmp_path).sign_in("Ada")
    assert "copies issued 0" in browser.open("/due").words
    browser.open("/")
    browser.submit("/issue", customer="Only GmbH")
    assert "copy issued 1 " in browser.open("/due").words


def test_versions_say_how_many_customers_have_them(desk: LocalDesk) -> None:
    """The list of versions, the newest first."""
    browser = desk.sign_in("Max", "maintainer")
    since = shipped().version(VERSION).effective_at
    assert f"In force since {since.day} {since:%B %Y}" in browser.open("/versions").words


def test_customers_who_lack_the_version_lead_into_a_batch(desk: LocalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are counted, and the spreadsheet of them is one that “Issue many” takes as it is."""
    browser = desk.sign_in("Ada")
    issue(browser, "Lacking GmbH")
    assert "of other versions only" not in browser.open("/versions").words
    for copy in desk.keeper.desk.directory.search("lacking")[0][0].copies:
        old = replace(copy.logged.entry, version="2025-01-01")
        monkeypatch.setattr(copy, "logged", replace(copy.logged, entry=old))
    assert "1 customer has copies of other versions only." in browser.open("/versions").words
    content = browser.get("/versions/lacking").body
    browser.open("/many")
    page = browser.upload("/many", "lacking.xlsx", content)
    assert '<option value="A" selected>A: Customer</option>' in page.text
    assert "Lacking GmbH" in page.words


def test_another_program_that_adds_to_the_archive_is_noticed(desk: LocalDesk, tmp_path: Path) -> None:
    """What the command line erases or adds is known to the desk at the next request."""
    browser = desk.sign_in("Ada")
    place = issue(browser, "Gone GmbH")
    desk.keeper.desk.service().erase("Gone GmbH")
    assert browser.open(place).status == 404
    assert "No customer on record matches" in browser.open("/customers?q=gone").words


def test_a_desk_that_starts_rebuilds_nothing_for_those_who_were_erased(
    desk: LocalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of them was read, so nothing is removed: else each erasure would go through all customers."""
    issue(desk.sign_in("Ada"), "Forgotten GmbH")
    desk.keeper.desk.service().erase("Forgotten GmbH")
    monkeypatch.setattr(TextIndex, "remove", lambda self, is_gone: pytest.fail("an index was rebuilt"))
    again = Directory(desk.keeper.desk.archive, desk.keeper.desk.keyring.names_key)
    again.refresh()
    assert (again.search("forgotten"), again.size > 0) == ([], True)


def test_every_page_has_a_permission_and_every_entry_of_the_menu_a_page() -> None:
    """A page that is open to everybody is one of those listed here; nothing in the menu leads nowhere."""
    open_pages = {page.path for page in PAGES if page.permission is Permission.NOBODY_IN_PARTICULAR}
    assert open_pages == {"/", "/sign-in", "/sign-in/done"}
    assert all(isinstance(page.permission, Permission) for page in PAGES)
    assert len({page.path for page in PAGES}) == len(PAGES)
    assert {item.path for _, items in _GROUPS for item in items} <= {page.path for page in PAGES}


@pytest.mark.parametrize(
    ("roles", "path"),
    [
        (("sales",), "/"),
        (("compliance",), "/customers"),
        (("maintainer",), "/due"),
        (("administrator",), "/due"),
        (("administrator", "compliance"), "/customers"),
        (ROLES, "/"),
    ],
)
def test_everybody_begins_where_their_work_is(desk: LocalDesk, roles: tuple[str, ...], path: str) -> None:
    """After signing in, and where a page leads back to the beginning."""
    browser = desk.sign_in("Begins", *roles)
    browser.open("/")
    assert browser.path == path


@pytest.mark.parametrize("role", ROLES)
def test_roles_bind_on_every_route(desk: LocalDesk, role: str) -> None:
    """Not only are links hidden: what a role may not do is refused, by GET and by POST, and the rest is not."""
    browser = desk.sign_in(role.title(), role)
    token = browser.open("/check").hidden("/sign-out")["token"]
    for page in PAGES:
        path = fill_in(page.path)
        if page.permission is Permission.NOBODY_IN_PARTICULAR or path == "/sign-out":
            continue
        allowed = allows((role,), page.permission)
        for method in page.handlers:
            answer = browser.get(path) if method == "GET" else browser.post(path, {"token": token})
            assert (answer.status != 403) == allowed, (method, path)


def test_how_we_sign(desk: LocalDesk) -> None:
    """The administrator sees who signs, until when, that nobody vouches for it, and takes the certificate along."""
    browser = desk.sign_in("Anna", "administrator")
    page = browser.open("/keys")
    identity = desk.keeper.desk.signing.identity
    assert f"Signed by {identity.name}" in page.words
    assert "Nobody vouches for our signature" in page.words
    assert "documentation" not in page.words  # no page of it can be named that people at a desk could find
    options = {name for parameter in desk_command.params for name in parameter.opts}
    assert set(re.findall("<code>(--[a-z-]+)</code>", page.text)) == {"--identity", "--certificate", "--trust"}
    assert {"--identity", "--certificate", "--trust"} <= options
    assert identity.digest in page.words
    given = browser.get("/keys/certificate")
    assert x509.load_pem_x509_certificate(given.body) == identity.certificate
    assert b"PRIVATE" not in given.body
    assert given.headers["content-disposition"].endswith('"signing-certificate.pem"')
