"""The one table. Records are added; nothing changes them. All records of one person can be erased (GDPR Art. 17)."""

from collections.abc import Iterable
from typing import Any, NoReturn

from django.db import models

from ....errors import PrivacyError
from ...acknowledgement import Acknowledgement as Record
from ...acknowledgement import export_records


class AppendOnlyError(PrivacyError):
    """Somebody tried to change a record, or to delete single records."""

    def __init__(self) -> None:
        super().__init__("an acknowledgement is never changed; erase(person) removes all records of one person")


class AcknowledgementQuerySet(models.QuerySet):
    """Adds and lists; it is a store for the functions in `mailmart_privacy.web.acknowledgement` as well."""

    def add(self, acknowledgement: Record) -> None:
        """Add a record."""
        names = ("person", "text_id", "digest", "acknowledged_at", "shown")
        self.create(**{name: getattr(acknowledgement, name) for name in names})

    def list(self, person: str) -> Iterable[Record]:
        """List the records of a person, oldest first."""
        return [each.to_record() for each in self.filter(person=person).order_by("pk")]

    def erase(self, person: str) -> int:
        """Erase all records of a person, and tell how many there were."""
        count: int = models.QuerySet.delete(self.filter(person=person))[0]
        return count

    def export(self, person: str) -> Iterable[dict[str, str]]:
        """List a person's records for them (GDPR Art. 15)."""
        return export_records(self, person)

    def update(self, **_values: Any) -> NoReturn:
        """Refuse to change records."""
        raise AppendOnlyError

    def delete(self) -> NoReturn:
        """Refuse to delete single records."""
        raise AppendOnlyError

    def bulk_update(self, *_arguments: Any, **_values: Any) -> NoReturn:
        """Refuse to change records."""
        raise AppendOnlyError

    delete.queryset_only = True  # type: ignore[attr-defined]


class Acknowledgement(models.Model):
    """One record: a person was shown a text and acknowledged it.

    The person is a text and no foreign key: a record outlives the account, and goes when somebody erases it.
    """

    person = models.CharField(max_length=255, db_index=True)
    text_id = models.CharField(max_length=27)
    digest = models.CharField(max_length=64)
    acknowledged_at = models.DateTimeField()
    shown = models.CharField(max_length=100)

    objects = AcknowledgementQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.person}: {self.text_id}"

    def save(self, *arguments: Any, **options: Any) -> None:
        """Add the record; refuse to change one."""
        if not self._state.adding:
            raise AppendOnlyError
        super().save(*arguments, **options)

    def delete(self, *_arguments: Any, **_options: Any) -> NoReturn:
        """Refuse to delete a single record."""
        raise AppendOnlyError

    def to_record(self) -> Record:
        """Return what was recorded."""
        names = ("person", "text_id", "digest", "acknowledged_at", "shown")
        return Record(**{name: getattr(self, name) for name in names})
