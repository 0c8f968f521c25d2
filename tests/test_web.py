"""The core of serving: what is at each address, and what HTTP asks of it."""

import datetime
import html
import json
import re
import string
from email.utils import format_datetime, parsedate_to_datetime
from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailmart_privacy.errors import RecordError, UsageError
from mailmart_privacy.policy.ledger import Ledger, shipped
from mailmart_privacy.web import Response, Service, create_service
from mailmart_privacy.web.negotiation import choose_type, has_copy

from .conftest import NOW
from .versions import FIRST, SECOND, THIRD, THIRD_EFFECTIVE, THIRD_SUMMARY, three_version_ledger

TYPES = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "pdf": "application/pdf",
}


class Clock:
    """A clock that shows the moment that a test sets."""

    def __init__(self) -> None:
        self.moment = NOW

    def __call__(self) -> datetime.datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    """The clock of the service."""
    return Clock()


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """Three versions, the last of them announced."""
    return three_version_ledger()


@pytest.fixture
def service(ledger: Ledger, clock: Clock) -> Service:
    """A service of three versions."""
    return Service(ledger, clock=clock, path="/privacy", base_url="https://example.com", max_age=600)


@cache
def serve_shipped() -> Service:
    """A service of what ships, made once."""
    return create_service()


def get(service: Service, target: str, method: str = "GET", **headers: str) -> tuple[Response, dict[str, str]]:
    response = service.respond(method, target, {name.replace("_", "-"): value for name, value in headers.items()})
    names = [name for name, _ in response.headers]
    assert len(names) == len(set(names)), "no header comes twice"
    return response, dict(response.headers)


@pytest.mark.parametrize("ending", TYPES)
def test_each_format_has_an_address_of_its_own(service: Service, ledger: Ledger, ending: str) -> None:
    """Each format of the version in force, and of each version, has a URL; records are served byte for byte."""
    recorded = {"txt": "policy.txt", "pdf": "reading-a4.pdf"}
    for address, version in (("/privacy", SECOND), *((f"/privacy/{name}", name) for name in (FIRST, SECOND, THIRD))):
        response, headers = get(service, f"{address}.{ending}", Accept="image/png")
        assert (response.status, headers["Content-Type"]) == (200, TYPES[ending])
        assert headers["Content-Length"] == str(len(response.body))
        assert "Vary" not in headers, "an address of one format does not depend on Accept"
        if ending == "json":  # a status follows what is recorded
            record = ledger.record(version, "policy.json")
            assert response.body.startswith(record.removesuffix(b"\n}\n"))
            assert {"state", "since"} <= json.loads(response.body)["status"].keys()
        elif ending in recorded:
            assert response.body == ledger.record(version, recorded[ending])
        else:
            assert ledger.policy(version).digest in response.body.decode()


@pytest.mark.parametrize(
    ("accept", "ending"),
    [
        (None, "html"),
        ("", "html"),
        ("*/*", "html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", "html"),
        ("application/json", "json"),
        ("application/json, text/plain, */*", "json"),
        ("APPLICATION/JSON", "json"),
        ("text/markdown;q=0.9, text/html;q=0.1", "md"),
        ("text/*", "html"),
        ("text/*;q=0.5, text/plain", "txt"),
        ("text/html;q=0, */*", "json"),
        ("application/pdf;q=0.001", "pdf"),
        ("text/plain; format=flowed; q=1.000", "txt"),
        ("rubbish", "html"),
        ("text/html;q=2, application/json", "json"),
        ("application/json;q=nan, */*;q=0.1", "html"),
    ],
)
def test_the_format_that_a_client_likes_best(service: Service, accept: str | None, ending: str) -> None:
    """One URL for all formats, chosen by Accept; a client without a preference gets the page."""
    for address in ("/privacy", f"/privacy/{FIRST}"):
        response, headers = get(service, address, **({} if accept is None else {"Accept": accept}))
        assert (response.status, headers["Content-Type"]) == (200, TYPES[ending])
        assert headers["Vary"] == "Accept"
        same, _ = get(service, headers["Content-Location"])
        assert same.body == response.body, "Content-Location has these very bytes"


