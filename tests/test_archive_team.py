"""An archive that several people work in: holds, withdrawals, erasures, searches, and entries of other releases."""

import dataclasses
import datetime
import io
import json
import random
import shutil
import sqlite3
import threading
from hashlib import sha256
from pathlib import Path
from unittest import mock

import openpyxl
import pytest

import mailmart_privacy as privacy
from faults.places import FIRST_COPY, NOW, Place, clock, fake_copies, make_place, require_finished
from mailmart_privacy.archive.acts import HeldError
from mailmart_privacy.archive.entries import Entry, read_entry, scan_copy, write_entry
from mailmart_privacy.archive.location import ArchiveLocation
from mailmart_privacy.archive.log_audit import Root
from mailmart_privacy.archive.lookup import NoSuchCustomerError, NoSuchFileError
from mailmart_privacy.archive.recipients import Details, Person
from mailmart_privacy.archive.service import ArchiveService
from mailmart_privacy.archive.session import Copy
from mailmart_privacy.archive.storage.base import Lock
from mailmart_privacy.archive.storage.folder import Folder
from mailmart_privacy.archive.storage.folder_writer import FolderWriter
from mailmart_privacy.errors import ArchiveError, TamperedError, UsageError
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.sheets.table_workbook import write_tables

from .pki import Authority

ANNA = Person(issuer="os", subject="anna@desk", name="anna")
BEN = Person(issuer="os", subject="ben@desk", name="ben")
LATER = NOW + datetime.timedelta(days=400)


def copy_for(name: str, reference: str = "C-1") -> Copy:
    (copy,) = fake_copies(random.Random(f"{name} {reference}"), 1)
    return dataclasses.replace(copy, recipient=name, reference=reference)


SIZE = FIRST_COPY + 4  # entries of the archive that the tests begin with


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An archive with copies for three customers; the first has two."""
    place = make_place(tmp_path / "place")
    place.add(
        [copy_for("O\u2019Reilly GmbH", "C-1"), copy_for("Müller AG", "C-2"), copy_for("O'Reilly GmbH", "C-3")],
        [copy_for("Acme Holding", "X-77")],
    )
    return place


def serve(place: Place, *, actor: Person | None = ANNA, at: datetime.datetime = NOW) -> ArchiveService:
    location = ArchiveLocation(str(place.root), str(place.keys / "key.json"), str(place.path / "index.sqlite"))
    return ArchiveService(location, clock=lambda: at, actor=actor)


def digest_of(name: str, reference: str = "C-1") -> str:
    return sha256(copy_for(name, reference).pdf).hexdigest()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("o'reilly gmbh", ["O\u2019Reilly GmbH"]),
        ("O\u2018REILLY", ["O\u2019Reilly GmbH"]),
        ("muller", ["Müller AG"]),
        ("holding", ["Acme Holding"]),
        ("x-77", ["Acme Holding"]),
        ("X\u201177", ["Acme Holding"]),
        ("nobody", []),
    ],
)
def test_names_are_found_however_they_are_spelt(place: Place, text: str, names: list[str]) -> None:
    """Parts of names and references are found; case, accents, quotes and dashes do not count."""
    found = serve(place).find(text)
    assert [customer.name for customer in found.customers] == names
    assert (found.entries, found.erasures) == (SIZE, 0)


def test_records_are_read_several_at_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store takes its time for each: three answers come only when all three were asked for."""
    archive, together = place.archive(), threading.Barrier(3)
    read = archive.storage.read

    def read_slowly(name: str) -> bytes | None:
        together.wait(60)
        return read(name)

    monkeypatch.setattr(archive.storage, "read", read_slowly)
    names = sorted(record.name for record in archive.recipients(place.keyring(place.archive()).names_key))
    assert names == ["Acme Holding", "Müller AG", "O\u2019Reilly GmbH"]


