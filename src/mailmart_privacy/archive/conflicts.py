"""What others have logged while a session is open, after which it must not add what it was about to add.

A session reads the log, asks whether something may be done, and then logs it. In between another writer may log that
the customer is erased, or held. A commit takes the next number in the log, so the second of two
writers reads what the first one has logged.
"""

from collections.abc import Sequence

from ..errors import UsageError
from .acts import HeldError
from .entries import Entry

_ERASURE, _HOLD = b'"kind":"erasure"', b'"act":"hold"'


def may_conflict(content: bytes) -> bool:
    """Tell whether an entry, by its bytes, is one that `refuse_conflicts` looks at."""
    return _ERASURE in content or _HOLD in content


def refuse_conflicts(entries: Sequence[Entry], others: Sequence[tuple[int, Entry]]) -> None:
    """Refuse entries that others have made wrong; none of them is logged then.

    Args:
        entries: that are about to be logged.
        others: numbers and entries that other writers have logged since the session was opened.

    Raises:
        UsageError: the customer of one was erased.
        HeldError: it is the erasure of a customer on whom a hold was placed.
    """
    named = {entry.recipient for entry in entries if entry.recipient is not None}
    erased = {entry.recipient for entry in entries if entry.kind == "erasure"}
    for number, other in others:
        if other.kind == "erasure" and other.recipient in named:
            raise UsageError("the customer was erased meanwhile, so nothing was added; try again")
        if other.act == "hold" and other.recipient in erased:
            raise HeldError([number], [])
