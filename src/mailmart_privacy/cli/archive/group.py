"""`archive`: dated copies, kept so that others can prove what they were."""

import click

from .acts import erase, hold, list_holds, release, withdraw
from .add import add, anchor, init, reindex, renew
from .ask import fetch, find, in_force, list_copies
from .key import archive_key_group
from .prove import evidence, prove, verify
from .report import due, report
from .retention import certify, ended, proposals


@click.group()
def archive() -> None:
    """Keep what was published and what each customer received, and prove it years later.

    Name the archive with --archive, or set MAILMART_PRIVACY_ARCHIVE once.
    """


for command in (
    *(init, add, list_copies, find, in_force, fetch),
    *(prove, evidence, verify, anchor, renew),
    *(withdraw, hold, release, list_holds, erase, certify, ended, proposals),
    *(report, due, archive_key_group, reindex),
):
    archive.add_command(command)
