"""The API of the desk: tokens, idempotency, errors, the document, and the client."""

import asyncio
import io
import json
import socket
import threading
import wsgiref.simple_server
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mailmart_privacy.desk.client import AsyncDeskClient, DeskBatch, DeskClient, DeskError
from mailmart_privacy.desk.keeper.batches.folder import find_folder
from mailmart_privacy.desk.web.api import OPERATIONS
from mailmart_privacy.desk.web.openapi import write_document
from mailmart_privacy.desk.web.tokens import SCOPES
from mailmart_privacy.errors import DestinationExistsError, UsageError

from .conftest import PATIENCE
from .desk_browser import ORIGIN, Browser, LocalDesk, Page, make_desk
from .test_desk_many import run_batches


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> LocalDesk:
    """A desk with nothing on record but the published versions."""
    return make_desk(tmp_path_factory.mktemp("desk"))


def make_token(desk: LocalDesk, name: str = "shop", *scopes: str) -> str:
    desk.time.now += 61
    return desk.services.tokens.make(name, scopes or SCOPES, made_by="Anna", seconds=3600)


def ask(desk: LocalDesk, method: str, path: str, token: str, body: bytes = b"", **headers: str) -> Page:
    """Ask as a service does: without cookies, and without what browsers say of themselves."""
    given = {"authorization": f"Bearer {token}" if token else ""} | headers
    return Browser(desk).send(method, path, body, given)


def order(desk: LocalDesk, token: str, key: str, **fields: str) -> Page:
    return ask(desk, "POST", "/api/copies", token, json.dumps(fields).encode(), idempotency_key=key)


def problem(page: Page) -> str:
    """The code of an error, which has the form of RFC 9457."""
    assert page.headers["content-type"] == "application/problem+json"
    document = json.loads(page.body)
    jsonschema.validate(document, write_document(ORIGIN)["components"]["schemas"]["Problem"])
    assert document["status"] == page.status
    return str(document["type"].rpartition(":")[2])


def conforms(page: Page, name: str) -> Any:
    """The JSON of an answer, which is what the document says."""
    document = json.loads(page.body)
    schemas = write_document(ORIGIN)["components"]
    jsonschema.validate(document, {"$ref": f"#/components/schemas/{name}", "components": schemas})
    return document


def test_a_copy_whose_file_was_removed_is_not_said_to_be_unknown(desk: LocalDesk) -> None:
    """The copy is on record, so its missing file is a fault of the archive, and told as one."""
    token = make_token(desk)
    page = order(desk, token, "k-lost", recipient="Lost GmbH")
    fingerprint = conforms(page, "Copy")["fingerprint"]
    (file,) = Path(desk.keeper.desk.settings.archive).glob(f"copies/*/*/{fingerprint}.pdf")
    content = file.read_bytes()
    file.unlink()
    assert problem(ask(desk, "GET", page.headers["location"], token, accept="application/pdf")) == "tampered"
    file.write_bytes(content)


def test_a_service_issues_finds_and_fetches_its_own_copies(desk: LocalDesk) -> None:
    """The copy is on record under the service's name, and another service cannot see it."""
    token, other = make_token(desk, "shop"), make_token(desk, "crm")
    page = order(desk, token, "k-1", recipient="Api GmbH", reference="API-1")
    copy = conforms(page, "Copy")
    assert (page.status, page.headers["location"]) == (201, f"/api/copies/{copy['fingerprint']}")
    place = page.headers["location"]
    assert conforms(ask(desk, "GET", place, token), "Copy") == copy
    assert ask(desk, "HEAD", place, token, accept="application/pdf").status == 200
    assert "download" not in [each.entry.act for each in desk.keeper.desk.directory.acts]
    file = ask(desk, "GET", place, token, accept="application/pdf")
    desk.keeper.desk.directory.refresh()
    assert "download" in [each.entry.act for each in desk.keeper.desk.directory.acts]
    assert (file.headers["content-type"], file.body[:5]) == ("application/pdf", b"%PDF-")
    assert problem(ask(desk, "GET", place, other)) == "no-such-copy"
    found = conforms(ask(desk, "GET", "/api/copies?recipient=api+gmbh", token), "Copies")
    assert found == {"copies": [copy], "after": None}
    assert conforms(ask(desk, "GET", "/api/copies", other), "Copies")["copies"] == []
    page = order(desk, token, "k-2", recipient="Api AG")
    assert conforms(page, "Copy")["reference"]
    direct = ask(
        desk, "POST", "/api/copies", token, b'{"recipient": "Pdf SE"}', idempotency_key="k-3", accept="application/pdf"
    )
    assert (direct.status, direct.body[:5]) == (201, b"%PDF-")
    assert "Issued by shop" in desk.sign_in("Ada").open(place.removeprefix("/api")).words
    verdict = ask(desk, "POST", "/api/verifications", token, file.body, content_type="application/pdf")
    assert conforms(verdict, "Verification") == {"verdict": "ours", "record": copy}
    verdict = ask(desk, "POST", "/api/verifications", other, file.body, content_type="application/pdf")
    assert conforms(verdict, "Verification") == {"verdict": "ours", "record": None}
    desk.keeper.desk.service().erase("Api GmbH")
    gone = ask(desk, "GET", place, token)
    assert (gone.status, problem(gone)) == (410, "erased")
    assert ask(desk, "GET", place, other).status == 404


