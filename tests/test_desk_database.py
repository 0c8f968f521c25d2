"""The desk's tables in SQLite and in PostgreSQL: the same statements, brought forward once, shared by several desks."""

import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from mailmart_privacy.desk.answers import Actor
from mailmart_privacy.desk.database import DatabaseError
from mailmart_privacy.desk.sqlite import SqliteTables
from mailmart_privacy.desk.web.people import IDLE, People, make_digest
from mailmart_privacy.desk.web.permissions import ROLES
from mailmart_privacy.desk.web.sign_ins import SignIn, SignIns
from mailmart_privacy.desk.web.tables import MIGRATIONS, Tables, open_database
from mailmart_privacy.desk.web.tokens import Tokens
from mailmart_privacy.errors import UsageError

from .desk_browser import Time
from .postgres_server import serve_postgres

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the desk runs on Linux and macOS")
ADA = Actor(issuer="test", subject="ada", name="Ada")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of PostgreSQL."""
    with serve_postgres() as url:
        yield url


@pytest.fixture
def database(server: str, request: pytest.FixtureRequest) -> str:
    """An empty database."""
    name = f"d{abs(hash(request.node.name))}"
    with psycopg.connect(f"{server}postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return server + name


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where tables are made: a file, or a database."""
    if request.param == "SQLite":
        return str(tmp_path / "web.sqlite")
    return str(request.getfixturevalue("database"))


