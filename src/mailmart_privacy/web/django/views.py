"""The one view. It leaves all that HTTP asks to the service, methods and conditions as well."""

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.http.request import HttpHeaders

from ..bodies import Body
from .conf import mounted_service

if TYPE_CHECKING:
    from django.http import HttpRequest


class _Answer(HttpResponse):
    """A response to which CommonMiddleware adds no length.

    With 304 it would be 0, and it has to be that of what was not sent, or none (RFC 9110, 8.6); ASGI
    servers count what is sent.
    """

    def has_header(self, header: str) -> bool:
        """Whether it has a header; the core has seen to the length."""
        return header.lower() == "content-length" or super().has_header(header)


class PolicyView:
    """Answers what is asked for at the path of the policy or below it.

    Attributes:
        csrf_exempt: no request changes anything here, with or without a cookie.
        login_required: everybody may read it, also where LoginRequiredMiddleware is on.
    """

    csrf_exempt = True
    login_required = False

    def __call__(self, request: "HttpRequest", rest: str = "") -> HttpResponse:
        """Pass a request to the service, and its answer on; `rest` is what follows the path of the policy."""
        sent = HttpHeaders(request.META)
        service, method, target = mounted_service(request), str(request.method), request.get_full_path()
        with Body() as body:
            if service.takes_file(method, target):
                body.read(request.read)
            answer = service.respond(method, target, sent, body.content)
        headers = dict(answer.headers)
        response = _Answer(answer.body, status=answer.status, headers=headers)
        if "Content-Type" not in headers:
            del response["Content-Type"]  # the type that Django puts there
        return response


policy = PolicyView()