def test_one_key_one_copy(desk: LocalDesk) -> None:
    """Repeated or sent eight times at once, a key makes one copy; with another body it is refused."""
    token = make_token(desk)
    before = desk.keeper.desk.directory.copies
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(order(desk, token, "same", recipient="Once GmbH").body))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({json.loads(body)["fingerprint"] for body in found}) == 1
    assert desk.keeper.desk.directory.copies == before + 1
    page = order(desk, token, "same", recipient="Other GmbH")
    assert json.loads(page.body)["title"] == "This Idempotency-Key was used for another request already"
    assert (page.status, problem(page)) == (422, "request-reused")
    other = make_token(desk, "another")
    assert json.loads(order(desk, other, "same", recipient="Once GmbH").body) != json.loads(found[0])


def send_batch(desk: LocalDesk, token: str, key: str, *lines: dict[str, str], paper: str = "a4") -> Page:
    body = "\n".join(map(json.dumps, lines)).encode()
    return ask(desk, "POST", f"/api/batches?paper={paper}", token, body, idempotency_key=key)


def wait_for_batch(desk: LocalDesk, token: str, place: str) -> Any:
    """The batch when nobody works at it any more; processes of batches do not run here."""
    folder = find_folder(desk.keeper.desk, place.rpartition("/")[2])
    if folder.read().state == "planning":
        assert desk.keeper.desk.reading.start(folder).wait(PATIENCE)
    return conforms(ask(desk, "GET", place, token), "Batch")


