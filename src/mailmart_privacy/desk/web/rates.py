"""How often somebody may ask for something; counted in memory, since one process answers."""

from collections import deque
from collections.abc import Callable

_MINUTE = 60.0
_MOST_KEYS = 10_000


class Rates:
    """Counts requests of the last minute.

    Args:
        clock: counts seconds, from any beginning.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], deque[float]] = {}

    def allow(self, what: str, key: str, *, most: int) -> bool:
        """Count a request, and tell whether it may go on.

        Args:
            what: for instance "issue".
            key: who asks.
            most: requests in a minute.
        """
        now = self._clock()
        if len(self._seen) > _MOST_KEYS:
            self._seen = {each: seen for each, seen in self._seen.items() if seen and seen[-1] > now - _MINUTE}
        seen = self._seen.setdefault((what, key), deque())
        while seen and seen[0] <= now - _MINUTE:
            seen.popleft()
        if len(seen) >= most:
            return False
        seen.append(now)
        return True
