"""`{% load mailmart_privacy %}`: the text, its date, and a link for the footer."""

from html import escape

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from ...._time import format_date
from ....policy.markup import FragmentOptions
from ..conf import PAGE, load_service

register = template.Library()


@register.simple_tag
def privacy_policy(heading_level: int = 1, id_prefix: str = "", toc: bool = False) -> SafeString:
    """The body fragment of the version in force."""
    options = FragmentOptions(heading_level=heading_level, id_prefix=id_prefix)
    return SafeString(load_service().current().to_html(options, toc=toc))


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
