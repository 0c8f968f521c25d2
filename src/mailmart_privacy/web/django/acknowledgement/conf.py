"""What the project's settings say: MAILMART_PRIVACY_ACKNOWLEDGEMENT, a dict.

`PERSON` is the dotted path of a function that names the person of a request by the project's own id, or returns None.
By default a person is named by the primary key of the user who is logged in. `GATE` lets the middleware lead people to
the notice first.
"""

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

from ....errors import UsageError

if TYPE_CHECKING:
    from django.http import HttpRequest

_SETTING = "MAILMART_PRIVACY_ACKNOWLEDGEMENT"
_KEYS = ("GATE", "PERSON")


def read_setting(name: str) -> object:
    """Read one of the settings; None where it is not given.

    Raises:
        UsageError: the setting is not a dict with these keys.
    """
    given = getattr(settings, _SETTING, {})
    if not isinstance(given, dict) or not set(given) <= set(_KEYS):
        raise UsageError(f"{_SETTING} is a dict that may have {' and '.join(_KEYS)}")
    return given.get(name)


def find_person(request: "HttpRequest") -> str | None:
    """Name the person of a request; None if nobody is logged in."""
    path = read_setting("PERSON")
    if isinstance(path, str):
        named: str | None = import_string(path)(request)
        return named
    user = getattr(request, "user", None)
    return str(user.pk) if user is not None and user.is_authenticated else None