def test_nothing_acceptable_names_what_there_is(service: Service) -> None:
    """406, with the formats and their addresses."""
    response, headers = get(service, "/privacy", Accept="image/png, text/html;q=0")
    assert response.status == 406
    assert headers["Vary"] == "Accept"
    assert f'</privacy/{SECOND}.json>; rel="alternate"; type="application/json"' in headers["Link"]
    assert b"application/json" in response.body


def test_who_has_it_is_not_sent_it_again(service: Service) -> None:
    """304 by the entity tag, with the headers that a cache needs (RFC 9110, 15.4.5), for every URL."""
    for target in service.urls():
        full, headers = get(service, target)
        assert headers["ETag"].startswith('W/"')
        for known in (headers["ETag"], headers["ETag"].removeprefix("W/"), f'"x", {headers["ETag"]}', "*"):
            again, kept = get(service, target, If_None_Match=known)
            assert (again.status, again.body) == (304, b""), (target, known)
            assert kept == {
                name: headers[name] for name in ("ETag", "Cache-Control", "Vary", "Content-Location") if name in headers
            }
        for unknown in ('"x"', 'W/"x-html"', "x", "", headers["ETag"][3:-1]):
            assert get(service, target, If_None_Match=unknown)[0] == full
        assert get(service, target, "HEAD", If_None_Match="*")[0].status == 304


def test_entity_tags_tell_formats_and_versions_apart(service: Service) -> None:
    """No two contents share a tag; one content has one tag wherever it is."""
    tags: dict[str, tuple[str, bytes]] = {}
    for target in service.urls():
        response, headers = get(service, target)
        seen = tags.setdefault(headers["ETag"], (headers["Content-Type"], response.body))
        assert seen == (headers["Content-Type"], response.body)
    assert len(tags) > 15


def test_the_date_of_the_last_change(service: Service) -> None:
    """Last-Modified is the day of the text; the entity tag wins over a date (RFC 9110, 13.2.2)."""
    _, headers = get(service, f"/privacy/{FIRST}.txt")
    assert headers["Last-Modified"] == "Tue, 24 Feb 2026 00:00:00 GMT"
    day = parsedate_to_datetime(headers["Last-Modified"])
    for since, status in ((day, 304), (day + datetime.timedelta(days=900), 304), (day - datetime.timedelta(1), 200)):
        stamp = format_datetime(since.astimezone(datetime.UTC), usegmt=True)
        assert get(service, f"/privacy/{FIRST}.txt", If_Modified_Since=stamp)[0].status == status
        assert get(service, f"/privacy/{FIRST}.txt", If_Modified_Since=stamp, If_None_Match='"x"')[0].status == 200
    for rubbish in ("", "yesterday", "Tue, 99 Feb 2026 00:00:00 GMT", "Tue, 24 Feb 999999999999 00:00:00 GMT"):
        assert get(service, f"/privacy/{FIRST}.txt", If_Modified_Since=rubbish)[0].status == 200


def test_no_answer_was_modified_in_the_future(service: Service, clock: Clock) -> None:
    """What was only announced has no such date yet (RFC 9110, 8.8.2.1)."""
    assert "Last-Modified" not in get(service, f"/privacy/{THIRD}")[1]
    for clock.moment in (NOW, THIRD_EFFECTIVE):
        for target in service.urls():
            stamp = get(service, target)[1].get("Last-Modified")
            assert stamp is None or parsedate_to_datetime(stamp) <= clock.moment


@pytest.mark.parametrize("target", ["/privacy", "/privacy.pdf", f"/privacy/{FIRST}", "/privacy/versions", "/nothing"])
def test_head_is_get_without_the_content(service: Service, target: str) -> None:
    """The same status and the same headers."""
    whole, short = (get(service, target, method)[0] for method in ("GET", "HEAD"))
    assert short == whole._replace(body=b"")
    assert whole.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "get", "", "G\0T", "Ü" * 99])
