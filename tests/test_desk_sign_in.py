"""Signing in with an identity provider, and attacks on it: answers, tokens and documents that were changed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from joserfc.jwk import ECKey

from mailmart_privacy.desk.settings import OidcSettings
from mailmart_privacy.desk.web.people import IDLE
from mailmart_privacy.desk.web.permissions import ADMINISTRATOR, COMPLIANCE, PROVEN, SALES, Permission
from mailmart_privacy.desk.web.sign_ins import PATIENCE, choose_target

from .desk_browser import Browser, Page, make_desk
from .desk_provider import ISSUER, LocalProvider, make_oidc_settings, make_rsa_key


class TeamDesk:
    """A desk whose people an identity provider signs in."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.desk = make_desk(folder, oidc=make_oidc_settings(), **settings)
        self.renew()

    def renew(self, **changes: str) -> None:
        """Put another provider in the place of the one before: nothing of it is known yet."""
        from mailmart_privacy.desk.web.application import make_application
        from mailmart_privacy.desk.web.oidc.flow import make_oidc

        self.desk.time.now += 120  # more than ten in a minute are refused
        self.provider = LocalProvider(self.desk.time)
        services = self.desk.services
        settings: OidcSettings = make_oidc_settings(**changes)
        fetcher = self.provider.fetcher()
        made = make_oidc(settings, services.origin, self.desk.time, fetcher, asks_email=services.sends_mail)
        known = {name: getattr(services, name) for name in services.__slots__}
        self.desk.services = type(services)(**known | {"oidc": made})
        self.desk.app = make_application(self.desk.services)

    def browser(self) -> Browser:
        return Browser(self.desk)

    def sign_in(self, browser: Browser | None = None, path: str = "/sign-in") -> Page:
        """Go to the provider and come back; the page to which the desk answers then."""
        self.desk.time.now += 13
        browser = browser or self.browser()
        page = browser.get(path)
        assert page.status == 303, page.words
        return browser.get(self.provider.authorize(page.headers["location"]), sec_fetch_site="cross-site")

    def signed_in(self, subject: str = "ada", *roles: str) -> Browser:
        """A browser in which somebody is signed in, with roles that the desk gave."""
        browser, before = self.browser(), self.provider.subject
        self.provider.subject = subject
        page = self.sign_in(browser)
        self.provider.subject = before
        assert page.status == 303, page.words
        person = self.desk.people.find_person(ISSUER, subject)
        assert person is not None
        self.desk.people.put(person.actor, roles)
        return browser


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> TeamDesk:
    return TeamDesk(tmp_path_factory.mktemp("desk"))


@pytest.fixture
def team(made: TeamDesk) -> Iterator[TeamDesk]:
    made.renew()
    yield made
    made.renew()


def test_somebody_signs_in_and_has_no_role_until_one_is_given(team: TeamDesk) -> None:
    """The page says whom to ask; when a role was given, the desk opens without a new sign-in."""
    browser = team.browser()
    assert browser.get("/check").status == 401
    assert 'href="/sign-in?to=/check"' in browser.page.text
    page = team.sign_in(browser, "/sign-in?to=/check")
    assert (page.status, page.headers["location"]) == (303, "/check")
    page = browser.open("/check")
    assert (page.status, page.heading) == (403, "No role yet")
    assert f"mailmart-privacy desk admin add {ISSUER} ada" in page.words
    boss = team.signed_in("boss", ADMINISTRATOR)
    assert "Ask Boss: they find you under People, as “Ada” (ada)." in browser.open("/").words
    boss.open("/people")
    assert "Ada – no role yet ada" in boss.page.words  # the subject tells people apart who are called alike
    person = team.desk.people.find_person(ISSUER, "ada")
    assert person is not None
    boss.post("/people", boss.page.hidden("/people") | {"person": str(person.id), "do": "change", "role-sales": "yes"})
    assert browser.open("/").heading == "Issue a copy"


