"""Workers outside of this process: a real Dask cluster, a real S3 server, and a worker that is killed."""

import datetime
import gc
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import mailmart_privacy as privacy
from mailmart_privacy import batch, errors, keys
from mailmart_privacy.batch import scheduler
from mailmart_privacy.cli.keys import KeyName
from mailmart_privacy.keys.key_files import dump_identity

from .conftest import VERSION, Run, one_line

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore:Creating scratch directories:UserWarning",  # it takes a second on a busy disk
    ),
]

SPAWN = get_context("spawn")  # a process that has threads is not to be forked


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> KeyName:
    """A key in a file, by the name under which workers open it."""
    path = tmp_path_factory.mktemp("key") / "key.pem"
    now = datetime.datetime.now(datetime.UTC)
    path.write_bytes(dump_identity(keys.create_identity(created_at=now - datetime.timedelta(hours=1))))
    return KeyName(name=str(path))


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """A bucket of a server that speaks S3, and its address in the environment, where workers find it."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    values = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    before = {name: os.environ.get(name) for name in values}
    os.environ |= values
    client = boto3.client("s3")
    client.create_bucket(Bucket="copies", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield "s3://copies"
    server.stop()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture(scope="module")
def cluster(store: str) -> Iterator[Any]:
    """A cluster of two worker processes, begun when the store's address is known."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster:
        yield cluster
    gc.collect()  # what it leaves open is noticed here, where that is allowed, and not in another file's test


def rows(count: int) -> list[privacy.Row]:
    return [privacy.Row(number=n + 2, recipient=f"Acme {n} GmbH", reference=f"C-{n}") for n in range(count)]


def require_all(outcomes: list[Any], count: int, key: KeyName) -> None:
    """Require exactly one result for each row."""
    assert all(isinstance(each, batch.IssuedRow) for each in outcomes), outcomes[:3]
    assert sorted(each.reference for each in outcomes) == sorted(f"C-{n}" for n in range(count))


