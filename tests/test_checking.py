"""Is this copy real? What people and programs are told of a file, and what a hostile one cannot do."""

import datetime
import json
import threading
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mailmart_privacy.keys.certificates import load_certificates
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.trust.trust_list import CURRENT, TrustList, TrustRecord, chain_record, write_trust_list
from mailmart_privacy.web import Service, checking
from mailmart_privacy.web.demo import make_demonstration
from mailmart_privacy.web.static_site import build_site

from .conftest import NOW, VERSION

PAGE = {"Accept": "text/html"}
DATA = {"Accept": "application/json", "Content-Type": "application/pdf"}


def make_trust_list(identity: Identity | None) -> TrustList:
    """A trust list with the certificate of an identity, or an empty one."""
    entries = []
    if identity is not None:
        content = identity.certificate.public_bytes(Encoding.DER)
        record = TrustRecord(
            purpose="copies",
            name="MailMart signer",
            digest=sha256(content).hexdigest(),
            certificate=content,
            key=None,
            since=NOW - datetime.timedelta(days=1),
            until=None,
            state=CURRENT,
            compromised_since=None,
        )
        entries = chain_record([], record)
    content = write_trust_list(entries)
    return TrustList(lambda name: content)


@pytest.fixture(scope="module")
def service(identity: Identity) -> Service:
    """A service that knows the identity of the tests' copies."""
    return Service(shipped(), clock=lambda: NOW, trust_list=make_trust_list(identity))


def form_of(pdf: bytes, name: str = "copy.pdf") -> tuple[dict[str, str], bytes]:
    """What a browser sends for a form with one file."""
    named = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    head = f"--x\r\n{named}\r\nContent-Type: application/pdf\r\n\r\n"
    return PAGE | {"Content-Type": "multipart/form-data; boundary=x"}, head.encode() + pdf + b"\r\n--x--\r\n"


def test_a_genuine_copy_is_told_in_plain_words(service: Service, copy: bytes) -> None:
    """Issued to whom, by whom, when, of which version, and that it is in force; the same as JSON."""
    headers, body = form_of(copy)
    answer = service.respond("POST", "/privacy/verify", headers, body)
    page = answer.body.decode()
    assert answer.status == 200
    for said in (
        "Genuine, and unchanged since it was issued",
        "Acme GmbH",
        "C-1",
        "in force today",
        f"/privacy/{VERSION}",
    ):
        assert said in page
    sent = dict(answer.headers)
    assert sent["Cache-Control"] == "no-store"
    assert "form-action 'self'" in sent["Content-Security-Policy"]
    document = json.loads(service.respond("POST", "/privacy/verify", DATA, copy).body)
    assert (document["verdict"], document["genuine"], document["copy"]["recipient"]) == ("genuine", True, "Acme GmbH")


@pytest.mark.parametrize(
    ("spoil", "verdict"),
    [
        (lambda copy: copy.replace(b"Acme", b"Evil", 1) + b" ", "altered"),
        (lambda copy: shipped().record(VERSION, "form-a4.pdf"), "unsigned"),
        (lambda copy: b"%PDF-2.0\nnot one of ours", None),
        (lambda copy: b"\x89PNG\r\n", None),
        (lambda copy: copy[:5000], "unreadable"),
    ],
)
def test_other_files_are_told_apart(service: Service, copy: bytes, spoil: object, verdict: str | None) -> None:
    """Never a traceback and never "genuine"; what to do stands beside it."""
    content = spoil(copy)  # type: ignore[operator]
    document = json.loads(service.respond("POST", "/privacy/verify", DATA, content).body)
    assert not document["genuine"]
    assert document["copy"] is None
    assert document["advice"]
    if verdict is not None:
        assert document["verdict"] == verdict
    headers, body = form_of(content)
    page = service.respond("POST", "/privacy/verify", headers, body)
    assert page.status == 200
    assert "Traceback" not in page.body.decode()


def test_while_the_list_is_empty_the_pages_say_so(copy: bytes) -> None:
    """Nobody can be told who signed; that is said, and not that the copy is false."""
    service = Service(shipped(), clock=lambda: NOW, trust_list=make_trust_list(None))
    document = json.loads(service.respond("POST", "/privacy/verify", DATA, copy).body)
    assert document["verdict"] == "unknown signer"
    assert "has not published its certificates yet" in document["advice"]
    assert "has not published a certificate yet" in service.respond("GET", "/privacy/keys", {}).body.decode()


