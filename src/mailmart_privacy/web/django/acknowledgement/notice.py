"""What a person has to be told: one look into the table, once for each request."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ....policy.model import Changes, Policy
from ...acknowledgement import Acknowledgement as Record
from ...acknowledgement import acknowledge as record
from ...acknowledgement import find_news
from ..conf import load_service
from .conf import find_person
from .models import Acknowledgement
from .signals import acknowledged

if TYPE_CHECKING:
    from django.http import HttpRequest

_KEPT = "_mailmart_privacy_notice"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """What a person has to be told.

    Attributes:
        person: who it is, or None if nobody is logged in.
        policy: the version in force.
        news: what changed since they last acknowledged a text, or None if they never did.
    """

    person: str | None
    policy: Policy
    news: Changes | None

    @property
    def is_due(self) -> bool:
        """Whether the person has not acknowledged the text in force."""
        return self.person is not None and (self.news is None or bool(self.news.versions))

    @property
    def is_material(self) -> bool:
        """Whether they have to be told: they never acknowledged a text, or something material changed since."""
        return self.is_due and (self.news is None or self.news.material)


def find_notice(request: "HttpRequest") -> Notice:
    """Find what the person of a request has to be told."""
    found: Notice | None = getattr(request, _KEPT, None)
    if found is None:
        service, person = load_service(), find_person(request)
        store = Acknowledgement.objects
        news = None
        if person is not None:
            news = find_news(store, person=person, at=service.moment(), ledger=service.ledger)
        found = Notice(person=person, policy=service.current(), news=news)
        setattr(request, _KEPT, found)
    return found


def acknowledge(request: "HttpRequest", *, person: str, text_id: str, shown: str) -> Record:
    """Record that a person acknowledged the text in force, and send the signal `acknowledged`.

    Args:
        request: the request with which they did; the signal hands it on.
        person: whom the project means, in its own words: an id, never a name.
        text_id: the `Policy.text_id` that the form carried when it was shown.
        shown: how the text was shown, for instance "banner".

    Raises:
        TextChangedError: that text is not in force: it changed while the form was open. Answer 409.
        UsageError: `text_id` is not one.
        UnknownTextError: it names a text that never existed.
    """
    service, store = load_service(), Acknowledgement.objects
    made = record(store, person=person, text_id=text_id, shown=shown, at=service.moment(), ledger=service.ledger)
    setattr(request, _KEPT, None)
    acknowledged.send(sender=Acknowledgement, record=made, request=request)
    return made
