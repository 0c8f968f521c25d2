"""The application as Django knows it."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """MailMart's privacy policy; it has no models."""

    name = "mailmart_privacy.web.django"
    label = "mailmart_privacy"
    verbose_name = "Privacy policy"

    def ready(self) -> None:
        """Register the system checks."""
        from . import checks  # noqa: F401
