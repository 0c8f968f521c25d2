"""Issue many: a spreadsheet, its rows and columns, its problems, and what came of it. Nothing is issued before the last
button.
"""

import string
from dataclasses import replace

from starlette.responses import Response, StreamingResponse

from ...batch_calls import (
    BatchView,
    BeginBatch,
    ListBatches,
    PlanBatch,
    ShowBatch,
    ShowPlan,
    ShowSheets,
    StartBatch,
    StopBatch,
)
from ...checker.sheet_calls import Choice, SheetView
from ...messages import RefusedError
from ..downloads import is_taken, stream_file
from ..visit import LARGEST_WORKBOOK, XLSX, Visit, make_request_key
from ..words import explain

_KINDS = {
    "copies.zip": "application/zip",
    "drafts.zip": "application/zip",
    "issued.xlsx": XLSX,
    "marked.xlsx": XLSX,
}
_LATELY = 10
_READING = ("reading", "planning")


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
        status, words = explain(RefusedError(refused.code, _drop_name(call.name, refused.words), refused.about))
        return await _show_upload(visit, status=status, fault=words)
    return visit.go(f"/many/{batch.id}/sheet" if batch.state == "sheet" else f"/many/{batch.id}")


async def show_sheet(visit: Visit) -> Response:
    """Show how the spreadsheet was understood."""
    row = visit.query("header_row")
    batch = await visit.services.keeper.ask(ShowBatch(actor=visit.actor, batch=_name(visit)))
    if batch.state in _READING or batch.state == "unreadable":
        return visit.go(f"/many/{batch.id}")
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
    batch = await visit.services.keeper.ask(call)
    if batch.state == "sheet":
        return await _show_sheet(visit, choice.sheet, choice.header_row, choice, fault=_explain_words(batch))
    return visit.go(f"/many/{batch.id}/problems" if batch.state == "planned" else f"/many/{batch.id}")


async def show_problems(visit: Visit) -> Response:
    """Show what would be issued, and what is wrong."""
    return await _show_problems(visit)


async def start(visit: Visit) -> Response:
    """Start the batch."""
    call = StartBatch(actor=visit.actor, batch=_name(visit), existing=visit.field("existing"))
    try:
        batch = await visit.services.keeper.ask(call)
    except RefusedError as refused:
        if refused.code != "existing-undecided":
            raise
        return await _show_problems(visit, fault=explain(refused)[1])
    return visit.go(f"/many/{batch.id}")


async def show_batch(visit: Visit) -> Response:
    """Show how far the batch has got, and what can be downloaded."""
    batch = await visit.services.keeper.ask(ShowBatch(actor=visit.actor, batch=_name(visit)))
    if batch.state == "sheet":
        return visit.go(f"/many/{batch.id}/sheet")
    if batch.state == "planned":
        return visit.go(f"/many/{batch.id}/problems")
    if batch.state in _READING:
        return visit.page("many_reading.html", batch=batch)
    percent = 100 * batch.done // max(1, batch.total)
    return visit.page("many_batch.html", batch=batch, percent=percent, words=_drop_name(batch.name, batch.words))


async def go_on(visit: Visit) -> Response:
    """Continue a batch that was stopped, or failed."""
    await visit.services.keeper.ask(StartBatch(actor=visit.actor, batch=_name(visit), existing=""))
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
    size, parts = await stream_file(
        visit.services.keeper, visit.actor, _name(visit), name, logged=is_taken(visit.request)
    )
    headers = {"content-disposition": f'attachment; filename="{name}"', "content-length": str(size)}
    return StreamingResponse(parts, media_type=_KINDS[name], headers=headers)


async def _show_upload(visit: Visit, *, status: int = 200, fault: str = "") -> Response:
    found = await visit.services.keeper.ask(ListBatches(actor=visit.actor))
    return visit.page(
        "many.html", status=status, fault=fault, request=make_request_key(), batches=found.batches[:_LATELY]
    )


async def _show_sheet(visit: Visit, sheet: str, header_row: int, choice: Choice | None, *, fault: str = "") -> Response:
    call = ShowSheets(actor=visit.actor, batch=_name(visit), sheet=sheet, header_row=header_row)
    found = await visit.services.keeper.ask(call)
    fault = fault or _explain_words(found.batch)  # of the last try, where its page was closed meanwhile
    chosen = next((each for each in found.sheets if each.chosen), found.sheets[0])
    choice = choice or found.choice
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
        paper=visit.field("paper") or found.paper,
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


def _explain_words(batch: BatchView) -> str:
    """Say why a spreadsheet could not be read; the page has its name already."""
    words = _drop_name(batch.name, batch.words)
    return explain(RefusedError("unreadable-sheet", words))[1] if words else ""


def _drop_name(name: str, words: str) -> str:
    """Drop the name of the file from the beginning of a sentence, where a page has it already."""
    return words.removeprefix(f"{name}: ")


def _letter(text: str) -> str:
    return text if text.isascii() and text.isalpha() and text.isupper() and len(text) <= 2 else ""


def _name(visit: Visit) -> str:
    return str(visit.request.path_params["batch"])
