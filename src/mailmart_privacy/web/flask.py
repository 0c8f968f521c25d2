"""The policy in Flask: a blueprint, and what templates need."""

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from .._time import format_date
from ..errors import MissingExtraError
from .core import Service
from .edge import create_service
from .mounting import mount

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


def create_blueprint(
    service: Service | None = None,
    *,
    path: str = "/privacy",
    base_url: str = "https://mailmart.com",
    max_age: int = 3600,
) -> Blueprint:
    """Make the blueprint of the policy, for `app.register_blueprint`.

    It answers every method, and everything at the path and below it, with no redirect; the endpoint of
    the page is "mailmart_privacy.policy". All templates of the application get `privacy_policy()` (the
    body fragment), `privacy_last_updated()` (the date) and `privacy_link()` (a link for the footer).

    Args:
        service: what answers; without one it is made from the rest.
        path: where the version in force is, within the application; a `url_prefix` comes before it.
        base_url: scheme and host of whole addresses.
        max_age: for how many seconds a cache may keep what can change.

    Returns:
        The blueprint. To register it under a `url_prefix` that no path can begin with raises a UsageError.

    Raises:
        UsageError: one of them cannot be used; the message says what to give.
        RecordError: the ledger has changed or is missing.
    """
    service = service or create_service(path=path, base_url=base_url, max_age=max_age)
    blueprint = Blueprint(_NAME, __name__)
    blueprint.record(partial(_add_rules, service))

    @blueprint.app_template_global()
    def privacy_policy() -> Markup:
        """The body fragment of the version in force."""
        return Markup(service.current().html)  # noqa: S704 - made of escaped text

    @blueprint.app_template_global()
    def privacy_last_updated() -> Markup:
        """The date that the version in force names."""
        day = service.current().last_updated
        return Markup('<time datetime="{}">{}</time>').format(day, format_date(day))

    @blueprint.app_template_global()
    def privacy_link(text: str | None = None) -> Markup:
        """A link to the version in force (RFC 6903), with its title where no text is given."""
        href = url_for(current_app.extensions[_NAME])
        return Markup('<a href="{}" rel="privacy-policy">{}</a>').format(href, text or service.current().title)

    return blueprint


class _Rest(BaseConverter):
    """All that is left of a path, a slash at its beginning as well, so that none is merged by a redirect."""

    part_isolating = False
    regex = ".*?"


def _add_rules(service: Service, state: "BlueprintSetupState") -> None:
    """Add rules that leave all methods to the service, as the map itself takes them; `add_url_rule` does not."""
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
    state.app.extensions[_NAME] = endpoint


def _answer(at: "Callable[[str], Service]", below: str = "") -> Response:
    """Answer what is asked for at the path or below it."""
    environ = request.environ
    prefix = quote(environ.get("SCRIPT_NAME", "").rstrip("/"), encoding="latin-1")
    # WSGI gives the path decoded, one character for each byte (PEP 3333), and the query as it came.
    target = prefix + quote(environ["PATH_INFO"], encoding="latin-1")
    if query := environ.get("QUERY_STRING", ""):
        target = f"{target}?{query}"
    answer = at(prefix).respond(request.method, target, dict(request.headers))
    response = Response(answer.body, answer.status)
    response.headers.clear()  # the type that Flask puts there
    response.headers.extend(answer.headers)
    return response
