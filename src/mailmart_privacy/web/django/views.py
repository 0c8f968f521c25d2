"""The one view. It leaves all that HTTP asks to the service, methods and conditions as well."""

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.http.request import HttpHeaders

from .conf import mounted_service

if TYPE_CHECKING:
    from django.http import HttpRequest


class PolicyView:
    """Answers what is asked for at the path of the policy or below it.

    Attributes:
        csrf_exempt: nothing here can be changed, and who tries is told so by 405.
        login_required: everybody may read it, also where LoginRequiredMiddleware is on.
    """

    csrf_exempt = True
    login_required = False

    def __call__(self, request: "HttpRequest") -> HttpResponse:
        """Pass a request to the service, and its answer on."""
        service, target = mounted_service(), request.get_full_path()
        method, sent = str(request.method), HttpHeaders(request.META)
        answer = service.respond(method, target, sent)
        headers = dict(answer.headers)
        if answer.status == 304:
            # CommonMiddleware would add 0; it is the length of what was not sent (RFC 9110, 8.6).
            whole = service.respond("HEAD", target, {"Accept": sent.get("Accept", "")})
            headers["Content-Length"] = dict(whole.headers)["Content-Length"]
        response = HttpResponse(answer.body, status=answer.status, headers=headers)
        if "Content-Type" not in headers:
            del response["Content-Type"]  # the type that Django puts there
        return response


policy = PolicyView()