def test_a_search_by_digest_and_what_is_similar(place: Place) -> None:
    """The beginning of a digest finds only its copy; the answer to an exact name lists similar names."""
    found = serve(place).find(digest_of("O'Reilly GmbH", "C-3")[:10])
    (customer,) = found.customers
    assert [copy.reference for copy in customer.copies] == ["C-3"]
    found = serve(place).find("Acme", exact=True)
    assert (found.customers, found.similar) == ((), ("Acme Holding",))
    for misspelt, meant in (("acmee", "Acme Holding"), ("Mueller", "Müller AG"), ("OReily", "O\u2019Reilly GmbH")):
        found = serve(place).find(misspelt)
        assert (found.customers, found.similar) == ((), (meant,))
    with pytest.raises(NoSuchCustomerError) as caught:
        serve(place).erase("Acme")
    assert caught.value.similar == ("Acme Holding",)


def test_one_customer_of_two_spellings(place: Place) -> None:
    """Two kinds of apostrophes do not make two customers."""
    (customer,) = serve(place).find("O'Reilly").customers
    assert [copy.reference for copy in customer.copies] == ["C-1", "C-3"]


def test_an_erased_customer_is_only_counted(place: Place) -> None:
    """An erased customer cannot be told from an unknown one; the answer says how many were erased."""
    done = serve(place).erase("O'Reilly GmbH", details=Details(reason="asked for it"))
    assert (done.due_at, done.copies) == (None, 2)
    found = serve(place).find("Reilly")
    assert (found.customers, found.erasures) == ((), 1)
    require_finished(place)


def test_an_erasure_carries_who_did_it(place: Place) -> None:
    """The entry names the person by pseudonym, and a second one; their records can be read with the key."""
    service = serve(place)
    done = service.erase("Müller AG", second=BEN)
    staff = service.archive.staff(service.keyring().names_key)
    assert (staff[done.entry.entry.actor or ""], staff[done.entry.entry.second or ""]) == (ANNA, BEN)
    assert all(b"anna" not in path.read_bytes() for path in place.root.rglob("*") if path.is_file())
    require_finished(place)


@pytest.mark.parametrize("copy_only", [False, True])
def test_a_hold_keeps_a_customer(place: Place, copy_only: bool) -> None:
    """While a hold is in place, nothing is erased and the audit passes; after its release the customer is erased."""
    service = serve(place)
    details = Details(reason="lawsuit", matter="26-114")
    if copy_only:
        service.hold(digest=digest_of("O'Reilly GmbH", "C-3"), details=details)
    else:
        service.hold(name="O'Reilly GmbH", details=details)
    with pytest.raises(HeldError, match=rf"hold no\. {SIZE} is in place \(matter 26-114\)") as caught:
        serve(place, actor=BEN).erase("O'Reilly GmbH")
    assert (caught.value.holds, caught.value.matters) == ((SIZE,), ("26-114",))
    report = require_finished(place)
    assert (report.erased, len(report.register.holds)) == (0, 1)
    (customer,) = service.find("Reilly").customers
    assert (customer.held, len(customer.copies)) == (True, 2)
    (hold,) = service.holds()
    assert (hold.details, hold.about) == (details, FIRST_COPY + 2 if copy_only else None)
    service.release([hold], details=Details(reason="settled"))
    assert service.holds() == []
    assert service.erase("O'Reilly GmbH").due_at is None
    require_finished(place)


