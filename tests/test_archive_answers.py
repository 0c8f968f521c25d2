"""What an archive answers where two things come together: a renewal and an erasure, a withdrawal and a missing key."""

import contextlib
import dataclasses
import datetime
import json
import resource
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from faults.places import NOW, VERSION, Place, make_place, require_finished
from mailmart_privacy._limits import MAX_SMALL
from mailmart_privacy.archive.acts import HeldError, finish_erasures
from mailmart_privacy.archive.anchoring import Anchoring
from mailmart_privacy.archive.certificate import write_certificate
from mailmart_privacy.archive.delivery import deliver
from mailmart_privacy.archive.forks import ForkError, compare_logs
from mailmart_privacy.archive.keyring import make_keyring, read_keyring, write_keyring
from mailmart_privacy.archive.log_writer import LogWriter
from mailmart_privacy.archive.recipients import Details
from mailmart_privacy.archive.renewal import Renewal
from mailmart_privacy.archive.report import Table, make_report
from mailmart_privacy.archive.service import ArchiveService
from mailmart_privacy.archive.session import Copy
from mailmart_privacy.archive.storage.base import Lock
from mailmart_privacy.archive.storage.folder import Folder
from mailmart_privacy.archive.storage.folder_writer import FolderWriter
from mailmart_privacy.batch.archiving import Archiving
from mailmart_privacy.batch.destinations import FolderDestination
from mailmart_privacy.cli.app import run
from mailmart_privacy.errors import ArchiveError, RecordError, TamperedError, UsageError
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.sheets.rows import Planned

from .test_archive_team import ANNA, LATER, copy_for, digest_of, serve

LOCKED = mock.patch.object(Folder, "lock", return_value=Lock(until=NOW + datetime.timedelta(days=365)))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An archive with lasting copies for two customers."""
    place = make_place(tmp_path / "place")
    place.add([lasting("Acme GmbH", "A-1"), lasting("Beta AG", "B-1")])
    return place


def lasting(name: str, reference: str, *, renews: str | None = None) -> Copy:
    copy = copy_for(name, reference if renews is None else f"{reference} renewed")
    return dataclasses.replace(copy, level="B-LTA", reference=reference, renews=renews)


def wait_for_erasure(place: Place, name: str) -> None:
    with LOCKED:
        assert serve(place).erase(name).due_at is not None


@contextlib.contextmanager
def renewing(place: Place) -> Iterator[None]:
    """Let bytes that are not copies be verified, and be renewed by one byte more."""

    def admit(pdf: bytes, *, renews: str, **_: Any) -> Copy:
        with serve(place).index() as index:
            row = index.find(renews)
        assert row is not None
        name, reference = ("Acme GmbH", "A-1") if renews == digest_of("Acme GmbH", "A-1") else ("Beta AG", "B-1")
        made = lasting(name, reference, renews=renews)
        return dataclasses.replace(made, pdf=pdf, digest=sha256(pdf).hexdigest())

    until = SimpleNamespace(valid_until=NOW + datetime.timedelta(days=400))
    with (
        mock.patch("mailmart_privacy.verifying.verify.verify", return_value=until),
        mock.patch("mailmart_privacy.verifying.renewing.renew_copy", lambda pdf, **_: (pdf + b"+", None)),
        mock.patch("mailmart_privacy.archive.admission.admit", admit),
    ):
        yield


def renew(service: ArchiveService) -> Renewal:
    """Renew all, without an authority for the log."""
    anchoring = mock.Mock(spec=Anchoring, timestamps=None)
    renewal = service.renewal(trust=(), limit=LATER + datetime.timedelta(days=9999), ledger=shipped())
    service.renew(renewal, anchoring)
    return renewal


def test_a_renewal_brings_nobody_back_whose_erasure_waits(place: Place) -> None:
    """The copies of a customer who is about to be erased are not renewed: no record of the name is made again."""
    wait_for_erasure(place, "Acme GmbH")
    with renewing(place), LOCKED:
        report = renew(serve(place)).report()
    assert [each.what for each in report.due] == [digest_of("Beta AG", "B-1")]
    (customer,) = serve(place).find("Acme").customers
    assert [copy.reference for copy in customer.copies] == ["A-1"]


def test_a_renewal_that_erases_first_misses_nothing(place: Place) -> None:
    """Copies that the same run erases are not reported as missing."""
    wait_for_erasure(place, "Acme GmbH")
    with renewing(place):
        renewal = renew(serve(place, at=LATER))
    assert (renewal.report().missed, renewal.exit_code) == ((), 0)
    assert serve(place).find("Acme").customers == ()
    require_finished(place)


def test_a_held_copy_is_renewed_for_the_same_customer(place: Place) -> None:
    """A hold keeps a customer whose erasure waits; the renewed copy is that customer's, and is erased with the rest."""
    wait_for_erasure(place, "Acme GmbH")
    service = serve(place)
    service.hold(name="Acme GmbH", details=Details(matter="26-114"))
    with renewing(place):
        renew(service)
    (customer,) = service.find("Acme").customers
    assert len(customer.copies) == 2
    service.release(service.holds())
    with serve(place, at=LATER).writing() as (session, keyring):
        done, missed = finish_erasures(session, keyring.names_key, clock=lambda: LATER)
    assert ([each.copies for each in done], missed) == ([2], [])
    assert service.find("Acme").customers == ()
    require_finished(place)


