"""Is this copy real? What people and programs learn about a file, and what a hostile file cannot do."""

import datetime
import json
import re
import threading
import time
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mailmart_privacy.copies.issuer import Issuer
from mailmart_privacy.copies.pades import LEVELS
from mailmart_privacy.keys.certificates import load_certificates
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.release.trust import add_certificate, retire
from mailmart_privacy.trust.authorities import Authorities
from mailmart_privacy.trust.trust_list import CURRENT, TrustList, TrustRecord, chain_record, write_trust_list
from mailmart_privacy.web import Service, checking
from mailmart_privacy.web.checking import check_copy
from mailmart_privacy.web.demo import make_demonstration
from mailmart_privacy.web.published import SCRIPTS
from mailmart_privacy.web.static_site import build_site
from mailmart_privacy.web.uploads import read_upload

from .browser import SCRIPTS as FOLDER
from .browser import make_trust_list as published_list
from .conftest import NOW, VERSION
from .pki import Authority
from .versions import FIRST, SECOND, one_version, three_version_ledger

DAY = datetime.timedelta(days=1)
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
    """A service that knows the identity of the tests' copies, while their version is in force."""
    moment = max(NOW, shipped().version(VERSION).effective_at)
    return Service(shipped(), clock=lambda: moment, trust_list=make_trust_list(identity))


def form_of(pdf: bytes, name: str = "copy.pdf") -> tuple[dict[str, str], bytes]:
    """What a browser sends for a form with one file."""
    named = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    head = f"--x\r\n{named}\r\nContent-Type: application/pdf\r\n\r\n"
    return PAGE | {"Content-Type": "multipart/form-data; boundary=x"}, head.encode() + pdf + b"\r\n--x--\r\n"


def test_a_genuine_copy_is_told_in_plain_words(service: Service, copy: bytes) -> None:
    """The page says to whom, by whom and when a copy was issued, and that its version is in force; so does the JSON."""
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
    """The answer is never a traceback and never "genuine", and says what to do."""
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


def test_a_version_that_is_not_known_here(identity: Identity) -> None:
    """A visitor learns where to ask, and not which package somebody else should upgrade; a program learns both."""
    ledger = three_version_ledger()
    copy = Issuer(identity, ledger=ledger).issue(
        ledger.policy(SECOND), recipient="Acme GmbH", reference="C-1", issued_at=NOW
    )
    service = Service(one_version(), clock=lambda: NOW, trust_list=make_trust_list(identity))
    document = json.loads(service.respond("POST", "/privacy/verify", DATA, copy.pdf).body)
    assert document["verdict"] == "newer version"
    assert "upgrade" in document["reason"]
    page = service.respond("POST", "/privacy/verify", DATA | PAGE, copy.pdf).body.decode()
    assert "of a version of the policy that is not known here" in page
    assert "upgrade" not in page


def test_while_the_list_is_empty_the_pages_say_so(copy: bytes) -> None:
    """The page says that it cannot tell who signed the copy, but not that the copy is false."""
    service = Service(shipped(), clock=lambda: NOW, trust_list=make_trust_list(None))
    document = json.loads(service.respond("POST", "/privacy/verify", DATA, copy).body)
    assert document["verdict"] == "unknown signer"
    assert "has not published a certificate yet" in document["advice"]
    assert "identity" in document["signer"]["name"]
    assert document["headline"].startswith("Unchanged")
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
    assert verdicts == {"genuine.pdf": "genuine", "changed.pdf": "altered", "stolen-key.pdf": "compromised key"}


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
    """A file that is too large is refused as well, before anything reads it."""
    assert service.respond("POST", "/privacy/verify", {"Content-Type": kind}, body).status == status