def test_an_erasure_that_waits_for_the_store(place: Place) -> None:
    """Locks are checked first: the erasure waits, the audit passes, and the erasure is done after the lock has
    ended."""
    service = serve(place)
    until = NOW + datetime.timedelta(days=365)
    with mock.patch.object(Folder, "lock", return_value=Lock(until=until)):
        done = service.erase("O'Reilly GmbH")
        assert done.due_at == until
        assert (done.entry.entry.kind, done.entry.entry.act) == ("act", "erase-waiting")
        report = require_finished(place)
        assert [each.entry.due_at for each in report.register.waiting.values()] == [until]
        with serve(place).writing() as (session, keyring):
            assert finish(session, keyring.names_key, NOW) == (0, 1)
        (customer,) = service.find("Reilly").customers
        assert customer.erasure_due_at == until
    # The customer comes back meanwhile: a new pseudonym, which the erasure does not touch.
    place.add([copy_for("O'Reilly GmbH", "C-9")])
    assert len(service.find("Reilly").customers) == 2
    with serve(place, at=LATER).writing() as (session, keyring):
        assert finish(session, keyring.names_key, LATER) == (1, 0)
    report = require_finished(place)
    assert (report.erased, dict(report.register.waiting)) == (2, {})
    (customer,) = service.find("Reilly").customers
    assert [copy.reference for copy in customer.copies] == ["C-9"]


def finish(session: object, names_key: bytes, at: datetime.datetime) -> tuple[int, int]:
    from mailmart_privacy.archive.acts import finish_erasures

    done, missed = finish_erasures(session, names_key, clock=lambda: at)  # type: ignore[arg-type]
    return len(done), len(missed)


def test_an_erasure_that_was_interrupted_when_due(place: Place) -> None:
    """If the erasure was logged but nothing was removed, the next run removes the files."""
    with mock.patch.object(Folder, "lock", return_value=Lock(until=NOW + datetime.timedelta(days=1))):
        serve(place).erase("Müller AG")
    with (
        pytest.raises(OSError, match="stopped"),
        mock.patch.object(FolderWriter, "remove", side_effect=OSError("stopped")),
        serve(place).writing() as (session, keyring),
    ):
        finish(session, keyring.names_key, LATER)
    assert place.audit().faults
    with serve(place).writing() as (session, keyring):
        assert finish(session, keyring.names_key, LATER) == (0, 0)
    require_finished(place)


def test_a_customer_who_comes_back_after_an_erasure(place: Place) -> None:
    """The new copy belongs to a new pseudonym, and nobody is told to remove it."""
    before = serve(place).find("Müller").customers[0].pseudonym
    serve(place).erase("Müller AG")
    place.add([copy_for("Müller AG", "C-9")])
    (customer,) = serve(place).find("Müller").customers
    assert customer.pseudonym != before
    require_finished(place)


def test_a_withdrawn_copy(place: Place) -> None:
    """Every search result says that a copy was withdrawn, when and why; the copy stays in the archive."""
    service = serve(place)
    service.withdraw(digest_of("Acme Holding", "X-77"), details=Details(reason="wrong name"))
    (customer,) = service.find("Acme").customers
    (copy,) = customer.copies
    assert (copy.withdrawn_at, copy.withdrawn_because) == (NOW, "wrong name")
    with pytest.raises(UsageError, match="was withdrawn on 2026-11-23 already"):
        service.withdraw(digest_of("Acme Holding", "X-77"))
    assert len(require_finished(place).register.withdrawn) == 1


def test_entries_of_kinds_that_are_not_known(place: Place) -> None:
    """An entry that a newer release wrote is accepted, counted and reported, by readers and writers alike."""
    entry = json.loads(write_entry(Entry(kind="act", recorded_at=NOW)))
    entry["predicate"] |= {"kind": "seal-of-tomorrow", "actor": {"not": "a text"}, "size": "large"}
    content = json.dumps(entry, separators=(",", ":"), sort_keys=True).encode()
    archive = place.archive()
    with archive.writing(place.keyring(archive), clock) as session:
        session._log_writer.append([content])
    assert read_entry(content).kind == "seal-of-tomorrow"
    report = require_finished(place)
    assert dict(report.register.unknown) == {"seal-of-tomorrow": 1}
    place.add([copy_for("Later Ltd")])
    with serve(place).index() as index:
        assert index.size == SIZE + 2
    assert serve(place).find("Later").entries == SIZE + 2


