"""The records in the admin, to be read and searched."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from .models import Acknowledgement

if TYPE_CHECKING:
    from django.http import HttpRequest


@admin.register(Acknowledgement)
class AcknowledgementAdmin(admin.ModelAdmin):
    """Shows records. Nobody adds, changes or deletes them here."""

    list_display = ("person", "text_id", "acknowledged_at", "shown")
    list_filter = ("text_id", "shown")
    search_fields = ("=person",)
    ordering = ("-pk",)

    def has_add_permission(self, request: "HttpRequest", *_arguments: Any) -> bool:
        """Refuse everybody."""
        return False

    def has_change_permission(self, request: "HttpRequest", obj: Any = None) -> bool:
        """Refuse everybody."""
        return False

    def has_delete_permission(self, request: "HttpRequest", obj: Any = None) -> bool:
        """Refuse everybody."""
        return False
