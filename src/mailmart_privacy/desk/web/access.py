"""Which service asks: by a token of this desk, or by one that the identity provider gave it (client credentials)."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..answers import Actor
from .oidc.problems import UntrustedError
from .tokens import PREFIX, SCOPES

if TYPE_CHECKING:
    from .services import Services

_SCOPE = "desk:"  # at the identity provider, scopes of all services share one list
_LOG = logging.getLogger("mailmart_privacy.desk")


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """A service that may use the API.

    Attributes:
        actor: the service, as entries of the log name it.
        scopes: what it may do.
    """

    actor: Actor
    scopes: tuple[str, ...]

    @property
    def key(self) -> str:
        """What its requests are counted under."""
        return f"{self.actor.issuer} {self.actor.subject}"


async def find_access(services: "Services", secret: str) -> Access | None:
    """Find out which service asks; None where the token gives nothing.

    Raises:
        ProviderDownError: the token seems to be one of the identity provider, which does not answer.
    """
    if secret.startswith(PREFIX):
        token = services.tokens.find(secret)
        return None if token is None else Access(actor=token.actor, scopes=token.scopes)
    oidc = services.oidc
    if not secret or oidc is None or not oidc.settings.audience:
        return None
    try:
        client = await oidc.read_client(secret)
    except UntrustedError as error:
        _LOG.warning("access token: %s", error)
        return None
    return Access(
        # Of a person and a client that are called alike, one could act as the other (RFC 9068, 5).
        actor=Actor(issuer=oidc.settings.issuer, subject=f"client:{client.subject}", name=client.name),
        scopes=tuple(scope for scope in SCOPES if _SCOPE + scope in client.scopes),
    )