def test_the_usual_spelling_has_an_actor(place: Place) -> None:
    """The fast reader also reads a copy's entry that has an actor."""
    archive = place.archive()
    with archive.writing(place.keyring(archive), clock, ANNA) as session:
        (added,) = session.add_copies([copy_for("New Ltd")], shipped())
    scanned = scan_copy(added.content)
    assert scanned is not None
    assert scanned.actor == added.entry.actor is not None
    (customer,) = serve(place).find("New").customers
    assert customer.copies[0].actor == ANNA


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":' * 5000,
        b"[" * 65_000,
        b'{"_type":"https://in-toto.io/Statement/v1","predicate":{"kind":"act","recorded_at":"2026-01-01T00:00:00Z",'
        b'"sizes":[1]},"predicateType":"urn:mailmart-privacy:archive-entry:1","subject":[{"digest":{"sha256":"00"},'
        b'"name":5}]}',
        b"null",
        b"5",
    ],
)
def test_entries_that_nobody_writes(content: bytes) -> None:
    """Nested JSON, a number for a name, and other types end in one clear error."""
    with pytest.raises(TamperedError, match="not one that this package reads"):
        read_entry(content)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("copies", "was changed"),  # told by its size, which is in its entry
        ("log/tile", "has more than"),
        ("commits", "has more than"),
        ("recipients", "has more than"),
        ("archive.json", "has more than"),
    ],
)
def test_a_huge_file_is_not_read(place: Place, name: str, fault: str) -> None:
    """A sparse file of 20 GiB in place of another file is reported at once."""
    path = place.root / name
    path = next(each for each in sorted(path.rglob("*")) if each.is_file()) if path.is_dir() else path
    with path.open("r+b") as file:
        file.truncate(20 << 30)
    with pytest.raises(TamperedError, match=fault):
        place.audit().require_sound()


def test_what_operating_systems_leave(place: Place) -> None:
    """Files such as .DS_Store are reported, and are not faults."""
    for folder in (place.root, place.root / "copies" / "2026", place.root / "log", place.root / "commits"):
        for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
            (folder / name).write_bytes(b"icons")
    (place.root / "recipients" / "._x").write_bytes(b"")
    report = require_finished(place)
    assert len(report.litter) == 13
    (place.root / "copies" / "letter.txt").write_bytes(b"foreign")
    assert place.audit().faults == ["copies/letter.txt has no entry"]


def test_an_index_that_was_changed(place: Place) -> None:
    """The index's answer about a copy is compared with the log, also the answer that there is none."""
    service, digest = serve(place), digest_of("Acme Holding", "X-77")
    assert service.fetch(digest)
    database = sqlite3.connect(place.path / "index.sqlite")
    database.execute("UPDATE files SET version = '2020-01-01' WHERE digest = ?", [digest])
    database.commit()
    with pytest.raises(TamperedError, match="differs between the log and the index"):
        service.fetch(digest)
    database.execute("DELETE FROM files WHERE digest = ?", [digest])
    database.commit()
    with pytest.raises(TamperedError, match="the index lacks an entry"):
        service.fetch(digest)
    database.close()
    with pytest.raises(NoSuchFileError):
        service.fetch("0" * 64)
    assert len(service.find("Acme").customers) == 1, "a search does not ask the index"


def test_a_search_in_a_log_that_was_changed(place: Place) -> None:
    """A search compares the published entries with the checkpoint."""
    digest = digest_of("Acme Holding", "X-77").encode()
    bundle = max(place.root.glob("log/tile/entries/*/*"), key=lambda each: int(each.name))
    content = bundle.read_bytes()
    bundle.write_bytes(content.replace(digest, b"0" * 64))
    with pytest.raises(TamperedError, match="not those of its log/checkpoint"):
        serve(place).find("Acme")


