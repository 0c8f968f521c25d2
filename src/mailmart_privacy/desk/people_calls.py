"""What `web` asks `keeper` to log of what is kept in its own tables: people and tokens."""

from dataclasses import dataclass

from .answers import Actor, Done
from .messages import Call

ACTS = ("people", "token")


@dataclass(frozen=True, kw_only=True, slots=True)
class Note(Call[Done]):
    """Log what an administrator did.

    Attributes:
        actor: the administrator.
        act: "people" or "token".
        words: what was done; encrypted in the log.
    """

    actor: Actor
    act: str
    words: str


PEOPLE_CALLS: dict[str, type[Call[object]]] = {Note.__name__: Note}  # type: ignore[dict-item]
