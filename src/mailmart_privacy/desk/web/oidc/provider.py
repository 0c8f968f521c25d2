"""What an identity provider says about itself: its addresses and its keys, kept for a while."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .fetching import Fetcher
from .problems import ProviderDownError
from .signatures import Keys, read_key_id, read_keys

_KEPT = 60 * 60  # seconds that its documents are kept
_PAUSE = 5  # seconds in which a provider that does not answer is not asked again
_AGAIN = 30  # seconds after which keys may be fetched again because a token names an unknown one


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """The addresses of an identity provider (OpenID Connect Discovery 1.0, 3), and what it supports.

    Attributes:
        authorization: where browsers are sent to sign in.
        token: where a code becomes tokens.
        keys: where its public keys are.
        userinfo: where a person's name is; or empty.
        names_itself: whether its answers name their issuer (RFC 9207).
        takes_post: whether a client's secret goes into the form, since it does not accept HTTP Basic.
    """

    authorization: str
    token: str
    keys: str
    userinfo: str
    names_itself: bool
    takes_post: bool


class Provider:
    """An identity provider.

    Args:
        issuer: its address.
        fetcher: asks it.
        clock: tells the seconds since 1970.
    """

    def __init__(self, issuer: str, fetcher: Fetcher, clock: Callable[[], float]) -> None:
        self.issuer, self._fetcher, self._clock = issuer, fetcher, clock
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, Keys] | None = None
        self._failed: tuple[float, str] | None = None

    async def describe(self) -> Metadata:
        """Read its discovery document.

        Raises:
            ProviderDownError: it does not answer, or its document is one of another issuer.
        """
        if self._metadata is None or self._is_old(self._metadata[0], _KEPT):
            url = self.issuer.removesuffix("/") + "/.well-known/openid-configuration"
            self._metadata = self._clock(), self._read(await self._get(url))
        return self._metadata[1]

    async def find_keys(self, token: str) -> Keys:
        """Get its keys; where a token names a key that is not among them, they are fetched again.

        Raises:
            ProviderDownError: it does not answer.
            UntrustedError: the token is not a signed one.
        """
        wanted = read_key_id(token)
        if self._keys is not None:
            since, keys = self._keys
            if not self._is_old(since, _KEPT if wanted in keys.ids else _AGAIN):
                return keys
        document = await self._get((await self.describe()).keys)
        self._keys = self._clock(), read_keys(document)
        return self._keys[1]

    async def _get(self, url: str) -> dict[str, Any]:
        """Get a document, unless that failed a moment ago: requests do not queue up for a provider that is down."""
        if self._failed is not None and not self._is_old(self._failed[0], _PAUSE):
            raise ProviderDownError(self._failed[1])
        try:
            return await self._fetcher.get(url)
        except ProviderDownError as error:
            self._failed = self._clock(), str(error)
            raise

    def _is_old(self, since: float, seconds: float) -> bool:
        return self._clock() - since >= seconds

    def _read(self, document: dict[str, Any]) -> Metadata:
        if document.get("issuer") != self.issuer:
            raise ProviderDownError(
                f"the identity provider calls itself {document.get('issuer')!r}; set --oidc-issuer to exactly that, "
                f"if it is the right one"
            )
        if "S256" not in document.get("code_challenge_methods_supported", ["S256"]):
            raise ProviderDownError("the identity provider does not support PKCE with S256")
        methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Metadata(
            authorization=_read_address(document, "authorization_endpoint"),
            token=_read_address(document, "token_endpoint"),
            keys=_read_address(document, "jwks_uri"),
            userinfo=_read_address(document, "userinfo_endpoint") if "userinfo_endpoint" in document else "",
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
            takes_post="client_secret_basic" not in methods and "client_secret_post" in methods,
        )


def _read_address(document: dict[str, Any], name: str) -> str:
    found = document.get(name)
    if not isinstance(found, str) or not found:
        raise ProviderDownError(f"the identity provider’s document lacks {name}")
    return found
