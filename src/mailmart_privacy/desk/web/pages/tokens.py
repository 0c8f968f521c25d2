"""Access for services: tokens, which are shown once."""

import datetime

from starlette.responses import Response

from ...answers import Done
from ...people_calls import Note
from ..tokens import SCOPES
from ..visit import Visit

_DAY = 86_400
_DAYS, _USUAL = (30, 90, 365), 90
_LONGEST = 100


async def show(visit: Visit) -> Response:
    """Show the tokens."""
    return _show(visit)


async def change(visit: Visit) -> Response:
    """Make a token, or revoke one; both go on record."""
    tokens = visit.services.tokens
    if visit.field("do") == "revoke":
        found = next((each for each in tokens.list_all() if str(each.id) == visit.field("service")), None)
        if found is not None:
            tokens.revoke(visit.field("service"))
            await _note(visit, f"{found.name}: revoked")
        return visit.go("/tokens")
    name, scopes, days = _read_name(visit), _read_scopes(visit), visit.field("days")
    if not name or len(name) > _LONGEST:
        return _show(visit, fault=("name", "Type the name of the service."))
    if tokens.has_usable(name):  # also where a form is sent twice
        return _show(
            visit, fault=("name", f"{name} has a token. If you did not keep it, revoke it, and make a new one.")
        )
    if not scopes:
        return _show(visit, fault=("scopes", "Choose at least one thing that it may do."))
    if days not in map(str, _DAYS):
        return _show(visit, fault=("days", "Choose how long it may be used."))
    secret = tokens.make(name, scopes, made_by=visit.actor.name, seconds=int(days) * _DAY)
    await _note(visit, f"{name}: {', '.join(scopes)}, {days} days")
    return _show(visit, secret=secret, secret_for=name)


async def _note(visit: Visit, words: str) -> Done:
    return await visit.services.keeper.ask(Note(actor=visit.actor, act="token", words=words))


def _show(visit: Visit, *, fault: tuple[str, str] = ("", ""), secret: str = "", secret_for: str = "") -> Response:
    place, words = fault
    return visit.page(
        "tokens.html",
        status=422 if words else 200,
        tokens=visit.services.tokens.list_all(),
        scopes=SCOPES,
        all_days=_DAYS,
        fault=words,
        place=place,
        name="" if secret else _read_name(visit),
        chosen=() if secret else _read_scopes(visit),
        days_chosen=visit.field("days") or str(_USUAL),
        secret=secret,
        secret_for=secret_for,
        as_moment=lambda seconds: datetime.datetime.fromtimestamp(seconds, datetime.UTC),
    )


def _read_name(visit: Visit) -> str:
    return " ".join(visit.field("name").split())


def _read_scopes(visit: Visit) -> tuple[str, ...]:
    return tuple(scope for scope in SCOPES if visit.field(f"scope-{scope}") == "yes")
