"""The options of `desk`: where it answers, how people sign in, and what a desk for a team works with."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from ..._loopback import LOOPBACK, is_safe_url
from ...errors import UsageError
from ..values import as_value
from .mail import MailOptions, mail_options
from .secret_file import read_secret

if TYPE_CHECKING:
    from ...desk.settings import DeskSettings, OidcSettings

SECRET_VARIABLE = "MAILMART_PRIVACY_DESK_OIDC_CLIENT_SECRET"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, kw_only=True, slots=True)
class ServingOptions:
    """Where a desk answers.

    Attributes:
        folder: the folder for what is its own, or None for the user's.
        port: 0 takes any.
        browser: whether to open one; None where there is a screen.
        origin: the address at which browsers reach it through a TLS proxy, or None for a desk on this computer.
    """

    folder: Path | None
    port: int
    browser: bool | None
    origin: str | None

    def read_origin(self) -> str:
        """Read the address at which browsers reach the desk through its proxy; empty for a desk on this computer.

        Raises:
            UsageError: it is something else than the https address of a host.
        """
        if self.origin is None:
            return ""
        origin = self.origin.removesuffix("/")
        if not _is_origin(origin):
            raise UsageError(f"--origin {self.origin} is not an https address of a host, like https://desk.example.com")
        return origin


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamOptions:
    """What a desk for a team works with; see `DeskSettings`."""

    listen: str
    proxies: tuple[str, ...]
    database: str | None
    user: str | None
    checker_user: str | None
    allow_self_signed: bool
    mail: MailOptions

    def put_into(self, settings: "DeskSettings") -> "DeskSettings":
        """Add them to the settings of a desk.

        Raises:
            UsageError: options of a desk for a team were given for another desk.
        """
        made = replace(
            settings,
            database=self.database or "",
            archive_index=settings.archive_index or self.database or "",
            proxies=self.proxies,
            user=self.user or "",
            checker_user=self.checker_user or "",
            allow_self_signed=self.allow_self_signed,
        )
        if not made.for_team and (self.proxies or self.listen != LOOPBACK):
            raise UsageError("--proxy and --listen are for a desk behind a TLS proxy; name its address with --origin")
        return made


@dataclass(frozen=True, kw_only=True, slots=True)
class SignInOptions:
    """How people sign in, and services with tokens of the same identity provider; see `OidcSettings`."""

    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret_file: Path | None
    oidc_audience: str | None
    oidc_roles_claim: str | None

    def read(self) -> "OidcSettings | None":
        """Read them, with the client's secret.

        Raises:
            UsageError: one of them is missing or cannot be used.
        """
        from ...desk.settings import OidcSettings

        if not self.oidc_issuer and not self.oidc_client_id:
            if self.oidc_audience or self.oidc_roles_claim or self.oidc_client_secret_file:
                raise UsageError("settings of sign-in belong to an identity provider; name it with --oidc-issuer")
            return None
        if not self.oidc_issuer or not self.oidc_client_id:
            raise UsageError("--oidc-issuer and --oidc-client-id belong together; give both")
        if not _is_issuer(self.oidc_issuer):
            raise UsageError(
                f"--oidc-issuer {self.oidc_issuer} cannot be used; give an https address without a query, exactly as "
                "the identity provider writes it"
            )
        if self.oidc_audience == self.oidc_client_id:
            raise UsageError(
                "--oidc-audience has to differ from --oidc-client-id: tokens for sign-in are not for the API"
            )
        return OidcSettings(
            issuer=self.oidc_issuer,
            client_id=self.oidc_client_id,
            client_secret=read_secret(
                self.oidc_client_secret_file, variable=SECRET_VARIABLE, what="the client's secret"
            ),
            audience=self.oidc_audience or "",
            roles_claim=self.oidc_roles_claim or "",
        )


def _is_origin(origin: str) -> bool:
    parts = urlsplit(origin)
    return origin == f"https://{parts.netloc}" and bool(parts.hostname) and "@" not in parts.netloc


def _is_issuer(issuer: str) -> bool:
    """Tell whether an address can be an issuer's: https, or http on this computer (OpenID Connect Discovery, 3)."""
    if not is_safe_url(issuer):
        return False
    parts = urlsplit(issuer)
    return not parts.query and not parts.fragment and "@" not in parts.netloc


serving_options = as_value(
    "serving",
    ServingOptions,
    click.option(
        "--folder",
        type=click.Path(path_type=Path, file_okay=False),
        help="The folder for its tables, batches and certified forms [default: your own].",
    ),
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=8640,
        show_default=True,
        help="The port to listen at; 0 takes any free one.",
    ),
    click.option("--browser/--no-browser", default=None, help="Open the browser [default: where there is one]."),
    click.option(
        "--origin",
        metavar="URL",
        help="The address at which browsers reach it through a TLS proxy, https://…; makes it a desk for a team.",
    ),
)

sign_in_options = as_value(
    "sign_in",
    SignInOptions,
    click.option("--oidc-issuer", metavar="URL", help="The identity provider that people sign in with."),
    click.option("--oidc-client-id", metavar="ID", help="The client id of this desk at the provider."),
    click.option(
        "--oidc-client-secret-file",
        metavar="FILE",
        type=click.Path(path_type=Path, dir_okay=False),
        help=f"The secret that the provider gave this desk is the first line of FILE [default: ${SECRET_VARIABLE}].",
    ),
    click.option(
        "--oidc-audience", metavar="NAME", help="Accept access tokens that the provider issued to services for NAME."
    ),
    click.option("--oidc-roles-claim", metavar="CLAIM", help="Take roles from this claim, too."),
)

team_options = as_value(
    "team",
    TeamOptions,
    click.option(
        "--listen",
        metavar="ADDRESS",
        default=LOOPBACK,
        show_default=True,
        help="The address of this computer to listen at, for the TLS proxy.",
    ),
    click.option(
        "--proxy",
        "proxies",
        multiple=True,
        metavar="ADDRESS",
        help="The TLS proxy's address, or its network; all other requests are refused. May be repeated.",
    ),
    click.option(
        "--database",
        metavar="URL",
        help="postgresql://… for its own tables, which several desks can share [default: files in its folder].",
    ),
    click.option("--user", metavar="NAME", help="The system user of the processes that have the keys and the tables."),
    click.option(
        "--checker-user",
        metavar="NAME",
        help="The system user of the process that reads strangers' files; it has no keys.",
    ),
    click.option("--allow-self-signed", is_flag=True, help="Sign for a team with a self-signed identity."),
    mail_options,
)