def run_at_once(count: int, act: Callable[[int], None]) -> None:
    """Do something in several threads that begin together."""
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        act(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_people_sessions_and_tokens_are_kept(place: str) -> None:
    """Another desk that opens the same tables knows who is signed in; what has ended is not known any more."""
    time, first = Time(), Tables(place)
    people = People(first, time)
    ada = people.put(ADA, ROLES)
    assert people.put(Actor(issuer="test", subject="ada", name="Ada L."), ("sales",)).id == ada.id
    people.add_link("0" * 64, ada, seconds=60)
    people.add_link("0" * 64, ada, seconds=6000)  # stays as it is
    people.add_link(make_digest("word"), ada, seconds=60)
    cookie = people.use_link("word")
    assert cookie is not None
    second = Tables(place)
    session = People(second, time).find(cookie)
    assert session is not None
    assert (session.person.actor.name, session.person.roles) == ("Ada L.", ("sales",))
    tokens = Tokens(second, time)
    secret = tokens.make("Billing", ("issue",), made_by="Ada", seconds=60)
    (token,) = Tokens(first, time).list_all()
    assert (token.name, token.scopes, token.revoked) == ("Billing", ("issue",), False)
    assert tokens.find(secret) is not None
    tokens.revoke("no number")
    tokens.revoke(str(token.id))
    assert Tokens(first, time).find(secret) is None
    time.now += IDLE + 1
    assert people.find(cookie) is None
    first.close()
    second.close()


def test_a_link_signs_in_once_in_a_race(place: str) -> None:
    """Eight browsers use it at once, half of them at another desk: one is signed in."""
    time = Time()
    desks = [Tables(place), Tables(place)]
    people = [People(each, time) for each in desks]
    people[0].add_link(make_digest("word"), people[0].put(ADA, ROLES), seconds=60)
    cookies: list[str | None] = []
    run_at_once(8, lambda number: cookies.append(people[number % 2].use_link("word")))
    assert len(cookies) == 8
    assert sum(each is not None for each in cookies) == 1
    for each in desks:
        each.close()


def test_a_sign_in_ends_once_in_a_race(place: str) -> None:
    """Eight answers of the identity provider come at once, half of them to another desk: one is read."""
    time = Time()
    desks = [Tables(place), Tables(place)]
    sign_ins = [SignIns(each, time) for each in desks]
    ada = People(desks[0], time).admit(ADA, ("sales",))
    sign_ins[0].begin("secret", target="/due", person=ada.id)
    taken: list[SignIn | None] = []
    run_at_once(8, lambda number: taken.append(sign_ins[number % 2].take("secret")))
    assert [each for each in taken if each] == [SignIn(target="/due", person=ada.id, begun_at=time.now)]
    assert len(taken) == 8
    for each in desks:
        each.close()


def test_people_whom_a_provider_signs_in_keep_the_roles_that_the_desk_gave(place: str) -> None:
    """What the provider gives is replaced at each sign-in; a sign-in without a name keeps the one before."""
    tables = Tables(place)
    people = People(tables, Time())
    assert people.admit(ADA, ("maintainer",)).roles == ("maintainer",)
    assert people.put(ADA, ("sales",)).roles == ("sales", "maintainer")
    found = people.admit(Actor(issuer="test", subject="ada", name=""), ("compliance",))
    assert (found.actor.name, found.roles, found.claimed) == ("Ada", ("sales", "compliance"), ("compliance",))
    assert people.find_person("test", "eve") is None
    assert people.find_person("another", "ada") is None
    tables.close()


def test_what_fails_in_the_middle_is_undone(place: str) -> None:
    """Of several changes that belong together, all are made or none."""
    tables = Tables(place)
    people = People(tables, Time())

    def put_and_fail() -> None:
        with tables.changing():
            people.put(ADA, ROLES)
            raise KeyError

    with pytest.raises(KeyError):
        put_and_fail()
    assert people.list_all() == []
    people.put(ADA, ROLES)
    assert len(people.list_all()) == 1
    tables.close()


def test_what_is_noted_with_many_requests_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    """That a session was seen, or a token used; what comes after it is synced as before."""
    time, tables = Time(), SqliteTables(tmp_path / "web.sqlite", MIGRATIONS)
    people, said = People(tables, time), list[str]()  # type: ignore[arg-type]
    cookie = people.begin(people.put(ADA, ROLES).id, proven_at=0)
    time.now += 90
    tables._connection.set_trace_callback(said.append)
    assert people.find(cookie) is not None
    assert [each.split(" = ")[0] for each in said[1:]] == [
        "PRAGMA synchronous",
        "UPDATE sessions SET seen_at",
        "PRAGMA synchronous",
    ]
    with pytest.raises(sqlite3.OperationalError):
        tables.note("UPDATE nothing SET x = 1")
    assert tables.query("PRAGMA synchronous") == [(2,)]
    assert tables.query("SELECT seen_at FROM sessions") == [(time.now,)]
    tables.close()


def test_tables_are_brought_forward_and_never_back(place: str) -> None:
    """Each step is done once, by the first of four desks that open the tables; an older desk is refused."""
    steps = ("CREATE TABLE a (id {key}, content {bytes})", "INSERT INTO a (content) VALUES (NULL)")
    open_database(place, "steps", steps[:1]).close()
    made: list[int] = []

    def open_it(number: int) -> None:
        database = open_database(place, "steps", steps)
        made.append(len(database.query("SELECT id FROM a")))
        database.close()

    run_at_once(4, open_it)
    assert made == [1, 1, 1, 1]
    with pytest.raises(DatabaseError, match="newer desk"):
        open_database(place, "steps", steps[:1])


def test_a_server_that_was_started_again_is_found_again(database: str) -> None:
    """A connection that the server has closed is opened again, but not in the middle of what belongs together."""
    tables = Tables(database)
    people = People(tables, Time())

    def cut() -> None:
        with psycopg.connect(database, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    def put_twice() -> None:
        with tables.changing():
            people.put(ADA, ("sales",))
            cut()
            people.put(ADA, ("compliance",))

    cut()
    people.put(ADA, ROLES)
    with pytest.raises(DatabaseError, match="cannot be used"):
        put_twice()
    assert [each.roles for each in people.list_all()] == [ROLES]
    tables.close()


def test_a_database_that_cannot_be_used_is_named_without_its_password(server: str) -> None:
    """One line says which database, and why."""
    with pytest.raises(DatabaseError) as failed:
        Tables("postgresql://desk:secret@127.0.0.1:9/desk?connect_timeout=2")
    assert "postgresql://127.0.0.1:9/desk" in str(failed.value)
    assert "secret" not in str(failed.value)
    assert "\n" not in str(failed.value)
    with pytest.raises(UsageError, match="desk's database"):
        Tables("postgresql://desk:a@b@host/desk")


def test_every_statement_of_a_migration_is_one_step() -> None:
    """What only one of the two databases understands is not used."""
    for statement in MIGRATIONS:
        assert not {"AUTOINCREMENT", "REAL", "SERIAL", "IGNORE"} & set(statement.replace("(", " ").split())
