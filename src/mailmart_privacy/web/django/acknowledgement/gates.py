"""For projects that want it: people see the notice before a page. A notice need not come before anything.

The law asks that people are told (GDPR Art. 13 and 14), not that they confirm it. So nothing here acts unless a project
uses the decorator, or adds the middleware and sets `GATE`.
"""

from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import sync_only_middleware

from ..conf import load_service
from .conf import read_setting
from .notice import find_notice

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

ADDRESS = "mailmart_privacy_acknowledgement:notice"
_READING = ("GET", "HEAD")


def notice_first(view: "Callable[..., HttpResponse]") -> "Callable[..., HttpResponse]":
    """Lead a person to the notice before this view, if they never acknowledged a text or something material changed."""

    @wraps(view)
    def wrapped(request: "HttpRequest", *arguments: Any, **named: Any) -> HttpResponse:
        if find_notice(request).is_material:
            return _lead_there(request)
        return view(request, *arguments, **named)

    return wrapped


@sync_only_middleware
def notice_middleware(get_response: "Callable[[HttpRequest], HttpResponse]") -> "Callable[[HttpRequest], HttpResponse]":
    """Lead people to the notice before any page, if `GATE` is set; else this middleware does nothing.

    What they send (POST), the policy itself, and the notice are never in its way. Put it below
    AuthenticationMiddleware.
    """

    def middleware(request: "HttpRequest") -> HttpResponse:
        applies = read_setting("GATE") and request.method in _READING and not _is_ours(request.path)
        if applies and find_notice(request).is_material:
            return _lead_there(request)
        return get_response(request)

    return middleware


def _is_ours(path: str) -> bool:
    page = load_service().path
    return path == reverse(ADDRESS) or path == page or path.startswith((f"{page}/", f"{page}."))


def _lead_there(request: "HttpRequest") -> HttpResponse:
    return HttpResponseRedirect(f"{reverse(ADDRESS)}?{urlencode({'next': request.get_full_path()})}", status=303)
