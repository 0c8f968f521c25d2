"""`archive`: dated copies, kept so that others can prove what they were."""

import click

from ..help import GroupedCommands
from .acts import erase, hold, list_holds, release, withdraw
from .add import add, anchor, init, reindex, renew
from .ask import fetch, find, in_force
from .key import archive_key_group
from .listing import list_copies
from .prove import evidence, prove, verify
from .report import due, report
from .retention import certify, ended, proposals

_GROUPS = {
    "Put copies in": (init, add),
    "Find": (list_copies, find, in_force, fetch),
    "Prove": (prove, evidence, verify, anchor, renew),
    "Withdraw, hold and erase": (withdraw, hold, release, list_holds, ended, proposals, erase, certify),
    "Look after it": (due, report, archive_key_group, reindex),
}


@click.group(
    cls=GroupedCommands, groups={heading: [str(each.name) for each in group] for heading, group in _GROUPS.items()}
)
def archive() -> None:
    """Keep what was published and what each customer received, and prove it years later.

    Name the archive with --archive, or set MAILMART_PRIVACY_ARCHIVE once.
    """


for group in _GROUPS.values():
    for command in group:
        archive.add_command(command)
