"""Backups of a desk: nobody who was erased comes back with one, and no key is in it."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from mailmart_privacy import archive
from mailmart_privacy._clock import now
from mailmart_privacy.desk.answers import Actor
from mailmart_privacy.desk.calls import Issue
from mailmart_privacy.desk.compliance_calls import AskErasure, ConfirmErasure, PlaceHold
from mailmart_privacy.desk.web.people import People
from mailmart_privacy.desk.web.tables import Tables
from mailmart_privacy.desk.web.tokens import Tokens

from .command_line import Run
from .conftest import one_line
from .desk_browser import LocalDesk, Time, make_desk
from .postgres_server import serve_postgres

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the desk runs on Linux and macOS")
PEOPLE = "id, issuer, subject, name, roles, claimed, email"
ADA, BOB = (Actor(issuer="test", subject=name, name=name) for name in ("Ada", "Bob"))


@pytest.fixture
def desk(tmp_path: Path) -> LocalDesk:
    """A desk with two copies, two people and a service."""
    desk = make_desk(tmp_path / "desk")
    for name in ("Ada", "Bob"):
        desk.add_person(name)
    desk.services.tokens.make("Billing", ("issue",), made_by="Ada", seconds=60)
    for recipient in ("Stays GmbH", "Goes GmbH"):
        issue(desk, recipient)
    return desk


def issue(desk: LocalDesk, recipient: str) -> None:
    desk.keeper.ask_now(Issue(actor=ADA, recipient=recipient, reference="", paper="a4", request=recipient, again=True))


def find_id(desk: LocalDesk, name: str) -> str:
    (found,) = [each.record for each in desk.keeper.desk.directory.snapshot() if each.record.name == name]
    return found.pseudonym


def erase(desk: LocalDesk, customer: str, name: str) -> None:
    desk.keeper.ask_now(AskErasure(actor=ADA, customer=customer, matter="", reason="asked"))
    desk.keeper.ask_now(ConfirmErasure(actor=BOB, customer=customer, name=name))


def find(folder: Path, text: str) -> list[str]:
    """The customers of a desk's archive that match."""
    service = archive.open(str(folder / "archive"), clock=now, key=str(folder / "archive.key"), index=":memory:")
    service.verify().require_sound()
    return [each.name for each in service.find(text).customers]


def test_an_erasure_is_repeated_after_a_restore(desk: LocalDesk, cli: Run, tmp_path: Path) -> None:
    """The archive of the backup is older than the list of erasures: so it is while a backup is made."""
    (customer,) = [
        each.record.pseudonym for each in desk.keeper.desk.directory.snapshot() if "Goes" in each.record.name
    ]
    result = cli("desk", "--folder", "desk", "backup", "kept")
    assert result.returncode == 0, result.stderr
    assert result.stdout.decode().splitlines() == [
        "kept: 4 entries, 2 people, 1 tokens for services",
        "erasures to repeat after a restore: 0",
    ]
    older = tmp_path / "older"
    shutil.copytree(tmp_path / "kept" / "archive", older)
    erase(desk, customer, "Goes GmbH")
    cli("desk", "--folder", "desk", "backup", "kept")
    text = b"".join(each.read_bytes() for each in (tmp_path / "kept").rglob("*") if each.is_file())
    key = (tmp_path / "desk" / "archive.key").read_text()
    assert json.loads(key)["names_key"].encode() not in text
    assert b"PRIVATE KEY" not in text
    assert b"Goes GmbH" not in text
    shutil.rmtree(tmp_path / "kept" / "archive")
    older.rename(tmp_path / "kept" / "archive")
    (tmp_path / "new").mkdir()
    for name in ("archive.key", "archive.seen"):
        shutil.copy(tmp_path / "desk" / name, tmp_path / "new" / name)
    result = cli("desk", "--folder", "new", "restore", "kept")
    assert result.returncode == 0, result.stderr
    assert result.stdout.decode().splitlines()[1] == "people: 2; tokens for services: 1; erasures repeated: 1"
    assert "2 entries that were signed after this backup are lost" in result.stderr.decode()
    assert find(tmp_path / "new", "GmbH") == ["Stays GmbH"]
    again = cli("desk", "--folder", "new", "restore", "kept")
    assert "has people already" in one_line(again)


