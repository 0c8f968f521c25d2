"""`site`: the policy as a website, in files or served on this machine."""

import contextlib
import datetime
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .._loopback import LOOPBACK
from .._time import parse_moment
from ..errors import UsageError
from ..policy.ledger import shipped
from .help import GroupedCommands
from .values import as_value

if TYPE_CHECKING:
    from ..trust.trust_list import TrustList
    from ..web import Service
    from ..web.demo import Demonstration


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteOptions:
    """The options of a website: where the policy is on it, and how it looks."""

    path: str
    templates: Path | None
    max_age: int
    at: str | None

    def moment(self) -> datetime.datetime:
        """Read the moment as of which the site is shown; now by default."""
        return datetime.datetime.now(datetime.UTC) if self.at is None else parse_moment(self.at)

    def service(self, base_url: str, trust_list: "TrustList | None" = None) -> "Service":
        """Make the service whose answers the site consists of."""
        from ..web import Service

        fixed = None if self.at is None else self.moment()
        return Service(
            shipped(),
            clock=lambda: fixed or self.moment(),
            path=self.path,
            base_url=base_url,
            max_age=self.max_age,
            templates=self.templates,
            trust_list=trust_list,
        )


site_options = as_value(
    "options",
    SiteOptions,
    click.option("--path", default="/privacy", show_default=True, help="Where the version in force is."),
    click.option(
        "--templates",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        help="A folder whose templates replace ours.",
    ),
    click.option(
        "--max-age", type=int, default=3600, show_default=True, help="For how many seconds caches may keep a page."
    ),
    click.option("--at", metavar="TIME", help="The site as of that moment: 2027-03-01T09:00:00Z [default: now]."),
)


@click.group(cls=GroupedCommands)
def site() -> None:
    """The policy as a website: all versions and formats, feed and calendar."""


@site.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--base-url", default="https://mailmart.com", show_default=True, help="Where the site will be.")
@site_options
@click.option("--force", is_flag=True, help="Replace existing files that differ.")
def build(folder: Path, base_url: str, options: SiteOptions, force: bool) -> None:
    """Write the whole history into DIR as static files for a content delivery network.

    DIR/_headers lists the headers of each file. The same versions always give the same bytes. Build the site again when
    a version takes effect; the last line says when.
    """
    from ..web.site_folder import write_site
    from ..web.static_site import build_site

    moment = options.moment()
    files = build_site(replace(options, at=moment.isoformat()).service(base_url))
    written = write_site(folder, files, force=force)
    click.echo(str(folder))
    kept = len(files) - written
    click.echo(f"{written:,} files written, {kept:,} were unchanged; all links are valid", err=True)
    upcoming = shipped().upcoming(moment)
    if upcoming:
        first = upcoming[0]
        stamp = f"{first.effective_at:%Y-%m-%dT%H:%M:%SZ}"
        click.echo(f"build it again at {stamp}, when the version {first.version} takes effect", err=True)


@site.command()
@click.option("--host", default=LOOPBACK, show_default=True, help="The address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port; 0 takes any free one."
)
@click.option("--demo", is_flag=True, help="Show keys and checks with made-up signers, and copies to try.")
@site_options
def serve(host: str, port: int, options: SiteOptions, demo: bool) -> None:
    """Serve the policy on this machine, as a service would, until Ctrl-C. Not for public use."""
    from ..web.dev_server import open_server

    shown = f"[{host}]" if ":" in host else host
    demonstration = _make_demonstration(options.moment()) if demo else None
    try:
        # The port is in the addresses, so the server comes first; it answers nobody yet.
        server = open_server(
            lambda *request: (demonstration and demonstration.respond(*request)) or service.respond(*request),
            host=host,
            port=port,
            log=lambda line: click.echo(line, err=True),
        )
    except OSError as error:
        raise UsageError(f"cannot listen at {shown}:{port} ({error.strerror}); give another --port or --host") from None
    with server:
        base = f"http://{shown}:{server.server_address[1]}"
        service = options.service(base, demonstration.trust_list if demonstration else None)
        service.current()  # there is one at that moment
        click.echo(f"{base}{options.path}")
        for path in demonstration.paths if demonstration else ():
            click.echo(f"a copy to check at {base}{options.path}/verify: {base}{path}", err=True)
        click.echo("Ctrl-C ends it", err=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


def _make_demonstration(moment: datetime.datetime) -> "Demonstration":
    from ..web.demo import make_demonstration

    return make_demonstration(shipped(), moment)
