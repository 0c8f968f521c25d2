"""The project's settings: MAILMART_PRIVACY, a dict of the options of a service, in capitals."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse

from ...errors import UsageError
from ..core import Service
from ..edge import create_service
from ..mounting import mount
from ..settings import EdgeOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

PAGE = "mailmart_privacy:policy"
_SETTING = "MAILMART_PRIVACY"
_KEYS = tuple(sorted(name.upper() for name in EdgeOptions.__annotations__))


@cache
def load_service() -> Service:
    """Make the service that the settings describe, once; its path is the one within the project's urls.

    Raises:
        UsageError: they cannot be used; the message says what to give.
        RecordError: the ledger has changed or is missing.
    """
    given = getattr(settings, _SETTING, {})
    if not isinstance(given, dict):
        raise UsageError(f"{_SETTING} is not a dict; give one like {{'BASE_URL': 'https://mailmart.com'}}")
    unknown = [repr(key) for key in given if key not in _KEYS]
    if unknown:
        raise UsageError(f"{_SETTING} knows no {', '.join(unknown)}; it may have {', '.join(_KEYS)}")
    options: dict[str, Any] = {"templates": _find_templates()} | {key.lower(): value for key, value in given.items()}
    return create_service(**options)


def _find_templates() -> Path | None:
    """Find the project's own templates of the pages: the first folder `mailmart_privacy` in its template folders."""
    folders = [Path(folder) / "mailmart_privacy" for engine in settings.TEMPLATES for folder in engine.get("DIRS", ())]
    return next((folder for folder in folders if folder.is_dir()), None)


def mounted_service(request: "HttpRequest | None" = None) -> Service:
    """Give the service as clients see it: below SCRIPT_NAME, and below where the urls were included.

    Args:
        request: the request that the service answers: of several mounts, the one that it came by counts. Without one,
            it is the mount that `reverse` finds.

    Raises:
        NoReverseMatch: the urls were not included.
    """
    path = load_service().path
    match = None if request is None else request.resolver_match
    if request is None or match is None:
        return _mount()(reverse(PAGE).removesuffix(path))
    return _mount()(request.path.removesuffix(path + match.kwargs.get("rest", "")))


@cache
def _mount() -> "Callable[[str], Service]":
    return mount(load_service())


def forget() -> None:
    """Create the service again when it is next needed; see `testing`."""
    load_service.cache_clear()
    _mount.cache_clear()
