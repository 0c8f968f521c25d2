"""What only the API asks `keeper`."""

from dataclasses import dataclass

from .answers import Actor, Copies
from .messages import Call


@dataclass(frozen=True, kw_only=True, slots=True)
class ListCopies(Call[Copies]):
    """Which copies did this service issue? By exact recipient and reference, the oldest first, after a record."""

    actor: Actor
    recipient: str
    reference: str
    after: int
    limit: int


API_CALLS: dict[str, type[Call[object]]] = {ListCopies.__name__: ListCopies}  # type: ignore[dict-item]
