"""`manage.py privacy_acknowledgements export|erase PERSON`: what a data subject may ask for."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from ...models import Acknowledgement


class Command(BaseCommand):
    """Exports or erases the acknowledgements of one person."""

    help = "Print the acknowledgements of a person as JSON (GDPR Art. 15), or erase them (Art. 17)."

    def add_arguments(self, parser: Any) -> None:
        """Say what is done, and for whom."""
        parser.add_argument("act", choices=("export", "erase"))
        parser.add_argument("person", help="The person's id, as it was recorded.")

    def handle(self, *_arguments: Any, act: str, person: str, **_options: Any) -> None:
        """Do it."""
        if act == "export":
            self.stdout.write(json.dumps(list(Acknowledgement.objects.export(person)), indent=2))
        else:
            count = Acknowledgement.objects.erase(person)
            self.stdout.write(f"{count} acknowledgement(s) of {person} erased")
