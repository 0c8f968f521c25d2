"""An identity provider in this process, which signs what a test wants it to; no server, no waiting."""

import base64
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from mailmart_privacy.desk.settings import OidcSettings
from mailmart_privacy.desk.web.oidc.fetching import Fetcher

ISSUER = "https://id.example/realm"
SECRET = "s3cret: of the client"


def make_oidc_settings(**changes: str) -> OidcSettings:
    """The settings of a desk that knows this provider."""
    plain = {"issuer": ISSUER, "client_id": "desk", "client_secret": SECRET, "audience": "desk-api", "roles_claim": ""}
    return OidcSettings(**plain | changes)


@dataclass
class LocalProvider:
    """A provider.

    Attributes:
        clock: tells the seconds since 1970.
        subject: who signs in.
        claims: what its ID tokens say otherwise; None leaves a claim out.
        header: what the headers of its tokens say otherwise.
        document: what its discovery document says otherwise.
        keys: that it publishes; the first one signs.
        signs_with: another key that signs.
        back: what the addresses to which it sends browsers back say otherwise.
        answers: instead of its own, by path.
        asked: what it was asked, by path.
        queries: with which browsers were sent to it.
    """

    clock: Callable[[], float]
    subject: str = "ada"
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    keys: list[Any] = field(default_factory=lambda: [ECKey.generate_key("P-256", {"kid": "one"})])
    signs_with: Any = None
    back: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    signed_in_at: float | None = None

    def __post_init__(self) -> None:
        self._fetcher = Fetcher(ISSUER, transport=httpx.MockTransport(self.answer), seconds=60)

    def fetcher(self) -> Fetcher:
        return self._fetcher

    def answer_too_slowly(self, path: str, answer: httpx.Response) -> None:
        """Answer so that those who ask give up."""
        self._fetcher._seconds = 0.2
        self.answers[path] = answer

    def authorize(self, address: str) -> str:
        """What a browser gets that was sent to the provider: the address to which it is sent back."""
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{ISSUER}/authorize"
        query = dict(parse_qsl(parts.query))
        self.queries.append(query)
        assert query["response_type"] == "code"
        assert (query["code_challenge_method"], query["client_id"]) == ("S256", "desk")
        code = secrets.token_urlsafe(8)
        self.codes[code] = query
        if self.signed_in_at is None or query.get("max_age") == "0":
            self.signed_in_at = self.clock()
        back = urlsplit(query["redirect_uri"])
        answer = {"code": code, "state": query["state"], "iss": ISSUER} | self.back
        return f"{back.path}?{urlencode({name: value for name, value in answer.items() if value})}"

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer as a server would: with bytes that were not read yet."""
        found = self._answer(request)
        if not found.is_stream_consumed:
            return found
        return httpx.Response(found.status_code, headers=found.headers, stream=httpx.ByteStream(found.content))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/realm")
        self.asked.append(path)
        if path in self.answers:
            found = self.answers[path]
            if isinstance(found, Exception):
                raise found
            return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)
        return {
            "/.well-known/openid-configuration": self._describe,
            "/jwks": self._give_keys,
            "/token": self._give_tokens,
            "/userinfo": self._tell_name,
        }[path](request)

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        key = self.signs_with or self.keys[0]
        head = {"alg": "ES256" if key.key_type == "EC" else "RS256", "kid": key.kid} | header | self.header
        told = {name: value for name, value in claims.items() if value is not None}
        if head["alg"] in ("none", "HS256"):
            text = ".".join(_encode(json.dumps(each).encode()) for each in (head, told))
            public = self.keys[0].as_pem(private=False)
            seal = _encode(hmac.digest(public, text.encode(), "sha256")) if head["alg"] == "HS256" else ""
            return f"{text}.{seal}"
        return jwt.encode(
            {name: value for name, value in head.items() if value is not None},
            told,
            key,
            algorithms=["ES256", "RS256"],
        )

    def make_access_token(self, **changes: Any) -> str:
        """A token that a service got for itself."""
        now = int(self.clock())
        claims = {"iss": ISSUER, "sub": "crm", "client_id": "crm", "aud": "desk-api", "iat": now, "exp": now + 300}
        return self.sign({**claims, "scope": "desk:issue desk:read", **changes}, typ="at+jwt")

    def _describe(self, request: httpx.Request) -> httpx.Response:
        document = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/jwks",
            "userinfo_endpoint": f"{ISSUER}/userinfo",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        } | self.document
        return httpx.Response(200, json=document)

    def _give_keys(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=KeySet(self.keys).as_dict(private=False))

    def _give_tokens(self, request: httpx.Request) -> httpx.Response:
        form = {name: value for name, (value,) in parse_qs(request.content.decode()).items()}
        pair = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        assert pair == "desk:s3cret%3A+of+the+client"
        begun = self.codes.pop(form["code"], None)
        challenge = _encode(sha256(form["code_verifier"].encode()).digest())
        if (
            begun is None
            or challenge != begun["code_challenge"]
            or form["redirect_uri"] != begun["redirect_uri"]
            or form["grant_type"] != "authorization_code"
        ):
            return httpx.Response(400, json={"error": "invalid_grant"})
        now = int(self.clock())
        claims = {
            "iss": ISSUER,
            "sub": self.subject,
            "aud": "desk",
            "iat": now,
            "exp": now + 300,
            "nonce": begun["nonce"],
            "name": self.subject.title(),
            "auth_time": self.signed_in_at,
        } | self.claims
        return httpx.Response(200, json={"id_token": self.sign(claims), "access_token": "for-userinfo"})

    def _tell_name(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer for-userinfo"
        return httpx.Response(200, json={"sub": self.subject, "name": "From Userinfo"})


def make_rsa_key(name: str) -> Any:
    return RSAKey.generate_key(2048, {"kid": name})


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
