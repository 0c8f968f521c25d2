"""What a person typed into a form that was not taken, because their session had ended: it is not lost."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from .guard import TooLargeError, TooSlowError
from .permissions import PROVEN, Permission

if TYPE_CHECKING:
    from .visit import Visit

# Texts that somebody may have thought about. A form without one of them is sent again more quickly from its own page.
_WORDS = {"customer": "Customer", "reference": "Contract or reference", "matter": "Matter", "reason": "Reason"}
_MOST = 2**14  # bytes; nobody has to be signed in to have them read
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Typed:
    """A form that can be sent again.

    Attributes:
        action: where it goes.
        fields: all that was in it, with the button that was pressed.
        shown: what the person recognises: names and texts.
    """

    action: str
    fields: dict[str, str]
    shown: list[tuple[str, str]]


async def read_typed(visit: "Visit", permission: Permission) -> Typed | None:
    """Read what somebody sent whose session has ended; None where it is a file, or nothing to speak of."""
    headers = visit.request.headers
    length = headers.get("content-length", "")
    if not headers.get("content-type", "").startswith(_FORM) or not length.isdecimal() or int(length) > _MOST:
        return None
    try:
        async with visit.request.form() as form:
            visit.fields |= {name: value for name, value in form.multi_items() if isinstance(value, str)}
    except (TooLargeError, TooSlowError, HTTPException):
        return None
    return keep_typed(visit, permission)


def keep_typed(visit: "Visit", permission: Permission) -> Typed | None:
    """Keep the form that came; None where it has nothing to speak of, or is hard to undo and better typed again."""
    shown = [(words, visit.field(name)) for name, words in _WORDS.items() if visit.field(name)]
    if permission in PROVEN or not shown or sum(map(len, visit.fields.values())) > _MOST:
        return None
    fields = {name: value for name, value in visit.fields.items() if name != "token"}
    return Typed(visit.request.scope["path"], fields, shown)
