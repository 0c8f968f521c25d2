"""The page with the notice, and the answer to its form."""

from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseForbidden, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from ....errors import PrivacyError
from ...acknowledgement import TextChangedError
from ..conf import PAGE
from .conf import find_person
from .notice import acknowledge, find_notice

if TYPE_CHECKING:
    from django.http import HttpRequest

TEMPLATE = "mailmart_privacy_acknowledgement/notice.html"
_SEE_OTHER, _CONFLICT, _BAD_REQUEST = 303, 409, 400
_LONGEST = 100  # characters of `shown`


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def notice(request: "HttpRequest") -> HttpResponse:
    """Show what a person has to be told; on POST, record that they acknowledged it.

    Returns:
        After a record was added, a redirect to `next` if that is an address of this site, else to the policy. 409 with
        the text in force if it changed while the form was open, as JSON for clients that ask for it. 403 if nobody is
        logged in, 400 if the form names no text.
    """
    person = find_person(request)
    if person is None:
        return HttpResponseForbidden("Nobody is logged in.\n", content_type="text/plain")
    if request.method != "POST":
        return _show(request, status=200)
    text_id, shown = request.POST.get("text_id", ""), request.POST.get("shown", "form")[:_LONGEST]
    try:
        acknowledge(request, person=person, text_id=text_id, shown=shown or "form")
    except TextChangedError as error:
        if "application/json" in request.headers.get("Accept", ""):
            return JsonResponse({"shown": error.shown, "in_force": error.in_force}, status=_CONFLICT)
        return _show(request, status=_CONFLICT)
    except PrivacyError as error:
        return HttpResponse(f"{error}\n", content_type="text/plain; charset=utf-8", status=_BAD_REQUEST)
    return HttpResponseRedirect(_find_next(request), status=_SEE_OTHER)


def _show(request: "HttpRequest", *, status: int) -> HttpResponse:
    told = find_notice(request)
    context = {"notice": told, "changed": status == _CONFLICT, "page": reverse(PAGE), "next": _find_next(request)}
    return render(request, TEMPLATE, context, status=status)


def _find_next(request: "HttpRequest") -> str:
    given = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(given, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return given if safe else reverse(PAGE)
