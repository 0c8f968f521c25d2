"""Errors of the API, as RFC 9457 writes them."""

from starlette.responses import JSONResponse, Response

from ..messages import RefusedError
from .words import explain

_TYPE = "urn:mailmart-privacy:desk:"
_STATUS = {"erased": 410, "no-such-copy": 404, "request-reused": 422, "under-way": 409}
_WAIT = {"under-way": "1", "no-authority": "60"}  # seconds
# What pages say of forms and spreadsheets, said of requests: without what is particular (RFC 9457, 3.1.3), and
# without the name of a customer whom the service may not know.
_TITLES = {
    "unfit-name": "This name cannot be put on a copy",
    "unfit-reference": "This reference cannot be put on a copy",
    "reference-taken": "Another customer has a copy with this reference",
    "request-reused": "This Idempotency-Key was used for another request already",
    "under-way": "A request with this Idempotency-Key is under way; repeat it in a moment",
    "no-such-batch": "There is no such batch of this service, or it was removed after 30 days",
}
TITLES = {
    "unauthorised": (401, "The token is missing, unknown, revoked or too old"),
    "forbidden": (403, "The token does not have the scope that this needs"),
    "too-many": (429, "More than 60 requests in a minute"),
    "not-found": (404, "There is nothing here"),
    "other-site": (403, "Pages of other sites cannot use this API"),
    "other-host": (421, "This desk has another address"),
    "method": (405, "This address does not support that method"),
    "not-json": (400, "The body is not a JSON object with a recipient"),
    "not-json-lines": (400, "The body is not one JSON object a line, each with a recipient"),
    "unknown-field": (422, "The body has a field that is not known"),
    "key-missing": (400, "The header Idempotency-Key is missing, or has more than 200 characters"),
    "too-large": (413, "The body is too large"),
    "not-acceptable": (406, "The answer can only be JSON or the PDF"),
    "provider-down": (503, "The identity provider, which gave this token, does not answer"),
    "unavailable": (503, "A part of the desk is being started again"),
}


def make_problem(code: str, *, detail: str = "", headers: dict[str, str] | None = None) -> Response:
    """Make an error of the API itself."""
    status, title = TITLES[code]
    return _write(code, status, title, detail, headers)


def make_refusal(refused: RefusedError) -> Response:
    """Make the error for what the keeper refused."""
    status, words = explain(refused)
    wait = _WAIT.get(refused.code)
    headers = {"retry-after": wait} if wait else None
    title = _TITLES.get(refused.code, words)
    return _write(refused.code, _STATUS.get(refused.code, status), title, refused.words, headers)


def _write(code: str, status: int, title: str, detail: str, headers: dict[str, str] | None) -> Response:
    document: dict[str, object] = {"type": _TYPE + code, "title": title, "status": status}
    if detail:
        document["detail"] = detail
    return JSONResponse(document, status, headers=headers, media_type="application/problem+json")
