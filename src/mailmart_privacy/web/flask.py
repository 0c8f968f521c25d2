"""The policy in Flask: a blueprint, and what templates need."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack
from urllib.parse import quote

from .._time import format_date
from ..errors import MissingExtraError, UsageError
from .bodies import Body
from .core import Service
from .edge import create_service
from .mounting import mount
from .settings import EdgeOptions, Settings

try:
    from flask import Blueprint, Response, current_app, request, url_for
    from markupsafe import Markup
    from werkzeug.routing import BaseConverter
except ImportError:
    raise MissingExtraError("flask", "Flask") from None

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.sansio.blueprints import BlueprintSetupState

_NAME = "mailmart_privacy"
_SETTING = "MAILMART_PRIVACY"


def create_blueprint(service: Service | None = None, **options: Unpack[EdgeOptions]) -> Blueprint:
    """Make the blueprint of the policy, for `app.register_blueprint`.

    It answers every method, and everything at the path and below it; the endpoint of the page is
    "mailmart_privacy.policy". All templates of the application get `privacy_policy()` (the body fragment),
    `privacy_stylesheet()` (a link to its style sheet), `privacy_last_updated()` (the date) and `privacy_link()` (a link
    for the footer).

    Args:
        service: what answers; without one it is made from the options, when the blueprint is registered.
        options: those of `create_service`. What is not given here is taken from `app.config["MAILMART_PRIVACY"]`, a
            dict. `path` is the path within the application; a `url_prefix` comes before it.

    Returns:
        The blueprint. Registering it raises a UsageError where an option, or a `url_prefix`, cannot be used.

    Raises:
        UsageError: an option cannot be used; the message says what to give.
    """
    given: dict[str, Any] = {name: value for name, value in options.items() if name != "data"}
    Settings(**given)
    blueprint = Blueprint(_NAME, __name__)
    blueprint.record(partial(_register, service, options))

    @blueprint.app_template_global()
    def privacy_policy(heading_level: int = 1, id_prefix: str = "", toc: bool = False) -> Markup:
        """The body fragment of the version in force."""
        text = _service().current().to_html(heading_level=heading_level, id_prefix=id_prefix, toc=toc)
        return Markup(text)  # noqa: S704 - made of escaped text

    @blueprint.app_template_global()
    def privacy_stylesheet() -> Markup:
        """A link for the head of a page that has the fragment: a style sheet that touches nothing else."""
        href = url_for(current_app.extensions[_NAME].endpoint)
        return Markup('<link rel="stylesheet" href="{}/embedded.css">').format(href)

    @blueprint.app_template_global()
    def privacy_last_updated() -> Markup:
        """The date that the version in force names."""
        day = _service().current().last_updated
        return Markup('<time datetime="{}">{}</time>').format(day, format_date(day))

    @blueprint.app_template_global()
    def privacy_link(text: str | None = None) -> Markup:
        """A link to the version in force (RFC 6903), with its title where no text is given."""
        href = url_for(current_app.extensions[_NAME].endpoint)
        return Markup('<a href="{}" rel="privacy-policy">{}</a>').format(href, text or _service().current().title)

    return blueprint


@dataclass(frozen=True, kw_only=True, slots=True)
class _Registered:
    """What the application knows of the blueprint."""

    endpoint: str
    service: Service


def _service() -> Service:
    service: Service = current_app.extensions[_NAME].service
    return service


class _Rest(BaseConverter):
    """All that is left of a path, a slash at its beginning as well, so that none is merged by a redirect."""

    part_isolating = False
    regex = ".*?"


def _register(service: Service | None, options: EdgeOptions, state: "BlueprintSetupState") -> None:
    """Add rules that leave all methods to the service, as the map itself takes them; `add_url_rule` does not."""
    if service is None:
        configured = state.app.config.get(_SETTING, {})
        known = EdgeOptions.__annotations__
        if not isinstance(configured, dict):
            raise UsageError(f"{_SETTING} is not a dict; give one like {{'base_url': 'https://mailmart.com'}}")
        if unknown := [repr(name) for name in configured if name not in known]:
            raise UsageError(f"{_SETTING} knows no {', '.join(unknown)}; it may have {', '.join(known)}")
        given: dict[str, Any] = {**configured, **options}
        service = create_service(**given)
    mounted = service.mounted_at((state.url_prefix or "").rstrip("/"))
    endpoint = f"{state.name_prefix}.{state.name}.policy".lstrip(".")
    state.app.url_map.converters[_NAME] = _Rest
    rules = {
        endpoint: (mounted.path,),
        f"{endpoint}_below": (f"{mounted.path}.<{_NAME}:below>", f"{mounted.path}/<{_NAME}:below>"),
    }
    for name, patterns in rules.items():
        state.app.view_functions[name] = partial(_answer, mount(mounted))
        for pattern in patterns:
            rule = state.app.url_rule_class(pattern, endpoint=name, subdomain=state.subdomain)
            state.app.url_map.add(rule)
    state.app.extensions[_NAME] = _Registered(endpoint=endpoint, service=mounted)


def _answer(at: "Callable[[str], Service]", below: str = "") -> Response:
    """Answer what is asked for at the path or below it."""
    environ = request.environ
    prefix = quote(environ.get("SCRIPT_NAME", "").rstrip("/"), encoding="latin-1")
    # WSGI gives the path decoded, one character for each byte (PEP 3333), and the query as it came.
    target = prefix + quote(environ["PATH_INFO"], encoding="latin-1")
    if query := environ.get("QUERY_STRING", ""):
        target = f"{target}?{query}"
    service = at(prefix)
    with Body() as body:
        if service.takes_file(request.method, target):
            body.read(request.stream.read)
        answer = service.respond(request.method, target, dict(request.headers), body.content)
    response = Response(answer.body, answer.status)
    response.headers.clear()  # the type that Flask puts there
    response.headers.extend(answer.headers)
    return response