def test_people_are_known_by_issuer_and_subject(team: TeamDesk) -> None:
    """A name or an address that somebody else has had gives nobody their roles; the name may change."""
    team.signed_in("first", COMPLIANCE)
    team.provider.subject = "second"
    team.provider.claims = {"name": "First", "email": "first@example.com"}
    browser = team.browser()
    assert team.sign_in(browser).status == 303
    assert browser.open("/").heading == "No role yet"
    team.provider.subject = "first"
    team.provider.claims = {"name": "First Married"}
    team.sign_in(browser)
    known = team.desk.people.find_person(ISSUER, "first")
    assert known is not None
    assert (known.actor.name, known.roles) == ("First Married", (COMPLIANCE,))


def test_the_name_may_come_from_elsewhere(team: TeamDesk) -> None:
    """From userinfo, if it tells about the same person; an e-mail address is never taken for a name."""
    team.provider.claims = {"name": None, "preferred_username": "ada@example.com"}
    team.sign_in()
    known = team.desk.people.find_person(ISSUER, "ada")
    assert known is not None
    assert known.actor.name == "From Userinfo"
    team.provider.answers["/userinfo"] = {"sub": "eve", "name": "Eve"}
    assert team.sign_in().status == 403
    team.provider.answers["/userinfo"] = httpx.Response(500)
    team.provider.subject = "nameless"
    assert team.sign_in().status == 303
    known = team.desk.people.find_person(ISSUER, "nameless")
    assert known is not None
    assert known.actor.name == "nameless"


def test_a_claim_can_give_roles(team: TeamDesk) -> None:
    """Beside those of the desk, until the next sign-in; unknown words give nothing."""
    team.renew(roles_claim="mailmart")
    team.provider.subject = "claimer"
    team.provider.claims = {"mailmart": ["sales", "root", 7]}
    team.sign_in(browser := team.browser())
    assert browser.open("/").heading == "Issue a copy"
    known = team.desk.people.find_person(ISSUER, "claimer")
    assert known is not None
    assert (known.roles, known.claimed) == ((SALES,), (SALES,))
    team.provider.claims = {"mailmart": "compliance maintainer"}
    team.sign_in(browser)
    assert browser.open("/issue").heading == "Not for you"
    team.provider.claims = {}
    team.sign_in(browser)
    assert browser.open("/").heading == "No role yet"


def alter_token(**claims: Any) -> Callable[[LocalProvider], None]:
    return lambda provider: provider.claims.update(claims)


def alter_time(name: str, seconds: float) -> Callable[[LocalProvider], None]:
    return lambda provider: provider.claims.update({name: int(provider.clock() + seconds)})


def sign_with_own_key(provider: LocalProvider) -> None:
    """A key that the token brings along itself."""
    provider.signs_with = ECKey.generate_key("P-256", {"kid": "one"})
    provider.header = {"jwk": provider.signs_with.as_dict(private=False), "alg": "ES256", "kid": "one"}


