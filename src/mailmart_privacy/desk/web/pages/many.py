"""Issue many: a spreadsheet, its rows and columns, its problems, and what came of it. Nothing is issued before the last
button.
"""

import string
from collections.abc import AsyncIterator
from dataclasses import replace

from starlette.responses import Response, StreamingResponse

from ...answers import Actor
from ...batch_calls import (
    BeginBatch,
    Chunk,
    ListBatches,
    PlanBatch,
    ReadBatchFile,
    ShowBatch,
    ShowPlan,
    ShowSheets,
    StartBatch,
    StopBatch,
)
from ...checker.sheet_calls import Choice, SheetView
from ...connections import AsyncConnection
from ...messages import RefusedError
from ..visit import LARGEST_WORKBOOK, XLSX, Visit, make_request_key
from ..words import explain

_KINDS = {
    "copies.zip": "application/zip",
    "drafts.zip": "application/zip",
    "issued.xlsx": XLSX,
    "marked.xlsx": XLSX,
}
_LATELY = 10


async def show_upload(visit: Visit) -> Response:
    """Show the form for a spreadsheet, and the person's batches."""
    return await _show_upload(visit)


async def upload(visit: Visit) -> Response:
    """Take a spreadsheet, and lead to its rows and columns."""
    file = visit.files.get("file")
    if file is None or not file.content:
        return await _show_upload(visit, status=422, fault="Choose a spreadsheet first.")
    if len(file.content) > LARGEST_WORKBOOK:
        return await _show_upload(visit, status=413, fault="That file has more than 20 MB. Split it.")
    request = visit.field("request") or make_request_key()
    call = BeginBatch(actor=visit.actor, name=file.name or "the spreadsheet", content=file.content, request=request)
    try:
        batch = await visit.services.keeper.ask(call)
    except RefusedError as refused:
        status, words = explain(refused)
        return await _show_upload(visit, status=status, fault=words)
    return visit.go(f"/many/{batch.id}/sheet")


async def show_sheet(visit: Visit) -> Response:
    """Show how the spreadsheet was understood."""
    row = visit.query("header_row")
    return await _show_sheet(visit, visit.query("sheet"), int(row) if row.isdecimal() else 0, None)


async def plan(visit: Visit) -> Response:
    """Read the spreadsheet in the way that the person chose, and lead to its problems."""
    row = visit.field("header_row")
    choice = Choice(
        sheet=visit.fields.get("sheet", ""),
        header_row=int(row) if row.isdecimal() else 0,
        customer=_letter(visit.field("customer")),
        reference=_letter(visit.field("reference")),
        email=_letter(visit.field("email")),
        hidden=visit.field("hidden") if visit.field("hidden") in ("include", "skip") else "",
    )
    shown = (visit.field("shown_sheet"), visit.field("shown_row"))
    if visit.field("then") == "show" or shown != (choice.sheet, row):  # another sheet: its columns are other ones
        return await _show_sheet(visit, choice.sheet, choice.header_row if shown[0] == choice.sheet else 0, choice)
    if not choice.customer or not choice.header_row:
        fault = "Say which row has the headings, and which column has the customers."
        return await _show_sheet(visit, choice.sheet, choice.header_row, choice, fault=fault)
    paper = "letter" if visit.field("paper") == "letter" else "a4"
    call = PlanBatch(actor=visit.actor, batch=_name(visit), choice=choice, paper=paper)
    try:
        await visit.services.keeper.ask(call)
    except RefusedError as refused:
        if refused.code != "unreadable-sheet":
            raise
        return await _show_sheet(visit, choice.sheet, choice.header_row, choice, fault=explain(refused)[1])
    return visit.go(f"/many/{_name(visit)}/problems")


async def show_problems(visit: Visit) -> Response:
    """Show what would be issued, and what is wrong."""
    return await _show_problems(visit)


async def start(visit: Visit) -> Response:
    """Start the batch."""
    planned = await visit.services.keeper.ask(ShowPlan(actor=visit.actor, batch=_name(visit)))
    existing = visit.field("existing")
    if planned.existing_count and existing not in ("skip", "again"):
        return await _show_problems(visit, fault="Choose what to do about customers who already have a copy.")
    call = StartBatch(actor=visit.actor, batch=_name(visit), skip_existing=existing == "skip")
    batch = await visit.services.keeper.ask(call)
    return visit.go(f"/many/{batch.id}")