def test_a_hold_prevents_an_erasure_from_being_repeated(desk: LocalDesk, cli: Run, tmp_path: Path) -> None:
    """The hold in the backup had been lifted before the erasure; that is told, and nothing is erased."""
    (customer,) = [
        each.record.pseudonym for each in desk.keeper.desk.directory.snapshot() if "Goes" in each.record.name
    ]
    desk.keeper.ask_now(PlaceHold(actor=ADA, customer=customer, matter="26-114", reason="dispute"))
    cli("desk", "--folder", "desk", "backup", "kept")
    erasures = [{"number": 9, "recipient": customer}]
    (tmp_path / "kept" / "erasures.json").write_text(json.dumps(erasures))
    (tmp_path / "new").mkdir()
    shutil.copy(tmp_path / "desk" / "archive.key", tmp_path / "new" / "archive.key")
    result = cli("desk", "--folder", "new", "restore", "kept")
    assert "the erasure of record 9 cannot be repeated: a hold is in place" in result.stderr.decode()
    assert sorted(find(tmp_path / "new", "GmbH")) == ["Goes GmbH", "Stays GmbH"]


def test_people_and_tokens_keep_their_numbers(desk: LocalDesk, cli: Run, tmp_path: Path) -> None:
    """Entries of the log name services by them; the next one gets another number."""
    cli("desk", "--folder", "desk", "backup", "kept")
    (tmp_path / "new").mkdir()
    shutil.copy(tmp_path / "desk" / "archive.key", tmp_path / "new" / "archive.key")
    assert cli("desk", "--folder", "new", "restore", "kept").returncode == 0
    before, after = Tables(tmp_path / "desk" / "web.sqlite"), Tables(tmp_path / "new" / "web.sqlite")
    assert Tokens(after, Time()).list_all() == Tokens(before, Time()).list_all()
    assert after.query("SELECT * FROM people") == before.query("SELECT * FROM people")
    before.close()
    after.close()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of PostgreSQL, with two databases."""
    with serve_postgres() as url, psycopg.connect(f"{url}postgres", autocommit=True) as connection:
        for name in ("one", "two"):
            connection.execute(f"CREATE DATABASE {name}".encode())
        yield url


def test_a_backup_fills_tables_of_either_kind(desk: LocalDesk, cli: Run, tmp_path: Path, server: str) -> None:
    """From files into PostgreSQL, from there into another database, and back; who comes next gets a new number."""
    desk.people.set_email(desk.add_person("Bob"), "bob@example.com")
    before = Tables(tmp_path / "desk" / "web.sqlite")
    expected = before.query(f"SELECT {PEOPLE} FROM people ORDER BY id"), Tokens(before, Time()).list_all()
    before.close()
    source: list[str] = ["--folder", "desk"]
    for number, database in enumerate([f"{server}one", f"{server}two", ""]):
        kept, folder = f"kept-{number}", tmp_path / f"new-{number}"
        assert cli("desk", *source, "backup", kept).returncode == 0
        folder.mkdir()
        shutil.copy(tmp_path / "desk" / "archive.key", folder / "archive.key")
        source = ["--folder", folder.name, *(["--database", database] if database else [])]
        result = cli("desk", *source, "restore", kept)
        assert result.returncode == 0, result.stderr
        assert b"people: 2; tokens for services: 1; erasures repeated: 0" in result.stdout
        tables = Tables(database or folder / "web.sqlite")
        assert tables.query(f"SELECT {PEOPLE} FROM people ORDER BY id") == expected[0]
        assert Tokens(tables, Time()).list_all() == expected[1]
        tables.close()
    tables = Tables(f"{server}two")
    assert People(tables, Time()).put(Actor(issuer="test", subject="Next", name="Next"), ()).id == 3
    tables.close()


def test_what_is_no_backup_is_refused(desk: LocalDesk, cli: Run, tmp_path: Path) -> None:
    """One line each; nothing is overwritten."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("mine")
    assert "has something else in it" in one_line(cli("desk", "--folder", "desk", "backup", "other"))
    assert "is not the backup of a desk" in one_line(cli("desk", "--folder", "new", "restore", "other"))
    cli("desk", "--folder", "desk", "backup", "kept")
    (tmp_path / "kept" / "tables.json").write_text("{")
    (tmp_path / "next").mkdir()
    shutil.copy(tmp_path / "desk" / "archive.key", tmp_path / "next" / "archive.key")
    assert "tables.json was damaged" in one_line(cli("desk", "--folder", "next", "restore", "kept"))


def test_an_upgrade_brings_the_tables_forward(cli: Run, tmp_path: Path) -> None:
    """It is what a desk that starts does, too."""
    assert cli("desk", "--folder", "new", "upgrade").stdout.startswith(b"the desk's tables are those of this version")
    tables = Tables(tmp_path / "new" / "web.sqlite")
    assert tables.query("SELECT count(*) FROM people") == [(0,)]
    tables.close()
