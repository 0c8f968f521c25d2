"""A file that is sent to be checked, under real servers: each framework passes it on, and continues to serve."""

import http.client
import json
import threading
from contextlib import closing
from pathlib import Path

import pytest

from .conftest import PATIENCE
from .frameworks import Answer, ask, serve
from .golden import load_golden
from .hostile import MIB, make_form, make_hostile
from .test_frameworks import APP, write_project

pytestmark = pytest.mark.slow

_, GOLDEN = load_golden()
COPY = next(copy for copy in GOLDEN if copy.name == "p256-b-b-a4")
ONE_BY_ONE = ("django", "flask")  # served by WSGI, with one worker: a page waits for the files before it
NEWEST = ("django", "django-asgi", "flask", "starlette", "fastapi")


def send(port: int, body: bytes, kind: str, accept: str) -> Answer:
    """Post a body to the page that checks copies."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("POST", "/privacy/verify", body, {"Content-Type": kind, "Accept": accept})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())


@pytest.mark.parametrize("framework", NEWEST)
def test_a_file_is_checked_under_a_real_server(framework: str, tmp_path: Path) -> None:
    """As JSON and as a page, from a form or by itself; no cookie; what is too large, and no file, is refused."""
    with serve(framework, "newest", write_project(tmp_path, framework), app=APP[framework]) as port:
        answer = send(port, COPY.pdf, "application/pdf", "application/json")
        document = json.loads(answer.body)
        assert (answer.status, document["verdict"]) == (200, "unknown signer")  # the list that ships is empty
        assert document["signer"]["certificate_digest"] == COPY.signer_digest
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
        page = send(port, make_form(COPY.pdf), "multipart/form-data; boundary=x", "text/html")
        assert page.status == 200
        assert COPY.recipient.split(" ")[0] in page.body.decode()
        assert "Set-Cookie" not in page.headers
        altered = send(port, COPY.pdf[:-1], "application/pdf", "application/json")
        assert json.loads(altered.body)["verdict"] in ("altered", "unreadable")
        assert send(port, b"%" * (17 * MIB), "application/pdf", "application/json").status == 413
        assert send(port, b"", "application/pdf", "application/json").status == 400
        pages, files = count_pages_while_sending(port)
        assert pages > (0 if framework in ONE_BY_ONE else 2 * files)


def count_pages_while_sending(port: int) -> tuple[int, int]:
    """Count the pages that are served, one after the other, while others send files that mean harm; and the files.

    A server that looked at each file before it went on would serve a page for each file at most.
    """
    files = make_hostile(COPY.pdf)
    senders = [threading.Thread(target=send, args=(port, *each, "text/html"), daemon=True) for each in files]
    for sender in senders:
        sender.start()
    pages = 0
    while any(sender.is_alive() for sender in senders):
        assert ask(port, "/privacy").status == 200
        pages += 1
    return pages, len(files)