async def show_batch(visit: Visit) -> Response:
    """Show how far the batch has got, and what can be downloaded."""
    batch = await visit.services.keeper.ask(ShowBatch(actor=visit.actor, batch=_name(visit)))
    if batch.state == "sheet":
        return visit.go(f"/many/{batch.id}/sheet")
    if batch.state == "planned":
        return visit.go(f"/many/{batch.id}/problems")
    return visit.page("many_batch.html", batch=batch, percent=100 * batch.done // max(1, batch.total))


async def go_on(visit: Visit) -> Response:
    """Continue a batch that was stopped, or failed."""
    await visit.services.keeper.ask(StartBatch(actor=visit.actor, batch=_name(visit), skip_existing=False))
    return visit.go(f"/many/{_name(visit)}")


async def stop(visit: Visit) -> Response:
    """Stop the batch."""
    await visit.services.keeper.ask(StopBatch(actor=visit.actor, batch=_name(visit)))
    return visit.go(f"/many/{_name(visit)}")


async def download(visit: Visit) -> Response:
    """Give a file of the batch, part by part: it may be large."""
    name = str(visit.request.path_params["file"])
    if name not in _KINDS:
        raise RefusedError("no-such-batch")
    keeper, actor, batch = visit.services.keeper, visit.actor, _name(visit)
    first = await keeper.ask(ReadBatchFile(actor=actor, batch=batch, name=name, offset=0))
    headers = {"content-disposition": f'attachment; filename="{name}"', "content-length": str(first.total)}
    return StreamingResponse(_stream(keeper, actor, batch, name, first), media_type=_KINDS[name], headers=headers)


async def _stream(keeper: AsyncConnection, actor: Actor, batch: str, name: str, chunk: Chunk) -> AsyncIterator[bytes]:
    sent = 0
    while True:
        yield chunk.content
        sent += len(chunk.content)
        if sent >= chunk.total or not chunk.content:
            return
        chunk = await keeper.ask(ReadBatchFile(actor=actor, batch=batch, name=name, offset=sent))


async def _show_upload(visit: Visit, *, status: int = 200, fault: str = "") -> Response:
    found = await visit.services.keeper.ask(ListBatches(actor=visit.actor))
    return visit.page(
        "many.html", status=status, fault=fault, request=make_request_key(), batches=found.batches[:_LATELY]
    )


async def _show_sheet(visit: Visit, sheet: str, header_row: int, choice: Choice | None, *, fault: str = "") -> Response:
    call = ShowSheets(actor=visit.actor, batch=_name(visit), sheet=sheet, header_row=header_row)
    found = await visit.services.keeper.ask(call)
    chosen = next((each for each in found.sheets if each.chosen), found.sheets[0])
    if choice is not None and (choice.sheet, choice.header_row) == (chosen.title, chosen.header_row):
        chosen = replace(chosen, customer=choice.customer, reference=choice.reference, email=choice.email)
    return visit.page(
        "many_sheet.html",
        status=422 if fault else 200,
        batch=found.batch,
        sheets=[each for each in found.sheets if each.visible],
        chosen=chosen,
        columns=_list_columns(chosen),
        marks={chosen.customer: "Customer", chosen.reference: "Reference", chosen.email: "E-mail"},
        letters=[name_column(index) for index in range(_count_columns(chosen))],
        hidden=choice.hidden if choice else "",
        fault=fault,
    )


async def _show_problems(visit: Visit, *, fault: str = "") -> Response:
    planned = await visit.services.keeper.ask(ShowPlan(actor=visit.actor, batch=_name(visit)))
    return visit.page("many_problems.html", status=422 if fault else 200, planned=planned, fault=fault)


def _list_columns(sheet: SheetView) -> list[tuple[str, str]]:
    """List the columns: letters, and what is above them."""
    headings = next((row.cells for row in sheet.top if row.number == sheet.header_row), ())
    count = _count_columns(sheet)
    padded = [*headings, *[""] * (count - len(headings))]
    return [(name_column(index), padded[index]) for index in range(count)]


def _count_columns(sheet: SheetView) -> int:
    return max((len(row.cells) for row in sheet.top), default=0)


def name_column(index: int) -> str:
    """Name a column as spreadsheets do: A, B, …, Z, AA."""
    first, second = divmod(index, 26)
    return (string.ascii_uppercase[first - 1] if first else "") + string.ascii_uppercase[second]


def _letter(text: str) -> str:
    return text if text.isascii() and text.isalpha() and text.isupper() and len(text) <= 2 else ""


def _name(visit: Visit) -> str:
    return str(visit.request.path_params["batch"])