def test_it_can_only_be_read(service: Service, method: str) -> None:
    """Any other method is answered with those that there are."""
    response, headers = get(service, "/privacy", method)
    assert (response.status, headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    "target",
    [
        "/", "", "privacy", "/privacy/", "/Privacy", "//privacy", "/privacy.exe", "/privacy/2026-02-24/",
        "/privacy.json/", "/privacy/2026-02-24.exe", "/privacy/2020-01-01", "/privacy/../privacy",
        "/privacy/..%2fprivacy",
        "/privacy%2f2026-02-24", "/privacy%00", "/privacy\0", "/privacy/%ff%fe", "/privacy/%", "/privacy;a=b",
        "/privacy/" + "a" * 100_000, "/privacy/\ud800", "https://mailmart.com/privacy", "*", "/privacy#introduction",
        "/privacy/2026-02-24/changes", "/privacy/2026-02-24.css", "/privacy/fonts/MailMartSans-Regular.ttf",
    ],
)  # fmt: skip
def test_an_address_with_nothing_at_it(service: Service, target: str) -> None:
    """Exact addresses only; nothing is read from a disk, and nothing redirects."""
    response, headers = get(service, target)
    assert response.status == 404
    assert headers["Cache-Control"] == "no-store"


def test_people_find_the_way_from_an_address_with_nothing_at_it(service: Service) -> None:
    """A client that prefers HTML gets a page with working links; a program gets a line; both vary by Accept."""
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    for target in ("/privacy/2020-01-01", "/privacy/<script>", "/privacy/%ff"):
        page, headers = get(service, target, Accept=browser)
        assert (page.status, headers["Content-Type"], headers["Cache-Control"]) == (404, TYPES["html"], "no-store")
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
        links = re.findall(r'href="([^"]+)"', page.body.decode())
        assert {"/privacy", "/privacy/versions"} <= set(links)
        assert {get(service, link)[0].status for link in links if link.startswith("/")} == {200}
        assert get(service, target, "HEAD", Accept=browser)[0] == page._replace(body=b"")
    for accept in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "text/html," * 9999}):
        line, headers = get(service, "/privacy/2020-01-01", **accept)
        assert (line.status, headers["Content-Type"], headers["Vary"]) == (404, TYPES["txt"], "Accept")
        assert line.body == b"There is nothing at this address; the policy is at /privacy.\n"


def test_an_address_may_be_encoded_needlessly(service: Service) -> None:
    """Letters that are percent-encoded are the same letters (RFC 3986, 6.2.2.2)."""
    assert get(service, "/%70rivacy/2026%2D02-24")[0] == get(service, f"/privacy/{FIRST}")[0]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("at=2026-03-01T09:00:00Z", 200),
        ("at=2026-03-01T09:00:00%2B01:00", 200),
        ("at=2026-03-01T09:00:00+01:00", 200),
        ("utm_source=mail&at=2026-03-01T09:00:00Z", 200),
        ("at=2026-03-01", 400),
        ("at=2026-03-01T09:00:00", 400),
        ("at=", 400),
        ("at", 400),
        ("at=yesterday", 400),
        ("at=2026-03-01T09:00:00Z&at=2027-03-01T09:00:00Z", 400),
        ("at=" + "9" * 5000, 400),
        ("&".join(["at=2026-03-01T09:00:00Z"] + ["x=1"] * 99), 400),
        ("at=%ff", 400),
        ("at=2019-01-01T00:00:00Z", 404),
        ("at=0001-01-01T00:00:00%2B14:00", 404),
    ],
)
def test_the_version_of_a_moment(service: Service, query: str, status: int) -> None:
    """`?at=` gives what was in force then; what names no moment is refused."""
    for ending in ("", ".json"):
        response, headers = get(service, f"/privacy{ending}?{query}")
        assert response.status == status
        if status == 200:
            dated, _ = get(service, f"/privacy/{FIRST}{ending}")
            assert response.body == dated.body
            assert headers["Cache-Control"] == "public, max-age=600, must-revalidate"


@pytest.mark.parametrize("query", ["", "utm_source=mail", "cat=1", "format=json", "%", "&&&=", "=at"])
def test_a_query_that_means_nothing_changes_nothing(service: Service, query: str) -> None:
    """Parameters that trackers add to links are ignored."""
    assert get(service, f"/privacy?{query}")[0] == get(service, "/privacy")[0]


