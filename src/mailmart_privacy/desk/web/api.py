"""The API for services, so that they need no key. A token says which service asks; cookies are ignored."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..._time import format_iso
from ..answers import CopyView
from ..api_calls import ListCopies
from ..calls import CheckFile, FetchCopy, Issue, ShowCopy
from ..messages import ClosedError, RefusedError
from .access import Access, find_access
from .api_batches import begin_batch, give_file, show_batch
from .downloads import is_taken
from .guard import TooLargeError, TooSlowError
from .oidc.problems import ProviderDownError
from .openapi import write_document
from .problems import make_problem, make_refusal
from .tokens import CHECK, ISSUE, READ
from .visit import LARGEST_PDF

if TYPE_CHECKING:
    from .services import Services

_A_MINUTE, _PAGE = 60, 100
_LONGEST_JSON, _LONGEST_KEY = 16 * 2**10, 200
_PDF, _JSON = "application/pdf", "application/json"
_FIELDS = {"recipient", "reference", "paper"}
_LOG = logging.getLogger("mailmart_privacy.desk")


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiCall:
    """A request of a service."""

    request: Request
    services: "Services"
    token: Access

    def wants_pdf(self) -> bool:
        """Tell whether the file itself is wanted."""
        return self.request.headers.get("accept", "").split(";")[0].strip() == _PDF


Handler = Callable[[ApiCall], Awaitable[Response]]


async def issue(call: ApiCall) -> Response:
    """Issue a copy; a repeated request with the same key gets the copy of the first one."""
    key = call.request.headers.get("idempotency-key", "")
    if not 0 < len(key) <= _LONGEST_KEY:
        return make_problem("key-missing")
    body = await call.request.body()
    if len(body) > _LONGEST_JSON:
        return make_problem("too-large")
    try:
        fields = _read_fields(body)
    except ValueError as error:
        return make_problem("not-json", detail=str(error))
    if unknown := sorted(fields.keys() - _FIELDS):
        return make_problem("unknown-field", detail=unknown[0])
    outcome = await call.services.keeper.ask(
        Issue(
            actor=call.token.actor,
            recipient=fields["recipient"],
            reference=fields.get("reference", ""),
            paper=fields.get("paper", "a4"),
            request=key,
            again=True,  # a service asks for a copy when it needs one
        )
    )
    assert outcome.copy is not None
    place = {"location": f"/api/copies/{outcome.copy.fingerprint}"}
    if call.wants_pdf():
        found = outcome.copy.fingerprint
        return await _give_file(call, found, logged=outcome.repeated, status=201, headers=place)
    return JSONResponse(_describe(outcome.copy), 201, headers=place)


async def list_copies(call: ApiCall) -> Response:
    """List the service's own copies, 100 a page."""
    query = call.request.query_params
    after = query.get("after", "0")
    found = await call.services.keeper.ask(
        ListCopies(
            actor=call.token.actor,
            recipient=query.get("recipient", ""),
            reference=query.get("reference", ""),
            after=int(after) if after.isdecimal() and len(after) < 16 else 0,
            limit=_PAGE,
        )
    )
    copies = [_describe(each) for each in found.copies]
    more = found.copies[-1].number if len(found.copies) == _PAGE else None
    return JSONResponse({"copies": copies, "after": more})


async def show_copy(call: ApiCall) -> Response:
    """Show one of the service's own copies, or give its file."""
    fingerprint = str(call.request.path_params["fingerprint"])
    copy = await call.services.keeper.ask(ShowCopy(actor=call.token.actor, fingerprint=fingerprint))
    if not copy.own:  # whether others have it is not this service's to know
        raise RefusedError("no-such-copy")
    return (
        await _give_file(call, fingerprint, logged=is_taken(call.request))
        if call.wants_pdf()
        else JSONResponse(_describe(copy))
    )


