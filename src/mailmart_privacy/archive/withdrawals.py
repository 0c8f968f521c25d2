"""How every answer says that a copy was withdrawn."""

import datetime


def describe_withdrawal(at: datetime.datetime, because: str = "") -> str:
    """Say that a copy was withdrawn.

    Args:
        at: when the archive says that it was withdrawn (aware, UTC).
        because: the reason, if it is known; only the archive's key reveals it.
    """
    return f"WITHDRAWN on {at:%Y-%m-%d}" + (f": {because}" if because else "")
