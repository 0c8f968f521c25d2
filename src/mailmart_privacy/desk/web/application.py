"""The application: all pages, behind the guard."""

import asyncio
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ..calls import AskHealth
from ..codec import MessageError
from ..messages import ClosedError, RefusedError
from .api import make_routes
from .guard import HEALTH, App, Guard
from .oidc.flow import BACK
from .pages import compliance, finding, issuing, many, overview, people, signing_in, tokens
from .permissions import Permission
from .routing import Page
from .services import Services
from .visit import Visit, draw_refusal

_HEALTH_PATIENCE = 10  # seconds
_LONGEST_BEAT = 120  # seconds without a sign of the queue of batches
_COPY, _BATCH = "/copies/{fingerprint:str}", "{batch:str}"
PAGES = (
    # The address that the desk prints signs in; without its token the page asks for a role by itself.
    Page("/", Permission.NOBODY_IN_PARTICULAR, get=signing_in.start),
    Page("/sign-in", Permission.NOBODY_IN_PARTICULAR, get=signing_in.sign_in),
    Page(BACK, Permission.NOBODY_IN_PARTICULAR, get=signing_in.come_back),
    Page("/issue", Permission.ISSUE, post=issuing.issue, get=issuing.show_form, limit=30),
    Page("/sign-out", Permission.SIGNED_IN, post=signing_in.sign_out),
    Page("/customers", Permission.FIND, get=finding.find),
    Page("/customers/{customer:str}", Permission.FIND, get=finding.show_customer),
    Page(_COPY, Permission.FIND, get=issuing.show_copy),
    Page(f"{_COPY}/file", Permission.FIND, get=issuing.download),
    Page(f"{_COPY}/draft", Permission.ISSUE, get=issuing.draft),
    Page(f"{_COPY}/withdraw", Permission.WITHDRAW_OWN, get=issuing.ask_withdrawal, post=issuing.withdraw),
    Page("/many", Permission.ISSUE, get=many.show_upload, post=many.upload, limit=10),
    Page(f"/many/{_BATCH}", Permission.ISSUE, get=many.show_batch),
    Page(f"/many/{_BATCH}/sheet", Permission.ISSUE, get=many.show_sheet, post=many.plan, limit=30),
    Page(f"/many/{_BATCH}/problems", Permission.ISSUE, get=many.show_problems, post=many.start),
    Page(f"/many/{_BATCH}/stop", Permission.ISSUE, post=many.stop),
    Page(f"/many/{_BATCH}/go-on", Permission.ISSUE, post=many.go_on),
    Page(f"/many/{_BATCH}/files/{{file:str}}", Permission.ISSUE, get=many.download),
    Page("/check", Permission.CHECK, get=finding.show_check, post=finding.check, limit=20),
    Page(f"{_COPY}/evidence", Permission.EVIDENCE, get=compliance.show_evidence, post=compliance.evidence),
    Page("/customers/{customer:str}/hold", Permission.HOLD, get=compliance.show_hold, post=compliance.hold),
    Page("/customers/{customer:str}/erase", Permission.ERASE, get=compliance.show_erase, post=compliance.erase),
    Page("/report", Permission.REPORT, get=compliance.report),
    Page("/activity", Permission.SEE_ACTIVITY, get=compliance.activity),
    Page("/due/seal", Permission.SEAL, post=compliance.seal, limit=5),
    Page("/tokens", Permission.TOKENS, get=tokens.show, post=tokens.change),
    Page("/keys", Permission.KEYS, get=overview.signing),
    Page("/keys/certificate", Permission.KEYS, get=overview.certificate),
    Page("/people", Permission.PEOPLE, get=people.show, post=people.change),
    Page("/in-force", Permission.ASK_IN_FORCE, get=overview.in_force),
    Page("/due", Permission.SEE_DUE, get=overview.due),
    Page("/versions/lacking", Permission.ISSUE, get=overview.lacking),
    Page("/versions", Permission.SEE_VERSIONS, get=overview.versions),
)


def make_application(services: Services) -> App:
    """Make the application.

    Args:
        services: what pages use.
    """

    async def give_asset(request: Request) -> Response:
        found = services.assets.find(request.scope["path"])
        if found is None:
            return PlainTextResponse("There is nothing here.\n", 404)
        return Response(found[0], media_type=found[1], headers={"cache-control": "public, max-age=31536000, immutable"})

    async def tell_health(request: Request) -> Response:
        try:
            found = await asyncio.wait_for(services.keeper.ask(AskHealth()), _HEALTH_PATIENCE)
        except (ClosedError, MessageError, RefusedError, TimeoutError):
            return JSONResponse({"ok": False, "keeper": False}, 503)
        told = {
            "keeper": True,
            "archive": found.archive,
            "database": found.database,
            "jobs": found.beat <= _LONGEST_BEAT,
        }
        ok = all(told.values())
        return JSONResponse({"ok": ok, **told}, 200 if ok else 503)

    async def tell_nothing(request: Request, error: Exception) -> Response:
        cookie = request.cookies.get(services.cookie, "")
        visit = Visit(request=request, services=services, session=services.people.find(cookie) if cookie else None)
        way = "Use the menu to find the one you want." if visit.session else "Sign in to find the one you want."
        words = f"There is no page at this address. {way}"
        return visit.page("refused.html", status=404, title="Nothing here", words=words)

    application = Starlette(
        routes=[
            *(page.route(services) for page in PAGES),
            *make_routes(services),
            Route("/static/{path:path}", give_asset),
            Route(HEALTH, tell_health),
        ],
        exception_handlers={404: tell_nothing},
    )
    application.router.redirect_slashes = False
    return Guard(
        application, origin=services.origin, proxies=services.proxies, draw=partial(draw_refusal, services.assets)
    )