def test_a_hold_by_name_concerns_an_erasure_that_waits(place: Place) -> None:
    """A customer whose erasure waits can be held by name, also after coming back under the same name."""
    wait_for_erasure(place, "Acme GmbH")
    place.add([copy_for("Acme GmbH", "A-2")])
    serve(place).hold(name="acme gmbh", details=Details(matter="26-114"))
    assert [each.held for each in serve(place).find("Acme").customers] == [True, True]
    with serve(place, at=LATER).writing() as (session, keyring):
        done, missed = finish_erasures(session, keyring.names_key, clock=lambda: LATER)
    assert (done, len(missed)) == ([], 1)
    with pytest.raises(HeldError):
        serve(place).erase("Acme GmbH")
    require_finished(place)


def test_an_erasure_that_waits_is_asked_for_again(place: Place) -> None:
    """It is found by its name: it is carried out if the lock has ended, and waits on if not."""
    wait_for_erasure(place, "Acme GmbH")
    wait_for_erasure(place, "Acme GmbH")
    assert serve(place, at=LATER).erase("Acme GmbH").due_at is None
    assert serve(place).find("Acme").customers == ()
    require_finished(place)


def test_a_file_that_is_gone_is_not_said_to_be_erased(place: Place) -> None:
    """Somebody has removed a copy whose customer was not erased: that is a fault, and no answer says otherwise."""
    digest = digest_of("Acme GmbH", "A-1")
    next(place.root.glob(f"copies/*/*/{digest}.pdf")).unlink()
    for ask in (
        lambda: serve(place).fetch(digest),
        lambda: serve(place).evidence(digest, trust=(), ledger=shipped()),
    ):
        with pytest.raises(TamperedError, match="is missing"):
            ask()
    digest = digest_of("Beta AG", "B-1")
    serve(place).erase("Beta AG")
    with pytest.raises(UsageError, match="its recipient was erased"):
        serve(place).fetch(digest)


def test_a_text_that_is_gone_is_not_packed_as_an_empty_file(place: Place) -> None:
    """Evidence needs every file of the version; an empty one in its place would make the evidence false."""
    next(place.root.glob("versions/*/policy.txt")).unlink()
    with pytest.raises(TamperedError, match=r"policy\.txt is missing"):
        serve(place).evidence(digest_of("Acme GmbH", "A-1"), trust=(), ledger=shipped())


