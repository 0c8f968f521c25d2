"""Routes: each one names its permission, which is checked before anything of a page runs."""

import hmac
import logging
import shlex
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..codec import MessageError
from ..messages import ClosedError, RefusedError
from .guard import TOO_LARGE, TooLargeError, TooSlowError
from .permissions import ADMINISTRATOR, PROVEN, Permission
from .typed import keep_typed, read_typed
from .visit import Upload, Visit
from .words import explain

if TYPE_CHECKING:
    from .services import Services

Handler = Callable[[Visit], Awaitable[Response]]
_MOST_FIELDS, _MOST_FILES = 60, 1
_LONGEST_FIELD = 2**16
_LOG = logging.getLogger("mailmart_privacy.desk")


class Page:
    """A page at a path.

    Args:
        path: as Starlette writes it.
        permission: what it asks for.
        get: answers GET; or None.
        post: answers POST; or None.
        limit: how often a person may POST in a minute; or None.
    """

    def __init__(
        self,
        path: str,
        permission: Permission,
        *,
        get: Handler | None = None,
        post: Handler | None = None,
        limit: int | None = None,
    ) -> None:
        self.path, self.permission = path, permission
        self.handlers = {name: each for name, each in (("GET", get), ("POST", post)) if each is not None}
        self.limit = limit

    def route(self, services: "Services") -> Route:
        """Make the route."""

        async def endpoint(request: Request) -> Response:
            return await self.answer(request, services)

        return Route(self.path, endpoint, methods=list(self.handlers))

    async def answer(self, request: Request, services: "Services") -> Response:
        """Find out who asks and whether they may, and only then let the page answer."""
        cookie = request.cookies.get(services.cookie, "")
        visit = Visit(request=request, services=services, session=services.people.find(cookie) if cookie else None)
        open_to_all = self.permission is Permission.NOBODY_IN_PARTICULAR
        if not open_to_all:
            refused = await self._refuse(visit)
            if refused is not None:
                return refused
        try:
            if request.method == "POST":
                refused = await self._read_form(visit)
                if refused is not None:
                    return refused
            return await self.handlers["POST" if request.method == "POST" else "GET"](visit)
        except RefusedError as refusal:
            status, words = explain(refusal)
            return _fail(visit, status, words)
        except (ClosedError, MessageError, TimeoutError) as error:
            _LOG.warning("%s: %s", self.path, type(error).__name__)
            return _fail(visit, 503, _STARTING)

    async def _refuse(self, visit: Visit) -> Response | None:
        """Tell why the person may not come here, or None."""
        here = visit.request.scope["path"] if "GET" in self.handlers else "/"
        if visit.session is None:
            typed = await read_typed(visit, self.permission) if visit.request.method == "POST" else None
            return visit.page("sign_in.html", status=401, target=here, typed=typed)
        if not visit.may(self.permission):
            return refuse_role(visit)
        is_post = visit.request.method == "POST"
        if self.permission in PROVEN and not visit.is_proven(within=_PROVEN + (_TYPING if is_post else 0)):
            return visit.page("prove.html", status=403, target=here, sent=is_post)
        return None

    async def _read_form(self, visit: Visit) -> Response | None:
        """Read what was sent; tell why it is refused, or None."""
        try:
            async with visit.request.form(
                max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD
            ) as form:
                for name, value in form.multi_items():
                    if isinstance(value, UploadFile):
                        visit.files[name] = Upload(value.filename or "", await value.read())
                    else:
                        visit.fields[name] = value
        except TooLargeError:
            return _fail(visit, 413, TOO_LARGE)
        except TooSlowError:
            return _fail(visit, 408, "The file came too slowly. Send it again.")
        except HTTPException:
            return _fail(visit, 400, "This form cannot be read. Open its page again.")
        token = visit.fields.pop("token", "")
        if visit.session is None or not hmac.compare_digest(token.encode(), visit.session.form_token.encode()):
            typed = keep_typed(visit, self.permission) if visit.session is not None else None
            if typed is not None:
                return visit.page("send_again.html", status=403, typed=typed)
            words = "This form is too old, or was not sent from a page of this desk. Open the page again."
            return visit.page("refused.html", status=403, title="Nothing was done", words=words)
        if self.limit is not None and not visit.services.rates.allow(self.path, str(visit.person.id), most=self.limit):
            words = f"More than {self.limit} of these are not allowed in a minute. Wait a minute, and send it again."
            return visit.page("refused.html", status=429, title="Not so fast", words=words)
        return None


def _fail(visit: Visit, status: int, words: str) -> Response:
    return visit.page("refused.html", status=status, title="That did not work", words=words)


def refuse_role(visit: Visit) -> Response:
    """Tell a person that their role does not cover a page, or that they have none yet, and whom to ask."""
    if visit.person.roles:
        return visit.page("refused.html", status=403, title="Not for you", words=_NOT_FOR_YOU)
    everybody = visit.services.people.list_all()
    actor = visit.actor
    return visit.page(
        "no_role.html",
        status=403,
        administrators=[each for each in everybody if ADMINISTRATOR in each.roles],
        command=shlex.join(["mailmart-privacy", "desk", "admin", "add", actor.issuer, actor.subject]),
    )


_PROVEN, _TYPING = 10 * 60, 5 * 60  # seconds that a proof lasts; and those in which a form may still be filled in
_NOT_FOR_YOU = "Your role at this desk does not cover this page. Ask the administrator if you need it."
_STARTING = "A part of the desk is being started again. Wait a moment, and send it again: nothing is done twice."
