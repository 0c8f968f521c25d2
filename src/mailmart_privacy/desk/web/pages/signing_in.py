"""Signing in by the link that the desk printed, and signing out."""

from starlette.responses import Response

from ..navigation import find_start
from ..people import LONGEST
from ..visit import Visit
from .issuing import show_form


async def start(visit: Visit) -> Response:
    """Sign in with the link's token; without one, show what the person begins with."""
    token = visit.query("token")
    if token:
        return _use_link(visit, token)
    if visit.session is None:
        return visit.page("sign_in.html", status=401)
    begin = find_start(visit.may)
    return await show_form(visit) if begin == "/" else visit.go(begin)


async def sign_out(visit: Visit) -> Response:
    """End the session of this browser."""
    assert visit.session is not None
    visit.services.people.end(visit.session)
    answer = visit.go("/")
    answer.delete_cookie(visit.services.cookie, path="/")
    return answer


def _use_link(visit: Visit, token: str) -> Response:
    client = visit.request.client
    if not visit.services.rates.allow("sign-in", client.host if client else "", most=10):
        return visit.page("sign_in.html", status=429, problem="Too many tries. Wait a minute.")
    cookie = visit.services.people.use_link(token)
    if cookie is None:
        if visit.session is not None:  # the page was opened again, with the address that the desk printed
            return visit.go("/")
        return visit.page("sign_in.html", status=403, problem="This link was used already, or is too old.")
    answer = visit.go("/")  # so that the token does not stay in the address
    answer.set_cookie(
        visit.services.cookie,
        cookie,
        max_age=LONGEST,
        path="/",
        secure=visit.services.origin.startswith("https:"),
        httponly=True,
        samesite="lax",
    )
    return answer
