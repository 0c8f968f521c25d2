"""`archive key backup`: the archive's key as a page to print."""

from hashlib import sha256
from pathlib import Path

import click

from .._files import write_whole
from ..errors import UsageError
from .archives import archive_options, open_service, read_location
from .edge import now


@click.group("key")
def archive_key_group() -> None:
    """Keep the archive's key safe."""


@archive_key_group.command()
@archive_options(key=True)
@click.option("-o", "--output", metavar="FILE", required=True, help="The page to print; only you can read the file.")
def backup(archive: str | None, archive_key: str | None, output: str) -> None:
    """Write a page with the archive's key to print, and print its path.

    Print it, lock it away in two places, and delete the file.
    """
    from ..policy.render import environment

    if output == "-":
        raise UsageError("the key is not written to standard output; give the name of a file")
    service = open_service(read_location(archive, archive_key))
    keyring = service.keyring()  # which is compared with the archive's public key
    content = keyring.path.read_bytes()
    page = environment().get_template("archive-key.html")
    written = page.render(
        origin=keyring.origin,
        created_at=service.archive.metadata.created_at,
        made_at=now(),
        content=content.decode(),
        digest=sha256(content).hexdigest()[:16],
    )
    write_whole(Path(output), written.encode(), mode=0o600)
    click.echo(output)