def test_an_earlier_request_is_not_answered_with_nothing(place: Place) -> None:
    """A request that is repeated gets the copy of the first one; if its file is gone, it gets an error, not a file
    of no bytes."""
    place.add([dataclasses.replace(copy_for("Acme GmbH", "A-5"), request="order-1")])
    next(place.root.glob(f"copies/*/*/{digest_of('Acme GmbH', 'A-5')}.pdf")).unlink()
    with pytest.raises(TamperedError, match="is missing"):
        deliver(serve(place), "Acme GmbH", issue=lambda: b"", trust=(), ledger=shipped(), request="order-1")


def test_an_earlier_request_is_not_answered_with_a_withdrawn_copy(place: Place) -> None:
    """Nothing in the answer would say that the copy was withdrawn."""
    place.add([dataclasses.replace(copy_for("Acme GmbH", "A-5"), request="order-1")])
    ask = {"issue": lambda: b"", "trust": (), "ledger": shipped(), "request": "order-1"}
    assert deliver(serve(place), "Acme GmbH", **ask).found
    serve(place).withdraw(digest_of("Acme GmbH", "A-5"), details=Details(reason="wrong company"))
    with pytest.raises(UsageError, match="the copy of this request was withdrawn on 2026-11-23; ask for a new one"):
        deliver(serve(place), "Acme GmbH", **ask)


def test_evidence_says_without_the_key_that_a_copy_was_withdrawn(place: Place) -> None:
    """The key is needed for the reason alone, not for the fact."""
    digest = digest_of("Acme GmbH", "A-1")
    serve(place).withdraw(digest, details=Details(reason="wrong company"))
    (place.keys / "key.json").unlink()
    _, files = serve(place).evidence(digest, trust=(), ledger=shipped())
    page = files["data/READ-ME-FIRST.html"].decode()
    assert "This copy was withdrawn on" in page
    assert "wrong company" not in page


@pytest.mark.parametrize("asked", ["former", "renewed"])
def test_a_withdrawal_concerns_the_renewed_copy_too(place: Place, asked: str) -> None:
    """Renewing makes another file of one copy: whichever is withdrawn, none of them is shown as standing."""
    former, again = digest_of("Acme GmbH", "A-1"), lasting("Acme GmbH", "A-1", renews=digest_of("Acme GmbH", "A-1"))
    place.add([again])
    place.add([copy_for("Acme GmbH", "A-2")])
    done = serve(place).withdraw(former if asked == "former" else again.digest, details=Details(reason="wrong"))
    (customer,) = serve(place).find("Acme").customers
    assert [copy.withdrawn_because for copy in customer.copies] == ["wrong", "wrong", ""]
    assert done.entry.about == customer.copies[asked == "renewed"].number
    with renewing(place):
        assert [each.what for each in renew(serve(place)).report().due] == [digest_of("Beta AG", "B-1")]


def test_a_renewed_copy_of_an_older_version_is_not_the_newest_one(place: Place) -> None:
    """The report names customers whose newest copy is outdated: by when copies were issued, not renewed."""
    newer = dataclasses.replace(copy_for("Acme GmbH", "A-2"), issued_at=NOW + datetime.timedelta(days=30))
    older = dataclasses.replace(lasting("Acme GmbH", "A-1", renews=digest_of("Acme GmbH", "A-1")))
    place.add([newer])
    place.add([older])
    with mock.patch("mailmart_privacy.archive.report._write", lambda moment: str(moment)):
        made = make_report(
            serve(place), since=NOW - datetime.timedelta(days=1), until=LATER, ledger=_ledger_of_tomorrow()
        )
    rows = next(table.rows for table in made.tables if table.key == "outdated")
    assert {row[0]: row[2] for row in rows}["Acme GmbH"] == str(newer.issued_at)


def _ledger_of_tomorrow() -> Any:
    return mock.Mock(version_in_force=lambda at: SimpleNamespace(version="9999-01-01"))


