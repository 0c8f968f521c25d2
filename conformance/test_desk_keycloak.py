"""The desk with Keycloak: a person with a role from a claim, signing in again, and a service."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from tests.conftest import make_environment
from tests.test_desk_processes import Running

from . import keycloak
from .programs import QUICK
from .test_desk_sign_in import Client, Signing, get_token, issue_as_service

pytestmark = pytest.mark.skipif(QUICK, reason="it takes a minute; oidc-provider is asked in each run")


def make_mapper(name: str, kind: str, **config: str) -> dict[str, object]:
    return {"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config}


# A realm that is imported with scopes has no others: these are of Keycloak's own scopes "basic" and "profile".
BOTH = {"id.token.claim": "true", "access.token.claim": "true"}
SUBJECT = make_mapper("sub", "oidc-sub-mapper", **BOTH)
AUTH_TIME = make_mapper(
    "auth_time",
    "oidc-usersessionmodel-note-mapper",
    **BOTH | {"user.session.note": "AUTH_TIME", "claim.name": "auth_time", "jsonType.label": "long"},
)
NAME = make_mapper("name", "oidc-full-name-mapper", **BOTH)
USERNAME = make_mapper(
    "username",
    "oidc-usermodel-attribute-mapper",
    **BOTH | {"user.attribute": "username", "claim.name": "preferred_username", "jsonType.label": "String"},
)
ROLES = make_mapper(
    "roles",
    "oidc-usermodel-realm-role-mapper",
    **BOTH | {"claim.name": "desk_roles", "jsonType.label": "String", "multivalued": "true"},
)
AUDIENCE = make_mapper("audience", "oidc-audience-mapper", **BOTH | {"included.custom.audience": "desk-api"})


def make_realm(origin: str) -> dict[str, object]:
    """A realm with a person, the desk, and a service."""
    scope = {
        "name": "desk:issue",
        "protocol": "openid-connect",
        "attributes": {"include.in.token.scope": "true"},
        "protocolMappers": [AUDIENCE],
    }
    ada = {
        "username": "ada",
        "enabled": True,
        "email": "ada@example.com",
        "emailVerified": True,
        "firstName": "Ada",
        "lastName": "Lovelace",
        "credentials": [{"type": "password", "value": "any", "temporary": False}],
        "realmRoles": ["administrator", "sales"],
    }
    desk = {
        "clientId": "desk",
        "secret": "a secret: of the desk",
        "redirectUris": [f"{origin}/sign-in/done"],
        "attributes": {"pkce.code.challenge.method": "S256"},
        "defaultClientScopes": ["profile"],
        "protocolMappers": [SUBJECT, AUTH_TIME, ROLES],
    }
    crm = {
        "clientId": "crm",
        "secret": "a secret of the service",
        "serviceAccountsEnabled": True,
        "standardFlowEnabled": False,
        "defaultClientScopes": ["desk:issue"],
        "protocolMappers": [SUBJECT, USERNAME],
    }
    return {
        "realm": "desk",
        "enabled": True,
        "sslRequired": "none",
        "roles": {"realm": [{"name": "administrator"}, {"name": "sales"}]},
        "users": [ada],
        "clientScopes": [scope, {"name": "profile", "protocol": "openid-connect", "protocolMappers": [NAME]}],
        "clients": [desk, crm],
    }


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signing]:
    """A desk, and Keycloak."""
    folder = tmp_path_factory.mktemp("desk")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    issuer = f"http://127.0.0.1:{port}/realms/desk"
    environment = make_environment(folder / "home")
    environment["MAILMART_PRIVACY_DESK_OIDC_CLIENT_SECRET"] = "a secret: of the desk"
    options = ["--oidc-issuer", issuer, "--oidc-client-id", "desk", "--oidc-audience", "desk-api"]
    desk = Running(environment, folder / "desk", *options, "--oidc-roles-claim", "desk_roles", sign_in=False)
    with contextlib.closing(desk), keycloak.serve(folder / "keycloak", port, make_realm(desk.origin)):
        yield Signing(desk, issuer, f"{issuer}/protocol/openid-connect/token", environment)


def test_a_person_has_the_roles_of_the_claim_and_signs_in_again(signing: Signing) -> None:
    """Keycloak asks for the password again, and tells when it did."""
    browser, origin = Client(), signing.desk.origin
    assert browser.ask(browser.sign_in(signing, "ada"))[:2] == (303, "/"), signing.desk.errors.read_text()
    assert "Issue a copy" in browser.ask(f"{origin}/")[2]
    assert "Ada Lovelace (you)" in browser.ask(f"{origin}/people")[2]
    asked = browser.passwords
    back = browser.sign_in(signing, "ada", path="/sign-in?again=yes&to=/people")
    assert browser.passwords == asked + 1
    assert browser.ask(back)[:2] == (303, "/people")
    assert "Ada Lovelace (you)" in browser.ask(f"{origin}/people")[2]


def test_a_service_issues(signing: Signing) -> None:
    """Keycloak calls the subject of a client's token something of its own."""
    assert issue_as_service(signing, get_token(signing)) == 201, signing.desk.errors.read_text()