def test_moments_before_and_after(service: Service) -> None:
    """A version is in force from its moment on, inclusive."""
    for moment, version in (
        ("2026-08-31T23:59:59.999999Z", FIRST),
        ("2026-09-01T00:00:00Z", SECOND),
        ("2027-02-01T09:59:59+01:00", SECOND),
        ("2027-02-01T10:00:00+01:00", THIRD),
        ("9999-12-31T23:59:59-14:00", THIRD),
    ):
        assert json.loads(get(service, f"/privacy.json?at={moment}")[0].body)["version"] == version


def test_only_the_version_in_force_can_be_asked_by_time(service: Service) -> None:
    """A dated address names its version already."""
    for target in (f"/privacy/{FIRST}", "/privacy/versions"):
        assert get(service, f"{target}?at=2026-03-01T09:00:00Z")[0].status == 400


def test_a_version_becomes_current_at_its_moment(service: Service, clock: Clock) -> None:
    """No release and no restart in between; and no cache keeps the old one beyond it."""
    clock.moment = THIRD_EFFECTIVE - datetime.timedelta(seconds=1000)
    assert get(service, "/privacy")[1]["Cache-Control"] == "public, max-age=600, must-revalidate"
    clock.moment = THIRD_EFFECTIVE - datetime.timedelta(seconds=90.5)
    before, headers = get(service, "/privacy")
    assert headers["Cache-Control"] == "public, max-age=90, must-revalidate"
    assert THIRD_SUMMARY.split(";")[0] in before.body.decode(), "what is announced is on the page"
    assert f'</privacy/{THIRD}>; rel="successor-version"' in headers["Link"]
    clock.moment = THIRD_EFFECTIVE
    after, now = get(service, "/privacy")
    assert now["Cache-Control"] == "public, max-age=600, must-revalidate"
    assert f'content="{THIRD}"' in after.body.decode()
    assert '<aside class="notice"' not in after.body.decode()
    assert now["ETag"] != headers["ETag"]
    assert parsedate_to_datetime(get(service, "/privacy.txt")[1]["Last-Modified"]) == THIRD_EFFECTIVE
    clock.moment = NOW
    assert get(service, "/privacy")[0].body == before.body, "a clock that was set back, too"


def test_recorded_formats_never_change(service: Service, clock: Clock) -> None:
    """Byte for byte the same before and after the next version, and kept by caches for a year."""
    dated = [f"/privacy/{version}{ending}" for version in (FIRST, SECOND, THIRD) for ending in (".md", ".txt", ".pdf")]
    before = [get(service, target)[0].body for target in dated]
    clock.moment = THIRD_EFFECTIVE + datetime.timedelta(days=1)
    assert [get(service, target)[0].body for target in dated] == before
    assert {get(service, target)[1]["Cache-Control"] for target in dated} == {"public, max-age=31536000, immutable"}


def test_the_page_of_a_version_says_where_it_stands(service: Service, clock: Clock) -> None:
    """Announced, in force, superseded and by which version; so caches ask again, and only the entity tag counts."""
    for clock.moment, version, says in (
        (NOW, THIRD, "This version is announced. It takes effect on"),
        (NOW, SECOND, "In force since"),
        (NOW, FIRST, "This version was superseded on"),
        (THIRD_EFFECTIVE, THIRD, "In force since"),
        (THIRD_EFFECTIVE, SECOND, f'<a href="/privacy/{THIRD}/changes">see what changed</a>'),
    ):
        response, headers = get(service, f"/privacy/{version}")
        assert says in response.body.decode()
        assert "must-revalidate" in headers["Cache-Control"]
        assert "Last-Modified" not in headers
    listed = get(service, "/privacy/versions")[0].body.decode()
    assert re.findall(r'class="badge ([a-z-]+)"', listed) == ["in-force", "superseded", "superseded"]


