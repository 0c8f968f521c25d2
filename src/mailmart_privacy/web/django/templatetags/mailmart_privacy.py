"""`{% load mailmart_privacy %}`: the text, its date, and a link for the footer."""

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ....models import format_date
from ..conf import PAGE, load_service

register = template.Library()


@register.simple_tag
def privacy_policy() -> SafeString:
    """The body fragment of the version in force."""
    return SafeString(load_service().current().html)


@register.simple_tag
def privacy_last_updated() -> SafeString:
    """The date that the version in force names."""
    day = load_service().current().last_updated
    return format_html('<time datetime="{}">{}</time>', day.isoformat(), format_date(day))


@register.simple_tag
def privacy_link(text: str | None = None) -> SafeString:
    """A link to the version in force (RFC 6903), with its title where no text is given."""
    return format_html(
        '<a href="{}" rel="privacy-policy">{}</a>', reverse(PAGE), text or load_service().current().title
    )
