"""What the project's settings say: MAILMART_PRIVACY, a dict that may have PATH, BASE_URL and MAX_AGE."""

from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from ...errors import UsageError
from ..core import Service
from ..edge import create_service
from ..mounting import mount

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = "mailmart_privacy:policy"
_SETTING = "MAILMART_PRIVACY"
_KEYS = ("BASE_URL", "MAX_AGE", "PATH")


@cache
def load_service() -> Service:
    """Make the service that the settings describe, once; its path is the one within the project's urls.

    Raises:
        UsageError: they cannot be used; the message says what to give.
        RecordError: the ledger has changed or is missing.
    """
    given = getattr(settings, _SETTING, {})
    if not isinstance(given, dict):
        raise UsageError(f"{_SETTING} is no dict; give one like {{'BASE_URL': 'https://mailmart.com'}}")
    unknown = [repr(key) for key in given if key not in _KEYS]
    if unknown:
        raise UsageError(f"{_SETTING} knows no {', '.join(unknown)}; it may have {', '.join(_KEYS)}")
    return create_service(**{key.lower(): value for key, value in given.items()})


def mounted_service() -> Service:
    """Give the service as clients see it: below SCRIPT_NAME, and below where the urls were included.

    Raises:
        NoReverseMatch: the urls were not included.
    """
    return _mount()(reverse(PAGE).removesuffix(load_service().path))


@cache
def _mount() -> "Callable[[str], Service]":
    return mount(load_service())


def forget() -> None:
    """Make the service anew when it is next asked for; see `testing`."""
    load_service.cache_clear()
    _mount.cache_clear()
