"""An application below a path, because a proxy, a server or a mount has put it there."""

from functools import lru_cache

from ..errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .core import Service

_KEPT = 8  # prefixes; an application has one, seldom two


def mount(service: "Service") -> "Callable[[str], Service]":
    """Make a function that finds the service for a prefix, so that links have the paths that clients see.

    Args:
        service: as it is without a prefix.

    Returns:
        A function from the prefix (SCRIPT_NAME in WSGI, `root_path` in ASGI) to the service. A prefix
        that no path can have gets the service as it is, which then answers 404.
    """

    @lru_cache(maxsize=_KEPT)
    def mounted_at(prefix: str) -> "Service":
        try:
            return service.mounted_at(prefix.rstrip("/"))
        except UsageError:
            return service

    return mounted_at
