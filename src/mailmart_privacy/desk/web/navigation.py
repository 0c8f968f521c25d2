"""The menu: the pages that exist, for those who may open them."""

from collections.abc import Callable
from dataclasses import dataclass

from .permissions import Permission


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of the menu."""

    path: str
    words: str
    permission: Permission


_GROUPS = (
    (
        "Copies",
        (
            Item("/", "Issue a copy", Permission.ISSUE),
            Item("/many", "Issue many", Permission.ISSUE),
            Item("/customers", "Find", Permission.FIND),
            Item("/check", "Check a file", Permission.CHECK),
        ),
    ),
    (
        "Compliance",
        (
            Item("/in-force", "In force on a day", Permission.ASK_IN_FORCE),
            Item("/report", "Report", Permission.REPORT),
        ),
    ),
    (
        "The desk",
        (
            Item("/due", "What is due", Permission.SEE_DUE),
            Item("/activity", "Who did what", Permission.SEE_ACTIVITY),
            Item("/versions", "Versions", Permission.SEE_VERSIONS),
            Item("/people", "People", Permission.PEOPLE),
            Item("/keys", "How we sign", Permission.KEYS),
            Item("/tokens", "Access for services", Permission.TOKENS),
        ),
    ),
)

_STARTS = ((Permission.ISSUE, "/"), (Permission.FIND, "/customers"))


def list_groups(may: Callable[[Permission], bool]) -> list[tuple[str, list[Item]]]:
    """List the groups of the menu with what a person may open."""
    found = [(name, [item for item in items if may(item.permission)]) for name, items in _GROUPS]
    return [(name, items) for name, items in found if items]


def find_start(may: Callable[[Permission], bool]) -> str:
    """Find the page where a person begins: sales issue, compliance looks for customers, others see what waits."""
    return next((path for permission, path in _STARTS if may(permission)), "/due")
