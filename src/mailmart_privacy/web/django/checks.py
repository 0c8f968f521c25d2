"""System checks: what is wrong before the first request shows it."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.urls import NoReverseMatch, Resolver404, get_script_prefix, resolve, reverse

from ...errors import RecordError, UsageError
from .conf import PAGE, load_service
from .views import policy

if TYPE_CHECKING:
    from collections.abc import Sequence


@register
def check_service(app_configs: Any, **options: Any) -> "Sequence[CheckMessage]":
    """Check the settings (E001), and compare the records with the ledger (E002)."""
    try:
        load_service().urls()
    except UsageError as error:
        return [Error(str(error), hint="Correct MAILMART_PRIVACY in the settings.", id="mailmart_privacy.E001")]
    except RecordError as error:
        return [Error(str(error), hint="Install mailmart-privacy again.", id="mailmart_privacy.E002")]
    return []


@register
def check_urls(app_configs: Any, **options: Any) -> "Sequence[CheckMessage]":
    """Find out whether the policy has an address (W001), and whether a request for it comes here (E003)."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return []
    try:
        page = reverse(PAGE)
    except NoReverseMatch:
        return [
            Warning(
                "The privacy policy has no address in this project.",
                hint='Add path("", include("mailmart_privacy.web.django.urls")) to the project\'s urls.',
                id="mailmart_privacy.W001",
            )
        ]
    within = "/" + page.removeprefix(get_script_prefix())
    return [
        Error(
            f"A request for {address} does not reach the privacy policy: another pattern comes first.",
            hint="Include mailmart_privacy.web.django.urls before that pattern.",
            id="mailmart_privacy.E003",
        )
        for address in (within, f"{within}.json", f"{within}/versions")
        if not _is_ours(address)
    ]


def _is_ours(address: str) -> bool:
    try:
        return resolve(address).func is policy
    except Resolver404:
        return False
