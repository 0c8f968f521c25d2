"""Serving the policy over HTTP: one core, the thin adapters for frameworks, and the static site."""

from .._policies import now
from ..ledger import shipped
from .service import Response, Service

__all__ = ["Response", "Service", "create_service"]


def create_service(*, path: str = "/privacy", base_url: str = "https://mailmart.com", max_age: int = 3600) -> Service:
    """Make the service of the versions that ship with this package, at what the clock says.

    Args:
        path: where the version in force is; all else is below it, or is this path with an ending.
        base_url: scheme and host that stand before it in links to it, in the feed and in the page's head.
        max_age: for how many seconds a cache may keep what can change.

    Raises:
        UsageError: one of them cannot be used; the message says what to give.
        RecordError: the ledger has changed or is missing.
    """
    return Service(shipped(), clock=now, path=path, base_url=base_url, max_age=max_age)
