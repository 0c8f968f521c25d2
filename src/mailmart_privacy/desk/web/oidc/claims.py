"""What an identity provider's tokens have to say before anybody is believed to be somebody.

A token is read only after its signature was checked. Each function has the clause that its rules come from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...addresses import is_address
from .problems import UntrustedError

LEEWAY = 60.0  # seconds that two clocks may differ
_OLDEST = 600.0  # seconds that an ID token may have been made before it is used
_LONGEST_SUBJECT, _LONGEST_NAME = 255, 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What a token has to agree with.

    Attributes:
        issuer: its maker.
        audience: for whom it was made.
        now: seconds since 1970.
    """

    issuer: str
    audience: str
    now: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """A person, as the identity provider knows them.

    Attributes:
        subject: what it calls them, permanently.
        name: to show; empty where the token has none.
        roles: that the configured claim gives.
        authenticated_at: when they proved who they are, in seconds since 1970; None where the token does not say.
        email: their address, where the provider has verified it; else empty. Nobody is recognised by it.
    """

    subject: str
    name: str
    roles: tuple[str, ...]
    authenticated_at: float | None
    email: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """A service, as the identity provider knows it.

    Attributes:
        subject: what it calls it, permanently.
        name: to show: the id of the client.
        scopes: that it was given.
    """

    subject: str
    name: str
    scopes: tuple[str, ...]


def check_common(claims: Mapping[str, Any], expected: Expected) -> None:
    """Check issuer, audience and times (OpenID Connect Core 1.0, 3.1.3.7, 2, 3 and 9; RFC 9068, 4).

    Raises:
        UntrustedError: one of them is missing or another one.
    """
    if claims.get("iss") != expected.issuer:
        raise UntrustedError("the token was made by another issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if expected.audience not in audiences:
        raise UntrustedError("the token was made for somebody else")
    if read_time(claims, "exp") <= expected.now - LEEWAY:
        raise UntrustedError("the token has expired")
    if "nbf" in claims and read_time(claims, "nbf") > expected.now + LEEWAY:
        raise UntrustedError("the token is not valid yet")
    if read_time(claims, "iat") > expected.now + LEEWAY:
        raise UntrustedError("the token was made in the future")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise UntrustedError("the token does not say whom it is about")


def read_identity(claims: Mapping[str, Any], expected: Expected, *, nonce: str, roles_claim: str) -> Identity:
    """Read an ID token (OpenID Connect Core 1.0, 3.1.3.7).

    Raises:
        UntrustedError: it breaks one of the rules.
    """
    check_common(claims, expected)
    audience = claims["aud"]
    party = claims.get("azp", None if isinstance(audience, list) and len(audience) > 1 else expected.audience)
    if party != expected.audience:
        raise UntrustedError("the token was made for somebody else")
    if read_time(claims, "iat") < expected.now - _OLDEST:
        raise UntrustedError("the token was made long ago")
    if claims.get("nonce") != nonce:
        raise UntrustedError("the token belongs to another sign-in")
    authenticated_at = read_time(claims, "auth_time") if "auth_time" in claims else None
    if authenticated_at is not None and authenticated_at > expected.now + LEEWAY:
        raise UntrustedError("the token says that somebody signed in in the future")
    return Identity(
        subject=claims["sub"],
        name=read_name(claims),
        roles=_read_words(claims.get(roles_claim)) if roles_claim else (),
        authenticated_at=authenticated_at,
        email=read_email(claims),
    )


def read_client(header: Mapping[str, Any], claims: Mapping[str, Any], expected: Expected) -> Client:
    """Read an access token that a service got for itself (RFC 9068; RFC 6749, 4.4).

    Raises:
        UntrustedError: it breaks one of the rules, or was made for a person.
    """
    if str(header.get("typ", "JWT")).lower().removeprefix("application/") not in ("at+jwt", "jwt"):
        raise UntrustedError("the token is not an access token")
    check_common(claims, expected)
    client = claims.get("client_id", claims.get("azp"))
    if not isinstance(client, str) or not client or not _is_of_service(claims, client):
        raise UntrustedError("the token was not made for a service")
    scopes = _read_words(claims.get("scope", claims.get("scp")))
    return Client(subject=claims["sub"], name=client[:_LONGEST_NAME], scopes=scopes)


def _is_of_service(claims: Mapping[str, Any], client: str) -> bool:
    """Tell whether a client got a token for itself, and not for a person.

    RFC 9068, 2.2 makes the subject the client's id. Keycloak, Entra and Auth0 say it in ways of their own.
    """
    if any(name in claims for name in ("sid", "auth_time", "nonce")):
        return False
    return (
        claims["sub"] == client
        or claims.get("preferred_username") == f"service-account-{client}"
        or claims.get("idtyp") == "app"
        or claims.get("gty") == "client-credentials"
    )


def read_time(claims: Mapping[str, Any], name: str) -> float:
    """Read a moment, in seconds since 1970.

    Raises:
        UntrustedError: there is none.
    """
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < 1e12:
        raise UntrustedError(f"the token does not say {name}")
    return float(found)


def read_name(claims: Mapping[str, Any]) -> str:
    """Read what to call a person; never an address, which may later be somebody else's."""
    for claim in ("name", "preferred_username", "nickname"):
        found = claims.get(claim)
        if isinstance(found, str):
            plain = " ".join("".join(each for each in found if each.isprintable()).split())
            if plain and "@" not in plain:
                return plain[:_LONGEST_NAME]
    return ""


def read_email(claims: Mapping[str, Any]) -> str:
    """Read a person's address, where the provider says that it verified it (OpenID Connect Core 1.0, 5.1)."""
    found = claims.get("email")
    verified = claims.get("email_verified") in (True, "true")  # Cognito writes a text
    return found if isinstance(found, str) and verified and is_address(found) else ""


def _read_words(found: object) -> tuple[str, ...]:
    """Read a list of words, or words with spaces between."""
    if isinstance(found, str):
        return tuple(found.split())
    return tuple(each for each in found if isinstance(each, str)) if isinstance(found, list) else ()