def test_a_worker_that_is_killed_costs_no_copy(
    cluster: Any, key: KeyName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of two workers is killed in mid-run; each copy is there once, is what was listed, and verifies."""
    from distributed import Client

    monkeypatch.setattr(scheduler, "_STALLED", 40)  # Dask itself takes up to 30 seconds to see that a worker is gone
    count, outcomes = 600, []
    with Client(cluster.scheduler_address, set_as_default=False) as client:
        pids = list(client.run(os.getpid).values())
        for outcome in privacy.issue_many(
            rows(count), identity=key, executor=client.get_executor(pure=False), into=str(tmp_path), chunk=8
        ):
            outcomes.append(outcome)
            if len(outcomes) == 100:
                os.kill(pids[0], signal.SIGKILL)
    require_all(outcomes, count, key)
    assert {path.name for path in tmp_path.glob("*.pdf")} == {each.file for each in outcomes}
    for each in outcomes:
        assert sha256((tmp_path / each.file).read_bytes()).hexdigest() == each.digest
    roots = [key().certificate]
    for each in outcomes[90:130:8]:
        assert privacy.verify((tmp_path / each.file).read_bytes(), trust=roots).reference == each.reference


def test_workers_write_to_a_store(cluster: Any, key: KeyName, store: str, process: Run, tmp_path: Path) -> None:
    """The command line has a cluster write into S3, lists the copies here, and continues where it was stopped."""
    import boto3

    sheet = tmp_path / "rows.csv"
    sheet.write_text("name,reference\n" + "".join(f"Acme {n},C-{n}\n" for n in range(40)), encoding="utf-8")
    environment = {**os.environ, "MAILMART_PRIVACY_STATE_DIR": str(tmp_path / "state")}
    arguments = ["export", "--recipients", str(sheet), "-d", f"{store}/2026", "--manifest", "list.jsonl", "--json"]
    arguments += ["--dask", cluster.scheduler_address, "--identity", str(key.name)]
    result = process(*arguments, env=environment)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert (report["copies"], report["issued"], report["verified"]) == (40, 40, 10)
    client = boto3.client("s3")
    listed = {entry["Key"]: entry["Size"] for entry in client.list_objects_v2(Bucket="copies")["Contents"]}
    lines = [json.loads(line) for line in (tmp_path / "list.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {f"2026/{line['file']}": line["size"] for line in lines} == listed
    before = {name: client.get_object(Bucket="copies", Key=name)["Body"].read() for name in listed}

    # As after a kill: of the copies that are there, the last ten were not listed.
    content = (tmp_path / "list.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "list.jsonl").write_bytes(b"".join(content[:30]))
    result = process(*arguments, "--resume", env=environment)
    assert result.returncode == 0, result.stderr
    assert len((tmp_path / "list.jsonl").read_text(encoding="utf-8").splitlines()) == 40
    assert {name: client.get_object(Bucket="copies", Key=name)["Body"].read() for name in listed} == before


def test_a_store_without_a_list_is_refused(process: Run, tmp_path: Path, store: str) -> None:
    """Nothing can be appended to a file in a store, so the list has to be elsewhere; this is reported before anything
    is done."""
    (tmp_path / "rows.csv").write_text("name\nAcme\n", encoding="utf-8")
    assert "--manifest FILE" in one_line(process("export", "--recipients", "rows.csv", "-d", f"{store}/x"))


def test_no_scheduler_is_one_line(cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If no cluster answers, one line says so, and nothing is written."""
    (tmp_path / "rows.csv").write_text("name\nAcme\n", encoding="utf-8")
    monkeypatch.setattr("mailmart_privacy.batch.dask._PATIENCE", 1)
    result = cli("export", "--recipients", "rows.csv", "-d", "out", "--dask", "tcp://127.0.0.1:1")
    assert result.returncode == 2
    assert "there is no Dask scheduler at tcp://127.0.0.1:1" in result.stderr.decode().splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_any_executor(key: KeyName) -> None:
    """Threads, processes and no executor at all give the same rows; to processes, a key does not travel."""
    for executor in (None, ThreadPoolExecutor(2), ProcessPoolExecutor(2, mp_context=SPAWN)):
        outcomes = list(privacy.issue_many(rows(70), identity=key, executor=executor))
        require_all(outcomes, 70, key)
        for each in outcomes[::30]:
            assert each.pdf is not None
            assert sha256(each.pdf).hexdigest() == each.digest
            assert len(each.pdf) == each.size
            assert privacy.verify(each.pdf, trust=[key().certificate]).reference == each.reference
        if executor is not None:
            executor.shutdown()
    with (
        ProcessPoolExecutor(1, mp_context=SPAWN) as pool,
        pytest.raises(errors.IdentityError, match="does not travel"),
    ):
        list(privacy.issue_many(rows(2), identity=key(), executor=pool))


def test_errors_come_row_by_row(key: KeyName, tmp_path: Path) -> None:
    """A row that cannot be issued yields its error, typed and named, and the others their copies."""
    given = [
        privacy.Row(number=2, recipient="Acme"),
        privacy.Row(number=3, recipient="株式会社"),
        privacy.Row(number=4, recipient="Beta", reference="B"),
        privacy.Row(number=5, recipient="W" * 300),
    ]
    (tmp_path / f"privacy-policy-{VERSION}-Beta-B.pdf").write_bytes(b"mine")
    outcomes = list(privacy.issue_many(given, identity=key, into=str(tmp_path)))
    failed = {each.number: each.error for each in outcomes if isinstance(each, batch.FailedRow)}
    assert {number: type(error) for number, error in failed.items()} == {
        3: errors.RecipientError,
        4: errors.DestinationExistsError,
        5: errors.RecipientError,
    }
    assert (tmp_path / f"privacy-policy-{VERSION}-Beta-B.pdf").read_bytes() == b"mine"
    assert sum(isinstance(each, batch.IssuedRow) for each in outcomes) == 1


def test_stopping_the_iterator_stops_the_work(key: KeyName, tmp_path: Path) -> None:
    """Rows are taken as they are needed; once the iterator is closed, no more copies appear."""
    taken = 0

    def endless() -> Iterator[privacy.Row]:
        nonlocal taken
        while True:
            taken += 1
            yield privacy.Row(number=taken, recipient=f"Acme {taken}", reference=f"C-{taken}")

    with ThreadPoolExecutor(2) as pool:
        copies: Any = privacy.issue_many(endless(), identity=key, executor=pool, into=str(tmp_path), chunk=4)
        for _ in range(10):
            next(copies)
        copies.close()
        there = len(list(tmp_path.glob("*.pdf")))
        assert 10 <= there <= taken < 400
        time.sleep(0.3)
        assert len(list(tmp_path.glob("*.pdf"))) == there
        assert not list(tmp_path.glob(".*"))
    assert threading.active_count() < 50


def test_the_same_row_is_found_not_issued_twice(key: KeyName, tmp_path: Path) -> None:
    """A copy that is in its place already is known again by its bytes, and given back as it is."""
    first = list(privacy.issue_many(rows(5), identity=key, into=str(tmp_path)))
    again = list(privacy.issue_many(rows(7), identity=key, into=str(tmp_path)))
    assert [each.found for each in again if isinstance(each, batch.IssuedRow)] == [True] * 5 + [False] * 2
    assert [each.digest for each in first] == [each.digest for each in again][:5]  # type: ignore[union-attr]
    path = next(tmp_path.glob("*C-3.pdf"))
    good = path.read_bytes()
    signature = good.rindex(b"/Contents <") + 900
    for bad in (
        good + b"\n",
        good[:-200],
        good.replace(b"Acme 3".hex().encode(), b"Acne 3".hex().encode()),
        good[:signature] + (b"0" if good[signature : signature + 1] != b"0" else b"1") + good[signature + 1 :],
        b"",
    ):
        assert bad != good
        path.write_bytes(bad)
        (other,) = privacy.issue_many(rows(4)[3:], identity=key, into=str(tmp_path))
        assert isinstance(other, batch.FailedRow)
        assert path.read_bytes() == bad


def test_wrong_arguments_raise_at_once(key: KeyName) -> None:
    """An error that concerns all rows is raised by the call itself, not at the first row."""
    with pytest.raises(privacy.UsageError, match="no level"):
        privacy.issue_many([], identity=key, level="B-X")
    with pytest.raises(privacy.UsageError, match="no form for the paper"):
        privacy.issue_many([], identity=key, paper="a5")
    with pytest.raises(privacy.UsageError, match="does not name a moment"):
        privacy.issue_many([], identity=key, issued_at=datetime.datetime(2026, 11, 23))
    assert list(privacy.issue_many([], identity=key)) == []
