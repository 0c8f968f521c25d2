"""Retention: who is proposed for erasure; certificates of erasures; and staff who are erased."""

import datetime
import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from faults.places import FIRST_COPY, NOW, Place, make_place, require_finished
from mailmart_privacy._time import format_exact
from mailmart_privacy.archive.acts import HeldError
from mailmart_privacy.archive.certificate import CertifiedError
from mailmart_privacy.archive.due import find_due
from mailmart_privacy.archive.recipients import Details
from mailmart_privacy.archive.report import make_report
from mailmart_privacy.errors import UsageError

from .conftest import Run
from .test_archive_team import ANNA, BEN, copy_for, serve
from .versions import one_version as shipped

DAY = datetime.timedelta(days=1)
YEAR = 365 * DAY


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An archive with copies for three customers."""
    place = make_place(tmp_path / "place")
    place.add([copy_for("Acme GmbH", "C-1"), copy_for("Beta AG", "C-2"), copy_for("Gamma SA", "C-3")])
    return place


def test_nobody_is_proposed_by_default(place: Place) -> None:
    """Without an end of the relation, and without a period, nobody is proposed."""
    service = serve(place)
    assert service.propose_erasures(YEAR) == []
    service.end_relation("Acme GmbH", ended_at=NOW - 2 * YEAR)
    found = find_due(service, trust=(), certificates=(), ledger=shipped())
    assert "proposal" not in {each.what for each in found}


def test_customers_whose_relation_ended_are_proposed(place: Place) -> None:
    """Customers are proposed from the end of the period on, but not erased; the proposal names holds."""
    service = serve(place)
    service.end_relation("Beta AG", ended_at=NOW - 2 * YEAR, details=Details(reason="contract ended"))
    service.end_relation("Acme GmbH", ended_at=NOW)
    service.hold(name="Beta AG", details=Details(matter="26-114"))
    first, second = service.propose_erasures(YEAR)
    assert (first.name, first.due_at, first.copies, first.held) == ("Beta AG", NOW - YEAR, 1, True)
    assert (second.name, second.due_at, second.held) == ("Acme GmbH", NOW + YEAR, False)
    due = find_due(service, trust=(), certificates=(), ledger=shipped(), retention=YEAR)
    assert [each.at for each in due if each.what == "proposal"] == [NOW - YEAR, NOW + YEAR]
    assert len(service.find("a").customers) == 3
    with pytest.raises(HeldError):
        service.erase("Beta AG")
    service.erase("Acme GmbH")
    assert [each.name for each in service.propose_erasures(YEAR)] == ["Beta AG"]
    require_finished(place)


def test_a_customer_who_comes_back_is_not_proposed(place: Place) -> None:
    """After a later copy the relationship counts as continued, until its end is recorded again."""
    service = serve(place)
    service.end_relation("Acme GmbH", ended_at=NOW - 2 * YEAR)
    place.add([copy_for("Acme GmbH", "C-9")])
    assert service.propose_erasures(YEAR) == []
    service.end_relation("Acme GmbH", ended_at=NOW - YEAR)
    (proposal,) = service.propose_erasures(YEAR)
    assert (proposal.due_at, proposal.copies) == (NOW, 2)


def test_copies_that_do_not_say_that_a_relation_goes_on(place: Place) -> None:
    """A copy that was issued before the end and archived later, and one that was withdrawn, put off no erasure."""
    service = serve(place)
    service.end_relation("Acme GmbH", ended_at=NOW - YEAR)
    place.add([replace(copy_for("Acme GmbH", "C-8"), issued_at=NOW - 2 * YEAR)])
    assert [each.name for each in service.propose_erasures(YEAR)] == ["Acme GmbH"]
    place.add([copy_for("Acme GmbH", "C-9")])
    assert service.propose_erasures(YEAR) == []
    service.withdraw(copy_for("Acme GmbH", "C-9").digest, details=Details(reason="wrong company"))
    assert [each.name for each in service.propose_erasures(YEAR)] == ["Acme GmbH"]


def test_the_certificate_of_an_erasure(place: Place) -> None:
    """It says what was erased and names nobody; its digest is in the log, and it cannot be made again."""
    service = serve(place)
    copy = service.find("Acme").customers[0].copies[0]
    erasure = service.erase("Acme GmbH")
    made = service.certify_erasure(erasure.entry.number, requested_by="the customer", elsewhere=("the mailbox",))
    document = json.loads(made.content)
    assert (document["entry"], document["requested_by"]) == (erasure.entry.number, "the customer")
    assert document["copies"][0]["sha256"] == copy.digest
    assert (document["name"], document["other_places"]) == (None, ["the mailbox"])
    page = made.to_html()
    for words in (copy.digest, made.digest, "the mailbox", "the customer", "Certificate of erasure"):
        assert words in page
    assert "Acme" not in page
    assert f"<dd>{format_exact(erasure.entry.entry.recorded_at)}</dd>" in page
    assert made.digest == sha256(made.content).hexdigest()
    report = require_finished(place)
    (kept,) = [each for each in report.register.acts if each.entry.act == "erase-certified"]
    assert (kept.entry.digest, kept.entry.about, kept.number) == (made.digest, erasure.entry.number, made.entry)
    with pytest.raises(CertifiedError, match="was handed over on 2026-11-23") as caught:
        service.certify_erasure(erasure.entry.number)
    assert caught.value.number == erasure.entry.number
    with pytest.raises(UsageError, match="is not an erasure that is done"):
        service.certify_erasure(FIRST_COPY)


def test_a_name_on_a_certificate_is_not_kept(place: Place) -> None:
    """The certificate shows a name only if it was typed for it, and the archive does not store that name."""
    service = serve(place)
    made = service.certify_erasure(service.erase("Acme GmbH").entry.number, name="Acme <GmbH>")
    assert "<dd>Acme &lt;GmbH&gt;</dd>" in made.to_html()
    assert all(b"Acme" not in path.read_bytes() for path in place.root.rglob("*") if path.is_file())


def test_a_member_of_staff_is_erased(place: Place) -> None:
    """The name is removed from the records; entries keep a pseudonym, and reports say so."""
    service = serve(place)
    service.hold(name="Acme GmbH", details=Details(matter="26-114"))
    for name in ("nobody", "Acme GmbH"):
        with pytest.raises(UsageError, match="0 members of staff"):
            service.erase_person(name)
    erasure = serve(place, actor=BEN).erase_person("anna")
    assert erasure.entry.act == "staff"
    report = require_finished(place)
    assert (report.erased, report.register.erased_customers) == (0, set())
    assert service.find("Acme").erasures == 0
    made = make_report(service, since=NOW - DAY, until=NOW + DAY, ledger=shipped()).to_json()
    assert [row["person"] for row in made["acts"]] == ["(erased)"]
    assert [(row["erased"], row["person"]) for row in made["erasures"]] == [("member of staff", "ben")]
    assert list(service.archive.staff(service.keyring().names_key).values()) == [BEN]
    # The same person at work again has a new pseudonym.
    serve(place).release(service.holds())
    assert ANNA in service.archive.staff(service.keyring().names_key).values()
    require_finished(place)


def test_one_who_erases_oneself(place: Place) -> None:
    """The entry of the erasure carries the pseudonym that it erases."""
    service = serve(place)
    service.hold(name="Acme GmbH", details=Details(matter="26-114"))
    erasure = service.erase_person("anna")
    assert erasure.entry.actor == erasure.entry.recipient
    assert service.archive.staff(service.keyring().names_key) == {}
    require_finished(place)


def test_retention_on_the_command_line(cli: Run, place: Place, tmp_path: Path) -> None:
    """An end is recorded, proposals come from an option or from the settings, a certificate is written once."""
    options = ("-a", str(place.root), "--archive-key", str(place.keys / "key.json"))
    assert cli("archive", "ended", "Acme GmbH", "--on", "2020-01-01", *options).returncode == 0
    assert cli("archive", "proposals", *options).returncode == 2
    (tmp_path / "config.toml").write_text("[archive.proposals]\nretention = 30\n")
    done = cli("--config", "config.toml", "archive", "proposals", *options, "--json")
    (found,) = json.loads(done.stdout)["proposals"]
    assert (found["customer"], found["due"], found["due_at"]) == ("Acme GmbH", True, "2020-01-31T00:00:00Z")
    assert b"may be erased since 2020-01-31" in cli("archive", "proposals", "--retention", "30", *options).stdout
    number = cli("archive", "erase", "Acme GmbH", "--yes", *options).stdout.decode().split()[-1]
    certify = ("archive", "certify", number, *options, "-o", "certificate")
    (tmp_path / "certificate.json").write_text("in the way")
    assert cli(*certify).returncode == 1
    (tmp_path / "certificate.json").unlink()
    done = cli(*certify, "--requested-by", "the customer")
    assert (done.returncode, done.stdout) == (0, b"certificate.html\ncertificate.json\n"), done.stderr
    assert json.loads((tmp_path / "certificate.json").read_bytes())["requested_by"] == "the customer"
    assert cli("archive", "erase", "nobody", "--person", "--yes", *options).returncode == 2