def test_a_withdrawn_version_was_never_in_force(place: Place) -> None:
    """A version that was announced, archived, and withdrawn before its moment is not what was in force then."""
    from mailmart_privacy.archive.entries import Entry, File, write_entry

    (known,) = [each for each in shipped().versions if each == shipped().versions[-1]]
    announced = Entry(
        kind="published-version",
        files=(File(name="versions/2026-12-24/policy.txt", digest="d" * 64, size=1),),
        recorded_at=NOW,
        version="2026-12-24",
        policy_digest="d" * 64,
        effective_at=NOW + datetime.timedelta(days=30),
    )
    archive = place.archive()
    with archive.writing(place.keyring(archive), lambda: NOW) as session:
        session._log_writer.append([write_entry(announced)])
    withdrawn = dataclasses.replace(known, version="2026-12-24", withdrawn_at=NOW)
    ledger = mock.Mock(versions=(*shipped().versions, withdrawn))
    at = NOW + datetime.timedelta(days=40)
    assert serve(place).in_force(at, trust=(), ledger=ledger).version == known.version
    assert serve(place).in_force(at, trust=(), ledger=shipped()).version == "2026-12-24"


def test_no_certificate_while_copies_are_there(place: Place) -> None:
    """An erasure that was logged and interrupted is not certified until the copies and the name are gone."""
    with (
        mock.patch.object(FolderWriter, "remove", side_effect=OSError("stopped")),
        pytest.raises(OSError, match="stopped"),
    ):
        serve(place).erase("Acme GmbH")
    register = place.audit().register
    (erasure,) = register.erasures
    with pytest.raises(UsageError, match="was interrupted"):
        serve(place).certify_erasure(erasure.number)
    serve(place).erase("Acme GmbH")
    assert serve(place).certify_erasure(erasure.number).entry
    require_finished(place)


def test_a_member_of_staff_is_not_called_a_customer(place: Place) -> None:
    """What an audit tells to do after an interrupted erasure can be done: it says whose record is left."""
    serve(place).hold(name="Beta AG")
    with (
        mock.patch.object(FolderWriter, "remove", side_effect=OSError("stopped")),
        pytest.raises(OSError, match="stopped"),
    ):
        serve(place, actor=None).erase_person(ANNA.name)
    (fault,) = [each for each in place.audit().faults if "record is still there" in each]
    assert "erase this member of staff again" in fault
    serve(place, actor=None).erase_person(ANNA.name)
    require_finished(place)


def archiving(place: Place, stack: contextlib.ExitStack) -> Archiving:
    index = stack.enter_context(serve(place).index())
    session, keyring = stack.enter_context(serve(place).writing())
    return Archiving(session, index, keyring.names_key, signer="a" * 64, version=VERSION, level="B-LTA")


def test_a_batch_that_goes_on_delivers_nothing_that_was_withdrawn(place: Place, tmp_path: Path) -> None:
    """A copy that somebody withdrew while the batch stood still is not handed out; its row gets another one."""
    serve(place).withdraw(digest_of("Acme GmbH", "A-1"), details=Details(reason="wrong company"))
    rows = [
        Planned(number=1, recipient="Acme GmbH", reference="A-1", file="1.pdf"),
        Planned(number=2, recipient="Beta AG", reference="B-1", file="2.pdf"),
    ]
    (tmp_path / "out").mkdir()
    with contextlib.ExitStack() as stack:
        found = archiving(place, stack).find_delivered(rows, NOW, FolderDestination(tmp_path / "out"))
        assert [each.number for some in found for each in some] == [2]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["2.pdf"]


def test_why_a_batch_cannot_restore_a_file(place: Place, tmp_path: Path) -> None:
    """A file that the archive has lost, one that it never had, and one whose customer was erased are told apart."""
    lost, erased = digest_of("Acme GmbH", "A-1"), digest_of("Beta AG", "B-1")
    next(place.root.glob(f"copies/*/*/{lost}.pdf")).unlink()
    serve(place).erase("Beta AG")
    for digest, error, words in (
        (lost, TamperedError, "is missing"),
        (erased, UsageError, "its recipient was erased"),
        ("0" * 64, RecordError, "this archive does not have it"),
    ):
        with contextlib.ExitStack() as stack:
            opened, line = archiving(place, stack), {"file": "1.pdf", "digest": digest}
            with pytest.raises(error, match=words):
                opened.restore([line], NOW, FolderDestination(tmp_path))