# What is changed, and the reason that the desk has to log for it.
ATTACKS: dict[str, tuple[Callable[[LocalProvider], object], str]] = {
    "state": (lambda provider: provider.back.update(state="A" * 43), "belongs to another sign-in"),
    "no state": (lambda provider: provider.back.update(state=""), "belongs to another sign-in"),
    "mix-up": (lambda provider: provider.back.update(iss="https://evil.example"), "another identity provider"),
    "mix-up, no issuer": (lambda provider: provider.back.update(iss=""), "another identity provider"),
    "no code": (lambda provider: provider.back.update(code=""), "did not sign in (nocode)"),
    "unknown code": (lambda provider: provider.back.update(code="guessed"), "refuses the code (invalid_grant)"),
    "nonce": (alter_token(nonce="of-another-sign-in"), "token belongs to another sign-in"),
    "no nonce": (alter_token(nonce=None), "token belongs to another sign-in"),
    "issuer": (alter_token(iss="https://evil.example"), "made by another issuer"),
    "issuer with a slash": (alter_token(iss=ISSUER + "/"), "made by another issuer"),
    "audience": (alter_token(aud="another-client"), "made for somebody else"),
    "no audience": (alter_token(aud=None), "made for somebody else"),
    "audience, for another party": (
        alter_token(aud=["desk", "another-client"], azp="another-client"),
        "made for somebody else",
    ),
    "audience, for no party": (alter_token(aud=["desk", "another-client"]), "made for somebody else"),
    "expired": (alter_time("exp", -61), "has expired"),
    "no expiry": (alter_token(exp=None), "does not say exp"),
    "expiry that is a text": (alter_token(exp="2999-01-01"), "does not say exp"),
    "made in the future": (alter_time("iat", 120), "made in the future"),
    "made long ago": (alter_time("iat", -3600), "made long ago"),
    "not valid yet": (alter_time("nbf", 120), "not valid yet"),
    "no subject": (alter_token(sub=None), "whom it is about"),
    "subject that is a number": (alter_token(sub=7), "whom it is about"),
    "signed in in the future": (alter_time("auth_time", 3600), "signed in in the future"),
    "alg none": (lambda provider: provider.header.update(alg="none"), "signature cannot be trusted"),
    "alg HS256 with the public key": (
        lambda provider: provider.header.update(alg="HS256"),
        "signature cannot be trusted",
    ),
    "a key of its own": (sign_with_own_key, "signature cannot be trusted (BadSignatureError)"),
    "alg of another key": (
        lambda provider: provider.header.update(kid="two"),
        "signature cannot be trusted (InvalidKeyIdError)",
    ),
    "not a token": (lambda provider: provider.answers.update({"/token": {"id_token": "a.b.c"}}), "not a signed one"),
    "no token": (lambda provider: provider.answers.update({"/token": {"access_token": "x"}}), "gave no token"),
    "a number": (lambda provider: provider.answers.update({"/token": {"id_token": 7}}), "gave no token"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_was_changed_signs_nobody_in(team: TeamDesk, attack: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each is refused for its own reason."""
    change, reason = ATTACKS[attack]
    team.provider.subject = "victim"
    change(team.provider)
    page = team.sign_in(browser := team.browser())
    assert (page.status, page.heading) == (403, "Sign in"), page.words
    assert "could not be trusted" in page.words
    assert reason in caplog.text
    assert "desk-8640" not in browser.cookies
    assert team.desk.people.find_person(ISSUER, "victim") is None


def test_small_differences_between_clocks_are_accepted(team: TeamDesk) -> None:
    """Up to a minute, in both directions; other algorithms of public keys work."""
    now = int(team.desk.time.now) + 13
    team.provider.claims = {"iat": now + 50, "exp": now - 50}
    assert team.sign_in().status == 303
    team.provider.claims = {"aud": ["desk"]}
    assert team.sign_in().status == 303
    team.provider.claims = {"aud": ["desk", "api"], "azp": "desk"}
    assert team.sign_in().status == 303


def test_the_verifier_has_to_fit(team: TeamDesk) -> None:
    """A stolen code is worth nothing in another browser: neither its state nor its verifier is that of the code."""
    victim, thief = team.browser(), team.browser()
    stolen = team.provider.authorize(victim.get("/sign-in").headers["location"])
    own = thief.get("/sign-in").headers["location"]
    assert thief.get(stolen).status == 403
    # With the state of the thief's own sign-in, the provider compares the verifier.
    state = own.partition("state=")[2].partition("&")[0]
    code = stolen.partition("code=")[2].partition("&")[0]
    page = thief.get(f"/sign-in/done?code={code}&state={state}&iss={ISSUER}")
    assert page.status == 403
    assert team.provider.asked.count("/token") == 1


def test_an_answer_works_once(team: TeamDesk) -> None:
    """Neither the same browser nor one with a copy of its cookie can use it again, nor after ten minutes."""
    browser = team.browser()
    back = team.provider.authorize(browser.get("/sign-in").headers["location"])
    copied = Browser(team.desk, cookies=dict(browser.cookies))
    assert browser.get(back).status == 303
    before = team.provider.asked.count("/token")
    assert browser.get(back).status == 403
    assert "finished already" in copied.get(back).words
    assert team.provider.asked.count("/token") == before
    late = team.browser()
    back = team.provider.authorize(late.get("/sign-in").headers["location"])
    team.desk.time.now += PATIENCE + 1
    assert late.get(back).status == 403


def test_a_forged_answer_does_not_end_a_sign_in(team: TeamDesk) -> None:
    """Somebody who leads the browser to an answer with another state disturbs nothing."""
    browser = team.browser()
    back = team.provider.authorize(browser.get("/sign-in").headers["location"])
    assert browser.get(f"/sign-in/done?code=x&state=forged&iss={ISSUER}", sec_fetch_site="cross-site").status == 403
    assert browser.get(back).status == 303


def test_an_answer_for_a_browser_that_asked_for_none_is_refused(team: TeamDesk) -> None:
    """Nobody can be signed in as the attacker without having asked (login CSRF)."""
    attacker, victim = team.browser(), team.browser()
    back = team.provider.authorize(attacker.get("/sign-in").headers["location"])
    assert victim.get(back, sec_fetch_site="cross-site").status == 403
    victim.get("/sign-in")
    assert victim.get(back, sec_fetch_site="cross-site").status == 403


def test_somebody_who_changes_their_mind_is_told_so(team: TeamDesk) -> None:
    """What the provider calls the error is not shown."""
    team.provider.back = {"code": "", "error": "access_denied", "error_description": "<script>alert(1)</script>"}
    page = team.sign_in()
    assert page.status == 403
    assert "ended it" in page.words
    assert "<script>alert" not in page.text


def test_a_new_session_at_each_sign_in(team: TeamDesk) -> None:
    """A cookie that was put there before is not taken over, and the session before ends."""
    fixed = Browser(team.desk, cookies={"desk-8640": "chosen-by-the-attacker"})
    team.sign_in(fixed)
    assert fixed.cookies["desk-8640"] != "chosen-by-the-attacker"
    before = dict(fixed.cookies)
    team.sign_in(fixed)
    assert Browser(team.desk, cookies=before).get("/").status == 401
    assert "desk-sign-in-8640" not in fixed.cookies
    kept = json.dumps([team.desk.tables.query(f"SELECT * FROM {name}") for name in ("sign_ins", "sessions")])
    assert fixed.cookies["desk-8640"] not in kept


def test_a_stolen_session_ends_with_signing_out(team: TeamDesk) -> None:
    """And after half an hour without a request."""
    browser = team.signed_in("ada", SALES)
    stolen = Browser(team.desk, cookies=dict(browser.cookies))
    assert stolen.get("/check").status == 200
    browser.open("/check")
    browser.submit("/sign-out")
    assert stolen.get("/check").status == 401
    browser = team.signed_in("ada", SALES)
    team.desk.time.now += IDLE + 1
    assert browser.get("/check").status == 401


def test_somebody_without_a_role_can_sign_out(team: TeamDesk) -> None:
    browser = team.signed_in("guest")
    assert browser.open("/").heading == "No role yet"
    browser.submit("/sign-out")
    assert "desk-8640" not in browser.cookies


@pytest.mark.parametrize(
    "target",
    [
        *("//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/%2f/evil.example"),
        *("javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", "evil.example", "/@evil.example", ""),
        *("/sign-out", "/sign-in?to=/", "/" + "a" * 400, "/;//evil.example", "///evil.example"),
    ],
)
def test_the_way_back_stays_on_this_desk(team: TeamDesk, target: str) -> None:
    """Whatever the address says, nobody is led elsewhere after signing in."""
    assert choose_target(target) == "/"
    page = team.sign_in(path=f"/sign-in?{urlencode({'to': target})}")
    assert page.headers["location"] == "/"


def test_the_way_back_leads_to_pages_of_this_desk() -> None:
    """Without what was searched for: that may be a name."""
    assert choose_target("/customers?q=Acme") == "/customers"
    assert choose_target(f"/copies/{'0' * 64}/evidence") == f"/copies/{'0' * 64}/evidence"


def test_keys_that_change_are_fetched_again(team: TeamDesk) -> None:
    """A new key is found at once; tokens that name unknown keys cause no more than two requests a minute."""
    assert team.sign_in().status == 303
    assert team.provider.asked.count("/jwks") == 1
    assert team.sign_in().status == 303
    assert team.provider.asked.count("/jwks") == 1
    team.provider.keys = [make_rsa_key("two")]
    team.desk.time.now += 31
    assert team.sign_in().status == 303
    assert team.provider.asked.count("/jwks") == 2
    team.provider.signs_with = ECKey.generate_key("P-256", {"kid": "forged"})
    assert [team.sign_in().status for _ in range(3)] == [403] * 3
    assert team.provider.asked.count("/jwks") <= 4


PROVIDER_FAULTS: dict[str, Callable[[LocalProvider], object]] = {
    "another issuer": lambda provider: provider.document.update(issuer="https://evil.example"),
    "issuer with a slash": lambda provider: provider.document.update(issuer=ISSUER + "/"),
    "an address without TLS": lambda provider: provider.document.update(token_endpoint="http://id.example/token"),
    "no address": lambda provider: provider.document.update(jwks_uri=None),
    "no S256": lambda provider: provider.document.update(code_challenge_methods_supported=["plain"]),
    "not JSON": lambda provider: provider.answers.update({"/jwks": httpx.Response(200, text="<html>")}),
    "a list": lambda provider: provider.answers.update({"/jwks": httpx.Response(200, json=[])}),
    "no keys": lambda provider: provider.answers.update({"/jwks": {"keys": [{"kty": "oct", "k": "AA"}, 7]}}),
    "redirect": lambda provider: provider.answers.update(
        {"/jwks": httpx.Response(302, headers={"location": "http://169.254.169.254/"}, json={})}
    ),
    "error": lambda provider: provider.answers.update({"/jwks": httpx.Response(500, json={})}),
    "too large": lambda provider: provider.answers.update({"/jwks": httpx.Response(200, content=b" " * 300_000)}),
    "packed": lambda provider: provider.answers.update(
        {
            "/jwks": httpx.Response(
                200, headers={"content-encoding": "gzip"}, stream=Slow([b"\x1f\x8b\x08" + b"\0" * 99])
            )
        }
    ),
    "too slow": lambda provider: provider.answer_too_slowly(
        "/jwks", httpx.Response(200, stream=Slow([b" "] * 9999, 0.05))
    ),
    "gone": lambda provider: provider.answers.update({"/jwks": httpx.ConnectError("no route")}),
    "a wrong client": lambda provider: provider.answers.update(
        {"/token": httpx.Response(401, json={"error": "invalid_client"})}
    ),
}


class Slow(httpx.AsyncByteStream):
    """An answer whose bytes come one by one."""

    def __init__(self, parts: list[bytes], pause: float = 0) -> None:
        self.parts, self.pause = parts, pause

    async def __aiter__(self) -> Any:
        import asyncio

        for part in self.parts:
            await asyncio.sleep(self.pause)
            yield part


@pytest.mark.parametrize("fault", PROVIDER_FAULTS)
def test_a_provider_that_does_not_answer_as_it_should_signs_nobody_in(team: TeamDesk, fault: str) -> None:
    """Too slow, too large, elsewhere, another one: the page says so plainly, and sessions go on."""
    signed_in = team.signed_in("ada", SALES)
    team.renew()
    PROVIDER_FAULTS[fault](team.provider)
    browser = team.browser()
    page = browser.get("/sign-in")
    if page.status == 303:
        page = browser.get(team.provider.authorize(page.headers["location"]))
    assert (page.status, page.heading) == (503, "Sign in")
    assert "does not answer, or is not set up for this desk" in page.words
    assert "desk-8640" not in browser.cookies
    assert signed_in.get("/check").status == 200


def test_before_what_is_hard_to_undo_people_sign_in_again(team: TeamDesk) -> None:
    """A session that was left open or stolen cannot erase, nor change people or tokens."""
    browser = team.signed_in("ada", SALES, COMPLIANCE, ADMINISTRATOR)
    token = browser.open("/people").hidden("/people")["token"]
    assert browser.page.heading == "People"
    team.desk.time.now += 10 * 60 + 1
    for path in ("/people", "/tokens", f"/customers/{'0' * 32}/erase"):
        page = browser.open(path)
        assert (page.status, page.heading) == (403, "Confirm that it is you")
        assert f'href="/sign-in?again=yes&amp;to={path}"' in page.text
    fields = {"token": token, "do": "change", "person": "0"}
    assert "There is no such person" in browser.post("/people", fields).words  # a form may take five minutes more
    team.desk.time.now += 5 * 60
    page = browser.post("/people", fields)
    assert (page.status, "What you typed was not kept" in page.words) == (403, True)
    page = team.sign_in(browser, "/sign-in?again=yes&to=/people")
    assert (page.status, page.headers["location"]) == (303, "/people")
    assert browser.open("/people").heading == "People"


def test_signing_in_again_has_to_be_real(team: TeamDesk) -> None:
    """The provider has to ask the person again, and it has to be the same one; a silent sign-in proves nothing."""
    browser = team.signed_in("ada", ADMINISTRATOR)
    team.desk.time.now += 1000
    address = browser.get("/sign-in?again=yes&to=/people").headers["location"]
    assert "max_age=0" in address
    assert "prompt=login" in address
    for claims in ({"auth_time": int(team.desk.time.now) - 1000}, {"auth_time": None}):
        team.provider.claims = claims
        page = team.sign_in(browser, "/sign-in?again=yes&to=/people")
        assert page.status == 403
        assert browser.open("/people").heading == "Confirm that it is you"
    team.provider.claims = {}
    team.provider.subject = "eve"
    page = team.sign_in(browser, "/sign-in?again=yes&to=/people")
    assert (page.status, "somebody else" in page.words) == (403, True)
    team.provider.subject = "ada"
    # Single sign-on that the provider remembers from an hour ago is a sign-in, and no proof.
    team.provider.signed_in_at = team.desk.time.now - 3600
    team.sign_in(browser)
    assert browser.open("/people").heading == "Confirm that it is you"


def test_administrators_cannot_sign_in_as_others(team: TeamDesk) -> None:
    """Where a provider signs people in, no page makes a link for anybody, nor adds people by name."""
    browser = team.signed_in("boss", ADMINISTRATOR)
    fields = browser.open("/people").hidden("/people")
    assert "Make a sign-in address" not in browser.page.text
    for what in ("link", "add"):
        page = browser.post("/people", fields | {"do": what, "name": "Second", "role-compliance": "yes"})
        assert page.status == 422
        assert "token=" not in page.text
    assert not any(each.actor.name == "Second" for each in team.desk.people.list_all())


def test_many_tries_in_a_minute_are_refused(team: TeamDesk) -> None:
    """Ten, from one address."""
    found = [team.browser().get("/sign-in").status for _ in range(12)]
    assert found == [303] * 10 + [429] * 2


def test_cookies_belong_to_one_host_over_https(tmp_path: Path) -> None:
    """With the prefix, Secure, Path=/ and no Domain, as browsers demand it: also those that drop a cookie."""
    provider = LocalProvider(lambda: 1_800_000_000.0)
    settings = {"origin": "https://desk.example", "oidc": make_oidc_settings(), "allow_self_signed": True}
    desk = make_desk(tmp_path, fetcher=provider.fetcher(), **settings)
    browser, lines = Browser(desk), []
    for _ in range(2):
        page = browser.get("/sign-in", host="desk.example")
        lines += page.headers["set-cookie"].split("\n")
        page = browser.get(provider.authorize(page.headers["location"]), host="desk.example")
        lines += page.headers["set-cookie"].split("\n")
    form = browser.get("/", host="desk.example").hidden("/sign-out")
    page = browser.post("/sign-out", form, host="desk.example", origin="https://desk.example")
    lines += page.headers["set-cookie"].split("\n")
    assert page.headers["strict-transport-security"] == "max-age=31536000"
    assert [line.partition("=")[0] for line in lines] == [
        *("__Host-desk-sign-in", "__Host-desk", "__Host-desk-sign-in") * 2,
        "__Host-desk",
    ]
    for line in lines:
        flags = {flag.strip().lower() for flag in line.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= flags
        assert not any(flag.startswith("domain") for flag in flags)
    assert "max-age=0" in lines[-1].lower()
    assert not browser.cookies


def test_a_desk_without_a_provider_says_so(tmp_path: Path) -> None:
    """Nobody is sent anywhere."""
    desk = make_desk(tmp_path)
    assert Browser(desk).get("/sign-in").status == 404
    assert Browser(desk).get("/sign-in/done?code=x&state=y").status == 403


def ask_api(team: TeamDesk, token: str, *, method: str = "GET") -> Page:
    headers = {"authorization": f"Bearer {token}", "idempotency-key": "one", "content-type": "application/json"}
    body = json.dumps({"recipient": "Service GmbH"}).encode() if method == "POST" else b""
    return Browser(team.desk).send(method, "/api/copies", body, headers)


def test_a_service_comes_with_a_token_of_the_provider(team: TeamDesk) -> None:
    """Its scopes decide; the copy is issued by the client, and a person called alike has nothing of it."""
    token = team.provider.make_access_token()
    assert ask_api(team, token, method="POST").status == 201
    listed = json.loads(ask_api(team, token).body)
    assert [each["recipient"] for each in listed["copies"]] == ["Service GmbH"]
    assert (
        ask_api(team, team.provider.make_access_token(sub="other", client_id="other")).body
        == b'{"copies":[],"after":null}'
    )
    reader = team.provider.make_access_token(scope="openid desk:read issue")
    assert (ask_api(team, reader).status, ask_api(team, reader, method="POST").status) == (200, 403)
    assert team.desk.people.find_person(ISSUER, "crm") is None
    staff = team.desk.keeper.desk.directory.names.find_staff
    deeds = [
        staff(copy.logged.entry.actor) for each in team.desk.keeper.desk.directory.snapshot() for copy in each.copies
    ]
    assert [(each.issuer, each.subject, each.name) for each in deeds if each] == [(ISSUER, "client:crm", "crm")]


def test_other_providers_say_that_it_is_a_service_in_their_own_way(team: TeamDesk) -> None:
    """Keycloak, Entra and Auth0."""
    for claims in (
        {"client_id": None, "azp": "crm", "sub": "b1", "preferred_username": "service-account-crm"},
        {"client_id": None, "azp": "crm", "sub": "b2", "idtyp": "app"},
        {"client_id": None, "azp": "crm", "sub": "crm@clients", "gty": "client-credentials"},
        {"scope": None, "scp": ["desk:read"]},
    ):
        assert ask_api(team, team.provider.make_access_token(**claims)).status == 200, claims


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://evil.example"}, "made by another issuer"),
        ({"aud": "desk"}, "made for somebody else"),
        ({"aud": None}, "made for somebody else"),
        ({"exp": 1}, "has expired"),
        ({"exp": None}, "does not say exp"),
        ({"iat": None}, "does not say iat"),
        ({"client_id": None}, "not made for a service"),
        ({"sub": "ada"}, "not made for a service"),
        ({"auth_time": 1}, "not made for a service"),
        ({"sid": "1"}, "not made for a service"),
        ({"sub": None}, "whom it is about"),
    ],
)
def test_tokens_that_are_not_for_this_api_give_nothing(
    team: TeamDesk, claims: dict[str, Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor do those of people, whose roles would not count."""
    assert ask_api(team, team.provider.make_access_token(**claims)).status == 401
    assert reason in caplog.text


def test_forged_access_tokens_give_nothing(team: TeamDesk) -> None:
    """Without a signature, with the public key as a secret, with another key, of another kind; or to a desk that
    takes none."""
    good = team.provider.make_access_token()
    for header in ({"alg": "none"}, {"alg": "HS256"}, {"typ": "id+jwt"}, {"kid": "two"}):
        team.provider.header = header
        assert ask_api(team, team.provider.make_access_token()).status == 401, header
    team.provider.header = {}
    head, body, seal = good.split(".")
    for forged in (f"{head}.{body}.", f"{head}.{body}.{seal[::-1]}", f"{head}..{seal}", "a.b.c", "x" * 20_000, ""):
        assert ask_api(team, forged).status == 401
    team.renew(audience="")
    assert ask_api(team, team.provider.make_access_token()).status == 401


def test_a_provider_that_is_down_is_not_asked_by_each_request(team: TeamDesk) -> None:
    """Services are told to come again; the desk's own tokens work."""
    team.provider.answers["/jwks"] = httpx.ConnectError("no route")
    found = [ask_api(team, team.provider.make_access_token()) for _ in range(5)]
    assert {page.status for page in found} == {503}
    assert found[0].headers["retry-after"] == "30"
    assert team.provider.asked.count("/jwks") == 1
    own = team.desk.services.tokens.make("own", ("read",), made_by="Ada", seconds=60)
    assert ask_api(team, own).status == 200
    team.desk.time.now += 6
    del team.provider.answers["/jwks"]
    assert ask_api(team, team.provider.make_access_token()).status == 200


def test_what_concerns_people_keys_and_erasures_needs_a_proof() -> None:
    """A new permission of this kind belongs into the list."""
    words = ("ERASE", "PEOPLE", "TOKEN", "KEYS")
    assert {each for each in Permission if any(word in each.name for word in words)} == PROVEN