def test_a_service_issues_a_batch(desk: LocalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of JSON become copies of the service's own; the same key gives the same batch."""
    token, other = make_token(desk, "mailer"), make_token(desk, "crm")
    lines = [{"recipient": "=Sum GmbH", "reference": "1E+15"}, {"recipient": "Ärmel AG"}]
    page = send_batch(desk, token, "b-1", *lines)
    place = page.headers["location"]
    assert (page.status, conforms(page, "Batch")["links"]) == (202, {"self": place})
    assert json.loads(send_batch(desk, token, "b-1", *lines).body)["id"] == place.rpartition("/")[2]
    for again in (send_batch(desk, token, "b-1", *lines[:1]), send_batch(desk, token, "b-1", *lines, paper="letter")):
        assert (again.status, problem(again)) == (422, "request-reused")
    waiting = wait_for_batch(desk, token, place)
    assert (waiting["state"], waiting["done"], waiting["total"]) == ("waiting", 0, 2)
    assert ask(desk, "GET", place, other).status == 404
    assert ask(desk, "GET", f"{place}/copies.zip", token).status == 404  # not yet
    run_batches(desk, monkeypatch)
    done = conforms(ask(desk, "GET", place, token), "Batch")
    assert (done["state"], done["done"], done["problems"]) == ("done", 2, [])
    logged = len(desk.keeper.desk.directory.acts)
    assert ask(desk, "HEAD", done["links"]["copies"], token).status == 200
    desk.keeper.desk.directory.refresh()
    assert len(desk.keeper.desk.directory.acts) == logged
    copies = zipfile.ZipFile(io.BytesIO(ask(desk, "GET", done["links"]["copies"], token).body))
    manifest = ask(desk, "GET", done["links"]["manifest"], token).body.splitlines()
    assert {json.loads(line)["file"] for line in manifest} == set(copies.namelist())
    assert ask(desk, "GET", f"{place}/drafts.zip", token).status == 404
    found = conforms(ask(desk, "GET", "/api/copies", token), "Copies")["copies"]
    assert {each["recipient"] for each in found} == {"=Sum GmbH", "Ärmel AG"}
    assert "1E+15" in {each["reference"] for each in found}


def test_a_batch_with_problems_issues_nothing(desk: LocalDesk) -> None:
    """Each line that has a problem is named; a body that is not lines of JSON is refused at once."""
    token = make_token(desk, "careless")
    before = desk.keeper.desk.directory.copies
    lines = [{"recipient": "Fine Ltd", "reference": "F-1"}, {"recipient": "株式会社"}]
    place = send_batch(desk, token, "p-1", *lines, {"recipient": "Other Ltd", "reference": "F-1"}).headers["location"]
    refused = wait_for_batch(desk, token, place)
    assert (refused["state"], [each["line"] for each in refused["problems"]]) == ("refused", [2, 3])
    assert "is in row 1, too" in refused["problems"][1]["message"]
    for body in (b"", b"[]", b'{"recipient": 1}', b'{"reference": "x"}', b'{"recipient": "X"}\n{', b'{"x": "y"}'):
        assert problem(ask(desk, "POST", "/api/batches", token, body, idempotency_key="k")) == "not-json-lines"
    assert problem(ask(desk, "POST", "/api/batches", token, b'{"recipient": "X"}')) == "key-missing"
    assert problem(send_batch(desk, token, "k", lines[0], paper="a3")) == "not-json-lines"
    assert problem(ask(desk, "GET", "/api/batches/..%2Fx", token)) in ("no-such-batch", "not-found")
    assert problem(send_batch(desk, make_token(desk, "looker", "read"), "k", lines[0])) == "forbidden"
    assert desk.keeper.desk.directory.copies == before


def test_a_service_learns_no_name_by_trying_references(desk: LocalDesk) -> None:
    """It is told that another customer has one, alone and in a batch, and not who that is."""
    owner, curious = make_token(desk, "owner"), make_token(desk, "curious")
    assert order(desk, owner, "own", recipient="Secret Client AG", reference="SC-1").status == 201
    page = order(desk, curious, "try", recipient="Curious Ltd", reference="SC-1")
    assert (page.status, problem(page)) == (422, "reference-taken")
    place = send_batch(desk, curious, "many", {"recipient": "Curious Ltd", "reference": "SC-1"}).headers["location"]
    refused = wait_for_batch(desk, curious, place)
    assert refused["problems"] == [
        {"line": 1, "message": "another customer already has a copy with the reference 'SC-1'"}
    ]
    assert "Secret" not in page.text


def test_what_is_wrong_is_said(desk: LocalDesk) -> None:
    """Each error has its code; nothing is issued."""
    token = make_token(desk)
    before = desk.keeper.desk.directory.copies
    assert problem(ask(desk, "POST", "/api/copies", token, b'{"recipient": "X"}')) == "key-missing"
    assert problem(order(desk, token, "k" * 201, recipient="X")) == "key-missing"
    for body, words in (
        (b"", "it is not JSON"),
        (b"[]", "it is not an object of texts"),
        (b"{", "it is not JSON"),
        (b'{"recipient": 7}', "it is not an object of texts"),
        (b'{"recipient": " "}', "recipient is missing"),
        (b'{"recipient": "X", "paper": "a3"}', "paper is a4 or letter"),
    ):
        page = ask(desk, "POST", "/api/copies", token, body, idempotency_key="k")
        assert (problem(page), json.loads(page.body)["detail"]) == ("not-json", words)
    page = ask(desk, "DELETE", "/api/copies", token)
    assert (page.status, problem(page)) == (405, "method")
    page = ask(desk, "GET", f"/api/batches/{'0' * 16}", token)
    assert "spreadsheet" not in json.loads(page.body)["title"]
    assert problem(order(desk, token, "k", recipient="X", level="B-B")) == "unknown-field"
    page = order(desk, token, "k", recipient="株式会社")
    assert problem(page) == "unfit-name"
    assert json.loads(page.body)["title"] == "This name cannot be put on a copy"
    assert "U+682A" in json.loads(page.body)["detail"]
    assert problem(order(desk, token, "k", recipient="x" * 20_000)) == "too-large"
    assert problem(ask(desk, "GET", "/api/nothing", token)) == "not-found"
    assert problem(ask(desk, "POST", f"/api/copies/{'0' * 64}", token)) == "method"
    assert desk.keeper.desk.directory.copies == before


def test_tokens_are_bounded(desk: LocalDesk) -> None:
    """A token that is unknown, revoked, too old, without the scope or used too often is refused, and so is a cookie."""
    assert problem(ask(desk, "GET", "/api/copies", "")) == "unauthorised"
    assert problem(ask(desk, "GET", "/api/copies", "mmdesk_guess")) == "unauthorised"
    assert problem(desk.sign_in("Ada").get("/api/copies")) == "unauthorised"
    reader = make_token(desk, "reader", "read")
    assert problem(order(desk, reader, "k", recipient="X")) == "forbidden"
    assert problem(ask(desk, "POST", "/api/verifications", reader, b"x")) == "forbidden"
    desk.time.now += 61
    assert [ask(desk, "GET", "/api/copies", reader).status for _ in range(61)] == [200] * 60 + [429]
    desk.time.now += 61
    (listed,) = [each for each in desk.services.tokens.list_all() if each.name == "reader"]
    assert listed.used_at == pytest.approx(desk.time.now - 61)
    desk.services.tokens.revoke(str(listed.id))
    assert problem(ask(desk, "GET", "/api/copies", reader)) == "unauthorised"
    late = make_token(desk, "late")
    desk.time.now += 3601
    assert problem(ask(desk, "GET", "/api/copies", late)) == "unauthorised"
    assert late not in json.dumps(desk.tables.query("SELECT * FROM tokens"))


def test_pages_elsewhere_cannot_use_the_api(desk: LocalDesk) -> None:
    """A browser that sends a request from another page is refused, whatever it carries."""
    token = make_token(desk)
    for name, value, status in (
        ("origin", "https://evil.example", 403),
        ("sec_fetch_site", "cross-site", 403),
        ("host", "evil.example", 421),
    ):
        assert ask(desk, "GET", "/api/copies", token, **{name: value}).status == status
        assert ask(desk, "POST", "/api/copies", token, b"{}", **{name: value}).status == status


def test_the_document_names_the_routes(desk: LocalDesk) -> None:
    """Paths, methods and schemas of the OpenAPI document are those of the routes."""
    document = json.loads(Browser(desk).send("GET", "/api/openapi.json").body)
    assert document == write_document(ORIGIN)
    named = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    assert named == {(path, method) for path, methods in OPERATIONS.items() for method in methods}
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    assert len({each["operationId"] for each in operations}) == len(operations)  # what generators call functions
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_administrator_makes_tokens(desk: LocalDesk) -> None:
    """A token is shown once, works, and goes on record; revoking it, too."""
    anna = desk.sign_in("Anna", "administrator")
    anna.open("/tokens")
    for fields in ({"name": ""}, {"name": "x"}, {"name": "x", "scope-issue": "yes", "days": "9999"}):
        assert anna.post("/tokens", anna.page.hidden("/tokens") | {"do": "make"} | fields).status == 422
    page = anna.submit("/tokens", name="Portal", **{"scope-read": "yes"}, days="90", do="make")
    secret = page.text.partition("<code>")[2].partition("</code>")[0]
    page = anna.submit("/tokens", name="Portal", **{"scope-read": "yes"}, days="30", do="make")  # a double click
    assert (page.status, "Portal has a token" in page.words) == (422, True)
    assert 'value="Portal"' in page.text
    assert 'value="30" selected' in page.text
    desk.services.tokens.make("Ended", ("read",), made_by="Anna", seconds=-1)
    assert "The token for Ended" in anna.submit("/tokens", name="Ended", **{"scope-read": "yes"}, days="30").words
    page = anna.submit("/tokens", name="Another", days="30", do="make")
    assert "It may Choose at least one thing that it may do. Issue copies" in page.words
    assert ask(desk, "GET", "/api/copies", secret).status == 200
    page = anna.open("/tokens")
    assert secret not in page.text
    (portal,) = [each for each in desk.services.tokens.list_all() if each.name == "Portal"]
    token = anna.page.hidden("/sign-out")["token"]
    anna.post("/tokens", {"token": token, "service": str(portal.id), "do": "revoke"})
    assert ask(desk, "GET", "/api/copies", secret).status == 401
    assert "Portal: revoked" in anna.open("/activity").words


@pytest.fixture(scope="module")
def address(desk: LocalDesk) -> Iterator[str]:
    """The desk's API at a port, for the client."""

    def serve(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        names = {"HTTP_AUTHORIZATION": "authorization", "HTTP_IDEMPOTENCY_KEY": "idempotency_key"}
        names |= {"HTTP_ACCEPT": "accept", "CONTENT_TYPE": "content_type"}
        headers = {new: environ[old] for old, new in names.items() if old in environ}
        path = environ["PATH_INFO"] + ("?" + environ["QUERY_STRING"] if environ["QUERY_STRING"] else "")
        page = Browser(desk).send(environ["REQUEST_METHOD"], path, environ["wsgi.input"].read(length), headers)
        kept = [
            (name, value)
            for name, value in page.headers.items()
            if name in ("content-type", "location", "content-length", "retry-after")
        ]
        start(f"{page.status} -", kept)
        return [page.body]

    class Quiet(wsgiref.simple_server.WSGIRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = wsgiref.simple_server.make_server("127.0.0.1", 0, serve, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_client_saves_a_batch(
    desk: LocalDesk, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its ZIP file and its manifest, once it is done; a file that is there already is kept."""
    token = make_token(desk, "saver")
    client = DeskClient(address, token)
    batch = client.begin_batch([("Saved GmbH", "SV-1"), ("Kept AG", "")], key="save")
    with pytest.raises(UsageError, match="not done"):
        client.save_batch(batch, tmp_path)
    wait_for_batch(desk, token, batch.links["self"])
    run_batches(desk, monkeypatch)
    done = client.show_batch(batch.id)
    copies, manifest = client.save_batch(done, tmp_path)
    lines = [json.loads(line) for line in manifest.read_text("utf-8").splitlines()]
    assert len(lines) == 2
    assert "SV-1" in {line["reference"] for line in lines}
    with zipfile.ZipFile(copies) as packed:
        assert sorted(packed.namelist()) == sorted(line["file"] for line in lines)
    with pytest.raises(DestinationExistsError, match=r"copies\.zip exists and was kept"):
        asyncio.run(AsyncDeskClient(address, token).save_batch(done, tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copies.zip", "manifest.jsonl"]


@pytest.mark.parametrize("way", ["fetch", "save"])
def test_the_client_takes_no_part_for_the_whole(tmp_path: Path, way: str) -> None:
    """Where a desk breaks off, what came is not kept, and the error says so."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def break_off() -> None:
            for _ in range(3 if way == "fetch" else 1):
                connection, _ = server.accept()
                with connection:
                    connection.recv(2**16)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n%PDF-2.0")

        thread = threading.Thread(target=break_off)
        thread.start()
        client = DeskClient(f"http://127.0.0.1:{server.getsockname()[1]}", "x", timeout=PATIENCE)
        done = DeskBatch(id="b", state="done", done=1, total=1, problems=(), links={})
        with pytest.raises(DeskError, match="cannot be reached" if way == "fetch" else "broke off, with 92 bytes"):
            client.fetch("0" * 64) if way == "fetch" else client.save_batch(done, tmp_path)
        thread.join()
    assert list(tmp_path.iterdir()) == []


def test_the_client_tells_when_to_try_again(desk: LocalDesk, address: str) -> None:
    """Where the desk says so, as where a token asks too often."""
    client = DeskClient(address, make_token(desk, "hasty"))
    with pytest.raises(DeskError) as refused:
        [client.find() for _ in range(100)]
    assert (refused.value.status, refused.value.code, refused.value.retry_after) == (429, "too-many", 60)


def test_the_client_issues_without_a_key(desk: LocalDesk, address: str) -> None:
    """Sync and async, with the standard library alone; errors carry status and code."""
    client_token = make_token(desk, "client")
    client = DeskClient(address, client_token)
    copy = client.issue("Client GmbH", key="my-copy-1", reference="CL-1")
    assert client.issue("Client GmbH", key="my-copy-1", reference="CL-1") == copy
    pdf = client.fetch(copy.fingerprint)
    assert (len(pdf), client.verify(pdf)) == (copy.size, "ours")
    assert client.find(reference="CL-1") == [copy]
    batch = client.begin_batch([("Batch One", "CB-1"), ("Batch Two", "")], key="all")
    assert client.begin_batch([("Batch One", "CB-1"), ("Batch Two", "")], key="all").id == batch.id
    assert wait_for_batch(desk, client_token, batch.links["self"])["state"] == "waiting"
    assert (client.show_batch(batch.id).total, client.show_batch(batch.id).problems) == (2, ())
    with pytest.raises(DeskError) as refused:
        client.issue("株式会社", key="my-copy-2")
    assert (refused.value.status, refused.value.code) == (422, "unfit-name")
    with pytest.raises(DeskError, match="cannot be reached"):
        DeskClient("http://127.0.0.1:9", "x", timeout=1).verify(b"")
    for elsewhere in ("http://desk.example", "http://localhost.example", "https://", "ftp://localhost", "http://[x"):
        with pytest.raises(UsageError, match="https"):
            DeskClient(elsewhere, "x")
    DeskClient("http://[::1]:8640", "x")
    again = AsyncDeskClient(address, make_token(desk, "client-2"))
    assert asyncio.run(again.issue("Async GmbH", key="a")).recipient == "Async GmbH"
    assert asyncio.run(again.verify(pdf)) == "ours"
    begun = asyncio.run(again.begin_batch([("Async One", "")], key="b"))
    assert asyncio.run(again.show_batch(begun.id)).id == begun.id
    assert [each.recipient for each in asyncio.run(again.find())] == ["Async GmbH"]
