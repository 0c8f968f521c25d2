"""`archive key`: the key as a page to print, and its replacement by a new one."""

from pathlib import Path

import click

from ..._files import write_whole
from ...archive.location import ArchiveLocation
from ...errors import UsageError
from ..help import GroupedCommands
from .options import archive_location, open_service


@click.group("key", cls=GroupedCommands)
def archive_key_group() -> None:
    """Keep the archive's key safe."""


@archive_key_group.command()
@archive_location(key=True)
@click.option("-o", "--output", metavar="FILE", required=True, help="The page to print; only you can read the file.")
def backup(location: ArchiveLocation, output: str) -> None:
    """Write a page with the archive's key, for printing, and print the page's path.

    Print it, lock it away in two places, and delete the file.
    """
    if output == "-":
        raise UsageError("the key is not written to standard output; give the name of a file")
    write_whole(Path(output), open_service(location).key_page(), mode=0o600)
    click.echo(output)


@archive_key_group.command()
@archive_location(key=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def rotate(location: ArchiveLocation, yes: bool) -> None:
    """Replace the archive's key by a new one; if this was interrupted, run it again.

    The former key signs the entry that names the new one. What it signed before stays valid; what it signs later is
    refused. It is kept in a file beside the new one. Names stay encrypted as they are. Publish the new key beside the
    former one, print its backup, and give it to everybody who adds to the archive.
    """
    service = open_service(location)
    path = service.location.key_path(service.archive.metadata.origin)
    if not yes:
        click.confirm(f"Replace the key {path} of {service.archive.metadata.origin}?", abort=True, err=True)
    former = service.rotate_key()
    click.echo(f"{service.archive.keys.newest}")
    click.echo(f"This is the new public key. The former key is kept in {former}.", err=True)