async def verify(call: ApiCall) -> Response:
    """Tell whether a file is one of ours."""
    content = await call.request.body()
    if len(content) > LARGEST_PDF:
        return make_problem("too-large")
    found = await call.services.keeper.ask(CheckFile(actor=call.token.actor, content=content))
    await asyncio.to_thread(call.services.checks.note, call.token.actor, content, found.verdict)
    record = _describe(found.copy) if found.copy is not None and found.copy.own else None
    return JSONResponse({"verdict": found.verdict, "record": record})


# By path: for each method the scope that it needs, and who answers.
OPERATIONS: dict[str, dict[str, tuple[str, Handler]]] = {
    "/api/copies": {"POST": (ISSUE, issue), "GET": (READ, list_copies)},
    "/api/copies/{fingerprint}": {"GET": (READ, show_copy)},
    "/api/batches": {"POST": (ISSUE, begin_batch)},
    "/api/batches/{batch}": {"GET": (READ, show_batch)},
    "/api/batches/{batch}/{file}": {"GET": (READ, give_file)},
    "/api/verifications": {"POST": (CHECK, verify)},
}


def make_routes(services: "Services") -> list[Route]:
    """Make the routes of the API."""

    async def give_document(request: Request) -> Response:
        return JSONResponse(write_document(services.origin))

    async def tell_nothing(request: Request) -> Response:
        return make_problem("not-found")

    routes = [Route("/api/openapi.json", give_document, methods=["GET"])]
    for path, methods in OPERATIONS.items():
        routes.append(Route(path, _make_endpoint(services, methods), methods=["GET", "POST"]))
    routes.append(Route("/api/{path:path}", tell_nothing, methods=["GET", "POST"]))
    return routes


def _make_endpoint(
    services: "Services", methods: dict[str, tuple[str, Handler]]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        try:
            token = await find_access(services, secret.strip()) if kind.lower() == "bearer" else None
        except ProviderDownError as error:
            _LOG.warning("access token: %s", error)
            return make_problem("provider-down", headers={"retry-after": "30"})
        if token is None:
            return make_problem("unauthorised", headers={"www-authenticate": "Bearer"})
        if not services.rates.allow("api", token.key, most=_A_MINUTE):
            return make_problem("too-many", headers={"retry-after": "60"})
        method = "GET" if request.method == "HEAD" else request.method
        if method not in methods:
            return make_problem("method", headers={"allow": ", ".join(methods)})
        scope, handler = methods[method]
        if scope not in token.scopes:
            return make_problem("forbidden", detail=scope)
        try:
            return await handler(ApiCall(request=request, services=services, token=token))
        except RefusedError as refused:
            return make_refusal(refused)
        except TooLargeError:
            return make_problem("too-large")
        except (ClosedError, TimeoutError, TooSlowError):
            return make_problem("unavailable", headers={"retry-after": "5"})

    return endpoint


def _read_fields(body: bytes) -> dict[str, str]:
    """Read what is ordered.

    Raises:
        ValueError: it cannot be read; it says why.
    """
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError("it is not an object of texts")
    if not found.get("recipient", "").strip():
        raise ValueError("recipient is missing")
    if found.get("paper", "a4") not in ("a4", "letter"):
        raise ValueError("paper is a4 or letter")
    return found


async def _give_file(
    call: ApiCall, fingerprint: str, *, logged: bool, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    fetched = FetchCopy(actor=call.token.actor, fingerprint=fingerprint, logged=logged)
    found = await call.services.keeper.ask(fetched)
    return Response(found.pdf, status, headers=headers, media_type=_PDF)


def _describe(copy: CopyView) -> dict[str, object]:
    return {
        "fingerprint": copy.fingerprint,
        "record": copy.number,
        "recipient": copy.customer,
        "reference": copy.reference,
        "version": copy.version,
        "issued_at": format_iso(copy.issued_at),
        "withdrawn_at": format_iso(copy.withdrawn_at) if copy.withdrawn_at else None,
        "size": copy.size,
    }
