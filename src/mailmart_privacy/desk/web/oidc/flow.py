"""The way of a person to the identity provider and back: authorization code with PKCE (RFC 6749, 7636, 9700).

All that has to come back unchanged is derived from one secret, which only the browser has, in a cookie. So an answer
that belongs to another browser's sign-in fits nothing here, and a copy of the desk's tables helps nobody.
"""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from ...settings import OidcSettings
from .claims import LEEWAY, Client, Expected, Identity, read_client, read_email, read_identity, read_name
from .fetching import Fetcher
from .problems import ProviderDownError, UntrustedError
from .provider import Metadata, Provider
from .signatures import read_signed

BACK = "/sign-in/done"


@dataclass(frozen=True, kw_only=True, slots=True)
class Oidc:
    """Signs people in with an identity provider, and reads the access tokens of services.

    Attributes:
        settings: the provider, and what it calls this desk.
        origin: how browsers reach the desk.
        fetcher: asks the provider.
        provider: its documents.
        clock: tells the seconds since 1970.
        asks_email: whether people's addresses are asked for, too.
    """

    settings: OidcSettings
    origin: str
    fetcher: Fetcher
    provider: Provider
    clock: Callable[[], float]
    asks_email: bool = False

    async def begin(self, secret: str, *, again: bool) -> str:
        """Make the address at the provider where a person signs in.

        Args:
            secret: a new one, which the browser keeps.
            again: whether the person has to prove who they are, even if the provider knows them already.

        Raises:
            ProviderDownError: the provider does not answer.
        """
        place = (await self.provider.describe()).authorization
        fields = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.origin + BACK,
            "scope": "openid profile email" if self.asks_email else "openid profile",
            "state": _derive(secret, "state"),
            "nonce": _derive(secret, "nonce"),
            "code_challenge": _encode(sha256(_derive(secret, "verifier").encode()).digest()),
            "code_challenge_method": "S256",
        }
        if again:
            fields |= {"max_age": "0", "prompt": "login"}
        return place + ("&" if "?" in place else "?") + urlencode(fields)

    def recognise(self, secret: str, answer: Mapping[str, str]) -> None:
        """Tell whether an answer belongs to the sign-in that this browser began, before anything else is done with it.

        Raises:
            UntrustedError: it does not.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), _derive(secret, "state").encode()):
            raise UntrustedError("the answer belongs to another sign-in")

    async def finish(self, secret: str, answer: Mapping[str, str], *, since: float | None) -> Identity:
        """Read the answer that a browser brings back from the provider; it can be used once.

        Args:
            secret: that of `begin`.
            answer: the parameters of the address.
            since: when the person was asked to prove again who they are, in seconds since 1970; or None.

        Raises:
            ProviderDownError: the provider does not answer.
            UntrustedError: somebody else's answer, or one that was changed.
        """
        self.recognise(secret, answer)
        metadata = await self.provider.describe()
        # RFC 9207: another provider's answer is not brought to this one's token endpoint.
        if answer.get("iss", None if metadata.names_itself else self.settings.issuer) != self.settings.issuer:
            raise UntrustedError("the answer comes from another identity provider")
        if "code" not in answer:
            raise UntrustedError(f"the identity provider did not sign in ({_shorten(answer.get('error', 'no code'))})")
        tokens = await self._redeem(metadata, answer["code"], _derive(secret, "verifier"))
        _, claims = await self._read(tokens.get("id_token"))
        identity = read_identity(
            claims,
            self._expect(self.settings.client_id),
            nonce=_derive(secret, "nonce"),
            roles_claim=self.settings.roles_claim,
        )
        if since is not None and (identity.authenticated_at is None or identity.authenticated_at < since - LEEWAY):
            raise UntrustedError("the identity provider did not ask again who it is (auth_time)")
        whole = identity.name and (identity.email or not self.asks_email)
        return identity if whole else await self._ask_more(metadata, tokens, identity)

    async def read_client(self, token: str) -> Client:
        """Read the access token of a service.

        Raises:
            ProviderDownError: the provider does not answer.
            UntrustedError: it is not one of the provider's, or not for this desk.
        """
        return read_client(*await self._read(token), self._expect(self.settings.audience))

    def _expect(self, audience: str) -> Expected:
        return Expected(issuer=self.settings.issuer, audience=audience, now=self.clock())

    async def _read(self, token: object) -> tuple[dict[str, Any], dict[str, Any]]:
        if not isinstance(token, str):
            raise UntrustedError("the identity provider gave no token")
        return read_signed(token, await self.provider.find_keys(token))

    async def _redeem(self, metadata: Metadata, code: str, verifier: str) -> dict[str, Any]:
        """Exchange a code for tokens (RFC 6749, 4.1.3)."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.origin + BACK,
            "code_verifier": verifier,
        }
        basic = None
        if self.settings.client_secret and not metadata.takes_post:
            basic = self.settings.client_id, self.settings.client_secret
        else:
            fields["client_id"] = self.settings.client_id
            fields |= {"client_secret": self.settings.client_secret} if self.settings.client_secret else {}
        status, tokens = await self.fetcher.post(metadata.token, fields, basic=basic)
        error = _shorten(str(tokens.get("error", "")))
        if error == "invalid_client":
            raise ProviderDownError("the identity provider does not accept this desk’s client id or secret")
        if status != 200:
            raise UntrustedError(f"the identity provider refuses the code ({error or status})")
        return tokens

    async def _ask_more(self, metadata: Metadata, tokens: Mapping[str, Any], identity: Identity) -> Identity:
        """Ask for name and address (OpenID Connect Core 1.0, 5.3); a sign-in does not fail without them."""
        access = tokens.get("access_token")
        if not metadata.userinfo or not isinstance(access, str):
            return identity
        try:
            found = await self.fetcher.get(metadata.userinfo, bearer=access)
        except ProviderDownError:
            return identity
        if found.get("sub") != identity.subject:
            raise UntrustedError("the identity provider tells about somebody else")
        return replace(identity, name=identity.name or read_name(found), email=identity.email or read_email(found))


def make_oidc(
    settings: OidcSettings,
    origin: str,
    clock: Callable[[], float],
    fetcher: Fetcher | None = None,
    *,
    asks_email: bool = False,
) -> Oidc:
    """Make what signs people in.

    Args:
        settings: the provider.
        origin: how browsers reach the desk.
        clock: tells the seconds since 1970.
        fetcher: asks the provider; for tests.
        asks_email: whether people's addresses are asked for, too.
    """
    fetcher = fetcher or Fetcher(settings.issuer)
    provider = Provider(settings.issuer, fetcher, clock)
    return Oidc(
        settings=settings, origin=origin, fetcher=fetcher, provider=provider, clock=clock, asks_email=asks_email
    )


def _derive(secret: str, what: str) -> str:
    return _encode(hmac.digest(secret.encode(), what.encode(), "sha256"))


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _shorten(words: str) -> str:
    """Keep what a provider calls an error, without characters that could end up elsewhere."""
    return "".join(each for each in words if each.isascii() and (each.isalnum() or each in "_-"))[:40]
