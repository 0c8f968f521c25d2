"""One request of a person: what came, who asks, and the answers that pages give."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ...policy.render import environment
from ..answers import Actor
from .navigation import list_groups
from .people import Person, Session
from .permissions import Permission, allows
from .words import FILTERS

if TYPE_CHECKING:
    from jinja2 import Environment

    from .assets import Assets
    from .services import Services

SEE_OTHER = 303
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LARGEST_PDF, LARGEST_WORKBOOK = 16 * 2**20, 20 * 2**20


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent.

    Attributes:
        name: as the browser gives it.
        content: its bytes.
    """

    name: str
    content: bytes


@dataclass(kw_only=True, slots=True)
class Visit:
    """A request, and what it is answered with.

    Attributes:
        request: as it came.
        services: what pages use.
        session: of the browser; None where nobody is signed in.
        fields: the texts of the form that was sent.
        files: the files of the form that was sent.
    """

    request: Request
    services: "Services"
    session: Session | None
    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)

    @property
    def person(self) -> Person:
        """Who asks; a route that is open to everybody has nobody."""
        assert self.session is not None
        return self.session.person

    @property
    def actor(self) -> Actor:
        """Who asks, as entries of the log name them."""
        return self.person.actor

    def may(self, permission: Permission) -> bool:
        """Tell whether the person may do something."""
        return self.session is not None and allows(self.person.roles, permission)

    def is_proven(self, *, within: float) -> bool:
        """Tell whether the person proved who they are lately.

        Where no identity provider signs people in, there is nothing to ask: somebody who sits at this computer can
        make a link that signs them in.

        Args:
            within: how many seconds ago at most.
        """
        if self.services.oidc is None or self.session is None:
            return True
        return self.services.oidc.clock() - self.session.proven_at <= within

    def field(self, name: str) -> str:
        """Read a text of the form; empty if there is none."""
        return self.fields.get(name, "").strip()

    def query(self, name: str) -> str:
        """Read a parameter of the address; empty if there is none."""
        return self.request.query_params.get(name, "").strip()

    def page(self, template: str, *, status: int = 200, **variables: object) -> Response:
        """Answer with a page.

        Args:
            template: its name below `templates/desk/`.
            status: of the answer.
            variables: what the page shows.
        """
        content = render(
            template,
            {
                "assets": self.services.assets,
                "groups": list_groups(self.may) if self.session else (),
                "here": self.request.scope["path"],
                "person": self.session.person if self.session else None,
                "form_token": self.session.form_token if self.session else "",
                "may": lambda name: self.may(Permission[name]),
                "oidc": self.services.oidc is not None,
                **variables,
            },
        )
        return HTMLResponse(content, status_code=status)

    def go(self, path: str) -> Response:
        """Send the browser to another page of this desk."""
        return RedirectResponse(path, status_code=SEE_OTHER)

    def keep_cookie(self, answer: Response, name: str, value: str, *, seconds: int) -> None:
        """Let the browser keep a cookie of this desk, which scripts cannot read; for 0 seconds, let it drop one.

        Browsers take no notice of a `__Host-` cookie without Secure and Path, not even to drop it.
        """
        answer.set_cookie(
            name,
            value,
            max_age=seconds,
            path="/",
            secure=self.services.origin.startswith("https:"),
            httponly=True,
            samesite="lax",  # "strict" would not come back from the identity provider, nor from a link in an e-mail
        )

    def file(self, content: bytes, *, name: str, kind: str) -> Response:
        """Answer with a file to be saved; its name has plain characters only."""
        plain = "".join(each if each.isascii() and (each.isalnum() or each in "-._") else "-" for each in name)
        return Response(content, media_type=kind, headers={"content-disposition": f'attachment; filename="{plain}"'})


def draw_refusal(assets: "Assets", words: str) -> str:
    """Make a page for somebody of whom nothing is known but that their request is refused."""
    bare = {"assets": assets, "groups": (), "here": "", "person": None, "form_token": ""}
    return render("refused.html", {**bare, "title": "That did not work", "words": words})


def render(template: str, variables: Mapping[str, Any]) -> str:
    """Render a page of the desk."""
    return _make_environment().get_template(f"desk/{template}").render(variables)


@cache
def _make_environment() -> "Environment":
    """Make the environment once: templates are compiled when they are used first."""
    ours = environment().overlay()
    ours.filters = {**ours.filters, **FILTERS}
    return ours


def make_request_key() -> str:
    """Make the key by which a form that is sent twice is known again."""
    return secrets.token_urlsafe(18)
