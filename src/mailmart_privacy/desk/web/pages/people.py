"""People: who may use the desk, as what, and addresses that sign them in."""

import secrets

from starlette.responses import Response

from ...addresses import is_address
from ...answers import Actor
from ...people_calls import Note
from ..people import make_digest
from ..permissions import ADMINISTRATOR, ROLES
from ..visit import Visit

_LINK_SECONDS = 15 * 60
_LONGEST = 100
_NO_ADDRESS = "That is not an e-mail address in plain letters, like ada@example.com."


async def show(visit: Visit) -> Response:
    """Show the people."""
    return _show(visit)


async def change(visit: Visit) -> Response:
    """Add a person, change the roles of one, or make an address that signs one in."""
    what = visit.field("do")
    by_links = visit.services.oidc is None
    if what == "add" and by_links:
        return await _add(visit)
    number = visit.field("person")
    known = next((each for each in visit.services.people.list_all() if str(each.id) == number), None)
    if known is None:
        return _show(visit, fault="There is no such person.")
    if what == "link" and by_links:
        token = secrets.token_urlsafe(32)
        visit.services.people.add_link(make_digest(token), known, seconds=_LINK_SECONDS)
        return _show(visit, address=f"{visit.services.origin}/?token={token}", address_for=known.actor.name)
    if what != "change":
        return _show(visit, fault="At this desk, people are signed in by the identity provider alone.")
    roles, email = _read_roles(visit), visit.field("email")
    if known.id == visit.person.id and ADMINISTRATOR not in (*roles, *known.claimed):
        return _show(visit, fault="You cannot remove your own administrator role.")
    if email and not is_address(email):
        return _show(visit, fault=_NO_ADDRESS)
    visit.services.people.put(known.actor, roles)
    changed = visit.services.sends_mail and email != known.email
    if changed:
        visit.services.people.set_email(known, email)
    await _note(visit, known.actor.name, roles, "; e-mail address changed" if changed else "")
    return visit.go("/people")


async def _add(visit: Visit) -> Response:
    name, roles, email = " ".join(visit.field("name").split()), _read_roles(visit), visit.field("email")
    if not name or len(name) > _LONGEST:
        return _show(visit, fault="Type a name.")
    if not roles:
        return _show(visit, fault="Choose at least one role.")
    if email and not is_address(email):
        return _show(visit, fault=_NO_ADDRESS)
    actor = Actor(issuer="desk", subject=name, name=name)
    if any((each.actor.issuer, each.actor.subject) == ("desk", name) for each in visit.services.people.list_all()):
        return _show(visit, fault="There is already somebody with this name.")
    person = visit.services.people.put(actor, roles)
    if visit.services.sends_mail and email:
        visit.services.people.set_email(person, email)
    await _note(visit, name, roles)
    return visit.go("/people")


async def _note(visit: Visit, name: str, roles: tuple[str, ...], more: str = "") -> None:
    words = f"{name}: {', '.join(roles) or 'no role'}{more}"
    await visit.services.keeper.ask(Note(actor=visit.actor, act="people", words=words))


def _show(visit: Visit, *, fault: str = "", address: str = "", address_for: str = "") -> Response:
    return visit.page(
        "people.html",
        status=422 if fault else 200,
        people=visit.services.people.list_all(),
        roles=ROLES,
        sends_mail=visit.services.sends_mail,
        fault=fault,
        address=address,
        address_for=address_for,
    )


def _read_roles(visit: Visit) -> tuple[str, ...]:
    return tuple(role for role in ROLES if visit.field(f"role-{role}") == "yes")
