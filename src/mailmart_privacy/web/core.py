"""The policy over HTTP, for every framework: `(method, target, headers)` → `(status, headers, body)`.

All that HTTP asks of a page is decided here (RFC 9110, RFC 9111); an adapter only passes a request
in and an answer out. Nothing here waits, reads a file or imports a third-party module once the
first request was answered.
"""

import logging
from dataclasses import replace
from typing import Unpack
from urllib.parse import parse_qs, unquote

from .._time import parse_compared_moment
from ..errors import PrivacyError, UnknownVersionError
from ..trust.trust_list import shipped_trust_list
from .negotiation import choose_type, expects_another, has_copy, is_unmodified
from .refusals import (
    CORS,
    METHODS,
    SHARED,
    Response,
    describe_methods,
    redirect,
    refuse,
    refuse_method,
    refuse_types,
)
from .representations import FORMATS, HTML, Header, Representation
from .resources import TEXT, Resource, ResourceSet, build_resources
from .settings import ServiceOptions, Settings
from .uploads import answer_upload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ..policy.ledger import Ledger
    from ..policy.model import Policy
    from ..trust.trust_list import TrustList

# The headers of a request that are read; an adapter may leave out the others.
HEADERS_READ = frozenset(
    {"accept", "content-type", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}
)
_LOG = logging.getLogger("mailmart_privacy")
_LONGEST = 8192  # characters of a header's value, as most servers have it
_LONGEST_MOMENT = 64
_PERMANENT = ("Cache-Control", "public, max-age=31536000, immutable")


