"""`desk`: the web application for the people who issue, find and check copies, on this computer or for a team."""

import contextlib
import hashlib
import json
import os
import secrets
import signal
import socket
import sys
import time
import webbrowser
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..._user_dirs import state_path
from ...errors import MissingExtraError, UsageError
from ..edge import find_actor
from ..options import ArchiveOptions, SigningOptions, archive_location_options, signing_options
from .admin import admin, make_host
from .backup import backup, restore, upgrade
from .lock import archive_locked, find_running, locked
from .options import ServingOptions, SignInOptions, TeamOptions, serving_options, sign_in_options, team_options

if TYPE_CHECKING:
    from ...desk.settings import DeskSettings

_BACKLOG = 128


@click.group(invoke_without_command=True)
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
        _run(settings, serving, team.listen)


@desk.command()
@click.option("--for", "subject", metavar="SUBJECT", help="Sign this person in: what the identity provider calls them.")
@click.pass_obj
def link(obj: dict[str, Any], subject: str | None) -> None:
    """Print a new address that signs you in, once, within 15 minutes.

    At a desk for a team it signs in the person named with --for, while the identity provider is down. That goes on
    record.
    """
    from ...desk.links import make_link

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


def _run(settings: "DeskSettings", serving: ServingOptions, address: str) -> None:
    from ...desk.launcher import Launcher
    from ...desk.lines import write_line

    token = "" if settings.for_team else secrets.token_urlsafe(32)
    with (
        locked(Path(settings.folder), settings.user) as note,
        archive_locked(settings.archive, settings.user),
        _listen(address, serving.port) as listener,
    ):
        local = f"http://{address}:{listener.getsockname()[1]}"
        origin = settings.origin or local
        note.write(json.dumps({"process": os.getpid(), "origin": origin}))
        note.flush()
        digest = hashlib.sha256(token.encode()).hexdigest() if token else ""
        launcher = Launcher(
            replace(settings, origin=origin, token_digest=digest),
            listener,
            clock=time.monotonic,
            report=lambda words: write_line("launcher", words),
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: launcher.stop())
        try:
            launcher.start()
            address = f"{origin}/?token={token}" if token else origin
            click.echo(address)
            if token:
                click.echo("Open it in a browser; it signs you in, once. Ctrl-C ends the desk", err=True)
            else:
                click.echo(f"The proxy has to pass requests on to {local}. Ctrl-C ends the desk", err=True)
            if token and (serving.browser or (serving.browser is None and _has_browser())):
                webbrowser.open(address)
            launcher.run()
        finally:
            launcher.close()


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
        trusted=tuple(map(_absolute, signing.authorities.trust)),
        trusted_timestamps=tuple(map(_absolute, signing.authorities.trust_timestamps)),
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


@contextlib.contextmanager
def _listen(address: str, port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
        except OSError as error:
            raise UsageError(
                f"cannot listen at {address}, port {port} ({error.strerror}); give another --port"
            ) from None
        listener.listen(_BACKLOG)
        yield listener


def _has_browser() -> bool:
    """Tell whether there is a screen that a browser could open on."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
