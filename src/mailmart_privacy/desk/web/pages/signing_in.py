"""Signing in, by the identity provider or by a link that the desk printed, and signing out."""

import logging
import secrets

from starlette.responses import Response

from ...answers import Actor
from ..downloads import is_taken
from ..navigation import find_start
from ..oidc.claims import Identity
from ..oidc.problems import ProviderDownError, UntrustedError
from ..people import LONGEST
from ..permissions import ROLES
from ..routing import refuse_role
from ..sign_ins import PATIENCE, SignIn, choose_target
from ..visit import Visit
from .issuing import show_form

_LOG = logging.getLogger("mailmart_privacy.desk")
_MOST = 10  # tries a minute, of one address
_BYTES = 32
_TOO_MANY = "Too many tries. Wait a minute."
_DOWN = (
    "The sign-in service of your organization does not answer, or is not set up for this desk. Nothing was done. Try "
    "again in a few minutes; if it goes on, tell the administrator of this desk."
)
_REFUSED = "You are not signed in: the answer of the sign-in service could not be trusted. Start again."
_CANCELLED = "You are not signed in: you or the sign-in service ended it. Start again."
_TOO_OLD = "This sign-in was finished already, or took longer than ten minutes. Start again."
_SOMEBODY_ELSE = "You signed in as somebody else than the person of this session. Sign out first, or start again."


async def start(visit: Visit) -> Response:
    """Sign in with the link's token; without one, show what the person begins with."""
    token = visit.query("token")
    if token and is_taken(visit.request):  # what looks at links before people do, in mail and chats, may send HEAD
        return _use_link(visit, token)
    if visit.session is None:
        return visit.page("sign_in.html", status=401, target="/")
    if not visit.person.roles:
        return refuse_role(visit)
    begin = find_start(visit.may)
    return await show_form(visit) if begin == "/" else visit.go(begin)


async def sign_in(visit: Visit) -> Response:
    """Send the browser to the identity provider."""
    oidc, target = visit.services.oidc, choose_target(visit.query("to") or "/")
    if oidc is None:
        return visit.page("sign_in.html", status=404, target=target)
    if not _may_try(visit):
        return _complain(visit, 429, _TOO_MANY, target)
    again = visit.session if visit.query("again") else None
    secret = secrets.token_urlsafe(_BYTES)
    try:
        place = await oidc.begin(secret, again=again is not None)
    except ProviderDownError as error:
        _LOG.warning("sign-in: %s", error)
        return _complain(visit, 503, _DOWN, target)
    visit.services.sign_ins.begin(secret, target=target, person=again.person.id if again else None)
    answer = visit.go(place)
    visit.keep_cookie(answer, visit.services.sign_in_cookie, secret, seconds=PATIENCE)
    return answer


async def come_back(visit: Visit) -> Response:
    """Read the answer of the identity provider, and begin a session."""
    oidc, secret = visit.services.oidc, visit.request.cookies.get(visit.services.sign_in_cookie, "")
    if oidc is None or not secret:
        return _complain(visit, 403, _TOO_OLD)
    if not _may_try(visit):
        return _complain(visit, 429, _TOO_MANY)
    answer = dict(visit.request.query_params)
    try:
        oidc.recognise(secret, answer)  # before the sign-in is used up: a forged answer must not end it
        begun = visit.services.sign_ins.take(secret)
        if begun is None:
            return _complain(visit, 403, _TOO_OLD)
        since = None if begun.person is None else begun.begun_at
        return _let_in(visit, begun, await oidc.finish(secret, answer, since=since))
    except ProviderDownError as error:
        _LOG.warning("sign-in: %s", error)
        return _complain(visit, 503, _DOWN)
    except UntrustedError as error:
        _LOG.warning("sign-in: %s", error)
        return _complain(visit, 403, _CANCELLED if "error" in answer else _REFUSED)


async def sign_out(visit: Visit) -> Response:
    """End the session of this browser."""
    assert visit.session is not None
    visit.services.people.end(visit.session)
    answer = visit.go("/")
    visit.keep_cookie(answer, visit.services.cookie, "", seconds=0)
    return answer


def _let_in(visit: Visit, begun: SignIn, identity: Identity) -> Response:
    """Begin a new session for somebody who was signed in; the one that this browser had ends."""
    services, oidc = visit.services, visit.services.oidc
    assert oidc is not None
    actor = Actor(issuer=oidc.settings.issuer, subject=identity.subject, name=identity.name)
    if begun.person is not None:
        known = services.people.find_person(actor.issuer, actor.subject)
        if known is None or known.id != begun.person:
            return _complain(visit, 403, _SOMEBODY_ELSE, begun.target)
    email = identity.email if services.sends_mail else ""
    person = services.people.admit(actor, tuple(role for role in ROLES if role in identity.roles), email=email)
    if visit.session is not None:
        services.people.end(visit.session)
    cookie = services.people.begin(person.id, proven_at=identity.authenticated_at or 0.0)
    answer = visit.go(begun.target)
    visit.keep_cookie(answer, services.cookie, cookie, seconds=LONGEST)
    visit.keep_cookie(answer, services.sign_in_cookie, "", seconds=0)
    return answer


def _use_link(visit: Visit, token: str) -> Response:
    if not _may_try(visit):
        return _complain(visit, 429, _TOO_MANY)
    cookie = visit.services.people.use_link(token)
    if cookie is None:
        if visit.session is not None:  # the page was opened again, with the address that the desk printed
            return visit.go("/")
        return _complain(visit, 403, "This address was used already, or is too old.")
    if visit.session is not None:
        visit.services.people.end(visit.session)
    answer = visit.go("/")  # so that the token does not stay in the address
    visit.keep_cookie(answer, visit.services.cookie, cookie, seconds=LONGEST)
    return answer


def _may_try(visit: Visit) -> bool:
    client = visit.request.client
    return visit.services.rates.allow("sign-in", client.host if client else "", most=_MOST)


def _complain(visit: Visit, status: int, problem: str, target: str = "/") -> Response:
    return visit.page("sign_in.html", status=status, problem=problem, target=target)
