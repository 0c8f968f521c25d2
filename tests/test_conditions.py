"""What a request may demand: conditions and media ranges exactly as in RFC 9110."""

import datetime
from collections.abc import Mapping

import pytest

from mailmart_privacy.web import Response, Service
from mailmart_privacy.web.negotiation import choose_type

from .conftest import NOW
from .versions import FIRST, SECOND, THIRD, THIRD_EFFECTIVE, three_version_ledger

BEFORE, MODIFIED = "Mon, 31 Aug 2026 23:59:59 GMT", "Tue, 01 Sep 2026 00:00:00 GMT"


@pytest.fixture(scope="module")
def service() -> Service:
    """Three versions, the last of them announced."""
    return make_service(NOW)


def make_service(at: datetime.datetime) -> Service:
    return Service(three_version_ledger(), clock=lambda: at, path="/privacy", base_url="https://a.example", max_age=600)


def ask(service: Service, target: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Response:
    return service.respond(method, target, headers or {})


@pytest.mark.parametrize(
    "since",
    [
        "Tue, 01 Sep 2026 00:00:00 GMT",
        " Tue, 01 Sep 2026 00:00:00 GMT\t",
        "Tuesday, 01-Sep-26 00:00:00 GMT",
        "Tue Sep  1 00:00:00 2026",
        "Wed, 02 Sep 2026 00:00:00 GMT",
    ],
)
def test_each_form_of_a_date_is_read(service: Service, since: str) -> None:
    """The current date format, and the two of old clients (RFC 9110, 5.6.7)."""
    for method in ("GET", "HEAD"):
        assert ask(service, "/privacy.txt", method, {"If-Modified-Since": since}).status == 304
    assert ask(service, "/privacy.txt", headers={"If-Modified-Since": since, "If-None-Match": '"x"'}).status == 200


@pytest.mark.parametrize(
    "since",
    [
        f"{MODIFIED}, {MODIFIED}",
        "Tue, 01 Sep 2027 00:00:00 +0000",
        "Tue, 01 Sep 2027 00:00:00",
        "01 Sep 2027 00:00:00 GMT",
        "2027-09-01T00:00:00Z",
        "Tue, 31 Feb 2027 00:00:00 GMT",
        "Tue, 01 Sep 2027 99:00:00 GMT",
        "tue, 01 sep 2027 00:00:00 gmt",
        "Tue, 01 Sep 20277 00:00:00 GMT",
    ],
)
def test_what_is_no_date_of_http_is_passed_over(service: Service, since: str) -> None:
    """Invalid dates are ignored, however a lenient reader might read them (RFC 9110, 13.1.3 and 13.1.4)."""
    assert ask(service, "/privacy.txt", headers={"If-Modified-Since": since}).status == 200
    assert ask(service, "/privacy.txt", headers={"If-Unmodified-Since": since}).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"x"'}, 412),
        ({"If-Match": "TAG"}, 412),
        ({"If-Match": "*", "If-None-Match": "TAG"}, 304),
        ({"If-Match": '"x"', "If-None-Match": "TAG"}, 412),
        ({"If-Match": "*", "If-Unmodified-Since": BEFORE}, 200),
        ({"If-Unmodified-Since": BEFORE}, 412),
        ({"If-Unmodified-Since": MODIFIED}, 200),
        ({"If-Unmodified-Since": MODIFIED, "If-Modified-Since": MODIFIED}, 304),
    ],
)
def test_conditions_are_held_in_their_order(service: Service, headers: dict[str, str], status: int) -> None:
    """If-Match (strongly, which no weak tag passes) before If-Unmodified-Since before those for 304 (13.2.2)."""
    tag = dict(ask(service, "/privacy.json").headers)["ETag"]
    sent = {name: value.replace("TAG", tag) for name, value in headers.items()}
    for method in ("GET", "HEAD"):
        assert ask(service, "/privacy.json", method, sent).status == status
    assert ask(service, "/privacy/nothing", headers=sent).status == 404, "a condition is held where there is something"
    assert ask(service, "/privacy.json", "PUT", sent).status == 405


def test_what_has_no_date_has_no_condition_of_one(service: Service) -> None:
    """The list of versions does not say when it changed (RFC 9110, 13.1.4)."""
    assert ask(service, "/privacy/versions", headers={"If-Unmodified-Since": BEFORE}).status == 200


def test_an_announcement_is_seen_by_who_asks_by_date() -> None:
    """A page can change while its text stays, so no date can say that it did not; the text itself has one."""
    for service in (make_service(NOW), make_service(THIRD_EFFECTIVE)):
        for target in ("/privacy", "/privacy.html", f"/privacy/{THIRD}"):
            assert "Last-Modified" not in dict(ask(service, target).headers)
            assert ask(service, target, headers={"If-Modified-Since": MODIFIED}).status == 200
    announced = make_service(NOW)
    assert f"/privacy/{THIRD}".encode() in ask(announced, "/privacy").body
    assert ask(announced, "/privacy.txt", headers={"If-Modified-Since": MODIFIED}).status == 304
    since = ask(make_service(THIRD_EFFECTIVE), "/privacy.txt")
    assert dict(since.headers)["Last-Modified"] == "Mon, 01 Feb 2027 09:00:00 GMT"


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("text/html, text/html;level=1;q=0", "text/html"),
        ("text/html;level=1;q=0, text/html", "text/html"),
        ("text/html;q=0, text/html;level=1, */*;q=0.1", "application/json"),
        ("application/json;profile=x", "application/json"),
        ("text/html; Q=0, application/json", "application/json"),
    ],
)
def test_a_type_without_parameters_wins_over_one_with(accept: str, found: str) -> None:
    """`text/html;level=1` says nothing of `text/html` (RFC 9110, 12.5.1)."""
    assert choose_type(accept, ("text/html", "application/json")) == found


def test_an_encoded_name_of_the_query_is_the_same_name(service: Service) -> None:
    """`%61t` is `at` (RFC 3986, 6.2.2.2): nobody is given another version than was asked for."""
    plain, encoded = (ask(service, f"/privacy.txt?{name}=2026-03-01T09:00:00Z") for name in ("at", "%61t"))
    assert plain == encoded
    assert plain.body == ask(service, f"/privacy/{FIRST}.txt").body != ask(service, f"/privacy/{SECOND}.txt").body


def test_a_clock_before_the_first_version_finds_nothing() -> None:
    """A machine whose clock is not set yet gives an answer, not an exception."""
    early = make_service(datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC))
    for target in ("/privacy", "/privacy.json?at=2026-03-01T09:00:00Z", "/nothing"):
        answer = ask(early, target)
        assert (answer.status, b"the first, 2026-02-24, is in force from" in answer.body) == (404, True)
