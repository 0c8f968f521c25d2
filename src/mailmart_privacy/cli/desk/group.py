"""`desk`: the web application for the people who issue, find and check copies, on this computer or for a team."""

import os
import sys
import webbrowser
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..._user_dirs import state_path
from ...errors import MissingExtraError, UsageError
from ..edge import find_actor
from ..help import GroupedCommands
from ..options import ArchiveOptions, SigningOptions, archive_location_options, signing_options
from .admin import admin, make_host
from .backup import backup, restore, upgrade
from .options import ServingOptions, SignInOptions, TeamOptions, serving_options, sign_in_options, team_options

if TYPE_CHECKING:
    from ...desk.running import RunningDesk
    from ...desk.settings import DeskSettings


_OPTION_GROUPS = {
    "A desk for a team": ("origin", "listen", "proxies", "database", "user", "checker_user", "allow_self_signed"),
    "How people sign in": (
        *("oidc_issuer", "oidc_client_id", "oidc_client_secret_file", "oidc_audience", "oidc_roles_claim"),
    ),
    "Mail to staff": ("smtp_host", "smtp_port", "smtp_tls", "smtp_user", "smtp_password_file", "mail_from"),
    "Signing": (
        *("identity_file", "certificate_file", "passphrase_file", "level", "tsa", "tsa_certificate"),
        *("trust", "trust_timestamps", "fonts"),
    ),
    "Archive": ("archive", "archive_key", "archive_index"),
}


@click.group(cls=GroupedCommands, option_groups=_OPTION_GROUPS, invoke_without_command=True)
@serving_options
@sign_in_options
@team_options
@signing_options
@archive_location_options
@click.pass_context
def desk(
    ctx: click.Context,
    serving: ServingOptions,
    sign_in: SignInOptions,
    team: TeamOptions,
    signing: SigningOptions,
    archive: ArchiveOptions,
) -> None:
    """Run the desk on this computer, until Ctrl-C: issue, find and check copies in the browser.

    The first start makes an archive, and a self-signed identity unless another one is named. The address that is
    printed signs you in, once. With --origin it serves a team, whose people sign in with their identity provider.

    These options come before a command, for instance: desk --folder DIRECTORY link.
    """
    _require_system()
    place = serving.folder or state_path() / "desk"
    settings = team.put_into(_read_settings(place, serving.read_origin(), signing, archive))
    ctx.obj = {**(ctx.obj or {}), "folder": place, "settings": settings}
    if ctx.invoked_subcommand is None:
        signing.require_sense()
        settings = replace(settings, oidc=sign_in.read(), mail=team.mail.read())
        if settings.for_team and settings.oidc is None:
            raise UsageError("a desk for a team needs an identity provider; give --oidc-issuer and --oidc-client-id")
        _require_team(settings)
        from ...desk.running import run_desk

        run_desk(
            settings,
            listen=team.listen,
            port=serving.port,
            ready=lambda running: _announce(running, for_team=settings.for_team, browser=serving.browser),
        )


@desk.command()
@click.option("--for", "subject", metavar="SUBJECT", help="Sign this person in: what the identity provider calls them.")
@click.pass_obj
def link(obj: dict[str, Any], subject: str | None) -> None:
    """Print a new address that signs you in, once, within 15 minutes.

    At a desk for a team it signs in the person named with --for, while the identity provider is down. That goes on
    record.
    """
    from ...desk.links import make_link
    from ...desk.lock import find_running

    settings: DeskSettings = obj["settings"]
    if subject is not None:
        click.echo(make_host(settings).make_link(find_running(obj["folder"]), subject))
    elif settings.for_team:
        raise UsageError(
            "say whom the address signs in, with --for SUBJECT; mailmart-privacy desk admin list shows all"
        )
    else:
        click.echo(make_link(settings.tables, find_running(obj["folder"]), find_actor()))


for _each in (admin, backup, restore, upgrade):
    desk.add_command(_each)


def _require_team(settings: "DeskSettings") -> None:
    """Refuse settings with which a desk cannot serve a team; each fault is a line.

    Raises:
        UsageError: something is missing or wrong.
    """
    from ...desk.production import find_faults

    faults = find_faults(settings) if settings.for_team else []
    for fault in faults[:-1]:
        click.echo(f"mailmart-privacy: {fault}", err=True)
    if faults:
        raise UsageError(faults[-1])


def _announce(desk: "RunningDesk", *, for_team: bool, browser: bool | None) -> None:
    click.echo(desk.address)
    if for_team:
        click.echo(f"The proxy has to pass requests on to {desk.local}. Ctrl-C ends the desk", err=True)
        return
    click.echo("Open it in a browser; it signs you in, once. Ctrl-C ends the desk", err=True)
    if browser or (browser is None and _has_browser()):
        webbrowser.open(desk.address)


def _require_system() -> None:
    if sys.platform == "win32":
        raise UsageError(
            "the desk runs on Linux and macOS; on Windows, open the address of your team's desk in a browser"
        )
    try:
        import httpx  # noqa: F401
        import joserfc  # noqa: F401
        import python_multipart  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("desk", error.name or "starlette") from None


def _read_settings(folder: Path, origin: str, signing: SigningOptions, archive: ArchiveOptions) -> "DeskSettings":
    from ...desk.settings import DeskSettings

    operator = find_actor()
    own = archive.archive is None and not origin  # for a team, the settings have to say where the record is
    return DeskSettings(
        folder=str(folder.absolute()),
        archive=str(folder.absolute() / "archive") if own else _absolute(archive.archive),
        archive_key=str(folder.absolute() / "archive.key") if own else _absolute(archive.archive_key),
        archive_index=str(folder.absolute() / "index.sqlite") if own else _absolute(archive.archive_index),
        identity=_absolute(signing.identity.identity_file),
        certificate=_absolute(signing.identity.certificate_file),
        passphrase_file=_absolute(signing.identity.passphrase_file),
        level=signing.level,
        authorities=signing.authorities.tsa,
        trusted=tuple(map(_absolute, signing.authorities.trusted.trust)),
        trusted_timestamps=tuple(map(_absolute, signing.authorities.trusted.trust_timestamps)),
        fonts=signing.fonts,
        origin=origin,
        token_digest="",
        operator=operator.name,
        operator_subject=operator.subject,
        oidc=None,
    )


def _absolute(name: str | None) -> str:
    if not name:
        return ""
    return name if ":" in name else str(Path(name).absolute())


def _has_browser() -> bool:
    """Tell whether there is a screen that a browser could open on."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