@pytest.mark.parametrize(
    ("filling", "status"),
    [(b"\n", 200), (b"\r\n", 200), (b"\0", 200), (b"--x\r\n\r\n\r\n", 200), (b"\r\n--x\r\n\r\n", 400)],
)
def test_a_hostile_form_costs_next_to_nothing(service: Service, filling: bytes, status: int) -> None:
    """Sixteen megabytes that keep a parser of mail busy for minutes are answered at once."""
    headers, body = form_of(filling * (16 * 1024 * 1024 // len(filling)))
    start = time.process_time()
    assert service.respond("POST", "/privacy/verify", headers, body).status == status
    assert time.process_time() - start < 10


def test_the_file_of_a_form_is_found(copy: bytes) -> None:
    """Behind other fields, with a quoted boundary, whatever is in it; a form without a file has none."""
    headers, body = form_of(copy)
    assert read_upload(headers["Content-Type"], body) == copy
    before = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    assert read_upload('multipart/form-data; charset=utf-8; Boundary="x"', before + body) == copy
    assert read_upload(headers["Content-Type"], b"preamble\r\n" + body) == copy
    assert read_upload(headers["Content-Type"], before + b"--x--\r\n") is None
    assert read_upload(headers["Content-Type"], body[:-8]) is None
    assert read_upload(headers["Content-Type"], form_of(b"--x--\r\n--y")[1]) == b"--x--\r\n--y"


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


@pytest.mark.parametrize(
    ("at", "moments", "verdict", "said"),
    [
        (NOW + 90 * DAY, {"until": NOW + 30 * DAY}, "formerly used key", "used until December 23, 2026"),
        (NOW + 9000 * DAY, {}, "formerly used key", "when it was signed is not checked here"),
        (NOW + DAY, {"until": NOW - DAY}, "unknown signer", "not on the list"),
        (NOW + DAY, {"since": NOW + DAY}, "unknown signer", "not on the list"),
        (NOW + 90 * DAY, {"compromised_since": NOW + DAY}, "compromised key", "others may have had the key"),
    ],
)
def test_what_became_of_a_key_is_heeded(
    identity: Identity, copy: bytes, at: datetime.datetime, moments: dict[str, Any], verdict: str, said: str
) -> None:
    """The trust list says from when until when a key was used, and since when others may have had it."""
    trust_list = published_list([identity.certificate], **{"since": NOW - 9 * DAY, **moments})
    found = check_copy(copy, ledger=shipped(), trust_list=trust_list, at=at)
    assert found.verdict == verdict, found
    assert said in f"{found.headline} {found.advice}"
    assert not found.is_genuine
    assert found.facts is not None
    assert found.facts.recipient == "Acme GmbH"


def test_the_day_is_that_of_the_key_that_signed(identity: Identity, copy: bytes, authority: Authority) -> None:
    """Another key that was retired later says nothing of this copy."""
    trust_list, until = make_trust_list(identity).entries, NOW + 30 * DAY
    entries = retire(trust_list, sha256(identity.certificate.public_bytes(Encoding.DER)).hexdigest(), until=until)
    other = authority.identity().certificate.public_bytes(Encoding.DER)
    entries = add_certificate(entries, other, purpose="copies", since=NOW - DAY)
    entries = retire(entries, sha256(other).hexdigest(), until=NOW + 60 * DAY)
    found = check_copy(
        copy, ledger=shipped(), trust_list=TrustList(lambda _: write_trust_list(entries)), at=NOW + 90 * DAY
    )
    assert (found.verdict, "used until December 23, 2026" in found.headline) == ("formerly used key", True), found


def test_a_copy_of_every_level_says_who_knows_the_time(authority: Authority) -> None:
    """Its signer alone, or an authority; a copy whose time is proven stays genuine when its key is retired."""
    signer = authority.identity()
    trust_list = published_list(
        [signer.certificate], [authority.certificate("tsa-root")], since=NOW - 9 * DAY, until=NOW + DAY
    )
    for level in LEVELS:
        authorities = Authorities(timestamps=authority.client(), trust=authority.trust)
        issuer = Issuer(signer, level=level, authorities=authorities)
        pdf = issuer.issue(shipped().policy(VERSION), recipient="Acme", reference="C-1", issued_at=NOW).pdf
        found = check_copy(pdf, ledger=shipped(), trust_list=trust_list, at=NOW + 2 * DAY)
        assert found.facts is not None, level
        assert found.verdict == ("formerly used key" if level == "B-B" else "genuine"), level
        assert ("no timestamp confirms it" in found.facts.time) == (level == "B-B")
        assert ("last stamped" in found.facts.time) == (level == "B-LTA")


def test_the_wrong_file_is_told_from_a_changed_copy(service: Service) -> None:
    """For another document, the page does not claim that it is forged."""
    other = b"%PDF-2.0\n1 0 obj\n<< >>\nendobj\nstartxref\n9\n%%EOF\n"
    for content, headline in (
        (other, "not a signed copy of MailMart"),
        (other.replace(b"<< >>", b"<< /ByteRange [0 1 2 3] >>"), "not a copy of MailMart"),
        (b"\x89PNG\r\n", "cannot be checked"),
        (shipped().record(VERSION, "form-a4.pdf"), "published policy, not a copy for anybody"),
    ):
        found = check_copy(content, ledger=shipped(), trust_list=make_trust_list(None), at=NOW)
        assert headline in found.headline


def test_a_superseded_version_leads_to_what_changed(identity: Identity) -> None:
    """It is genuine all the same; the page says since when, and links to the changes."""
    later, ledger = datetime.datetime(2027, 12, 1, tzinfo=datetime.UTC), three_version_ledger()
    issuer = Issuer(identity, ledger=ledger)
    copy = issuer.issue(ledger.policy(FIRST), recipient="Acme GmbH", reference="C-1", issued_at=NOW).pdf
    service = Service(
        ledger,
        clock=lambda: later,
        trust_list=published_list([identity.certificate], since=NOW - 9 * DAY),
    )
    headers, body = form_of(copy)
    page = service.respond("POST", "/privacy/verify", headers, body).body.decode()
    assert "superseded on" in page
    assert re.search(r'href="/privacy/[0-9-]+/changes">see what changed', page)


def test_the_page_runs_nothing_but_its_scripts(service: Service) -> None:
    """Each script is there under a type that browsers run; the page's policy lets them reach nothing."""
    page = service.respond("GET", "/privacy/verify", {"Accept": "text/html"})
    policy = dict(page.headers)["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "connect-src" not in policy
    assert sorted(SCRIPTS) == sorted(path.stem for path in FOLDER.glob("*.js"))
    for name in (*SCRIPTS, "published"):
        script = service.respond("GET", f"/privacy/scripts/{name}.js", {})
        assert (script.status, dict(script.headers)["Content-Type"]) == (200, "text/javascript; charset=utf-8")
        for imported in re.findall(r'from "\./([a-z_0-9]+)\.js"', script.body.decode()):
            assert imported in (*SCRIPTS, "published")


def test_without_what_checks_files_the_page_does_it_in_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """A form is only offered if the service can answer it."""
    monkeypatch.setattr("mailmart_privacy.web.resources.can_check", lambda: False)
    page = Service(shipped(), clock=lambda: NOW).respond("GET", "/privacy/verify", {}).body.decode()
    assert "<form" not in page
    assert "needs scripts" in page


def test_the_static_site_has_both_pages(service: Service) -> None:
    """Without a form, since nobody answers it there."""
    files = build_site(service)
    assert b"<form" not in files["privacy/verify.html"]
    assert b"Send this file" not in files["privacy/verify.html"]
    assert b"form-action 'none'" in files["_headers"].partition(b"/privacy/verify\n")[2].partition(b"\n\n")[0]
    assert {f"privacy/scripts/{name}.js" for name in (*SCRIPTS, "published")} <= files.keys()
    assert b"MailMart signer" in files["privacy/keys.html"]
