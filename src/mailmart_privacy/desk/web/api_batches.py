"""Batches of services: a copy for each line of JSON, issued one batch after the other."""

import asyncio
import json
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response, StreamingResponse

from ...sheets.kept import keep_rows
from ..batch_calls import BatchView, OrderBatch, ShowBatch, ShowPlan
from ..messages import RefusedError
from .downloads import is_taken, stream_file
from .problems import make_problem
from .visit import LARGEST_WORKBOOK

if TYPE_CHECKING:
    from .api import ApiCall

_LONGEST_KEY = 200
_FIELDS = {"recipient", "reference"}
_FILES = {"copies.zip": "application/zip", "manifest.jsonl": "application/jsonl"}


class LineError(ValueError):
    """A line of the body is not a row."""


async def begin_batch(call: "ApiCall") -> Response:
    """Take the rows of a batch; a repeated request with the same key gets the batch of the first one."""
    key = call.request.headers.get("idempotency-key", "")
    if not 0 < len(key) <= _LONGEST_KEY:
        return make_problem("key-missing")
    paper = call.request.query_params.get("paper", "a4")
    body = await call.request.body()
    if len(body) > LARGEST_WORKBOOK:
        return make_problem("too-large")
    if paper not in ("a4", "letter"):
        return make_problem("not-json-lines", detail="paper is a4 or letter")
    try:
        rows = await asyncio.to_thread(read_lines, body)  # 100,000 of them take a moment
    except LineError as error:
        return make_problem("not-json-lines", detail=str(error))
    batch = await call.services.keeper.ask(OrderBatch(actor=call.token.actor, rows=rows, paper=paper, request=key))
    return JSONResponse(_describe(batch), 202, headers={"location": f"/api/batches/{batch.id}"})


async def show_batch(call: "ApiCall") -> Response:
    """Tell how far a batch of the service has got, and which rows have problems."""
    name = str(call.request.path_params["batch"])
    batch = await call.services.keeper.ask(ShowBatch(actor=call.token.actor, batch=name))
    document = _describe(batch)
    if batch.state == "refused":
        planned = await call.services.keeper.ask(ShowPlan(actor=call.token.actor, batch=name))
        whole = [{"line": 0, "message": batch.words}] if batch.words else []
        document["problems"] = whole + [{"line": each.row, "message": each.message} for each in planned.faults]
    return JSONResponse(document)


async def give_file(call: "ApiCall") -> Response:
    """Give a file of a batch that is done, part by part."""
    name = str(call.request.path_params["file"])
    if name not in _FILES:
        raise RefusedError("no-such-batch")
    batch = str(call.request.path_params["batch"])
    size, parts = await stream_file(call.services.keeper, call.token.actor, batch, name, logged=is_taken(call.request))
    return StreamingResponse(parts, media_type=_FILES[name], headers={"content-length": str(size)})


def read_lines(body: bytes) -> bytes:
    """Read rows, one JSON object a line, as `keep_rows` writes them; empty lines are passed over.

    Raises:
        LineError: a line is something else; it says which one.
    """
    rows = [(number, _read_line(number, line)) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    if not rows:
        raise LineError("there is no line")
    return keep_rows(("recipient", "reference"), rows)


def _read_line(number: int, line: bytes) -> tuple[str, str]:
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise LineError(f"line {number} is not JSON") from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise LineError(f"line {number} is not an object of texts")
    if unknown := sorted(found.keys() - _FIELDS):
        raise LineError(f"line {number} has a field that is not known: {unknown[0]}")
    if not found.get("recipient", "").strip():
        raise LineError(f"line {number} names no recipient")
    return found["recipient"], found.get("reference", "")


def _describe(batch: BatchView) -> dict[str, Any]:
    links = {"self": f"/api/batches/{batch.id}"}
    if batch.state == "done":
        links |= {name.partition(".")[0]: f"/api/batches/{batch.id}/{name}" for name in _FILES}
    return {
        "id": batch.id,
        "state": batch.state,
        "done": batch.done,
        "total": batch.total,
        "problems": [],
        "links": links,
    }
