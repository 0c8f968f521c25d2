"""`archive`: dated copies, kept so that others can prove what they were."""

import click

from .archive_add import add, anchor, forget, hold, init, renew
from .archive_ask import at, get, list_copies, received, reindex
from .archive_prove import evidence, prove, verify


@click.group()
def archive() -> None:
    """Keep what was published and what each customer received, and prove it years later.

    Name the archive with --archive, or once for all with MAILMART_PRIVACY_ARCHIVE.
    """


for command in (
    init,
    add,
    list_copies,
    at,
    received,
    get,
    prove,
    evidence,
    verify,
    anchor,
    renew,
    hold,
    forget,
    reindex,
):
    archive.add_command(command)
