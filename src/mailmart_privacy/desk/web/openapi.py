"""The document of the API (OpenAPI 3.1); a test compares it with the routes and with what they answer."""

from typing import Any

from .checks import VERDICTS

_COPY = {
    "type": "object",
    "required": [
        *("fingerprint", "record", "recipient", "reference", "version", "issued_at", "withdrawn_at", "size"),
    ],
    "additionalProperties": False,
    "properties": {
        "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256 of the file"},
        "record": {"type": "integer", "description": "Its number on record"},
        "recipient": {"type": "string"},
        "reference": {"type": "string"},
        "version": {"type": "string", "format": "date", "description": "Of the policy"},
        "issued_at": {"type": "string", "format": "date-time"},
        "withdrawn_at": {"type": ["string", "null"], "format": "date-time"},
        "size": {"type": "integer", "description": "Of the file, in bytes"},
    },
}
_ORDER_FIELDS: dict[str, Any] = {
    "recipient": {"type": "string", "description": "As it is to be on the copy"},
    "reference": {"type": "string", "description": "By default the copy gets a reference of its own"},
    "paper": {"enum": ["a4", "letter"], "default": "a4"},
}
_ORDER = {
    "type": "object",
    "required": ["recipient"],
    "additionalProperties": False,
    "properties": _ORDER_FIELDS,
}
_LINE = _ORDER | {"properties": {name: _ORDER_FIELDS[name] for name in ("recipient", "reference")}}
_COPIES = {
    "type": "object",
    "required": ["copies", "after"],
    "additionalProperties": False,
    "properties": {
        "copies": {"type": "array", "items": {"$ref": "#/components/schemas/Copy"}},
        "after": {"type": ["integer", "null"], "description": "Give it as `after` for the next page"},
    },
}
_BATCH = {
    "type": "object",
    "required": ["id", "state", "done", "total", "problems", "links"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "state": {
            "enum": ["planning", "refused", "waiting", "running", "done", "stopped", "failed"],
            "description": "While it is refused, nothing was issued: lines have problems",
        },
        "done": {"type": "integer", "description": "How many copies are issued"},
        "total": {"type": "integer", "description": "How many it is to issue; 0 until that is known"},
        "problems": {
            "type": "array",
            "description": "At most 200; line 0 is the whole batch",
            "items": {
                "type": "object",
                "required": ["line", "message"],
                "additionalProperties": False,
                "properties": {"line": {"type": "integer"}, "message": {"type": "string"}},
            },
        },
        "links": {
            "type": "object",
            "required": ["self"],
            "additionalProperties": False,
            "properties": {name: {"type": "string"} for name in ("self", "copies", "manifest")},
            "description": "The files, when it is done: a ZIP of the copies, and a line of JSON for each",
        },
    },
}
_VERIFICATION = {
    "type": "object",
    "required": ["verdict", "record"],
    "additionalProperties": False,
    "properties": {
        "verdict": {"enum": list(VERDICTS)},
        "record": {"oneOf": [{"$ref": "#/components/schemas/Copy"}, {"type": "null"}]},
    },
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
_PDF = {"application/pdf": {"schema": {"type": "string", "contentMediaType": "application/pdf"}}}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "Repeating a request with the same key gives the copy of the first one",
}


def write_document(origin: str) -> dict[str, Any]:
    """Write the document.

    Args:
        origin: how the desk is reached.
    """
    return {
        "openapi": "3.1.0",
        "info": {"title": "MailMart privacy desk", "version": "1"},
        "servers": [{"url": origin}],
        "security": [{"token": []}],
        "paths": {**_copies(), **_batches(), **_verifications()},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Copy": _COPY,
                "Copies": _COPIES,
                "Batch": _BATCH,
                "Line": _LINE,
                "Order": _ORDER,
                "Verification": _VERIFICATION,
                "Problem": _PROBLEM,
            },
        },
    }


def _copies() -> dict[str, Any]:
    copy = _json("Copy") | _PDF
    return {
        "/api/copies": {
            "post": _operation(
                "issueCopy",
                "Issue a copy",
                {"201": ("It is on record", copy)},
                parameters=[_KEY],
                body=_json("Order"),
            ),
            "get": _operation(
                "listCopies",
                "List the copies that this service issued",
                {"200": ("One page of them, the oldest first", _json("Copies"))},
                parameters=[_query("recipient"), _query("reference"), _query("after", "integer")],
            ),
        },
        "/api/copies/{fingerprint}": {
            "get": _operation(
                "showCopy",
                "Show a copy that this service issued, or give its file",
                {"200": ("The copy", copy)},
                parameters=[_path("fingerprint")],
            ),
        },
    }


def _batches() -> dict[str, Any]:
    return {
        "/api/batches": {
            "post": _operation(
                "beginBatch",
                "Issue a copy for each line; none is issued if a line has a problem",
                {"202": ("It goes on by itself; ask for it at Location", _json("Batch"))},
                parameters=[_KEY, _query("paper")],
                body={"application/jsonl": {"schema": {"$ref": "#/components/schemas/Line"}}},
            ),
        },
        "/api/batches/{batch}": {
            "get": _operation(
                "showBatch",
                "Tell how far a batch of this service has got",
                {"200": ("The batch", _json("Batch"))},
                parameters=[_path("batch")],
            ),
        },
        "/api/batches/{batch}/{file}": {
            "get": _operation(
                "fetchBatchFile",
                "Give a file of a batch that is done",
                {"200": ("The file", {name: {} for name in ("application/zip", "application/jsonl")})},
                parameters=[_path("batch"), _path("file")],
            ),
        },
    }


def _verifications() -> dict[str, Any]:
    return {
        "/api/verifications": {
            "post": _operation(
                "verify",
                "Tell whether a file is one of ours",
                {
                    "200": (
                        "What the file is, and its record if this service issued the copy",
                        _json("Verification"),
                    )
                },
                body=_PDF,
            ),
        },
    }


def _operation(
    name: str,
    summary: str,
    answers: dict[str, tuple[str, dict[str, Any]]],
    *,
    parameters: list[dict[str, Any]] | None = None,
    body: dict[str, Any] | None = None,
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": {
            status: {"description": words, "content": content} for status, (words, content) in answers.items()
        },
    }
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    found["responses"]["default"] = {"description": "Why it was refused (RFC 9457)", "content": problem}
    if parameters:
        found["parameters"] = parameters
    if body:
        found["requestBody"] = {"required": True, "content": body}
    return found


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(name: str, kind: str = "string") -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": kind}}
