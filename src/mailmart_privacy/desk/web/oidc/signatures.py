"""Signatures of an identity provider's tokens. Only public-key algorithms are accepted: never "none", never HMAC."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet

from .problems import ProviderDownError, UntrustedError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_KINDS = ("RSA", "EC", "OKP")
_LONGEST = 2**14  # characters of a token
_REGISTRY = jws.JWSRegistry(algorithms=list(ALGORITHMS))


@dataclass(frozen=True, slots=True)
class Keys:
    """The public keys of an identity provider.

    Attributes:
        set: the keys.
        ids: their ids.
    """

    set: KeySet
    ids: frozenset[str | None]


def read_keys(document: dict[str, Any]) -> Keys:
    """Read a key set (RFC 7517, 5): public keys for signatures; all else in it is left aside.

    Raises:
        ProviderDownError: there is none that can be used.
    """
    found = document.get("keys")
    keys = []
    for each in found if isinstance(found, list) else ():
        if not isinstance(each, dict) or each.get("kty") not in _KINDS or each.get("use", "sig") != "sig":
            continue
        try:
            keys.append(JWKRegistry.import_key(each))
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # of a kind that this library does not know
    if not keys:
        raise ProviderDownError("the identity provider has published no key for signatures")
    return Keys(KeySet(keys), frozenset(each.kid for each in keys))


def read_key_id(token: str) -> str | None:
    """Read which key a token says that it was signed with; nothing is checked yet.

    Raises:
        UntrustedError: it is not a signed token.
    """
    head = token.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        found = header.get("kid")
    except (ValueError, AttributeError, RecursionError):
        raise UntrustedError("the token is not a signed one") from None
    return found if isinstance(found, str) else None


def read_signed(token: str, keys: Keys) -> tuple[dict[str, Any], dict[str, Any]]:
    """Check the signature of a token, and read its header and its claims.

    Raises:
        UntrustedError: no key of the set made the signature, or the algorithm is not acceptable.
    """
    if len(token) > _LONGEST:
        raise UntrustedError("the token is too long")
    try:
        found = jwt.decode(token, keys.set, algorithms=list(ALGORITHMS), registry=_REGISTRY)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise UntrustedError(f"the token’s signature cannot be trusted ({type(error).__name__})") from None
    return dict(found.header), dict(found.claims)