def test_a_fork_with_a_hold_says_that_it_has_to_be_placed_again(place: Place, tmp_path: Path) -> None:
    """To add the copies of the other place brings back no hold, withdrawal or erasure from there."""
    other = place.duplicate(tmp_path / "other")
    place.add([copy_for("Here Ltd")])
    other.add([copy_for("There Ltd")])
    with pytest.raises(ForkError) as caught:
        compare_logs(place.archive(), other.archive())
    assert "repeat" not in str(caught.value)
    serve(other).hold(name="Beta AG")
    with pytest.raises(ForkError, match="repeat in it what people did in the other one"):
        compare_logs(place.archive(), other.archive())


def test_sentences_of_the_command_line(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """What was searched, what the index is compared with, and which entries lack their files."""
    serve(place).erase("Beta AG")

    def say(*arguments: str) -> str:
        given = ("-a", str(place.root), "--archive-key", str(place.keys / "key.json"))
        index = ("--archive-index", str(place.path / "index.sqlite")) if arguments[0] == "list" else ()
        assert run(["archive", *arguments, *given, *index], program="mailmart-privacy") == 0
        return "".join(capsys.readouterr())

    assert "Searched: names, references and digests in" in say("find", "Acme")
    assert "Searched: names in" in say("find", "Acme GmbH", "--exact")
    assert '"searched_in": [\n    "names"\n  ]' in say("find", "Acme GmbH", "--exact", "--json")
    assert "`archive verify` compares" not in say("list")
    assert "unchanged; every entry has its files, but for those of erased customers" in say("verify")


def test_a_lock_ends_by_the_clock_of_the_store(place: Place) -> None:
    """A clock that is ahead of the store's logs no erasure that the store then refuses."""
    until = NOW + datetime.timedelta(minutes=5)
    lock = Lock(until=until, asked_at=NOW)
    with mock.patch.object(Folder, "lock", return_value=lock):
        ahead = serve(place, at=NOW + datetime.timedelta(minutes=10))
        assert ahead.erase("Acme GmbH").due_at == until
        with ahead.writing() as (session, keyring):
            done, missed = finish_erasures(session, keyring.names_key, clock=ahead.clock)
        assert (done, len(missed)) == ([], 1)
    with mock.patch.object(Folder, "lock", return_value=lock._replace(asked_at=until)):
        assert ahead.erase("Acme GmbH").due_at is None
    require_finished(place)


@pytest.mark.parametrize("key", ["x+00000000+", "", "x+00000000+AQ==", "x"])
def test_a_key_of_no_bytes_is_told_in_one_line(place: Place, key: str) -> None:
    """Somebody who can write to the archive has put something else in the place of its public key."""
    facts = place.root / "archive.json"
    document = json.loads(facts.read_bytes())
    facts.write_text(json.dumps(document | {"key": key}))
    with pytest.raises(TamperedError, match=r"archive\.json is not one that this package writes"):
        place.archive()


def test_another_file_in_the_place_of_the_key_is_not_read_without_end(tmp_path: Path) -> None:
    """No more is read of it than a key can have, though it may be a device, or nested without end."""
    path = tmp_path / "key"
    for content in (write_keyring(make_keyring(path, "log")) + b" " * MAX_SMALL, b"[" * 200_000):
        path.write_bytes(content)
        with pytest.raises(ArchiveError, match="is not the key of an archive"):
            read_keyring(path)


def test_a_copy_whose_file_is_gone_is_not_archived_already(place: Place, tmp_path: Path) -> None:
    """Somebody who adds a copy again, since the archive has lost it, is told where to put it."""
    copy = copy_for("Acme GmbH", "A-1")
    given = tmp_path / "given.pdf"
    given.write_bytes(copy.pdf)
    (added,) = serve(place).add([given], trust=(), ledger=shipped())
    assert (added.error, added.added) == (None, False)
    kept = next(place.root.glob(f"copies/*/*/{copy.digest}.pdf"))
    kept.unlink()
    (added,) = serve(place).add([given], trust=(), ledger=shipped())
    assert isinstance(added.error, TamperedError)
    assert str(added.error).startswith(f"{kept.relative_to(place.root)} is missing from the archive; put this file")
    kept.write_bytes(given.read_bytes())
    require_finished(place)


def report_outdated(place: Place, until: datetime.datetime, ledger: Any) -> Table:
    made = make_report(serve(place, at=LATER), since=NOW - datetime.timedelta(days=1), until=until, ledger=ledger)
    return next(table for table in made.tables if table.key == "outdated")


def test_a_version_that_begins_when_a_period_ends_is_not_in_force_in_it(place: Place) -> None:
    """Periods end at midnight, and versions take effect at midnight: that of the next day outdates nobody."""
    until = NOW + datetime.timedelta(days=1)
    ledger = mock.Mock(version_in_force=lambda at: SimpleNamespace(version=VERSION if at < until else "9999-01-01"))
    assert (report_outdated(place, until, ledger).rows, VERSION in report_outdated(place, until, ledger).title) == (
        (),
        True,
    )
    assert len(report_outdated(place, until + datetime.timedelta(seconds=1), ledger).rows) == 2


def test_a_copy_that_was_withdrawn_after_a_period_stood_in_it(place: Place) -> None:
    """A report on last year says what was so last year."""
    newer = dataclasses.replace(copy_for("Acme GmbH", "A-2"), issued_at=NOW + datetime.timedelta(days=30))
    place.add([newer])
    serve(place, at=LATER).withdraw(newer.digest, details=Details(reason="wrong"))
    for until, issued_at in (
        (NOW + datetime.timedelta(days=60), "2026-12-23T12:30:00Z"),
        (LATER + datetime.timedelta(days=1), "2026-11-23T12:30:00Z"),
    ):
        rows = report_outdated(place, until, _ledger_of_tomorrow()).rows
        assert {row[0]: row[2] for row in rows}["Acme GmbH"] == issued_at


def test_a_withdrawal_that_was_interrupted_is_asked_for_again(place: Place) -> None:
    """The copy that was named is withdrawn last, so that the same command finishes what was not done."""
    again = lasting("Acme GmbH", "A-1", renews=digest_of("Acme GmbH", "A-1"))
    place.add([again])
    append, calls = LogWriter.append, []

    def stop(writer: LogWriter, *arguments: Any) -> int:
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError("stopped")
        return append(writer, *arguments)

    with mock.patch.object(LogWriter, "append", stop), pytest.raises(OSError, match="stopped"):
        serve(place).withdraw(digest_of("Acme GmbH", "A-1"))
    serve(place).withdraw(digest_of("Acme GmbH", "A-1"))
    (customer,) = serve(place).find("Acme").customers
    assert all(copy.withdrawn_at for copy in customer.copies)
    require_finished(place)


def test_a_certificate_that_no_disk_has_room_for_was_not_handed_over(place: Place, tmp_path: Path) -> None:
    """It can be made once, so the room for its files is there before the log says that it was made."""
    erasure = serve(place).erase("Acme GmbH").entry.number
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, limits[1]))  # enough for what the archive writes
    try:
        with pytest.raises(OSError, match="File too large"):
            write_certificate(serve(place), erasure, str(tmp_path / "erased"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    with (
        mock.patch.object(LogWriter, "append", side_effect=OSError(28, "No space left on device", "the/archive")),
        pytest.raises(ArchiveError, match="the/archive: No space left on device"),
    ):
        write_certificate(serve(place), erasure, str(tmp_path / "erased"))
    assert list(tmp_path.glob("*erased*")) == []
    page, data = write_certificate(serve(place), erasure, str(tmp_path / "erased"))
    assert json.loads(data.read_bytes())["entry"] == erasure
    assert page.read_text().rstrip().endswith("</html>")
