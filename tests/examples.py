"""How many examples a property gets: some, the same ones each time, or many, again.

`tests/conftest.py` makes this the rule for all properties, also for those that name another number: no example has to
end within a time, since machines are busy, and a run that is repeated is the same run.
"""

import os

from hypothesis import HealthCheck, settings

LONGER = float(os.environ.get("MAILMART_PRIVACY_FUZZ", "0"))


def bounded(examples: int = 100) -> settings:
    """Settings for a number of examples, the same ones each time unless more are asked for."""
    return settings(
        max_examples=max(1, int(examples * LONGER)) if LONGER else examples,
        derandomize=not LONGER,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