def test_links_lead_to_the_other_formats_and_versions(service: Service) -> None:
    """RFC 8288 with the relations of RFC 6596, 6903 and 5829; each leads to something."""
    _, headers = get(service, f"/privacy/{SECOND}")
    links = dict(part.split(">; ", 1) for part in headers["Link"].split(", <"))
    relations = {(target.lstrip("<"), rest.split('"')[1]) for target, rest in links.items()}
    assert relations >= {
        (f"https://example.com/privacy/{SECOND}", "canonical"),
        (f"/privacy/{SECOND}.json", "alternate"),
        (f"/privacy/{FIRST}", "predecessor-version"),
        (f"/privacy/{THIRD}", "successor-version"),
        ("/privacy/versions", "version-history"),
        ("/privacy/feed.atom", "alternate"),
    }
    assert '</privacy>; rel="privacy-policy"' in headers["Link"]
    assert '</privacy>; rel="latest-version"' in headers["Link"]
    for target, _ in relations:
        assert get(service, target.removeprefix("https://example.com"))[0].status == 200


def test_the_page_says_where_it_is(service: Service) -> None:
    """Canonical address, Open Graph and JSON-LD in the head; no script and no style but that data."""
    page = get(service, "/privacy")[0].body.decode()
    assert '<link rel="canonical" href="https://example.com/privacy">' in page
    assert '<meta property="og:url" content="https://example.com/privacy">' in page
    _, _, rest = page.partition('<script type="application/ld+json">')
    data = json.loads(rest.partition("</script>")[0])
    assert data["@type"] == "WebPage"
    assert data["dateModified"] == SECOND
    assert page.count("<script") == 1
    assert "<style" not in page
    assert "style=" not in page
    assert page.count("<h1") == 1


def test_a_page_is_served_with_a_strict_policy(service: Service) -> None:
    """Nothing is loaded but its style sheet (CSP 3), and nobody may sniff or frame it."""
    _, headers = get(service, "/privacy")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_text_is_the_recorded_one(service: Service, ledger: Ledger) -> None:
    """Every section of the recorded policy is on the page as it is."""
    page = re.sub(r'<a class="permalink" .*?</a>\n', "", get(service, f"/privacy/{FIRST}")[0].body.decode())
    for section in ledger.policy(FIRST).sections:
        assert page.count(section.html) == 1


def test_what_changed_is_a_page_of_its_own(service: Service, ledger: Ledger) -> None:
    """The redline to each version from the one before, with what the ledger says of it; linked from everywhere."""
    for before, version in ((FIRST, SECOND), (SECOND, THIRD)):
        for target in (f"/privacy/{version}/changes", f"/privacy/{version}/changes.html"):
            response, headers = get(service, target)
            assert (response.status, headers["Content-Type"]) == (200, TYPES["html"])
            page = response.body.decode()
            assert f'<a class="side" href="/privacy/{before}">version {before}</a> to <a ' in page
            assert html.escape(str(ledger.version(version).summary)) in page
            assert '<link rel="stylesheet" href="/privacy/redline.css">' in page
            assert '<a href="/privacy/versions">' in page
            assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
        assert f'href="/privacy/{version}/changes"' in get(service, f"/privacy/{version}")[0].body.decode()
    assert THIRD_SUMMARY not in get(service, f"/privacy/{SECOND}/changes")[0].body.decode(), (
        "no later version is told of"
    )
    assert f'href="/privacy/{THIRD}/changes">see what changes</a>' in get(service, "/privacy")[0].body.decode()
    listed = get(service, "/privacy/versions")[0].body.decode()
    assert [version for version in (FIRST, SECOND, THIRD) if f"/privacy/{version}/changes" in listed] == [SECOND, THIRD]


def test_style_sheets_and_fonts_are_served(service: Service) -> None:
    """What a page links is there: the style sheet, and the fonts that it names, at most 100 KB with the page."""
    weight = 0
    for name in ("page", "redline"):
        style, headers = get(service, f"/privacy/{name}.css")
        assert (style.status, headers["Content-Type"]) == (200, "text/css; charset=utf-8")
        weight = len(get(service, "/privacy")[0].body) + len(style.body)
        fonts = re.findall(r'url\("(fonts/[^"]+)"\)', style.body.decode())
        assert len(fonts) == 4
        for font in fonts:
            found, headers = get(service, f"/privacy/{font}")
            assert (found.status, headers["Content-Type"]) == (200, "font/woff2")
            assert found.body.startswith(b"wOF2")
            assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
            weight += len(found.body)
        assert weight <= 100_000


