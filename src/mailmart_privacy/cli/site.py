"""`site`: the policy as a website, in files or on one's own machine."""

import contextlib
import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .._files import remove_leftovers, write_whole
from .._time import parse_moment
from ..errors import DestinationExistsError, UsageError
from ..policy.ledger import shipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..trust.trust_list import TrustList
    from ..web import Response, Service

_DEMO = "/demonstration/"


def _site_options(command: "Callable[..., None]") -> "Callable[..., None]":
    for option in (
        click.option("--at", metavar="TIME", help="The site as it is then: 2027-03-01T09:00:00Z [default: now]."),
        click.option("--max-age", type=int, default=3600, show_default=True, help="Seconds that caches keep a page."),
        click.option(
            "--templates",
            type=click.Path(path_type=Path, file_okay=False, exists=True),
            help="A folder whose templates replace ours.",
        ),
        click.option("--path", default="/privacy", show_default=True, help="Where the version in force is."),
    ):
        command = option(command)
    return command


@click.group()
def site() -> None:
    """The policy as a website: all versions and formats, feed and calendar."""


@site.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--base-url", default="https://mailmart.com", show_default=True, help="Where the site will be.")
@_site_options
@click.option("--force", is_flag=True, help="Replace existing files that differ.")
def build(
    folder: Path, base_url: str, path: str, max_age: int, at: str | None, templates: Path | None, force: bool
) -> None:
    """Write the whole history into DIR as static files for a content delivery network.

    The headers of each file stand in DIR/_headers. The same versions give the same bytes. Build
    again when a version takes effect; the last line says when that is.
    """
    from ..web.static_site import build_site

    moment = _moment(at)
    files = build_site(_service(moment, base_url, path, max_age, templates))
    written = _write(folder, files, force=force)
    click.echo(str(folder))
    kept = len(files) - written
    click.echo(f"{written:,} files written, {kept:,} were unchanged; all links are valid", err=True)
    upcoming = shipped().upcoming(moment)
    if upcoming:
        first = upcoming[0]
        stamp = f"{first.effective_at:%Y-%m-%dT%H:%M:%SZ}"
        click.echo(f"build it again at {stamp}, when the version {first.version} takes effect", err=True)


@site.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any free one.")
@click.option("--demo", is_flag=True, help="Show keys and checks with made-up signers, and copies to try.")
@_site_options
def serve(host: str, port: int, path: str, max_age: int, at: str | None, templates: Path | None, demo: bool) -> None:
    """Show the policy on this machine as a service shows it, until Ctrl-C. Not for the public."""
    from ..web.dev_server import open_server

    shown = f"[{host}]" if ":" in host else host
    moment = None if at is None else _moment(at)
    shown_list, copies = _make_demo(_moment(at)) if demo else (None, {})
    try:
        # The port is in the addresses, so the server comes first; it answers nobody yet.
        server = open_server(
            lambda *request: _give_copy(copies, *request) or service.respond(*request),
            host=host,
            port=port,
            log=lambda line: click.echo(line, err=True),
        )
    except OSError as error:
        raise UsageError(f"cannot listen at {shown}:{port} ({error.strerror}); give another --port or --host") from None
    with server:
        base = f"http://{shown}:{server.server_address[1]}"
        service = _service(moment, base, path, max_age, templates, shown_list)
        service.current()  # there is one at that moment
        click.echo(f"{base}{path}")
        for name in copies:
            click.echo(f"a copy to check at {base}{path}/verify: {base}{_DEMO}{name}", err=True)
        click.echo("Ctrl-C ends it", err=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


def _moment(at: str | None) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) if at is None else parse_moment(at)


def _make_demo(moment: datetime.datetime) -> "tuple[TrustList, dict[str, bytes]]":
    from ..web.demo import make_demonstration

    made = make_demonstration(shipped(), moment)
    return made.trust_list, made.copies


def _give_copy(copies: dict[str, bytes], method: str, target: str, *_: object) -> "Response | None":
    """Answer for a copy of the demonstration; None at any other address."""
    content = copies.get(target.removeprefix(_DEMO)) if target.startswith(_DEMO) else None
    if content is None or method not in ("GET", "HEAD"):
        return None
    from ..web import Response

    kept = (("Content-Type", "application/pdf"), ("Content-Length", str(len(content))), ("Cache-Control", "no-store"))
    return Response(200, kept, b"" if method == "HEAD" else content)


def _service(
    moment: datetime.datetime | None,
    base_url: str,
    path: str,
    max_age: int,
    templates: Path | None,
    trust_list: "TrustList | None" = None,
) -> "Service":
    from ..web import Service

    return Service(
        shipped(),
        clock=lambda: moment or _moment(None),
        trust_list=trust_list,
        path=path,
        base_url=base_url,
        max_age=max_age,
        templates=templates,
    )


def _write(folder: Path, files: dict[str, bytes], *, force: bool) -> int:
    """Write what is missing, once nothing is in the way; return how many files that is."""
    missing = {}
    for name, content in files.items():
        place = folder / name
        if place.is_dir():
            raise UsageError(f"{place} is a folder, where a file has to be; give another DIR")
        if blocking := next((above for above in place.parents if above.exists() and not above.is_dir()), None):
            raise UsageError(f"{blocking} is a file, where a folder has to be; give another DIR")
        if not place.is_file():
            missing[place] = content
        elif place.read_bytes() != content:
            if not force:
                raise DestinationExistsError(
                    f"{place} exists and differs; nothing was written. Give another DIR, or --force to replace it"
                )
            missing[place] = content
    for above in {(folder / name).parent for name in files}:
        remove_leftovers(above)  # of a run that was killed: they would go to the network with the site
    for place, content in missing.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, content, force=force)
    return len(missing)