def test_a_reference_of_two_customers(place: Place) -> None:
    """Another customer's reference is refused; the same customer may have it again for the next version."""
    from mailmart_privacy.archive.references import ReferenceConflictError, ReferenceOwners

    service = serve(place)
    owners = ReferenceOwners(service.archive, service.keyring().names_key)
    owners.claim("X-77", "ACME holding")
    owners.claim("new", "Somebody")
    with pytest.raises(ReferenceConflictError, match="Acme Holding has a copy with the reference 'X-77'") as caught:
        owners.claim("X-77", "Beta Ltd")
    assert (caught.value.reference, caught.value.customer) == ("X-77", "Acme Holding")
    with pytest.raises(ArchiveError):
        owners.claim("new", "Beta Ltd")


def test_the_python_api(tmp_path: Path, authority: Authority) -> None:
    """A service creates an archive, delivers a copy, repeats a request, finds it, and verifies the archive."""
    from mailmart_privacy import archive

    moment = NOW
    service = archive.create(
        str(tmp_path / "kept"),
        clock=lambda: moment,
        key=str(tmp_path / "key.json"),
        index=str(tmp_path / "index.sqlite"),
        actor=archive.Person(issuer="https://id.example", subject="7", name="Anna"),
    )
    identity = authority.identity()
    made: list[bytes] = []

    def issue() -> bytes:
        made.append(
            privacy.issue(privacy.current(), recipient="Acme GmbH", reference="C-1", issued_at=NOW, identity=identity)
        )
        return made[-1]

    asked = {"issue": issue, "trust": authority.trust, "ledger": shipped(), "request": "one"}
    first, again = (archive.deliver(service, "Acme GmbH", **asked) for _ in range(2))  # type: ignore[arg-type]
    assert (len(made), first.found, again.found, again.pdf) == (1, False, True, first.pdf)
    opened = archive.open(service.location.name, clock=lambda: moment, key=service.location.key, index=None)
    (customer,) = opened.find("acme").customers
    assert [(copy.reference, copy.digest) for copy in customer.copies] == [("C-1", first.digest)]
    assert customer.copies[0].actor == service.actor
    assert service.fetch(first.digest[:8]) == first.pdf
    opened.verify(opened.known_roots()).require_sound()
    version = opened.in_force(NOW, trust=authority.trust, ledger=shipped())
    held = service.hold(name="Acme GmbH", details=archive.Details(reason="claim " * 20))
    service.release(holds := service.holds())
    service.end_relation("Acme GmbH", ended_at=NOW)
    proposals = service.propose_erasures(datetime.timedelta(days=1))
    erased = service.erase("Acme GmbH")
    certificate = service.certify_erasure(erased.entry.number)
    found = opened.find("acme")
    for value in (first, customer, *customer.copies, found, version, held, *holds, *proposals, erased, certificate):
        assert len(repr(value)) <= 200, value


def test_two_officers_with_copies_of_folder_and_key(place: Place, tmp_path: Path) -> None:
    """A fork is recognised: the message says which entries both have, which each side has, and how to continue."""
    from mailmart_privacy.archive.forks import ForkError, compare_logs

    other = place.duplicate(tmp_path / "other")
    same = compare_logs(place.archive(), other.archive())
    assert (same.common, same.here, same.there) == (SIZE, {}, {})
    place.add([copy_for("Here Ltd"), copy_for("Here Inc")])
    older = compare_logs(other.archive(), place.archive())
    assert (older.common, older.here, older.there) == (SIZE, {}, {"customer-copy": 2})
    other.add([copy_for("There Ltd")])
    with pytest.raises(
        ForkError, match=rf"both have the first {SIZE} entries; .* has 2 more \(from no\. {SIZE}"
    ) as caught:
        compare_logs(place.archive(), other.archive())
    assert caught.value.comparison.there == {"customer-copy": 1}
    # The one with less finds a checkpoint of the other's that does not go with its own entries.
    other.add([copy_for("There Inc")])
    state = other.archive().checkpoint()
    with pytest.raises(TamperedError, match="the log was forked"):
        place.audit(Root(state.size, state.root, "there")).require_sound()
    # With one memory of the key, the second place refuses to be added to.
    shutil.copy(other.keys / "key.seen", place.keys / "key.seen")
    with pytest.raises(TamperedError, match="forked"):
        place.add([copy_for("Late Ltd")])


