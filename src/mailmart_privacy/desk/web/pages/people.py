"""People: who may use the desk, as what, and addresses that sign them in."""

import secrets
from dataclasses import dataclass

from starlette.responses import Response

from ...addresses import is_address
from ...answers import Actor
from ...people_calls import Note
from ..people import Person, make_digest
from ..permissions import ADMINISTRATOR, ROLES
from ..visit import Visit

_LINK_SECONDS = 15 * 60
_LONGEST = 100
_NO_ADDRESS = "That is not an e-mail address in plain letters, like ada@example.com."


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What is wrong with what was sent, and what was in it.

    Attributes:
        place: where it is said: "name", "roles" or "email" of the person to be added, or the id of another one; empty
            where it concerns none of them.
        words: a sentence.
        name: what was typed.
        roles: what was chosen.
        email: what was typed.
    """

    place: str
    words: str
    name: str
    roles: tuple[str, ...]
    email: str


async def show(visit: Visit) -> Response:
    """Show the people, and who was saved just now."""
    return _show(visit)


async def change(visit: Visit) -> Response:
    """Add a person, change the roles of one, or make an address that signs one in."""
    what = visit.field("do")
    by_links = visit.services.oidc is None
    if what == "add" and by_links:
        return await _add(visit)
    known = _find(visit, visit.field("person"))
    if known is None:
        return _refuse(visit, "", "There is no such person.")
    if what == "link" and by_links:
        token = secrets.token_urlsafe(32)
        visit.services.people.add_link(make_digest(token), known, seconds=_LINK_SECONDS)
        return _show(visit, address=f"{visit.services.origin}/?token={token}", address_for=known.actor.name)
    if what != "change":
        return _refuse(visit, "", "At this desk, people are signed in by the identity provider alone.")
    return await _change(visit, known)


async def _change(visit: Visit, known: Person) -> Response:
    roles, email = _read_roles(visit), visit.field("email")
    if known.id == visit.person.id and ADMINISTRATOR not in (*roles, *known.claimed):
        return _refuse(visit, str(known.id), "You cannot remove your own administrator role.")
    if email and not is_address(email):
        return _refuse(visit, str(known.id), _NO_ADDRESS)
    visit.services.people.put(known.actor, roles)
    changed = visit.services.sends_mail and email != known.email
    if changed:
        visit.services.people.set_email(known, email)
    await _note(visit, known.actor.name, roles, "; e-mail address changed" if changed else "")
    return visit.go(f"/people?saved={known.id}")


async def _add(visit: Visit) -> Response:
    name, roles, email = _read_name(visit), _read_roles(visit), visit.field("email")
    actor = Actor(issuer="desk", subject=name, name=name)
    if not name or len(name) > _LONGEST:
        return _refuse(visit, "name", "Type a name.")
    if any((each.actor.issuer, each.actor.subject) == ("desk", name) for each in visit.services.people.list_all()):
        return _refuse(visit, "name", "There is already somebody with this name.")
    if not roles:
        return _refuse(visit, "roles", "Choose at least one role.")
    if email and not is_address(email):
        return _refuse(visit, "email", _NO_ADDRESS)
    person = visit.services.people.put(actor, roles)
    if visit.services.sends_mail and email:
        visit.services.people.set_email(person, email)
    await _note(visit, name, roles)
    return visit.go(f"/people?saved={person.id}")


async def _note(visit: Visit, name: str, roles: tuple[str, ...], more: str = "") -> None:
    words = f"{name}: {', '.join(roles) or 'no role'}{more}"
    await visit.services.keeper.ask(Note(actor=visit.actor, act="people", words=words))


def _refuse(visit: Visit, place: str, words: str) -> Response:
    """Say what is wrong where it is, and keep what was typed."""
    fault = Fault(
        place=place, words=words, name=_read_name(visit), roles=_read_roles(visit), email=visit.field("email")
    )
    return _show(visit, fault=fault)


def _show(visit: Visit, *, fault: Fault | None = None, address: str = "", address_for: str = "") -> Response:
    return visit.page(
        "people.html",
        status=422 if fault else 200,
        people=visit.services.people.list_all(),
        roles=ROLES,
        sends_mail=visit.services.sends_mail,
        fault=fault,
        address=address,
        address_for=address_for,
        saved=_find(visit, visit.query("saved")),
    )


def _find(visit: Visit, number: str) -> Person | None:
    return next((each for each in visit.services.people.list_all() if str(each.id) == number), None)


def _read_name(visit: Visit) -> str:
    return " ".join(visit.field("name").split())


def _read_roles(visit: Visit) -> tuple[str, ...]:
    return tuple(role for role in ROLES if visit.field(f"role-{role}") == "yes")
