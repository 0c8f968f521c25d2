"""The policy in an OpenAPI document (3.1), for applications that want it there, for instance FastAPI's."""

import json
from typing import Any, Protocol

from .. import _resources
from .representations import ATOM, CALENDAR, FORMATS, HTML

_POLICY, _PROCESSORS, _VERIFICATION = "PrivacyPolicy", "PrivacyProcessors", "PrivacyCopyVerification"
_SCHEMAS = {_POLICY: "policy", _PROCESSORS: "processors", _VERIFICATION: "verification"}
_JSON, _PDF = FORMATS["json"][0], FORMATS["pdf"][0]
_TAG = "Privacy policy"
_VERSION = {
    "name": "version",
    "in": "path",
    "required": True,
    "description": "The date of the version, for instance 2026-02-24.",
    "schema": {"type": "string", "format": "date"},
}
_AT = {
    "name": "at",
    "in": "query",
    "description": "Answers with the version in force at this moment instead of now.",
    "schema": {"type": "string", "format": "date-time"},
}


class HasOpenAPI(Protocol):
    """An application that writes an OpenAPI document, for instance FastAPI's."""

    def openapi(self) -> dict[str, Any]:
        """Write it."""
        ...


def add_to_openapi(app: HasOpenAPI, *, path: str = "/privacy") -> None:
    """Add what a service answers to the OpenAPI document of an application.

    Args:
        app: a FastAPI application; its method `openapi` is replaced, as FastAPI's documentation shows it.
        path: where the version in force is, within the application and with the prefix of `include_router`.
    """
    written = app.openapi

    def openapi() -> dict[str, Any]:
        document: dict[str, Any] = written()
        ours = describe_service(path)
        document.setdefault("paths", {}).update(ours["paths"])
        document.setdefault("components", {}).setdefault("schemas", {}).update(ours["components"]["schemas"])
        return document

    setattr(app, "openapi", openapi)  # noqa: B010 - type checkers refuse that a method is replaced


def describe_service(path: str = "/privacy") -> dict[str, Any]:
    """Describe what a service answers: `paths` and `components` of an OpenAPI document.

    Args:
        path: where the version in force is.
    """
    policy = {_JSON: {"schema": _refer(_POLICY)}}
    formats = {media_type: policy[_JSON] if media_type == _JSON else {} for media_type, _ in FORMATS.values()}
    paths = {
        path: _get("privacy_policy", "The version in force, in any format", formats, _AT),
        f"{path}.json": _get("privacy_policy_json", "The version in force, as JSON", policy, _AT),
        f"{path}/{{version}}": _get("privacy_version", "One version, in any format", formats, _VERSION),
        f"{path}/{{version}}.json": _get("privacy_version_json", "One version, as JSON", policy, _VERSION),
        f"{path}/{{version}}/changes": _get("privacy_changes", "What changed in a version", {HTML: {}}, _VERSION),
        f"{path}/versions": _get("privacy_versions", "All versions", {HTML: {}, _JSON: {}}),
        f"{path}/processors.json": _get(
            "privacy_processors", "Third-party services", {_JSON: {"schema": _refer(_PROCESSORS)}}
        ),
        f"{path}/feed.atom": _get("privacy_feed", "News of versions", {ATOM: {}}),
        f"{path}/calendar.ics": _get("privacy_calendar", "Effective dates", {CALENDAR: {}}),
        f"{path}/keys": _get("privacy_keys", "MailMart's certificates and keys", {HTML: {}, _JSON: {}}),
        f"{path}/verify": _get("privacy_verify_page", "Is this copy real?", {HTML: {}}) | {"post": _describe_check()},
    }
    return {"paths": paths, "components": {"schemas": {name: _read_schema(name) for name in _SCHEMAS}}}


def _read_schema(name: str) -> dict[str, Any]:
    """Read a schema, with its references as from the root of the document: few programs heed an `$id` within it."""
    text = _resources.read_data(f"schemas/{_SCHEMAS[name]}.schema.json").decode()
    schema: dict[str, Any] = json.loads(text.replace('"#/$defs/', f'"#/components/schemas/{name}/$defs/'))
    return {key: value for key, value in schema.items() if key not in ("$schema", "$id")}


def _get(name: str, summary: str, content: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": "The content", "content": content}}
    responses["304"] = {"description": "The client has it already (If-None-Match, If-Modified-Since)"}
    if parameters:
        responses["404"] = {"description": "There is no such version"}
    if len(content) > 1:
        responses["406"] = {"description": "The client accepts none of the formats"}
    operation: dict[str, Any] = {"operationId": name, "summary": summary, "tags": [_TAG], "responses": responses}
    return {"get": operation | ({"parameters": list(parameters)} if parameters else {})}


def _describe_check() -> dict[str, Any]:
    verdict = {
        "type": "object",
        "required": ["verdict", "genuine", "headline", "advice"],
        "properties": {
            "verdict": {"type": "string"},
            "genuine": {"type": "boolean"},
            "headline": {"type": "string"},
            "advice": {"type": "string"},
            "copy": {"anyOf": [_refer(_VERIFICATION), {"type": "null"}]},
        },
    }
    return {
        "operationId": "privacy_verify",
        "summary": "Tell whether a signed copy is genuine",
        "tags": [_TAG],
        "requestBody": {"required": True, "content": {_PDF: {}}},
        "responses": {
            "200": {"description": "What the file is", "content": {_JSON: {"schema": verdict}, HTML: {}}},
            "400": {"description": "The request contains no file"},
            "413": {"description": "The file has more than 16 MiB"},
            "503": {"description": "Too many files are being checked; see Retry-After"},
        },
    }


def _refer(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