_headers = st.dictionaries(
    st.sampled_from(["Accept", "IF-NONE-MATCH", "if-modified-since", "If-Match", "if-unmodified-since", "x"]),
    st.one_of(st.text(max_size=60), st.sampled_from(["*/*;q=0", ";;;q=", ",,,", '"' * 50, "text/html;q=" + "9" * 50])),
)


@settings(max_examples=400)
@given(
    method=st.one_of(st.sampled_from(["GET", "HEAD"]), st.text(max_size=10)),
    rest=st.text(alphabet=string.printable + "é\0%/?&=\ud800", max_size=40),
    headers=_headers,
)
def test_whatever_comes_in_is_answered(method: str, rest: str, headers: dict[str, str]) -> None:
    """No path, method or header raises; the answer is a success, no change, or the client's fault."""
    for target in (f"/privacy{rest}", f"/privacy?at={rest}", rest):
        response = serve_shipped().respond(method, target, headers)
        assert response.status in (200, 204, 304, 400, 404, 405, 406, 412, 431)
        for name, value in response.headers:
            assert "\n" not in name + value
            assert "\r" not in name + value
            value.encode("latin-1")


def test_a_header_of_no_sensible_length_is_refused(service: Service) -> None:
    """431 for Accept; an entity tag of that length was never given out."""
    assert get(service, "/privacy", Accept="text/html," * 100_000)[0].status == 431
    assert get(service, "/privacy", If_None_Match='"x",' * 100_000 + "*")[0].status == 200
    assert choose_type("text/html," * 800, ("text/html",)) == "text/html"
    assert not has_copy('W/"' + "\\" * 8000, '"x"')


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "privacy"}, {"path": "/privacy/"}, {"path": ""}, {"path": "/"}, {"path": "/a b"}, {"path": "/../a"},
        {"path": "/a/./b"}, {"path": '/"'}, {"path": None}, {"base_url": "mailmart.com"}, {"base_url": "ftp://a.b"},
        {"base_url": "https://a.b/c"}, {"base_url": "https://a.b?c"}, {"base_url": 'https://a".b'}, {"base_url": None},
        {"base_url": "https://u@a.b"}, {"base_url": "https://["}, {"base_url": "https://a\0b"}, {"base_url": "https://a&b"},
        {"base_url": "https://b\u00fccher.example"}, {"base_url": "https://a:b"}, {"base_url": "https://a:65536"},
        {"max_age": -1}, {"max_age": "1"}, {"max_age": True},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used(wrong: dict[str, object]) -> None:
    """Refused when the service is made, with what to give instead."""
    with pytest.raises(UsageError, match="give"):
        create_service(**wrong)  # type: ignore[arg-type]


def test_it_may_be_elsewhere() -> None:
    """Any path, at the root of a host of one's own."""
    service = create_service(path="/legal/privacy-policy", base_url="https://example.org/")
    assert service.base_url == "https://example.org"
    response, headers = get(service, "/legal/privacy-policy")
    assert response.status == 200
    assert '<https://example.org/legal/privacy-policy>; rel="canonical"' in headers["Link"]
    assert all(target.startswith("/legal/privacy-policy") for target in service.urls())


def test_a_changed_record_is_never_served() -> None:
    """A package that was tampered with answers nothing at all."""

    def read(name: str) -> bytes:
        content = three_version_ledger()._read(name)
        return content.replace(b"Clerk", b"Clark") if name.endswith("policy.txt") else content

    service = Service(Ledger(read), clock=lambda: NOW, path="/privacy", base_url="https://example.com", max_age=1)
    with pytest.raises(RecordError, match=r"policy\.txt has changed"):
        service.respond("GET", "/privacy", {})


def test_what_ships_is_served() -> None:
    """The package's own version in force, with the digest that the ledger has."""
    response, _ = get(create_service(clock=lambda: NOW), "/privacy.txt")
    assert sha256(response.body).hexdigest() == shipped().version_in_force(NOW).digest
