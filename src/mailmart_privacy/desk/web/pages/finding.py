"""Find what a customer received, check a file, and the page of a customer."""

import asyncio

from starlette.responses import Response

from ...calls import CheckFile, Find, ShowCustomer
from ..visit import LARGEST_PDF, Visit

_SHOWN = 50


async def find(visit: Visit) -> Response:
    """Find customers by a part of the name or of a reference."""
    text = visit.query("q")
    found = None
    if text:
        found = await visit.services.keeper.ask(Find(actor=visit.actor, text=text, limit=_SHOWN))
    return visit.page("find.html", text=text, found=found)


async def show_customer(visit: Visit) -> Response:
    """Show a customer and all copies."""
    customer = str(visit.request.path_params["customer"])
    found = await visit.services.keeper.ask(ShowCustomer(actor=visit.actor, customer=customer))
    return visit.page("customer.html", customer=found)


async def show_check(visit: Visit) -> Response:
    """Show the form for a file."""
    return visit.page("check.html", checked=None, name="", fault="")


async def check(visit: Visit) -> Response:
    """Tell whether a file is one of ours; it is kept nowhere, and counted."""
    file = visit.files.get("file")
    if file is None or not file.content:
        return visit.page("check.html", status=422, checked=None, name="", fault="Choose a file first.")
    if len(file.content) > LARGEST_PDF:
        words = "That file has more than 16 MB. No copy of ours is that large."
        return visit.page("check.html", status=413, checked=None, name="", fault=words)
    checked = await visit.services.keeper.ask(CheckFile(actor=visit.actor, content=file.content))
    await asyncio.to_thread(visit.services.checks.note, visit.actor, file.content, checked.verdict)
    return visit.page("check.html", checked=checked, name=file.name, fault="")
