"""`{% load mailmart_privacy %}`: the text, its date, a link for the footer, and what is announced."""

from html import escape
from typing import Any

from django import template
from django.apps import apps
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from ...._time import format_date
from ..conf import PAGE, load_service

register = template.Library()


@register.simple_tag
def privacy_policy(heading_level: int = 1, id_prefix: str = "", toc: bool = False) -> SafeString:
    """The body fragment of the version in force."""
    policy = load_service().current()
    return SafeString(policy.to_html(heading_level=heading_level, id_prefix=id_prefix, toc=toc))


@register.simple_tag
def privacy_stylesheet() -> SafeString:
    """A link for the head of a page that has the fragment: a style sheet that touches nothing else."""
    return SafeString(f'<link rel="stylesheet" href="{escape(reverse(PAGE))}/embedded.css">')


@register.simple_tag
def privacy_last_updated() -> SafeString:
    """The date that the version in force names."""
    day = load_service().current().last_updated
    return SafeString(f'<time datetime="{day}">{format_date(day)}</time>')


@register.simple_tag
def privacy_link(text: str | None = None) -> SafeString:
    """A link to the version in force (RFC 6903), with its title where no text is given."""
    title = escape(str(text or load_service().current().title))
    return SafeString(f'<a href="{escape(reverse(PAGE))}" rel="privacy-policy">{title}</a>')


@register.simple_tag(takes_context=True)
def privacy_announcement(context: dict[str, Any], shown: str = "banner") -> SafeString:
    """What people have to be told: a version that is announced; and where acknowledgements are recorded, what changed.

    It is empty if there is nothing to tell. Its template is `mailmart_privacy/announcement.html`.
    """
    service, request = load_service(), context.get("request")
    upcoming, notice = service.ledger.upcoming(service.moment()), None
    if request is not None and apps.is_installed("mailmart_privacy.web.django.acknowledgement"):
        from ..acknowledgement.notice import find_notice

        found = find_notice(request)
        notice = found if found.is_due else None
    if not upcoming and notice is None:
        return SafeString("")
    told = {
        "notice": notice,
        "upcoming": upcoming,
        "title": service.current().title,
        "page": reverse(PAGE),
        "shown": shown,
        "next": "" if request is None else request.get_full_path(),
    }
    return SafeString(render_to_string("mailmart_privacy/announcement.html", told, request=request))
