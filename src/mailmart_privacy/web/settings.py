"""The options of a service: where it is, how long its answers may be kept, and who may read them from elsewhere."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from ..errors import UsageError
from .urls import Addresses


class ServiceOptions(TypedDict, total=False):
    """The options of a service, all with a default; `Settings` describes them."""

    path: str
    base_url: str
    max_age: int
    canonical_url: str | None
    cors: bool
    redirect_slash: bool
    templates: "Path | str | None"
    uploads: bool


class EdgeOptions(ServiceOptions, total=False):
    """The options of `create_service` and of the adapters: also where the data come from.

    `data` is a folder of newer data, or None for the one that `MAILMART_PRIVACY_DATA` names, or for those that ship.
    """

    data: "Path | str | None"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The options of a service.

    Attributes:
        path: where the version in force is, for instance "/privacy"; all else is below it, or is this path with an
            ending.
        base_url: scheme and host that come before a path where an address has to be whole.
        max_age: for how many seconds a cache may keep what can change (RFC 9111, 5.2.2.1).
        canonical_url: the whole address of the policy at its own place, where this service is a mirror or is below
            a prefix; None if its own address is the canonical one.
        cors: whether scripts of other sites may read the JSON and the feed (Fetch Standard, 3.3).
        redirect_slash: whether an address with a slash at its end redirects to the one without.
        templates: a folder whose templates replace those of this package that have the same name, or None.
        uploads: whether people may send a file to have it checked; else the page says how to check it otherwise.

    Raises:
        UsageError: one of them cannot be used; the message says what to give.
    """

    path: str = "/privacy"
    base_url: str = "https://mailmart.com"
    max_age: int = 3600
    canonical_url: str | None = None
    cors: bool = False
    redirect_slash: bool = False
    templates: Path | str | None = None
    uploads: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.max_age, bool) or not isinstance(self.max_age, int) or self.max_age < 0:
            raise UsageError(f"a cache cannot keep an answer for {self.max_age!r} seconds; give 0 or more")
        if self.templates is not None and not Path(self.templates).is_dir():
            raise UsageError(f"{self.templates} is not a folder of templates; give one")
        if isinstance(self.base_url, str):
            object.__setattr__(self, "base_url", self.base_url.rstrip("/"))
        _ = self.addresses  # raises where something is not an address

    @property
    def addresses(self) -> Addresses:
        """Where things are."""
        return Addresses(page=self.path, base_url=self.base_url, canonical_url=self.canonical_url)
