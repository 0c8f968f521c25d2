"""The application as Django knows it."""

from django.apps import AppConfig


class AcknowledgementConfig(AppConfig):
    """Records which person acknowledged which text of the privacy policy."""

    name = "mailmart_privacy.web.django.acknowledgement"
    label = "mailmart_privacy_acknowledgement"
    verbose_name = "Privacy policy: acknowledgements"
    default_auto_field = "django.db.models.BigAutoField"