def test_the_report(place: Place) -> None:
    """The report counts copies by version and person, and says what was held, withdrawn and erased, and by whom."""
    from mailmart_privacy.archive.report import make_report

    service = serve(place)
    archive = service.archive
    with archive.writing(place.keyring(archive), clock, BEN) as session:
        session.add_copies([copy_for("=1+1 Ltd", "C-8"), copy_for("Beta Ltd", "C-9")], shipped())
    service.hold(name="Beta Ltd", details=Details(matter="26-114", reason="claim"))
    service.withdraw(digest_of("Acme Holding", "X-77"), details=Details(reason="wrong name"))
    service.erase("M\u00fcller AG")
    day = datetime.timedelta(days=1)
    report = make_report(service, since=NOW - day, until=NOW + day, ledger=shipped())
    made = report.to_json()
    counts = {(row["person"], row["what"]): row["copies"] for row in made["issued"]}
    assert counts == {("-", "issued"): 4, ("ben", "issued"): 2}
    assert [(row["what"], row["person"], row["matter"], row["reason"]) for row in made["acts"]] == [
        ("hold placed", "anna", "26-114", "claim"),
        ("copy withdrawn", "anna", "", "wrong name"),
    ]
    assert [(row["person"], row["second person"]) for row in made["erasures"]] == [("anna", "-")]
    assert [row["customer"] for row in made["holds"]] == ["Beta Ltd"]
    assert '<td class="short">Beta Ltd</td>' in report.to_html()
    assert "issued,2026-02-24,ben,issued,2" in report.to_csv()
    book = openpyxl.load_workbook(io.BytesIO(write_tables((t.key, t.columns, t.rows) for t in report.tables)))
    assert book["holds"]["C2"].value == "Beta Ltd"
    with pytest.raises(UsageError, match="before it begins"):
        make_report(service, since=NOW, until=NOW, ledger=shipped())


def test_a_name_in_a_workbook_is_never_a_formula() -> None:
    """A text that begins with an equals sign stays a text, in XLSX and in CSV."""
    from mailmart_privacy.archive.report import ArchiveReport, Table

    table = Table(key="t", title="T", columns=("name",), rows=(("=1+1",),))
    book = openpyxl.load_workbook(io.BytesIO(write_tables([(table.key, table.columns, table.rows)])))
    assert (book["t"]["A2"].value, book["t"]["A2"].data_type) == ("=1+1", "s")
    report = ArchiveReport(origin="o", since=NOW, until=NOW, made_at=NOW, entries=0, tables=(table,))
    assert report.to_csv() == "table,name\nt,'=1+1\n"


def test_what_is_due(place: Place) -> None:
    """The list names waiting erasures and entries without an anchor, with their dates."""
    from mailmart_privacy.archive.due import find_due

    service = serve(place)
    until = NOW + datetime.timedelta(days=30)
    with mock.patch.object(Folder, "lock", return_value=Lock(until=until)):
        service.erase("M\u00fcller AG")
    found = find_due(service, trust=(), certificates=(), ledger=shipped())
    assert [(each.what, each.at) for each in found if each.what != "version"] == [
        ("unanchored", None),
        ("erasure", until),
    ]
    place.add([dataclasses.replace(copy_for("Late Ltd", "C-7"), level="B-LT")])
    (missed,) = [each for each in find_due(service, trust=(), certificates=(), ledger=shipped()) if each.what == "copy"]
    assert missed.about.startswith("until when a lasting copy can be relied on is not known")