def test_the_certificates_are_published(service: Service, identity: Identity) -> None:
    """For people, as JSON, and as PEM."""
    digest = sha256(identity.certificate.public_bytes(Encoding.DER)).hexdigest()
    assert digest[:8] in service.respond("GET", "/privacy/keys", {}).body.decode()
    (key,) = json.loads(service.respond("GET", "/privacy/keys.json", {}).body)["keys"]
    assert (key["sha256"], key["purpose"]) == (digest, "copies")
    pem = service.respond("GET", "/privacy/keys.pem", {}).body
    own = identity.certificate.public_bytes(Encoding.PEM)
    assert pem == f"# {key['name']} (current)\n".encode() + own
    certificate = load_certificates(pem, origin="keys.pem")[0]
    assert (key["valid_from"], key["valid_until"]) == (
        certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def test_a_stolen_key_signs_nothing_and_is_told_of() -> None:
    """The page about keys has each state in words; a copy by a compromised key is not genuine; PEM leaves it out."""
    made = make_demonstration(shipped(), NOW)
    service = Service(shipped(), clock=lambda: NOW, trust_list=made.trust_list)
    page = service.respond("GET", "/privacy/keys", {}).body.decode()
    for words in ("Current", "Retired", "Compromised", "Others may have this key", "log.example/demonstration+"):
        assert words in page
    pem = service.respond("GET", "/privacy/keys.pem", {}).body.decode()
    assert [line for line in pem.splitlines() if line.startswith("#")] == [
        "# Demonstration: signer of last year (retired)",
        "# Demonstration: signer in use (current)",
    ]
    verdicts = {
        name: json.loads(service.respond("POST", "/privacy/verify", DATA, copy).body)["verdict"]
        for name, copy in made.copies.items()
    }
    assert verdicts == {"genuine.pdf": "genuine", "changed.pdf": "altered", "stolen-key.pdf": "unknown signer"}


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/pdf", b"", 400),
        ("text/plain", b"x", 400),
        ("", b"x", 400),
        ("multipart/form-data", b"--x", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nnothing", 400),
        ("multipart/form-data; boundary=x\r\nX: y", b"--x--", 400),
        ("application/pdf", b"%" * (checking.MAX_BODY + 1), 413),
    ],
)
def test_a_request_without_a_file_is_refused(service: Service, kind: str, body: bytes, status: int) -> None:
    """And so is one that is too large: before anything looks at it."""
    assert service.respond("POST", "/privacy/verify", {"Content-Type": kind}, body).status == status


def test_only_a_few_files_are_looked_at_together(
    service: Service, copy: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more is told to come back; a page is served meanwhile, and a slot is given back after a failure."""
    monkeypatch.setattr(checking, "_SLOTS", threading.BoundedSemaphore(1))
    with checking._SLOTS:
        busy = service.respond("POST", "/privacy/verify", DATA, copy)
        assert (busy.status, dict(busy.headers)["Retry-After"]) == (503, "5")
        assert service.respond("GET", "/privacy", {}).status == 200
    for content in (b"rubbish", copy, copy):
        assert service.respond("POST", "/privacy/verify", DATA, content).status == 200


def test_nothing_else_takes_a_file(service: Service) -> None:
    """Other addresses can only be read; a service that takes no files says how to check one otherwise."""
    assert service.respond("POST", "/privacy", DATA, b"%PDF").status == 405
    closed = Service(shipped(), clock=lambda: NOW, uploads=False)
    assert closed.respond("POST", "/privacy/verify", DATA, b"%PDF").status == 405
    assert "<form" not in closed.respond("GET", "/privacy/verify", {}).body.decode()
    assert "<form" in service.respond("GET", "/privacy/verify", {}).body.decode()


def test_the_static_site_has_both_pages(service: Service) -> None:
    """Without a form, since nobody answers it there."""
    files = build_site(service)
    assert b"<form" not in files["privacy/verify.html"]
    assert b"MailMart signer" in files["privacy/keys.html"]