class Service:
    """Answers requests for the policy, its versions, and information about them.

    Args:
        ledger: the versions.
        clock: tells the moment (aware); which version is in force is asked with every request.
        trust_list: MailMart's certificates and keys, or None for the list that ships.
        options: those of `Settings`.

    Raises:
        UsageError: an option cannot be used; the message says what to give.
    """

    def __init__(
        self,
        ledger: "Ledger",
        *,
        clock: "Callable[[], datetime]",
        trust_list: "TrustList | None" = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._settings = Settings(**options)
        self._trust_list = trust_list or shipped_trust_list()
        self._addresses = self._settings.addresses
        self._set: ResourceSet | None = None

    @property
    def path(self) -> str:
        """The path of the version in force."""
        return self._addresses.page

    @property
    def base_url(self) -> str:
        """What comes before a path to make it a whole address."""
        return self._addresses.base_url

    @property
    def ledger(self) -> "Ledger":
        """The versions."""
        return self._ledger

    def moment(self) -> "datetime":
        """Tell the moment (aware) by the service's clock."""
        return self._clock()

    def current(self) -> "Policy":
        """Load the version in force now.

        Raises:
            RecordError: its record has changed or is missing.
        """
        return self._ledger.in_force(self._clock())

    def mounted_at(self, prefix: str) -> "Service":
        """Make the same service for an application that is itself below a path.

        Args:
            prefix: what clients see before `path`, for instance "/app"; "" for nothing.

        Raises:
            UsageError: no path can begin like that.
        """
        return self._like(path=prefix + self.path) if prefix else self

    def frozen(self) -> "Service":
        """Make the same service for files: its clock stops at the moment since which its answers are what they are now.

        Nobody can send a file to be checked there.

        Raises:
            UnknownVersionError: no version is in force yet.
            RecordError: a record has changed or is missing.
        """
        service, since = self._like(path=self.path), self._current_set(self._clock()).starts
        service._settings = replace(self._settings, uploads=False)
        service._clock = lambda: since
        return service

    def _like(self, *, path: str) -> "Service":
        service = Service(self._ledger, clock=self._clock, trust_list=self._trust_list)
        service._settings = replace(self._settings, path=path)
        service._addresses = service._settings.addresses
        return service

    def cache_token(self) -> object:
        """Find out for how long the same request gets the same answer.

        Returns:
            The same object as long as it does; None where that is not known: the answers count the seconds to a
            version that is announced.

        Raises:
            RecordError: a record has changed or is missing.
        """
        try:
            served = self._current_set(self._clock())
        except UnknownVersionError:
            return None
        return None if served.ends is not None else served

    def urls(self) -> tuple[str, ...]:
        """List the paths of all that is served now."""
        return tuple(self._current_set(self._clock()).resources)

    def site_pages(self) -> dict[str, Response]:
        """Answer for the pages that a whole site has besides: its start "/", and "/404.html" for any other address."""
        moment = self._clock()
        served = self._current_set(moment)
        pages = {"/": served.index, "/404.html": served.nothing}
        cache = self._cache_control(moment, served)
        made = {path: Representation(media_type=HTML, body=body) for path, body in pages.items()}
        return {path: Response(200, (*page.headers, cache), page.body) for path, page in made.items()}

    def takes_file(self, method: str, target: str) -> bool:
        """Tell whether a request brings a file; then `respond` needs its body, and takes as long as a check."""
        return method == "POST" and self._settings.uploads and target.partition("?")[0] == self._addresses.verify

    def respond(self, method: str, target: str, headers: "Mapping[str, str]", body: bytes | None = b"") -> Response:
        """Answer a request.

        Args:
            method: as received, for instance "GET".
            target: the path as received, percent-encoded, with "?" and the query where there is one.
            headers: by name, in any case; those of `HEADERS_READ` are read.
            body: that of a request for which `takes_file` is true, up to where it is too large; None if it was not
                read, because too much is being sent at this moment. `Body` reads one and knows both.

        Returns:
            The answer. Whatever comes in, it is never one of the 5xx, but for 503 to a request that brings a file.

        Raises:
            RecordError: a record of this package has changed or is missing.
        """
        moment = self._clock()
        try:
            served = self._current_set(moment)
        except UnknownVersionError as error:  # the clock is before the first version
            return refuse(method, 404, f"{error}.")
        path, _, query = target.partition("?")
        resource = served.resources.get(path) or served.resources.get(_decode(path))
        if resource is None:
            return self._find_nothing(method, path, headers, served)
        if method not in METHODS:
            if self.takes_file(method, target):
                return answer_upload(
                    headers, body, ledger=self._ledger, trust_list=self._trust_list, at=moment, pages=served.pages
                )
            if method == "OPTIONS":
                return describe_methods(resource, cors=self._settings.cors)
            return refuse_method(method)
        sent = {lower: value for name, value in headers.items() if (lower := name.lower()) in HEADERS_READ}
        if query and ("at" in query or "%" in query):
            try:
                resource = self._at(path, query, served) or resource
            except UnknownVersionError as error:
                return refuse(method, 404, f"{error}.")
            except (PrivacyError, ValueError, OverflowError) as error:
                return refuse(method, 400, f"{error}.")
        accept = sent.get("accept")
        if accept is not None and len(accept) > _LONGEST:
            return refuse(method, 431, "The header Accept is too long.")
        offers = resource.offers
        chosen = offers[0] if len(offers) == 1 else choose_type(accept, offers)
        if chosen is None:
            return refuse_types(method, resource)
        found = resource.representations[chosen]
        if expects_another(sent, found.modified_at):
            return refuse(method, 412, "The precondition of the request is not met (If-Match, If-Unmodified-Since).")
        cache = _PERMANENT if found.permanent else self._cache_control(moment, served)
        known = sent.get("if-none-match")
        if known is not None:
            unchanged = len(known) <= _LONGEST and has_copy(known, found.etag)
        else:
            since = sent.get("if-modified-since")
            unchanged = since is not None and found.modified_at is not None and is_unmodified(since, found.modified_at)
        more = (cache, CORS) if self._settings.cors and chosen in SHARED else (cache,)
        if unchanged:
            return Response(304, (*found.headers_unchanged, *more), b"")
        return Response(200, (*found.headers, *more), b"" if method == "HEAD" else found.body)

    def _current_set(self, now: "datetime") -> ResourceSet:
        served = self._set
        if served is None or now < served.starts or (served.ends is not None and now >= served.ends):
            served = build_resources(
                self._ledger, self._addresses, now, options=self._settings, trust_list=self._trust_list
            )
            event = "loaded" if self._set is None else "takes over"
            _LOG.info("%s: version %s %s", self.path, self._ledger.version_in_force(now).version, event)
            self._set = served
        return served

    def _find_nothing(self, method: str, path: str, headers: "Mapping[str, str]", served: ResourceSet) -> Response:
        """Answer clients that prefer HTML with a page that leads to the policy, and all others with a line."""
        if self._settings.redirect_slash and path.endswith("/") and path.rstrip("/") in served.resources:
            return redirect(method, path.rstrip("/"))
        accept = next((value for name, value in headers.items() if name.lower() == "accept"), "")
        page = served.nothing if len(accept) <= _LONGEST and choose_type(accept, (TEXT, HTML)) == HTML else None
        message = f"There is nothing at this address; the policy is at {self.path}."
        return refuse(method, 404, message, ("Vary", "Accept"), page=page)

    def _cache_control(self, now: "datetime", served: ResourceSet) -> Header:
        """Limit how long caches keep the version in force: until the next one takes effect."""
        age = self._settings.max_age
        if served.ends is not None:
            age = min(age, int((served.ends - now).total_seconds()))
        return "Cache-Control", f"public, max-age={age}, must-revalidate"

    def _at(self, path: str, query: str, served: ResourceSet) -> Resource | None:
        """Find the version that was in force at the moment that `?at=` names.

        Returns:
            The version of that moment; None where `at` is not asked for.
        """
        # A "+" is the sign of a time zone here, and no space.
        moments = parse_qs(query.replace("+", "%2B"), keep_blank_values=True, max_num_fields=50).get("at")
        if moments is None:
            return None
        ending = path.removeprefix(self.path)
        if ending not in ("", *(f".{ending}" for ending in FORMATS)):
            raise ValueError(f"This URL takes no `at` parameter; ask {self.path}?at=…")
        if len(moments) > 1:
            raise ValueError("The query names more than one time; give one")
        if len(moments[0]) > _LONGEST_MOMENT:
            raise ValueError("The time is too long; write it like 2026-03-01T09:00:00Z")
        version = self._ledger.version_in_force(parse_compared_moment(moments[0]))
        dated = served.resources[self._addresses.dated(version.version) + ending]
        kept = {media_type: replace(one, permanent=False) for media_type, one in dated.representations.items()}
        return Resource(representations=kept)


def _decode(path: str) -> str:
    """Decode what need not have been encoded (RFC 3986, 6.2.2.2); an encoded slash does not separate anything."""
    if "%" not in path or "%2f" in path.lower():
        return ""
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError:
        return ""
